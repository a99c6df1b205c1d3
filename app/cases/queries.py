"""Reads of the cases room: the inbox, one case, search. Lists are read by columns, not by entities: they are the hot path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, DateTime, Row, Select, and_, bindparam, cast, func, literal_column, or_, select
from sqlalchemy.dialects.postgresql import TSQUERY

from app.cases.models import Case, CaseStatus
from app.db import run, session
from app.errors import NotFound
from app.messaging.models import Message
from app.search import query_text

COLUMNS = (
    Case.id, Case.number, Case.subject, Case.preview, Case.status, Case.type, Case.priority, Case.queue_key,
    Case.team_id, Case.assignee_id, Case.contact_name, Case.channel, Case.is_unread, Case.chase_count,
    Case.opened_at, Case.touched_at, Case.due_at, Case.due_from, Case.due_why, Case.archived_at,
)  # fmt: skip
PAGE = 50
OPEN = Case.archived_at.is_(None)
NOW = bindparam("now", type_=DateTime(timezone=True))
_ROW = """select c.id, c.number, c.subject, c.status, c.type, c.priority, c.queue_key, c.team_id, c.assignee_id,
  c.contact_id, c.contact_name, c.account_id, c.channel, c.language, c.is_unread, c.chase_count, c.opened_at, c.due_at,
  c.due_from, c.due_why, c.archived_at, coalesce(u.name, '') as assignee
 from cases c left join users u on u.id = c.assignee_id where c.number = %(number)s"""
_OF_CONTACT = """select id, number, subject, status, team_id, assignee_id from cases where contact_id = %(contact)s
 order by id desc limit %(limit)s"""


@dataclass(frozen=True, slots=True)
class View:
    """A named selection of open cases."""

    key: str
    label: str
    where: Any


def view_condition(key: str, *, user_id: int, team_ids: Sequence[int], now: Any) -> ColumnElement[bool]:
    """Return the condition of a standard view; an unknown key raises NotFound."""
    mine = Case.assignee_id == user_id
    teams = Case.team_id.in_(list(team_ids) or [-1])
    views: dict[str, ColumnElement[bool]] = {
        "mine": and_(OPEN, mine),
        "unassigned": and_(OPEN, Case.assignee_id.is_(None), teams),
        "team": and_(OPEN, teams),
        "chased": and_(OPEN, Case.chase_count > literal_column("0")),
        "due": and_(OPEN, Case.due_at < now + timedelta(hours=4), Case.due_at >= now),
        "breached": and_(OPEN, Case.due_at < now),
        "waiting": and_(OPEN, Case.status == CaseStatus.WAITING),
        "all": OPEN,
        "archived": Case.archived_at.is_not(None),
    }
    if key not in views:
        raise NotFound("view_unknown", "There is no such view.")
    return views[key]


def page(
    where: Sequence[ColumnElement[bool]], *, order: str = "due", after: tuple[Any, int] | None = None,
    limit: int = PAGE,
) -> list[Row[Any]]:  # fmt: skip
    """Return a page of cases by next time limit (`due`, then oldest first) or by last change (`touched`, newest first).

    `after` is the sort value and id of the last row of the page before.
    """
    query: Any = select(*COLUMNS).where(*where)
    if order == "touched":
        if after is not None:
            query = query.where(or_(Case.touched_at < after[0], and_(Case.touched_at == after[0], Case.id < after[1])))
        query = query.order_by(Case.touched_at.desc(), Case.id.desc())
    else:
        if after is not None:
            query = query.where(_after_due(*after))
        query = query.order_by(Case.due_at, Case.id)
    return list(session().execute(query.limit(limit)))


def _after_due(due: datetime | None, case_id: int) -> ColumnElement[bool]:
    if due is None:
        return and_(Case.due_at.is_(None), Case.id > case_id)
    return or_(Case.due_at > due, and_(Case.due_at == due, Case.id > case_id), Case.due_at.is_(None))


def counting(wheres: Mapping[str, Sequence[ColumnElement[bool]]], *, cap: int = 100) -> Select[Any]:
    """Return one statement that counts several selections, each up to `cap`, under their names; it may be kept."""
    return select(*(
        select(func.count()).select_from(select(Case.id).where(*where).limit(literal_column(str(cap))).subquery())
        .scalar_subquery().label(name)
        for name, where in wheres.items()
    ))  # fmt: skip


def counted(statement: Select[Any], *, now: datetime) -> dict[str, int]:
    """Return what `counting` counts, with `now` in the place of NOW."""
    return dict(session().execute(statement, {"now": now}).mappings().one())


def capped_count(where: Sequence[ColumnElement[bool]], *, cap: int = 100) -> int:
    """Count up to `cap`: nobody reads an exact 48,211, and counting it costs."""
    inner = select(Case.id).where(*where).limit(cap).subquery()
    return int(session().scalar(select(func.count()).select_from(inner)) or 0)


def get(case_id: int) -> Case:
    """Return a case; raises NotFound."""
    case = session().get(Case, case_id)
    if case is None:
        raise NotFound("case_unknown", "There is no such case.")
    return case


def by_number(number: str) -> Case:
    """Return a case by its number; raises NotFound."""
    case = session().scalar(select(Case).where(Case.number == number.strip().upper()))
    if case is None:
        raise NotFound("case_unknown", "There is no such case.")
    return case


def row_by_number(number: str) -> Any:
    """Return a case as its page shows it, with the name of its agent, or None. Checks no right."""
    return run(_ROW, {"number": number.strip().upper()}).fetchone()


def ids_by_number(numbers: Iterable[str]) -> dict[str, int]:
    """Return ids for those case numbers that exist."""
    rows = session().execute(select(Case.number, Case.id).where(Case.number.in_(list(numbers))))
    return {row.number: row.id for row in rows}


def search(text: str, *, visible: Sequence[ColumnElement[bool]] = (), limit: int = PAGE) -> list[Row[Any]]:
    """Return cases that hold the words in subject, names or messages, or have the number; newest first."""
    wanted = query_text(text)
    number = text.strip().upper()
    found: list[ColumnElement[bool]] = [Case.number == number]
    if number.isdigit():
        found.append(Case.number.like(f"%-{int(number):06d}"))
    if not wanted:
        return list(session().execute(select(*COLUMNS).where(or_(*found), *visible).limit(limit)))
    # A cast, not to_tsquery: that would cut words anew, and "88213-B" or a date would no longer be what was indexed.
    # The newest matching messages decide: a word that stands in every case must not be joined with all of them.
    hits = (
        select(Message.case_id)
        .where(Message.search.op("@@")(cast(wanted, TSQUERY)))
        .order_by(Message.id.desc())
        .limit(limit * 20)
        .subquery()
    )
    query = select(*COLUMNS).where(or_(Case.id.in_(select(hits.c.case_id)), *found), *visible)
    return list(session().execute(query.order_by(Case.touched_at.desc(), Case.id.desc()).limit(limit)))


def of_contact(contact_id: int, *, limit: int = 20) -> list[Any]:
    """Return number, subject, status and whereabouts of the cases of a contact, newest first. Checks no right."""
    return list(run(_OF_CONTACT, {"contact": contact_id, "limit": limit}))
