"""Reads of the cases room: the inbox, one case, search. Lists are read by columns, not by entities: they are the hot path."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from typing import Any

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    DateTime,
    Dialect,
    Select,
    Text,
    and_,
    any_,
    bindparam,
    cast,
    func,
    literal_column,
    or_,
    select,
    union,
)
from sqlalchemy.dialects.postgresql import TSQUERY, psycopg

from app.cases import snoozing
from app.cases.models import Case, CaseStatus
from app.clock import utcnow
from app.db import run, session
from app.errors import NotFound
from app.messaging.models import Message
from app.search import query_text

COLUMNS = (
    Case.id, Case.number, Case.subject, Case.preview, Case.status, Case.type, Case.priority, Case.queue_key,
    Case.team_id, Case.assignee_id, Case.contact_name, Case.channel, Case.is_unread, Case.chase_count,
    Case.opened_at, Case.touched_at, Case.due_at, Case.due_from, Case.due_why, Case.archived_at,
)  # fmt: skip
LISTED = (
    Case.id, Case.number, Case.subject, Case.status, Case.priority, Case.assignee_id, Case.contact_name, Case.channel,
    Case.is_unread, Case.chase_count, Case.touched_at, Case.due_at, Case.due_from, Case.due_why,
)  # fmt: skip
PAGE = 50
MAX_ID = 2**63 - 1
YEARS = 30
MAX_DIGITS = 12
FEW, MANY = 3, 20
OPEN = Case.archived_at.is_(None)
NOW: BindParameter[Any] = bindparam("now", None, type_=DateTime(timezone=True))
_AT: BindParameter[Any] = bindparam("at", None, type_=DateTime(timezone=True))
_LAST, _SIZE = (bindparam(name, None, type_=BigInteger) for name in ("last", "size"))
_DIALECT: Dialect = psycopg.dialect()  # type: ignore[no-untyped-call]
_ROW = """select c.id, c.number, c.subject, c.status, c.type, c.priority, c.queue_key, c.team_id, c.assignee_id,
  c.contact_id, c.contact_name, c.account_id, c.channel, c.language, c.is_unread, c.chase_count, c.opened_at, c.due_at,
  c.due_from, c.due_why, c.archived_at, coalesce(u.name, '') as assignee
 from cases c left join users u on u.id = c.assignee_id where c.number = %(number)s"""


def view_condition(key: str, *, user_id: int, team_ids: Sequence[int], now: Any) -> ColumnElement[bool]:
    """Return the condition of a standard view; an unknown key raises NotFound."""
    mine = Case.assignee_id == user_id
    teams = Case.team_id.in_(list(team_ids) or [-1])
    views: dict[str, ColumnElement[bool]] = {
        "mine": and_(OPEN, mine, ~snoozing.asleep()),
        "unassigned": and_(OPEN, Case.assignee_id.is_(None), teams, ~snoozing.asleep()),
        "snoozed": and_(OPEN, or_(mine, teams), snoozing.asleep()),
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


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as text: making one costs more than running it, so it is made once for each kind of viewer and list."""

    text: str
    values: Mapping[str, Any]

    def rows(self, **values: Any) -> list[Any]:
        """Run it with what was left open."""
        return list(run(self.text, {**self.values, **values}))


def prepared(statement: Select[Any]) -> Prepared:
    """Return a statement as text, ready for `app.db.run`; parameters without a value stay open."""
    made = statement.compile(dialect=_DIALECT, compile_kwargs={"render_postcompile": True})
    values = {name: value.value if isinstance(value, Enum) else value for name, value in made.params.items()}
    return Prepared(str(made), values)


def listing(
    where: Sequence[ColumnElement[bool]], *, order: str = "due", after: str = "", columns: Sequence[Any] = LISTED
) -> Prepared:
    """Return a page of cases by next time limit (`due`, then oldest first) or by last change (`touched`, newest first).

    Open: `size`, and `at` and `last` (sort value and id of the row before) when `after` says that they are a `time`, or
    `last` alone when it stood among those without a time (`none`).
    """
    query: Any = select(*columns).where(*where)
    if order == "touched":
        if after:
            query = query.where(or_(Case.touched_at < _AT, and_(Case.touched_at == _AT, Case.id < _LAST)))
        query = query.order_by(Case.touched_at.desc(), Case.id.desc())
    else:
        if after == "none":
            query = query.where(Case.due_at.is_(None), Case.id > _LAST)
        elif after:
            later = and_(Case.due_at == _AT, Case.id > _LAST)
            query = query.where(or_(Case.due_at > _AT, later, Case.due_at.is_(None)))
        query = query.order_by(Case.due_at, Case.id)
    return prepared(query.limit(_SIZE))


def kind_of(after: tuple[Any, int] | None) -> str:
    """Return what `listing` has to be told of the row before."""
    return "" if after is None else "none" if after[0] is None else "time"


def page(
    where: Sequence[ColumnElement[bool]], *, order: str = "due", after: tuple[Any, int] | None = None,
    limit: int = PAGE,
) -> list[Any]:  # fmt: skip
    """Return a page of a listing that is asked for once; `after` is the sort value and id of the last row of the page before."""
    at, last = after or (None, 0)
    statement = listing(where, order=order, after=kind_of(after), columns=COLUMNS)
    return statement.rows(size=limit, at=at, last=last, now=utcnow())


def counting(wheres: Mapping[str, Sequence[ColumnElement[bool]]], *, cap: int = 100) -> Prepared:
    """Return one statement that counts several selections, each up to `cap`, under their names; NOW is left open."""
    return prepared(select(*(
        select(func.count()).select_from(select(Case.id).where(*where).limit(literal_column(str(cap))).subquery())
        .scalar_subquery().label(name)
        for name, where in wheres.items()
    )))  # fmt: skip


def capped_count(where: Sequence[ColumnElement[bool]], *, cap: int = 100) -> int:
    """Count up to `cap`: nobody reads an exact 48,211, and counting it costs."""
    [row] = counting({"found": where}, cap=cap).rows(now=utcnow())
    return int(row.found)


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


def searching(visible: Sequence[ColumnElement[bool]] = (), *, columns: Sequence[Any] = LISTED) -> Prepared:
    """Return cases whose messages hold all words of `wanted`, or that are named: by `numbers` or `ids`. Open: these and `size`.

    The newest matching messages decide: a word that stands in every case must not be joined with all of them.
    """
    # A cast, not to_tsquery: that would cut words anew, and "88213-B" or a date would no longer be what was indexed.
    wanted = cast(bindparam("wanted", None, type_=Text), TSQUERY)
    newest = select(Message.case_id).where(Message.search.op("@@")(wanted)).order_by(Message.id.desc())
    hits = newest.limit(bindparam("newest", None, type_=BigInteger)).subquery()
    numbers, ids = bindparam("numbers", None, type_=ARRAY(Text)), bindparam("ids", None, type_=ARRAY(BigInteger))
    named = select(Case.id).where(or_(Case.number == any_(numbers), Case.id == any_(ids)))
    found = union(select(hits.c.case_id), named).subquery()
    query: Any = select(*columns).join(found, found.c.case_id == Case.id).where(*visible)
    return prepared(query.order_by(Case.touched_at.desc(), Case.id.desc()).limit(_SIZE))


def search(text: str, *, visible: Sequence[ColumnElement[bool]] = (), limit: int = PAGE) -> list[Any]:
    """Return cases that hold the words in subject, names or messages, or have the number; newest first."""
    return searched(searching(visible, columns=COLUMNS), text, limit=limit)


def searched(statement: Prepared, text: str, *, ids: Sequence[int] = (), limit: int = PAGE) -> list[Any]:
    """Return what `searching` finds for a text that a person typed."""
    numbers = [text.strip().upper()]
    if text.strip().isdecimal() and len(text) < MAX_DIGITS:
        numbers += [f"RB-{utcnow().year - years}-{int(text):06d}" for years in range(YEARS)]
    asked = {"wanted": query_text(text), "numbers": numbers, "ids": list(ids), "size": limit}
    for newest in (limit * FEW, limit * MANY):
        rows = statement.rows(**asked, newest=newest)
        if len(rows) == limit:
            break
    return rows


def of_contacts(where: Sequence[ColumnElement[bool]]) -> Prepared:
    """Return cases of contacts, newest first. Open: `contacts`, `last` (ids before that one) and `size`."""
    contacts = bindparam("contacts", None, type_=ARRAY(BigInteger))
    columns = (
        Case.id, Case.number, Case.subject, Case.status, Case.channel, Case.opened_at, Case.touched_at, Case.due_at,
        Case.due_from, Case.due_why, Case.archived_at,
    )  # fmt: skip
    query: Any = select(*columns).where(Case.contact_id == any_(contacts), Case.id < _LAST, *where)
    return prepared(query.order_by(Case.id.desc()).limit(_SIZE))


def open_of_contacts(contact_ids: Sequence[int], *, limit: int) -> list[int]:
    """Return the ids of open cases of these contacts, newest first. Checks no right."""
    wanted = select(Case.id).where(Case.contact_id.in_(contact_ids), OPEN).order_by(Case.id.desc())
    return list(session().scalars(wanted.limit(limit)))
