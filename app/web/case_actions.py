"""What people do on a case: reply, note, draft, files, verbs of the process, tasks, moving messages, taking the case."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, redirect, render_template, request

from app.cases import service as cases
from app.cases.models import Case
from app.errors import Conflict, Invalid, NotFound
from app.identity import colleagues, policy
from app.identity import queries as people
from app.messaging import delivery, drafts
from app.orchestration import driving, forms, moving
from app.orchestration import queries as orchestration
from app.web import access, frame, once
from app.web.rules import allow
from app.workflow import queries as workflow
from channels.email.names import safe_name

blueprint = Blueprint("case_actions", __name__)
works = allow("agent", "manager")


def _case(number: str) -> Case:
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    return case


def _back(case: Case, tab: str = "timeline") -> Any:
    where = f"/cases/{case.number}" if tab == "timeline" else f"/cases/{case.number}?tab={tab}"
    if request.headers.get("HX-Request") and request.headers.get("HX-Target") != "desk":
        return Response("", 204, {"HX-Location": f'{{"path":"{where}","target":"#main"}}'})
    return redirect(where, 303)


@blueprint.post("/cases/<number>/files")
@works
def add_file(number: str) -> str:
    """Attach an uploaded file to the draft."""
    case = _case(number)
    given = request.files.get("file")
    if given is None:
        raise Invalid("file_missing", "Choose a file.", fields={"file": "required"})
    files = drafts.add_file(
        case.id, frame.viewer().user_id, name=safe_name(given.filename or "file"),
        media_type=given.mimetype or "application/octet-stream", content=given.read(),
    )  # fmt: skip
    return render_template("partials/_draft_files.html", files=files, case=case)


@blueprint.post("/cases/<number>/files/<digest>/remove")
@works
def remove_file(number: str, digest: str) -> str:
    """Take a file off the draft."""
    case = _case(number)
    files = drafts.remove_file(case.id, frame.viewer().user_id, digest)
    return render_template("partials/_draft_files.html", files=files, case=case)


def _action(case: Case, instance_id: int, token: str) -> workflow.Action:
    if driving.case_of_instance(instance_id) != case.id:
        raise NotFound("action_unknown", "The process does not offer this.")
    for action in workflow.actions([instance_id]):
        if action.token == token:
            return action
    raise Conflict("not_on_offer", "The process does not accept this now. Look at the case again.")


@blueprint.get("/cases/<number>/actions/<int:instance_id>/<token>")
@works
def action_form(number: str, instance_id: int, token: str) -> str:
    """Show the form of a verb."""
    case = _case(number)
    action = _action(case, instance_id, token)
    return render_template(
        "partials/_action_form.html", case=case, action=action, form=orchestration.form_of_action(action),
        values={}, errors={}, colleagues=colleagues.active(), teams=people.teams(),
        order=orchestration.overview(case.id).work_order_of(instance_id),
    )  # fmt: skip


@blueprint.post("/cases/<number>/actions/<int:instance_id>/<token>")
@works
def act(number: str, instance_id: int, token: str) -> Any:
    """Perform a verb that the process offers; the same form sent twice performs it once."""
    case = _case(number)
    if once.is_repeated():
        return _back(case)
    viewer = frame.viewer()
    action = _action(case, instance_id, token)
    is_holder = access.holds_instance(viewer, instance_id)
    if not policy.may_perform(viewer, action.roles, is_holder=is_holder):
        raise NotFound("action_unknown", "The process does not offer this to you.")
    values = forms.read(orchestration.form_of_action(action), request.form)
    role = "holder" if "holder" in action.roles and is_holder else "agent"
    driving.act(case.id, action.verb, values, instance_id=instance_id, token=token, role=role)
    return _back(case)


@blueprint.post("/tasks/<int:task_id>/complete")
@works
def complete(task_id: int) -> Any:
    """Complete a task with its form."""
    task = access.own_task(frame.viewer(), task_id)
    values = forms.read(orchestration.form_of_task(task), request.form)
    case_id = driving.complete_task(task_id, values)
    return _back(access.case(frame.viewer(), case_id) if request.form.get("stay") else cases.lock(case_id))


@blueprint.post("/tasks/<int:task_id>/claim")
@works
def claim(task_id: int) -> Any:
    """Take a task, or give it back to its team."""
    viewer = frame.viewer()
    access.own_task(viewer, task_id)
    case_id = driving.claim_task(task_id, None if request.form.get("release") else viewer.user_id)
    return _back(access.case(viewer, case_id))


@blueprint.post("/cases/<number>/assign")
@works
def assign(number: str) -> Any:
    """Take the case, give it to a colleague, or put it back."""
    case = cases.lock(_case(number).id)
    login = request.form.get("user", "")
    user = people.user_by_login(login) if login else None
    cases.assign(case, user.id if user else None)
    return _back(case)


@blueprint.post("/messages/<int:message_id>/move")
@works
def move(message_id: int) -> Any:
    """Move a mis-threaded message to another case, to a new one, or back where it came from."""
    viewer = frame.viewer()
    message = access.message(viewer, message_id)
    # The button for a new case comes after the field for a number, which then is empty.
    target = ["", *request.form.getlist("to")][-1].strip()
    if not target:
        raise Invalid("target_missing", "Write the number of the case, or choose a new one.", fields={"to": "required"})
    if target == "new":
        case_id = moving.move_to_new_case(message.id)
    else:
        case_id = moving.move_to_case(message.id, access.case_by_number(viewer, target).id)
    return _back(cases.lock(case_id))


@blueprint.post("/deliveries/<int:delivery_id>/again")
@works
def send_again(delivery_id: int) -> Any:
    """Send a failed or doubtful message once more."""
    viewer = frame.viewer()
    case = access.case(viewer, access.delivery(viewer, delivery_id).case_id)
    access.replying(viewer)
    delivery.send_again(delivery_id)
    return _back(case)
