"""Days that differ from a calendar's week, in the desk: typed, from an iCalendar file, or a country's public holidays.

What a file or the library says is shown first; only what is ticked then is stored.
"""

from __future__ import annotations

from datetime import date
from typing import Any

from babel import Locale
from flask import Blueprint, Response, make_response, redirect, request

from app.clock import utcnow
from app.db import savepoint
from app.errors import Conflict, DeskError, Invalid
from app.identity import policy
from app.sla import country, days, ical
from app.sla import service as sla
from app.sla.days import Day
from app.sla.models import BusinessCalendar
from app.web import calendars, i18n, shell
from app.web.errors import status_of
from app.web.rules import allow_if

blueprint = Blueprint("calendar_days", __name__)
changes = allow_if(policy.may_manage_calendars)
YEARS_AHEAD = 3
SOURCES = ("file", "country", "form")


def _date(text: str, field: str) -> date:
    try:
        return date.fromisoformat(text.strip())
    except ValueError:
        raise Invalid("bad_date", "Write the day as 2026-12-31.", fields={field: "not a date"}) from None


def _back(calendar_id: int, error: DeskError) -> Response:
    return calendars.page(sla.get_calendar(calendar_id), error=error, part="days")


@blueprint.post("/settings/calendars/<int:calendar_id>/days")
@changes
def add(calendar_id: int) -> Any:
    """Add a day or several in a row, or take away those that are ticked."""
    form = request.form
    version = form.get("version", type=int)
    try:
        with savepoint():
            if form.get("remove"):
                days.remove_days(calendar_id, form.getlist("day"), version=version)
            else:
                first = _date(form.get("first", ""), "first")
                last = _date(form["last"], "last") if form.get("last", "").strip() else first
                found = days.span(
                    first, last, name=form.get("name", ""), hours=sla.hours_of(form.get("hours", "")[:400])
                )
                days.add_days(calendar_id, found, source="form", version=version)
    except (Invalid, Conflict) as error:
        return _back(calendar_id, error)
    return redirect(f"/settings/calendars/{calendar_id}?saved=1#days", 303)


# ---------------------------------------------------------------- looked at first
@blueprint.post("/settings/calendars/<int:calendar_id>/import")
@changes
def import_file(calendar_id: int) -> Any:
    """Show which days an iCalendar file would add, and what in it was not understood."""
    row = sla.get_calendar(calendar_id)
    file = request.files.get("file")
    this_year = utcnow().year
    ahead = min(max(request.form.get("years", YEARS_AHEAD, type=int), 1), country.MAX_YEARS)
    try:
        data = file.read(ical.MAX_BYTES + 1) if file else b""
        reading = ical.read(data, first=date(this_year, 1, 1), last=date(this_year + ahead - 1, 12, 31))
    except Invalid as error:
        return _back(calendar_id, error)
    name = (file.filename or "") if file else ""
    return _preview(row, reading.days, problems=reading.problems, source=f"file {name}"[:200])


@blueprint.get("/settings/calendars/<int:calendar_id>/holidays")
@changes
def holidays(calendar_id: int) -> Any:
    """Choose a country, its region and years; then show which days that would add."""
    row, asked = sla.get_calendar(calendar_id), request.args
    code, region = asked.get("country", "").upper(), asked.get("region", "")
    years = sorted(set(asked.getlist("year", type=int)))
    error: DeskError | None = None
    if code and years:
        try:
            found = country.public_holidays(
                code, years=years, region=region, language=i18n.locale(), hours=days.usual_hours(row)
            )
            return _preview(row, found, source=f"{code} {region}".strip())
        except Invalid as refused:
            error = refused
    return _choose(row, code, region, error=error)


def _choose(row: BusinessCalendar, code: str, region: str, *, error: DeskError | None) -> Response:
    this_year = utcnow().year
    shown = shell.page(
        "calendar_holidays.html", section="settings", calendar=row, countries=_countries(), country=code, region=region,
        regions=country.countries().get(code, []), years=range(this_year, this_year + 5), chosen={this_year, this_year + 1},
        error=error,
    )  # fmt: skip
    return make_response(shown, status_of(error) if error else 200)


def _countries() -> list[tuple[str, str]]:
    """Return codes and names of the countries in the viewer's language, by name."""
    names = Locale.parse("zh_Hans" if i18n.locale() == "zh" else "en").territories
    return sorted(((code, str(names.get(code, code))) for code in country.countries()), key=lambda pair: pair[1])


def _preview(
    row: BusinessCalendar, found: list[Day], *, source: str, problems: list[tuple[str, str]] | None = None
) -> Response:
    new, known = days.fresh(row, found)
    shown = shell.page(
        "calendar_preview.html", section="settings", calendar=row, fresh=new, known=known, problems=problems or [],
        source=source,
    )  # fmt: skip
    return make_response(shown)


@blueprint.post("/settings/calendars/<int:calendar_id>/take")
@changes
def take(calendar_id: int) -> Any:
    """Store the days that are ticked on the page which showed them."""
    form = request.form
    try:
        with savepoint():
            chosen = [_ticked(day) for day in form.getlist("day")[: days.MAX_DAYS + 1]]
            days.add_days(
                calendar_id, chosen, source=form.get("source", "")[:200], version=form.get("version", type=int)
            )
    except (Invalid, Conflict) as error:
        return _back(calendar_id, error)
    return redirect(f"/settings/calendars/{calendar_id}?added={len(chosen)}#days", 303)


def _ticked(text: str) -> Day:
    day, hours, name = (*text.split("|", 2), "", "")[:3]
    return Day(_date(day, "day"), " ".join(name.split())[:120], tuple(sla.hours_of(hours)))
