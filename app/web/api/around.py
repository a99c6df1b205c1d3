"""API: what people put around a case: tags, watching, snooze, links to other cases."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from flask import Blueprint
from pydantic import Field

from app.cases import around, linking, snoozing, tags, watching
from app.cases import service as cases
from app.cases.models import Case
from app.errors import Invalid
from app.identity import policy
from app.web import access, frame
from app.web.api.contract import In, Out, operation
from app.web.rules import allow, signed_in

blueprint = Blueprint("api_around", __name__)
TAG = "around a case"
Role = Literal["related", "parent_of", "child_of", "duplicate_of", "duplicated_by"]


class NewTags(In):
    """Tags to put on a case or to take off it."""

    tags: list[str] = Field(min_length=1, max_length=tags.MAX_TAGS)
    remove: bool = Field(False, description="Take them off.")


class Watching(In):
    """Whether you watch the case."""

    watch: bool = True


class NewSnooze(In):
    """Until when a case is laid aside."""

    until: datetime | None = Field(None, description="ISO 8601 with a zone; null: until the customer writes.")
    note: str = Field("", max_length=snoozing.MAX_NOTE)
    end: bool = Field(False, description="Take the case up again now.")


class NewLink(In):
    """A link to another case, read from this one."""

    to: str = Field(max_length=40, description="Number of the other case.")
    role: Role = "related"


class SnoozeRow(Out):
    """How a case is laid aside; with `back`, why it is here again."""

    until: datetime | None
    note: str
    back: str = Field(description="Empty while it is laid aside; else time, customer, attention or agent.")


class LinkRow(Out):
    """A link, read from the case that was asked for."""

    id: int
    role: str
    case: str = Field(description="Number of the other case.")
    subject: str | None = Field(description="Null when you may not see that case.")
    status: str | None


class Around(Out):
    """What stands around a case."""

    case: str
    tags: list[str]
    watchers: list[str] = Field(description="Logins.")
    snooze: SnoozeRow | None
    links: list[LinkRow]
    merged: list[str] = Field(description="Numbers of the cases that live on in this one.")
    merged_into: str | None = Field(description="Number of the case that this one lives on in.")


class TagPage(Out):
    """The tags there are."""

    items: list[str]


class TagQuery(In):
    """Which tags."""

    q: str = Field("", max_length=tags.MAX_LENGTH, description="How they begin.")


def shown(number: str, case_id: int) -> Around:
    """Return what stands around a case, as far as the viewer may know of it."""
    found = around.of_case(case_id)
    return Around(
        case=number, tags=list(found.tags), watchers=[str(watcher["login"]) for watcher in found.watchers],
        snooze=SnoozeRow(**found.sleep._asdict()) if found.sleep else None,
        links=[_link(link) for link in found.links], merged=[case.number for case in found.merged],
        merged_into=found.into_number,
    )  # fmt: skip


def _link(link: around.Other) -> LinkRow:
    facts: dict[str, Any] = {"subject": None, "status": None}
    if policy.may_see_case(frame.viewer(), link):
        facts = {"subject": link.subject, "status": link.status}
    return LinkRow(id=link.link_id, role=link.role, case=link.number, **facts)


def _held(number: str) -> Case:
    return cases.lock(access.case_by_number(frame.viewer(), number).id)


@blueprint.get("/tags")
@operation("List tags", tag=TAG, answers=TagPage, query=TagQuery)
@signed_in
def list_tags(query: TagQuery) -> TagPage:
    """Return the tags there are, those on most cases first."""
    return TagPage(items=tags.known(query.q))


@blueprint.get("/cases/<number>/around")
@operation("See what stands around a case", tag=TAG, answers=Around)
@signed_in
def get_around(number: str) -> Around:
    """Return tags, watchers, snooze, links, and what is merged."""
    case = access.case_by_number(frame.viewer(), number)
    return shown(case.number, case.id)


@blueprint.post("/cases/<number>/tags")
@operation("Tag a case", tag=TAG, answers=Around, body=NewTags)
@allow("agent", "manager")
def change_tags(number: str, body: NewTags) -> Around:
    """Put tags on a case, or take them off."""
    case = _held(number)
    if body.remove:
        for name in body.tags:
            tags.remove(case, name)
    else:
        tags.add(case, ",".join(body.tags))
    return shown(case.number, case.id)


@blueprint.post("/cases/<number>/watch")
@operation("Watch a case", tag=TAG, answers=Around, body=Watching)
@allow("agent", "manager")
def watch(number: str, body: Watching) -> Around:
    """Watch a case, or stop watching it."""
    case = _held(number)
    change = watching.watch if body.watch else watching.stop
    change(case, frame.viewer().user_id)
    return shown(case.number, case.id)


@blueprint.post("/cases/<number>/snooze")
@operation("Lay a case aside", tag=TAG, answers=Around, body=NewSnooze)
@allow("agent", "manager")
def snooze(number: str, body: NewSnooze) -> Around:
    """Lay a case aside until a time or until the customer writes, or take it up again."""
    case = _held(number)
    if body.end:
        snoozing.end(case, back=snoozing.AGENT)
    else:
        if body.until is not None and body.until.tzinfo is None:
            raise Invalid("bad_time", "Give the time with its zone, as 2026-11-22T09:00:00Z.", fields={"until": "zone"})
        snoozing.snooze(case, user_id=frame.viewer().user_id, until=body.until, note=body.note)
    return shown(case.number, case.id)


@blueprint.post("/cases/<number>/links")
@operation("Link two cases", tag=TAG, answers=Around, body=NewLink, status=201)
@allow("agent", "manager")
def link(number: str, body: NewLink) -> Around:
    """Link a case to another one that you may see."""
    viewer = frame.viewer()
    case, other = access.case_by_number(viewer, number), access.case_by_number(viewer, body.to)
    held = {each: cases.lock(each) for each in sorted({case.id, other.id})}
    linking.link(held[case.id], held[other.id], role=body.role)
    return shown(case.number, case.id)


@blueprint.delete("/cases/<number>/links/<int:link_id>")
@operation("Remove a link", tag=TAG, answers=Around)
@allow("agent", "manager")
def unlink(number: str, link_id: int) -> Around:
    """Remove a link of a case."""
    case = _held(number)
    linking.unlink(case, link_id)
    return shown(case.number, case.id)
