"""API: cases, their timeline, writing on them, and the actions that their processes accept."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask import Blueprint
from pydantic import Field
from sqlalchemy import ColumnElement

from app.audit import service as audit
from app.cases import queries as cases
from app.cases.models import Case, CaseStatus
from app.cases.service import chain_of
from app.clock import iso
from app.errors import Conflict, Forbidden, Invalid
from app.identity import policy
from app.identity import queries as identity
from app.identity.policy import Viewer
from app.messaging import drafts, outbox
from app.messaging import queries as messaging
from app.orchestration import driving, forms, writing
from app.orchestration import queries as orchestration
from app.web import access, asking, case_texting, frame
from app.web.api import files, rows, shapes
from app.web.api.contract import In, Out, Plain, operation
from app.web.rules import allow, hopeful, signed_in
from app.workflow.queries import Action

blueprint = Blueprint("api_cases", __name__)
TAG = "cases"
Address = tuple[str, str]


class CaseQuery(In):
    """Which cases, in what order."""

    status: CaseStatus | None = None
    is_open: bool | None = Field(None, alias="open", description="true: not archived; false: archived.")
    queue: str | None = Field(None, description="Key of a queue.")
    team: str | None = Field(None, description="Key of a team; `none`: in triage.")
    assignee: str | None = Field(None, description="A login; `me`; `none`.")
    channel: str | None = None
    priority: Literal["low", "normal", "high", "urgent"] | None = None
    q: str | None = Field(None, max_length=asking.MAX_TEXT, description="A query of the search language, or a number.")
    updated_since: datetime | None = Field(None, description="ISO 8601 with a zone.")
    order: Literal["touched", "due", "quiet", "opened", "oldest"] = Field(
        "touched",
        description="Last change, newest first; next time limit; longest without change; newest or oldest first.",
    )
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=400)


class TimelineQuery(In):
    """Which part of the timeline."""

    limit: int = Field(30, ge=1, le=100)
    cursor: int | None = Field(None, ge=1, description="previous_cursor of the page before.")


class NewMessage(In):
    """A reply to the customer, or an internal note."""

    kind: Literal["reply", "note"]
    text: str = Field(min_length=1, max_length=200_000)
    to: list[str] | None = Field(None, min_length=1, max_length=50, description="Addresses; without it the customer.")
    cc: list[str] = Field(default_factory=list, max_length=50)
    subject: str = Field("", max_length=300)
    files: list[str] = Field(
        default_factory=list, max_length=drafts.MAX_FILES, description="Uploads of `POST …/files` to send along."
    )
    channel: Literal["", "email", "sms"] = Field(
        "", description="On which channel; empty: the case's own. By SMS plain text goes to one number."
    )
    in_quiet_hours: bool = Field(
        False, description="By SMS: send it now though quiet hours are on. Needs the right `cases_lead`."
    )
    seen_message_id: int | None = Field(
        None, description="The newest message you have read: the call is refused (409) when something came after it."
    )


class NewAction(In):
    """A verb that the case's processes accept now, with the values of its form."""

    verb: str = Field(max_length=40)
    values: dict[str, Any] = Field(default_factory=dict)
    work_order: str | None = Field(None, description="Number, when the work order's process is meant.")


class Actions(Out):
    """What the processes of a case accept now."""

    items: list[shapes.ActionRow]


@blueprint.get("/cases")
@operation("List cases", tag=TAG, answers=shapes.CasePage, query=CaseQuery)
@signed_in
def list_cases(query: CaseQuery) -> shapes.CasePage:
    """List the cases that you may see."""
    viewer = frame.viewer()
    where = _conditions(viewer, query)
    page = asking.page(
        viewer, where, asking.read(viewer, query.q or ""), order=query.order, cursor=query.cursor or "",
        size=query.limit, columns=cases.COLUMNS,
    )  # fmt: skip
    return shapes.CasePage.model_construct(items=rows.case_rows(page.rows), next_cursor=page.cursor or None)


def _conditions(viewer: Viewer, query: CaseQuery) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    for column, value in (
        (Case.status, query.status), (Case.queue_key, query.queue), (Case.channel, query.channel),
        (Case.priority, query.priority),
    ):  # fmt: skip
        if value is not None:
            where.append(column == value)
    if query.is_open is not None:
        where.append(Case.archived_at.is_(None) if query.is_open else Case.archived_at.is_not(None))
    if query.updated_since is not None:
        where.append(Case.touched_at >= _aware(query.updated_since))
    if query.team is not None:
        where.append(_is(Case.team_id, None if query.team == "none" else identity.team_by_key(query.team).id))
    if query.assignee is not None:
        where.append(_is(Case.assignee_id, _assignee(viewer, query.assignee)))
    return where


def _is(column: Any, value: int | None) -> ColumnElement[bool]:
    condition: ColumnElement[bool] = column.is_(None) if value is None else column == value
    return condition


def _assignee(viewer: Viewer, text: str) -> int | None:
    if text == "none":
        return None
    return viewer.user_id if text == "me" else identity.user_by_login(text).id


def _aware(at: datetime) -> datetime:
    if at.tzinfo is None:
        raise Invalid(
            "bad_time", "Give the time with its zone, as 2026-11-22T09:00:00Z.", fields={"updated_since": "zone"}
        )
    return at


@blueprint.get("/cases/<number>")
@operation("Get a case", tag=TAG, answers=shapes.CaseDetail)
@signed_in
def get_case(number: str) -> shapes.CaseDetail:
    """Return a case with its open tasks, its work orders, and the actions that its processes accept now."""
    viewer = frame.viewer()
    return rows.case_detail(viewer, access.case_by_number(viewer, number))


@blueprint.get("/cases/<number>/timeline")
@operation("Read the timeline of a case", tag=TAG, answers=shapes.Timeline, query=TimelineQuery)
@signed_in
def timeline(number: str, query: TimelineQuery) -> shapes.Timeline:
    """Return the newest messages (or those before the cursor), oldest first, with the events that fall between them."""
    case = access.case_by_number(frame.viewer(), number)
    found = messaging.timeline(case.id, before=query.cursor, limit=query.limit + 1)
    shown = found[-query.limit :]
    since = shown[0].message.created_at if len(found) > query.limit else None
    until = messaging.get_message(query.cursor).created_at if query.cursor else None
    happened = [
        event
        for event in audit.chain_events(chain_of(case.id))
        if (since is None or event["at"] >= iso(since)) and (until is None or event["at"] < iso(until))
    ]
    return shapes.Timeline(
        messages=[rows.message_row(each) for each in shown],
        events=[shapes.EventRow.model_validate(event) for event in happened],
        previous_cursor=str(shown[0].message.id) if len(found) > query.limit else None,
    )


@blueprint.post("/cases/<number>/messages")
@operation("Write a reply or a note", tag=TAG, answers=shapes.Written, body=NewMessage, status=201, is_repeatable=True)
@allow("agent", "manager")
@hopeful
def write(number: str, body: NewMessage) -> shapes.Written:
    """Send a reply to the customer or keep an internal note."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    given = files.uploaded(body.files, case_id=case.id, user_id=viewer.user_id)
    if body.kind == "note":
        made = writing.note(case.id, user_id=viewer.user_id, author=viewer.name, text=body.text, files=given)
        return shapes.Written(id=made, case=case.number, direction="note")
    access.replying(viewer)
    to = None if body.to is None else [(address, "") for address in body.to]
    if (body.channel or case.channel) in outbox.NUMBERED:
        to = case_texting.addressed(case, body.to, hurries=body.in_quiet_hours)
    made = writing.reply(
        case.id, user_id=viewer.user_id, author=viewer.name, text=body.text, to=to,
        cc=[(address, "") for address in body.cc], subject=body.subject, files=given,
        seen_message_id=body.seen_message_id, channel=body.channel, in_quiet_hours=body.in_quiet_hours,
    )  # fmt: skip
    return shapes.Written(id=made, case=case.number, direction="out")


@blueprint.get("/cases/<number>/actions")
@operation("List the actions a case accepts now", tag=TAG, answers=Actions)
@signed_in
def list_actions(number: str) -> Actions:
    """Return the verbs that the processes of this case and of its work orders accept now."""
    viewer = frame.viewer()
    return Actions(items=[row for _action, row in rows.actions(viewer, access.case_by_number(viewer, number))])


@blueprint.post("/cases/<number>/actions")
@operation("Perform an action", tag=TAG, answers=shapes.After, body=NewAction, is_repeatable=True)
@allow("agent", "manager")
@hopeful
def act(number: str, body: NewAction) -> Plain:
    """Perform one of the verbs that are on offer. 409: the process does not accept it now."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    action, row = _offered(viewer, case, body)
    role = policy.role_for(viewer, action.roles, is_holder=access.holds_instance(viewer, action.instance_id))
    if role is None or not row.may_perform:
        raise Forbidden("not_for_you", "The process does not offer this to you.")
    values = forms.read(orchestration.form_of_action(action), body.values)
    driving.act(case.id, action.verb, values, instance_id=action.instance_id, token=action.token, role=role)
    return rows.after(viewer, cases.get(case.id))


def _offered(viewer: Viewer, case: Case, body: NewAction) -> tuple[Action, shapes.ActionRow]:
    """Find the one action that is meant; without a work order's number the case's own process comes first."""
    wanted = body.work_order.strip().upper() if body.work_order else None
    found = [each for each in rows.actions(viewer, case) if each[1].verb == body.verb]
    if wanted is not None:
        found = [each for each in found if each[1].work_order == wanted]
    own = [each for each in found if each[1].work_order is None]
    if len(own or found) > 1:
        raise Conflict("which_one", f"Several work orders accept {body.verb}: name one in work_order.")
    if not found:
        raise Conflict("not_on_offer", "The process does not accept this now. GET …/actions says what it accepts.")
    return (own or found)[0]
