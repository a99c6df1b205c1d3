"""What people put around a case: tags, watching, snooze, links to other cases."""

from __future__ import annotations

from datetime import datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from flask import Blueprint, Response, redirect, render_template, request

from app.cases import linking, snoozing, tags, watching
from app.cases import service as cases
from app.cases.models import Case
from app.clock import utcnow
from app.errors import Invalid
from app.routing import service as routing
from app.sla import service as sla
from app.web import access, frame
from app.web.rules import allow

blueprint = Blueprint("case_around", __name__)
works = allow("agent", "manager")
#: How long a case can be laid aside with one choice.
SPANS = {
    "1h": timedelta(hours=1), "4h": timedelta(hours=4), "1d": timedelta(days=1), "3d": timedelta(days=3),
    "7d": timedelta(days=7),
}  # fmt: skip
UNTIL_REPLY = "reply"


def _held(number: str) -> Case:
    """Return the case under its lock, for somebody who works on it."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    return cases.lock(case.id)


def done(case: Case) -> Any:
    """Let the shown case refresh itself; a plain form goes back to it."""
    if request.headers.get("HX-Request"):
        return Response("", 204, {"HX-Trigger": f"rb:case-{case.id}"})
    return redirect(f"/cases/{case.number}", 303)


@blueprint.get("/cases/<number>/tags")
@works
def known_tags(number: str) -> str:
    """Return the tags there are, for completion."""
    access.case_by_number(frame.viewer(), number)
    return render_template("partials/_known_tags.html", tags=tags.known())


@blueprint.post("/cases/<number>/tags")
@works
def add_tags(number: str) -> Any:
    """Put tags on a case; commas part them."""
    case = _held(number)
    tags.add(case, request.form.get("tag", ""))
    return done(case)


@blueprint.post("/cases/<number>/tags/remove")
@works
def remove_tag(number: str) -> Any:
    """Take a tag off."""
    case = _held(number)
    tags.remove(case, request.form.get("tag", ""))
    return done(case)


@blueprint.post("/cases/<number>/watch")
@works
def watch(number: str) -> Any:
    """Watch a case, or stop watching it (`stop`)."""
    case = _held(number)
    change = watching.stop if request.form.get("stop") else watching.watch
    change(case, frame.viewer().user_id)
    return done(case)


@blueprint.post("/cases/<number>/snooze")
@works
def snooze(number: str) -> Any:
    """Lay a case aside: for a span, until a time, or until the customer writes."""
    case = _held(number)
    snoozing.snooze(case, user_id=frame.viewer().user_id, until=_until(case), note=request.form.get("note", ""))
    return done(case)


def _until(case: Case) -> datetime | None:
    chosen = request.form.get("for", "")
    if chosen == UNTIL_REPLY:
        return None
    if chosen in SPANS:
        return utcnow() + SPANS[chosen]
    try:
        at = datetime.fromisoformat(request.form.get("at", "").strip())
    except ValueError:
        raise Invalid("bad_time", "Choose for how long, or write a time.", fields={"at": "not a time"}) from None
    return at if at.tzinfo else at.replace(tzinfo=zone_of(case.queue_key))


def zone_of(queue_key: str) -> ZoneInfo:
    """Return the time zone in which people on this queue's cases write times."""
    return ZoneInfo(sla.calendar(routing.queue(queue_key).calendar_id).timezone)


@blueprint.post("/cases/<number>/snooze/end")
@works
def wake(number: str) -> Any:
    """Take a case up again, or take away the mark that it is back."""
    case = _held(number)
    snoozing.end(case, back=snoozing.AGENT)
    snoozing.forget(case.id)
    return done(case)


@blueprint.post("/cases/<number>/links")
@works
def link(number: str) -> Any:
    """Link a case to another one that the viewer may see."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    target = request.form.get("to", "").strip()
    if not target:
        raise Invalid("target_missing", "Write the number of the other case.", fields={"to": "required"})
    other = access.case_by_number(viewer, target)
    held = {each: cases.lock(each) for each in sorted({case.id, other.id})}
    linking.link(held[case.id], held[other.id], role=request.form.get("role", "related"))
    return done(case)


@blueprint.post("/cases/<number>/links/<int:link_id>/remove")
@works
def unlink(number: str, link_id: int) -> Any:
    """Remove a link."""
    case = _held(number)
    linking.unlink(case, link_id)
    return done(case)
