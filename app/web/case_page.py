"""The page of one case: timeline, process, work orders, files, audit. Reads only."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from flask import Blueprint, Response, render_template, request

from app.audit import service as audit
from app.blobs import get as blob
from app.cases import queries as case_queries
from app.cases import service as cases
from app.cases.models import Case
from app.clock import utcnow
from app.contacts import queries as contacts
from app.errors import NotFound
from app.identity import policy
from app.identity import queries as people
from app.messaging import accounts, drafts
from app.messaging import queries as messages
from app.orchestration import queries as orchestration
from app.web import access, frame, shell
from app.web.rules import signed_in
from app.workflow import queries as workflow
from app.workorders import queries as workorders

blueprint = Blueprint("case_page", __name__)
TABS = ("timeline", "process", "work-orders", "files", "audit")
SHOWN_EVENTS = frozenset({
    "case_opened", "case_changed", "case_amended", "process_started", "case_archived", "case_reopened", "case_chased",
    "case_escalated", "task_completed", "action_taken", "timer_fired", "work_order_opened", "work_order_dispatched",
    "work_order_accepted", "work_order_declined", "work_order_replied", "work_order_archived", "work_order_cancelled",
    "work_order_chased", "work_order_amended", "work_order_escalated", "work_order_cancelling", "message_moved",
    "auto_mail_held", "delivery_failed", "delivery_bounced", "fault_retried", "fault_skipped", "urgency_raised",
    "attention_drawn", "case_related", "task_claimed",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline: a message with what hangs on it, or an event."""

    at: datetime
    shown: messages.Shown | None = None
    event: Mapping[str, Any] | None = None


@blueprint.get("/cases/<number>")
@signed_in
def case_page(number: str) -> str:
    """Show a case on one of its tabs (`?tab=`)."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    tab = request.args.get("tab", "timeline")
    if tab not in TABS:
        raise NotFound("tab_unknown", "There is no such tab.")
    if tab == "timeline" and case.is_unread and policy.may_work_on_cases(viewer):
        cases.mark_read(case.id)
    context = {**_common(case), "tab": tab, **_tab(case, tab)}
    if shell.is_fragment("main"):
        return render_template("case_main.html", section="inbox", **context)
    return shell.page("case.html", section="inbox", **context)


def _common(case: Case) -> dict[str, Any]:
    viewer = frame.viewer()
    view = orchestration.overview(case.id)
    account = accounts.get(case.account_id) if case.account_id else None
    return {
        "case": case, "overview": view, "now": utcnow(), "account": account,
        "actions": [a for a in view.actions if _offered(a)], "tasks": _tasks(view),
        "assignee": people.user_names([case.assignee_id]).get(case.assignee_id or 0, ""),
        "orders": workorders.of_case(case.id), "contact": contacts.get(case.contact_id),
        "points": contacts.points(case.contact_id) if case.contact_id else [],
        "others": [c for c in case_queries.of_contact(case.contact_id) if c.id != case.id] if case.contact_id else [],
        "may_work": policy.may_work_on_cases(viewer), "forms": _forms(view), "colleagues": people.users(active_only=True),
        "teams": people.teams(),
    }  # fmt: skip


def _offered(action: workflow.Action) -> bool:
    viewer = frame.viewer()
    is_holder = access.holds_instance(viewer, action.instance_id)
    return policy.may_perform(viewer, action.roles, is_holder=is_holder)


def _tasks(view: orchestration.Overview) -> list[dict[str, Any]]:
    viewer = frame.viewer()
    return [
        {
            "task": task, "may": policy.may_do_task(viewer, task), "form": orchestration.form_of_task(task),
            "order": view.work_order_of(task.instance_id),
        }
        for task in view.tasks
    ]  # fmt: skip


def _forms(view: orchestration.Overview) -> dict[str, Any]:
    return {action.token: orchestration.form_of_action(action) for action in view.actions}


def _tab(case: Case, tab: str) -> dict[str, Any]:
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
        chosen = request.args.get("instance", type=int)
        return {"chosen": chosen, "steps": _steps(case, chosen)}
    return {}


def _steps(case: Case, chosen: int | None) -> list[dict[str, Any]]:
    """The process as a list, for people who do not see the picture."""
    view = orchestration.overview(case.id)
    if not view.drivings:
        return []
    driving = next((d for d in view.drivings if d.instance.id == chosen), view.drivings[0])
    states = workflow.diagram_state(driving.instance.id, now=utcnow())
    names = {visit.element_id: visit.name for visit in workflow.history(driving.instance.id)}
    return [{"state": state, "name": names.get(state.element_id) or state.element_id} for state in states]


def timeline(case: Case, *, before: int | None = None) -> dict[str, Any]:
    """Return the last messages of a case with the events between them, and what the composer needs."""
    shown = messages.timeline(case.id, before=before, limit=messages.PAGE + 1)
    has_older = len(shown) > messages.PAGE
    shown = shown[-messages.PAGE :]
    events = [e for e in audit.chain_events(cases.chain_of(case.id)) if e["kind"] in SHOWN_EVENTS]
    entries = [Entry(item.message.created_at, shown=item) for item in shown]
    start = shown[0].message.created_at if shown and (has_older or before) else None
    end = entries[-1].at if entries and before else None
    for event in events:
        at = datetime.fromisoformat(event["at"])
        if (start is None or at >= start) and (end is None or at <= end):
            entries.append(Entry(at, event=event))
    entries.sort(key=lambda entry: entry.at)
    draft = drafts.get(case.id, frame.viewer().user_id)
    newer = messages.messages_since(case.id, draft.seen_message_id) if draft and draft.text else []
    return {
        "entries": entries, "older": shown[0].message.id if has_older else None, "draft": draft,
        "newer": [m for m in newer if m.user_id != frame.viewer().user_id],
        "last_message": max((item.message.id for item in shown), default=0),
    }  # fmt: skip


@blueprint.get("/cases/<number>/timeline")
@signed_in
def older(number: str) -> str:
    """Return the timeline alone: older messages (`?before=`), or the newest ones for a refresh."""
    case = access.case_by_number(frame.viewer(), number)
    context = timeline(case, before=request.args.get("before", type=int))
    template = "partials/_entries.html" if "before" in request.args else "partials/_flow.html"
    return render_template(template, case=case, may_work=policy.may_work_on_cases(frame.viewer()), **context)


@blueprint.get("/cases/<number>/head")
@signed_in
def head(number: str) -> str:
    """Return the head of a case alone, for a refresh."""
    case = access.case_by_number(frame.viewer(), number)
    return render_template("partials/_head.html", tab=request.args.get("tab", "timeline"), **_common(case))


@blueprint.get("/cases/<number>/side")
@signed_in
def side(number: str) -> str:
    """Return the panel beside a case alone, for a refresh."""
    case = access.case_by_number(frame.viewer(), number)
    return render_template("partials/_side.html", **_common(case))


@blueprint.get("/instances/<int:instance_id>/diagram.bpmn")
@signed_in
def diagram(instance_id: int) -> Response:
    """Return the diagram an instance runs on, byte for byte as it was uploaded."""
    row = access.instance(frame.viewer(), instance_id)
    definition = workflow.get_definition(row.definition_id)
    return Response(blob(definition.xml_digest), mimetype="application/xml")


@blueprint.get("/instances/<int:instance_id>/state.json")
@signed_in
def state(instance_id: int) -> Response:
    """Return tokens, visits and time spent per element, for the diagram's overlays."""
    row = access.instance(frame.viewer(), instance_id)
    elements = [
        {"id": s.element_id, "tokens": s.tokens, "visits": s.visits, "seconds": s.seconds, "faults": s.faults}
        for s in workflow.diagram_state(row.id, now=utcnow())
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
