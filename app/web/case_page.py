"""The page of one case: timeline, process, work orders, files, audit. Reads only."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, Response, redirect, render_template, request
from markupsafe import Markup

from app.audit import queries as audit_queries
from app.audit import service as audit
from app.blobs import get as blob
from app.cases import around, linking
from app.cases import service as cases
from app.clock import utcnow
from app.errors import NotFound
from app.identity import policy
from app.identity import queries as people
from app.messaging import drafts
from app.messaging import queries as messages
from app.orchestration import queries as orchestration
from app.sla import clocks
from app.sla import service as sla
from app.web import access, frame, kept, shell
from app.web.customer import customer
from app.web.rules import signed_in
from app.workflow import definitions
from app.workflow import queries as workflow

blueprint = Blueprint("case_page", __name__)
_MESSAGE, _EVENT = "partials/_message.html", "partials/_event.html"
TABS = ("timeline", "process", "work-orders", "files", "audit")
SHOWN_EVENTS = frozenset({
    "case_opened", "case_changed", "case_amended", "process_started", "case_archived", "case_reopened", "case_chased",
    "case_escalated", "task_completed", "action_taken", "timer_fired", "work_order_opened", "work_order_dispatched",
    "work_order_accepted", "work_order_declined", "work_order_replied", "work_order_archived", "work_order_cancelled",
    "work_order_chased", "work_order_amended", "work_order_escalated", "work_order_cancelling", "message_moved",
    "auto_mail_held", "delivery_failed", "delivery_bounced", "fault_retried", "fault_skipped", "urgency_raised",
    "attention_drawn", "sla_warned", "sla_breached", "case_related", "task_claimed", "case_tagged", "case_untagged", "case_snoozed", "case_back",
    "case_linked", "case_unlinked", "case_merged", "case_unmerged", "case_split",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline, a message with what hangs on it or an event, as it stands on the page."""

    at: datetime
    html: Markup


@blueprint.get("/cases/<number>")
@signed_in
def case_page(number: str) -> Any:
    """Show a case on one of its tabs (`?tab=`); a merged one leads to the case that it lives on in, if that is for this viewer."""
    viewer = frame.viewer()
    case = access.case_row(viewer, number)
    tab = request.args.get("tab", "timeline")
    if tab not in TABS:
        raise NotFound("tab_unknown", "There is no such tab.")
    if case.merged_into is not None and "tab" not in request.args:
        survivor = access.survivor(viewer, case.merged_into)
        if survivor is not None:
            return redirect(f"/cases/{survivor.number}", 303)
    if tab == "timeline" and case.is_unread and policy.may_work_on_cases(viewer):
        cases.mark_read(case.id)
    view = orchestration.overview(case.id)
    context = {**_common(case, view), "tab": tab, **_tab(case, view, tab)}
    if shell.is_fragment("main"):
        return render_template("case_main.html", section="inbox", **context)
    return shell.page("case.html", section="inbox", **context)


def _common(case: Any, view: orchestration.Overview) -> dict[str, Any]:
    viewer = frame.viewer()
    tasks = _tasks(view)
    return {
        "case": case, "overview": view, "now": utcnow(), "actions": [a for a in view.actions if _offered(view, a)],
        "tasks": tasks, "orders": view.orders, **customer(case), "may_work": policy.may_work_on_cases(viewer),
        **_choices(tasks), **_clocks(case.id), **_around(case),
    }  # fmt: skip


def _around(case: Any) -> dict[str, Any]:
    """What people put around the case; of linked cases only those with more than a number that this viewer may know."""
    found = around.of_case(case.id)
    known = {link.number for link in found.links if policy.may_see_case(frame.viewer(), link)}
    return {"around": found, "known_links": known, "link_roles": tuple(linking.ROLES)}


def _clocks(case_id: int) -> dict[str, Any]:
    """The clocks of service levels, with the names of the calendars that they count by."""
    found = clocks.of_case(case_id)
    names = {number: sla.get_calendar(number).name for number in {clock.calendar_id for clock in found}}
    return {"clocks": found, "calendar_names": names}


def _offered(view: orchestration.Overview, action: workflow.Action) -> bool:
    viewer, order = frame.viewer(), view.work_order_of(action.instance_id)
    return policy.may_perform(viewer, action.roles, is_holder=order is not None and policy.holds(viewer, order))


def _tasks(view: orchestration.Overview) -> list[dict[str, Any]]:
    viewer = frame.viewer()
    definitions = {d.instance_id: d.definition_id for d in view.drivings}
    return [
        {
            "task": task, "may": policy.may_do_task(viewer, task), "order": view.work_order_of(task.instance_id),
            "form": orchestration.form(definitions[task.instance_id], task.form),
        }
        for task in view.tasks
    ]  # fmt: skip


def _choices(tasks: list[dict[str, Any]]) -> dict[str, Any]:
    """People and teams, when a form on the page asks for one."""
    asked = {field.get("type") for item in tasks if item["form"] and item["may"] for field in item["form"]["fields"]}
    return {
        "colleagues": people.users(active_only=True) if "user" in asked else [],
        "teams": people.teams() if "team" in asked else [],
    }


def _tab(case: Any, view: orchestration.Overview, tab: str) -> dict[str, Any]:
    if tab == "timeline":
        return timeline(case)
    if tab == "files":
        return {"files": messages.files_of_case(case.id)}
    if tab == "audit":
        return {
            "events": audit.chain_events(cases.chain_of(case.id)),
            "verdict": audit.verify_chain(cases.chain_of(case.id)),
        }
    if tab == "process":
        return _process(view, request.args.get("instance", type=int))
    return {}


def _process(view: orchestration.Overview, chosen: int | None) -> dict[str, Any]:
    """The chosen process, else the case's own, also as a list for people who do not see the picture."""
    if not view.drivings:
        return {"driving": None, "steps": []}
    driving = next((d for d in view.drivings if d.instance_id == chosen), view.drivings[0])
    steps = workflow.steps(driving.instance_id, now=utcnow())
    parts = sorted({_part(step.state.element_id) for step in steps} - {""})
    wanted = request.args.get("part", "")
    return {"driving": driving, "steps": steps, "parts": parts, "part": wanted if wanted in parts else ""}


def _part(element_id: str) -> str:
    """Return the called process that an element is of: `billing@3` for `billing@3/check`, empty for the instance's own."""
    return element_id.rpartition("/")[0]


def timeline(case: Any, *, before: int | None = None) -> dict[str, Any]:
    """Return the last messages of a case with the events between them, and what the composer needs."""
    stamps = messages.stamps(case.id, before=before, limit=messages.PAGE + 1)
    has_older = len(stamps) > messages.PAGE
    stamps = stamps[-messages.PAGE :]
    entries = _messages(stamps)
    start = entries[0].at if entries and (has_older or before) else None
    end = entries[-1].at if entries and before else None
    entries += _events(case, start=start, end=end)
    entries.sort(key=lambda entry: entry.at)
    viewer = frame.viewer()
    draft = drafts.shown(case.id, viewer.user_id)
    newer = messages.messages_since(case.id, draft.seen_message_id) if draft and draft.text else []
    return {
        "entries": entries, "older": stamps[0].id if has_older else None, "draft": draft,
        "newer": [m for m in newer if m.user_id != viewer.user_id],
        "last_message": max((stamp.id for stamp in stamps), default=0),
    }  # fmt: skip


def _messages(stamps: list[messages.Stamp]) -> list[Entry]:
    """Messages do not change, but for their delivery and a move: what was drawn once is drawn again only when they did."""
    may_work = policy.may_work_on_cases(frame.viewer())
    drawn = {s.id: kept.found(_MESSAGE, (s.id, s.stamp, may_work)) for s in stamps}
    lines = messages.lines([key for key, html in drawn.items() if html is None])
    return [
        Entry(s.at, drawn[s.id] or kept.piece(
            _MESSAGE, (s.id, s.stamp, may_work), {"message": lines[s.id], "may_work": may_work}))
        for s in stamps
    ]  # fmt: skip


def _events(case: Any, *, start: datetime | None, end: datetime | None) -> list[Entry]:
    """An event's hash covers all of it, so that it names what is drawn."""
    chain = cases.chain_of(case.id)
    marks = [
        mark for mark in audit_queries.marks(chain, SHOWN_EVENTS)
        if (start is None or mark.at >= start) and (end is None or mark.at <= end)
    ]  # fmt: skip
    drawn = {mark.seq: kept.found(_EVENT, mark.hash) for mark in marks}
    events = audit_queries.events(chain, [seq for seq, html in drawn.items() if html is None])
    return [
        Entry(mark.at, drawn[mark.seq] or kept.piece(_EVENT, mark.hash, {"e": events[mark.seq]}))
        for mark in marks
    ]  # fmt: skip


@blueprint.get("/cases/<number>/timeline")
@signed_in
def older(number: str) -> str:
    """Return the timeline alone: older messages (`?before=`), or the newest ones for a refresh."""
    case = access.case_row(frame.viewer(), number)
    context = timeline(case, before=request.args.get("before", type=int))
    template = "partials/_entries.html" if "before" in request.args else "partials/_flow.html"
    return render_template(template, case=case, may_work=policy.may_work_on_cases(frame.viewer()), **context)


@blueprint.get("/cases/<number>/head")
@signed_in
def head(number: str) -> str:
    """Return the head of a case alone, for a refresh."""
    case = access.case_row(frame.viewer(), number)
    context = _common(case, orchestration.overview(case.id))
    return render_template("partials/_head.html", tab=request.args.get("tab", "timeline"), **context)


@blueprint.get("/cases/<number>/side")
@signed_in
def side(number: str) -> str:
    """Return the panel beside a case alone, for a refresh."""
    case = access.case_row(frame.viewer(), number)
    return render_template("partials/_side.html", **_common(case, orchestration.overview(case.id)))


@blueprint.get("/instances/<int:instance_id>/diagram.bpmn")
@signed_in
def diagram(instance_id: int) -> Response:
    """Return the diagram an instance runs on, or that of a process it calls (`?part=`), byte for byte as it was uploaded."""
    row = access.instance(frame.viewer(), instance_id)
    definition = workflow.get_definition(definitions.called(row.definition_id, request.args.get("part", "")))
    return Response(blob(definition.xml_digest), mimetype="application/xml")


@blueprint.get("/instances/<int:instance_id>/state.json")
@signed_in
def state(instance_id: int) -> Response:
    """Return tokens, visits and time spent per element, for the diagram's overlays."""
    row = access.instance(frame.viewer(), instance_id)
    part = request.args.get("part", "")
    elements = [
        {
            "id": s.element_id.rpartition("/")[2],
            "tokens": s.tokens,
            "visits": s.visits,
            "seconds": s.seconds,
            "faults": s.faults,
        }
        for s in workflow.diagram_state(row.id, now=utcnow())
        if _part(s.element_id) == part
    ]
    body = {"status": row.status, "elements": elements}
    return Response(orjson.dumps(body), mimetype="application/json")


@blueprint.get("/cases/<number>/audit.json")
@signed_in
def proof(number: str) -> Response:
    """Return the proof of a case's chain, for verification without this desk."""
    case = access.case_by_number(frame.viewer(), number)
    body = orjson.dumps(audit.export_chain(cases.chain_of(case.id)), option=orjson.OPT_INDENT_2)
    name = f"{case.number}-audit.json"
    return Response(
        body, mimetype="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
