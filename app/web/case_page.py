"""The page of one case: timeline, process, work orders, files, audit. Reads only."""

from __future__ import annotations

from typing import Any

import orjson
from flask import Blueprint, Response, redirect, render_template, request

from app.audit import service as audit
from app.blobs import get as blob
from app.cases import around, linking
from app.cases import service as cases
from app.cases import tabs as open_tabs
from app.clock import utcnow
from app.errors import NotFound
from app.identity import colleagues, policy
from app.identity import queries as people
from app.messaging import queries as messages
from app.messaging.chats import visitors
from app.orchestration import queries as orchestration
from app.orchestration import standing
from app.orchestration.chatting import seats
from app.sla import clocks
from app.sla import service as sla
from app.web import access, case_texting, case_timeline, frame, moments, shell, tabs
from app.web.customer import customer
from app.web.rules import allow_if, signed_in
from app.workflow import definitions
from app.workflow import moments as past
from app.workflow import queries as workflow

blueprint = Blueprint("case_page", __name__)
TABS = ("timeline", "process", "work-orders", "files", "audit")


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
    tabs.visit(case.id)
    view = orchestration.overview(case.id)
    context = {**_common(case, view), "tab": tab, **_tab(case, view, tab)}
    if tab == "timeline":
        context |= case_texting.texting(case, context["points"])
    if shell.is_fragment("main"):
        return render_template("case_main.html", section="inbox", tabs=tabs.open_cases(), shown=case.number, **context)
    return shell.page("case.html", section="inbox", **context)


def _common(case: Any, view: orchestration.Overview) -> dict[str, Any]:
    viewer = frame.viewer()
    tasks = _tasks(view)
    return {
        "case": case, "overview": view, "now": utcnow(), "actions": offered(view),
        "tasks": tasks, "orders": view.orders, **customer(case), "may_work": policy.may_work_on_cases(viewer),
        "holder": _holder(case, view), **_choices(tasks), **_clocks(case.id), **_around(case),
    }  # fmt: skip


def _around(case: Any) -> dict[str, Any]:
    """What people put around the case; of linked cases only those with more than a number that this viewer may know."""
    found = around.of_case(case.id)
    known = {link.number for link in found.links if policy.may_see_case(frame.viewer(), link)}
    return {"around": found, "known_links": known, "link_roles": tuple(linking.ROLES), "fields": found.fields}


def _clocks(case_id: int) -> dict[str, Any]:
    """The clocks of service levels, with the names of the calendars that they count by."""
    found = clocks.of_case(case_id)
    names = {number: sla.get_calendar(number).name for number in {clock.calendar_id for clock in found}}
    return {"clocks": found, "calendar_names": names}


def _holder(case: Any, view: orchestration.Overview) -> Any:
    """Whoever else has the right to reply: who took the case's task, else whose case it is."""
    own = (t.assignee_id for t in view.tasks if t.assignee_id is not None and view.work_order_of(t.instance_id) is None)
    holder_id = next(own, case.assignee_id)
    if holder_id is None or holder_id == frame.viewer().user_id or _is_in_chat(case):
        return None
    return standing.now(case.id, case.assignee_id).holder


def _is_in_chat(case: Any) -> bool:
    """Several may speak in one chat: nobody holds it against those who are in it."""
    return case.channel == "chat" and any(
        seats.is_in(chat, frame.viewer().user_id) for chat in visitors.of_case(case.id)
    )


def offered(view: orchestration.Overview) -> list[workflow.Action]:
    """Return what the processes of a case accept now from this viewer."""
    return [action for action in view.actions if _is_offered(view, action)]


def _is_offered(view: orchestration.Overview, action: workflow.Action) -> bool:
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
        "colleagues": colleagues.active() if "user" in asked else [],
        "teams": people.teams() if "team" in asked else [],
    }


def _tab(case: Any, view: orchestration.Overview, tab: str) -> dict[str, Any]:
    if tab == "timeline":
        return case_timeline.page(case)
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


@blueprint.get("/cases/<number>/head")
@signed_in
def head(number: str) -> str:
    """Return the head of a case alone, for a refresh."""
    case = access.case_row(frame.viewer(), number)
    open_tabs.see(frame.viewer().user_id, case.id)
    context = _common(case, orchestration.overview(case.id))
    return render_template("partials/_head.html", tab=request.args.get("tab", "timeline"), **context)


@blueprint.get("/cases/<number>/composer")
@signed_in
def composer(number: str) -> str:
    """Return the composer alone: after something was taken back, or when the draft was written elsewhere."""
    viewer = frame.viewer()
    case = access.case_row(viewer, number)
    access.working(viewer)
    context = {**_common(case, orchestration.overview(case.id)), **case_timeline.composer(case)}
    context |= case_texting.texting(case, context["points"])
    return render_template("partials/_composer.html", **context)


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
    at = moments.asked_at()
    states = workflow.diagram_state(row.id, now=utcnow()) if at is None else past.state_at(row.id, at)
    elements = [
        {
            "id": s.element_id.rpartition("/")[2],
            "tokens": s.tokens,
            "visits": s.visits,
            "seconds": s.seconds,
            "faults": s.faults,
        }
        for s in states
        if _part(s.element_id) == part
    ]
    body = {"status": row.status, "elements": elements}
    return Response(orjson.dumps(body), mimetype="application/json")


@blueprint.get("/cases/<number>/audit.json")
@allow_if(policy.may_take_proof)
def proof(number: str) -> Response:
    """Return the proof of a case's chain, for verification without this desk."""
    case = access.case_by_number(frame.viewer(), number)
    body = orjson.dumps(audit.export_chain(cases.chain_of(case.id)), option=orjson.OPT_INDENT_2)
    name = f"{case.number}-audit.json"
    return Response(
        body, mimetype="application/json", headers={"Content-Disposition": f'attachment; filename="{name}"'}
    )
