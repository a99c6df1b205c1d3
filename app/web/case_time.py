"""Time spent: booked on the page of a case, by hand or by the timer, and summed up on a page with a file for spreadsheets."""

from __future__ import annotations

import csv
import io
from collections import Counter
from datetime import date, timedelta
from typing import Any

from flask import Blueprint, Response, request

from app.cases.timekeeping import entries
from app.clock import utcnow
from app.errors import Invalid
from app.identity.rights import Right
from app.web import asking, frame, shell
from app.web.case_around import done
from app.web.case_checklist import held, read_day
from app.web.rules import allow

blueprint = Blueprint("case_time", __name__)
works = allow("agent", "manager")
COLUMNS = ("day", "login", "name", "case", "subject", "minutes", "category", "note")


def today() -> date:
    """Return the day that it is at the desk."""
    return utcnow().astimezone(asking.zone()).date()


def _wish() -> entries.Wish:
    form = request.form
    minutes = form.get("minutes", type=int)
    if minutes is None:
        raise Invalid("bad_minutes", "Write whole minutes, such as 15.", fields={"minutes": "not a number"})
    return entries.Wish(
        minutes, read_day(form.get("day", "")) or today(), form.get("note", ""), form.get("category", "")
    )


@blueprint.post("/cases/<number>/time")
@works
def book(number: str) -> Any:
    """Book time on a case."""
    case = held(number)
    entries.book(case, frame.viewer().user_id, _wish())
    return done(case)


@blueprint.post("/cases/<number>/time/<int:entry_id>")
@works
def change(number: str, entry_id: int) -> Any:
    """Change an entry, or remove it (`do=remove`)."""
    case = held(number)
    if request.form.get("do") == "remove":
        entries.remove(case, frame.viewer(), entry_id)
    else:
        entries.change(case, frame.viewer(), entry_id, _wish())
    return done(case)


@blueprint.post("/cases/<number>/timer")
@works
def timer(number: str) -> Any:
    """Start the viewer's timer, stop it and book, or stop it without booking (`do`: start, stop, discard)."""
    case, user_id, form = held(number), frame.viewer().user_id, request.form
    match form.get("do", "start"):
        case "stop":
            entries.stop(case, user_id, day=today(), note=form.get("note", ""), category=form.get("category", ""))
        case "discard":
            entries.discard(case, user_id)
        case _:
            entries.start(case, user_id)
    return done(case)


def _asked() -> tuple[date, date, list[Any]]:
    """Return the asked days (this month without any) and what was booked: managers see everybody's, others their own."""
    viewer, now = frame.viewer(), today()
    first = read_day(request.args.get("from", "")) or now.replace(day=1)
    last = read_day(request.args.get("to", "")) or max(now, first + timedelta(days=0))
    return first, last, entries.between(first, last, user_id=None if viewer.may(Right.TIME_ALL) else viewer.user_id)


@blueprint.get("/time")
@works
def sheet() -> str:
    """Sum up the time spent, by person and by case."""
    first, last, rows = _asked()
    people: Counter[str] = Counter()
    cases: Counter[tuple[str, str]] = Counter()
    for row in rows:
        people[row.name] += row.minutes
        cases[(row.number, row.subject)] += row.minutes
    return shell.page(
        "time.html", section="inbox", first=first, last=last, rows=rows[-200:], people=people.most_common(),
        cases=cases.most_common(50), total=sum(people.values()), is_cut=len(rows) >= entries.MOST_ROWS,
    )  # fmt: skip


@blueprint.get("/time.csv")
@works
def export() -> Response:
    """Give the entries of these days as a file for spreadsheets."""
    first, last, rows = _asked()
    out = io.StringIO()
    writer = csv.writer(out)
    writer.writerow(COLUMNS)
    for row in rows:
        said = (row.day.isoformat(), row.login, row.name, row.number, row.subject, row.minutes, row.category, row.note)
        writer.writerow([_cell(value) for value in said])
    name = f"time-{first.isoformat()}-{last.isoformat()}.csv"
    headers = {"Content-Disposition": f'attachment; filename="{name}"'}
    return Response("\ufeff" + out.getvalue(), content_type="text/csv; charset=utf-8", headers=headers)


def _cell(value: Any) -> Any:
    """A spreadsheet must not take what somebody wrote for a formula."""
    return f"'{value}" if isinstance(value, str) and value[:1] in {"=", "+", "-", "@", "\t", "\r"} else value
