"""The pages of business calendars: hours of the week, zone, what a limit would come to, and who counts by them."""

from __future__ import annotations

from datetime import datetime, timedelta
from functools import lru_cache
from typing import Any
from zoneinfo import ZoneInfo, available_timezones

from flask import Blueprint, Response, make_response, redirect, render_template, request

from app.audit import service as audit
from app.clock import utcnow
from app.db import savepoint
from app.errors import Conflict, DeskError, Invalid
from app.identity import policy
from app.routing import service as routing
from app.sla import days
from app.sla import service as sla
from app.sla.calendar import WEEKDAYS, CalendarError
from app.sla.models import BusinessCalendar
from app.web import frame, shell
from app.web.errors import status_of
from app.web.rules import allow_if

blueprint = Blueprint("calendars", __name__)
sees = allow_if(policy.may_see_settings)
changes = allow_if(policy.may_manage_calendars)
SHOWN_EVENTS = 12
MAX_HOURS = 2000.0
USUAL = {day: ["09:00-18:00"] for day in WEEKDAYS[:5]}


@lru_cache(maxsize=1)
def zones() -> list[str]:
    """Return the names of the time zones that places use."""
    return sorted(name for name in available_timezones() if "/" in name and not name.startswith(("Etc/", "SystemV/")))


@blueprint.get("/settings/calendars")
@sees
def overview() -> str:
    """List the calendars with the state they are in now."""
    rows, now = sla.calendars(), utcnow()
    users: dict[int, list[Any]] = {row.id: [] for row in rows}
    for queue in routing.queues():
        users[queue.calendar_id].append(queue)
    states = {row.id: _state(row, now) for row in rows}
    return shell.page("calendars.html", section="settings", calendars=rows, users=users, states=states, removed=request.args.get("removed", ""),
                      may_change=policy.may_manage_calendars(frame.viewer()))  # fmt: skip


def _state(row: BusinessCalendar, now: datetime) -> tuple[bool, datetime | None]:
    """Tell whether a calendar is open now, and when it opens next."""
    calendar = sla.calendar(row.id)
    try:
        return calendar.is_open(now), calendar.next_open(now)
    except CalendarError:
        return False, None


@blueprint.get("/settings/calendars/new")
@changes
def new() -> Response:
    """Show the form of a new calendar."""
    return _form(None)


@blueprint.get("/settings/calendars/<int:calendar_id>")
@sees
def edit(calendar_id: int) -> Response:
    """Show a calendar: its hours, its days, what a limit would come to, and who counts by it."""
    return page(sla.get_calendar(calendar_id))


def _form(row: BusinessCalendar | None, *, error: DeskError | None = None) -> Response:
    """Show the form, with what was typed when it is refused."""
    if row is not None:
        return page(row, error=error)
    context = shell.page(
        "calendar.html", section="settings", calendar=None, weekly=_shown(USUAL, error), zones=zones(), error=error,
        wrong=error.fields if error else {}, values=request.form if error else {}, weekdays=WEEKDAYS, may_change=True,
    )  # fmt: skip
    return make_response(context, status_of(error) if error else 200)


def page(row: BusinessCalendar, *, error: DeskError | None = None, part: str = "hours") -> Response:
    """Show a calendar; what was refused is said at its `part` of the page, with what was typed."""
    typed = error is not None and part == "hours"
    own, today = days.listed(row), utcnow().astimezone(ZoneInfo(row.timezone)).date()
    shown = shell.page(
        "calendar.html", section="settings", calendar=row, weekly=_shown(row.weekly, error if typed else None),
        zones=zones(), error=error, part=part, wrong=error.fields if error else {}, weekdays=WEEKDAYS,
        values=request.form if error else {}, ahead=[one for one in own if one.day >= today],
        past=[one for one in own if one.day < today], users=routing.users_of(row.id), answer=_count(row),
        events=audit.chain_events(f"calendar:{row.id}")[-SHOWN_EVENTS:][::-1],
        may_change=policy.may_manage_calendars(frame.viewer()),
    )  # fmt: skip
    return make_response(shown, status_of(error) if error else 200)


def _shown(weekly: dict[str, Any], error: DeskError | None) -> dict[str, str]:
    if error is not None:
        return {day: request.form.get(f"hours_{day}", "") for day in WEEKDAYS}
    return {day: ", ".join(weekly.get(day, ())) for day in WEEKDAYS}


@blueprint.post("/settings/calendars")
@changes
def make() -> Any:
    """Make a calendar."""
    try:
        with savepoint():
            made = _saved(request.form.get("key", "").strip().lower(), is_new=True)
    except (Invalid, Conflict) as error:
        return _form(None, error=error)
    return redirect(f"/settings/calendars/{made.id}?saved=1", 303)


@blueprint.post("/settings/calendars/<int:calendar_id>")
@changes
def change(calendar_id: int) -> Any:
    """Change name, zone and hours of a calendar; its key and its days stay."""
    row = sla.get_calendar(calendar_id)
    try:
        with savepoint():
            _saved(row.key, row=row)
    except (Invalid, Conflict) as error:
        return _form(sla.get_calendar(calendar_id), error=error)
    return redirect(f"/settings/calendars/{calendar_id}?saved=1", 303)


def _saved(key: str, *, row: BusinessCalendar | None = None, is_new: bool = False) -> BusinessCalendar:
    form = request.form
    weekly = {day: spans for day in WEEKDAYS if (spans := sla.hours_of(form.get(f"hours_{day}", "")[:400]))}
    spec = {
        "timezone": form.get("timezone", "").strip()[:64] or "?", "weekly": weekly,
        "holidays": row.holidays if row else [], "extra_days": row.extra_days if row else {},
    }  # fmt: skip
    version = form.get("version", type=int) if row else None
    return sla.save_calendar(key, name=form.get("name", ""), spec=spec, version=version, is_new=is_new)


@blueprint.post("/settings/calendars/<int:calendar_id>/delete")
@changes
def delete(calendar_id: int) -> Any:
    """Delete a calendar that nobody uses."""
    row = sla.get_calendar(calendar_id)
    name = row.name
    try:
        with savepoint():
            routing.remove_calendar(calendar_id)
    except Conflict as error:
        return page(sla.get_calendar(calendar_id), error=error, part="delete")
    return redirect(f"/settings/calendars?removed={name}", 303)


@blueprint.get("/settings/calendars/<int:calendar_id>/count")
@sees
def count(calendar_id: int) -> str:
    """Tell when so many business hours from now have passed (`?hours=`)."""
    row = sla.get_calendar(calendar_id)
    return render_template("partials/_count.html", answer=_count(row), calendar=row)


def _count(row: BusinessCalendar) -> dict[str, Any]:
    """Return when a limit from now ends, in the calendar's own time; nothing where it has too few hours for an answer."""
    hours = min(max(request.args.get("hours", 8.0, type=float), 0.25), MAX_HOURS)
    zone = ZoneInfo(row.timezone)
    try:
        due = sla.add_business_time(row.id, utcnow(), timedelta(hours=hours))
    except (CalendarError, OverflowError, ValueError):
        return {"hours": hours, "due": None, "local": ""}
    return {"hours": hours, "due": due, "local": f"{due.astimezone(zone):%Y-%m-%d %H:%M} ({row.timezone})"}
