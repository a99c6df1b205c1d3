"""Reads of the cases room: the inbox, one case, search. Lists are read by columns, not by entities: they are the hot path."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from enum import Enum
from functools import lru_cache
from typing import Any, NamedTuple

from sqlalchemy import (
    ARRAY,
    BigInteger,
    BindParameter,
    ColumnElement,
    DateTime,
    Dialect,
    Select,
    and_,
    any_,
    bindparam,
    func,
    literal_column,
    or_,
    select,
)
from sqlalchemy.dialects.postgresql import psycopg

from app.cases import snoozing
from app.cases.models import Case, CaseStatus
from app.clock import utcnow
from app.db import run, session, settle
from app.errors import NotFound

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
NEAR = 4_000
FEW = 200
MAX_ID = 2**63 - 1
YEARS = 30
MAX_DIGITS = 12
OPEN = Case.archived_at.is_(None)
NOW: BindParameter[Any] = bindparam("now", None, type_=DateTime(timezone=True))
_AT: BindParameter[Any] = bindparam("at", None, type_=DateTime(timezone=True))
_LAST, _SIZE, _NEAR = (bindparam(name, None, type_=BigInteger) for name in ("last", "size", "near"))
_DIALECT: Dialect = psycopg.dialect()  # type: ignore[no-untyped-call]
_ROW = """select c.id, c.number, c.subject, c.status, c.type, c.priority, c.queue_key, c.team_id, c.assignee_id,
  c.contact_id, c.contact_name, c.account_id, c.channel, c.language, c.is_unread, c.chase_count, c.opened_at, c.due_at,
  c.due_from, c.due_why, c.archived_at, c.merged_into, coalesce(u.name, '') as assignee
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


class Order(NamedTuple):
    """How a list is sorted: by a time and then by id, or by id alone (`column` None): the order in which cases were opened."""

    column: Any
    is_falling: bool = False
    has_gaps: bool = False


ORDERS: Mapping[str, Order] = {
    "due": Order(Case.due_at, has_gaps=True),
    "touched": Order(Case.touched_at, is_falling=True),
    "quiet": Order(Case.touched_at),
    "opened": Order(None, is_falling=True),
    "oldest": Order(None),
}


@dataclass(frozen=True, slots=True)
class Prepared:
    """A statement as text: making one costs more than running it, so it is made once for each kind of viewer and list.

    What is asked for once only is run by `_rows`: SQLAlchemy keeps what it has made of a statement of the same form.
    """

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


def _rows(statement: Select[Any], **values: Any) -> list[Any]:
    settle()
    return list(session().connection().execute(statement, values))


def listing(
    where: Sequence[ColumnElement[bool]], *, order: str = "due", after: str = "", columns: Sequence[Any] = LISTED
) -> Prepared:
    """Return a page of cases in one of ORDERS; those without a time limit stand last in `due`.

    Open: `size`, and `at` and `last` (sort value and id of the row before) when `after` says that they are a `time`, or
    `last` alone when there is no time to compare (`none`).
    """
    return prepared(_listed(where, order=order, after=after, columns=columns))


def _listed(where: Sequence[ColumnElement[bool]], *, order: str, after: str, columns: Sequence[Any]) -> Select[Any]:
    return _all_listed(order, after, tuple(columns)).where(*where)


@lru_cache(maxsize=64)
def _all_listed(order: str, after: str, columns: tuple[Any, ...]) -> Select[Any]:
    """Return the part of a listing that is the same for all who ask: naming its columns costs more than its conditions."""
    made = ORDERS[order]
    query: Any = select(*columns)
    if after:
        query = query.where(_behind(made, after))
    listed: Select[Any] = query.order_by(*_sides(made, Case)).limit(_SIZE)
    return listed


def _behind(made: Order, after: str) -> ColumnElement[bool]:
    """Return what holds for the rows behind the last one."""
    further = Case.id < _LAST if made.is_falling else Case.id > _LAST
    if made.column is None:
        return further
    if after == "none":
        return and_(made.column.is_(None), further)
    beyond = made.column < _AT if made.is_falling else made.column > _AT
    return or_(beyond, and_(made.column == _AT, further), *([made.column.is_(None)] if made.has_gaps else []))


def kind_of(after: tuple[Any, int] | None) -> str:
    """Return what `listing` has to be told of the row before."""
    return "" if after is None else "none" if after[0] is None else "time"


def page(
    where: Sequence[ColumnElement[bool]], *, order: str = "due", after: tuple[Any, int] | None = None,
    limit: int = PAGE, columns: Sequence[Any] = COLUMNS,
) -> list[Any]:  # fmt: skip
    """Return a page of a listing that is asked for once; `after` is the sort value and id of the last row of the page before."""
    at, last = after or (None, 0)
    statement = _listed(where, order=order, after=kind_of(after), columns=columns)
    return _rows(statement, size=limit, at=at, last=last, now=utcnow())


def nearest(
    where: Sequence[ColumnElement[bool]], said: Callable[[Any], Sequence[ColumnElement[bool]]], *, order: str, limit: int,
    columns: Sequence[Any] = COLUMNS,
) -> list[Any] | None:  # fmt: skip
    """Return the first page of a listing whose texts must hold something, looked for among the first NEAR cases in order.

    A word that many cases hold is found so in milliseconds, while an index over texts would collect all of them first.
    None when that does not tell: there are more cases, and not enough of the near ones hold it; a few of them are asked
    first, for a rare word is found sooner by the index. `said` makes the conditions about texts for a kind of Case.
    """
    made = ORDERS[order]
    near = _first(order, tuple(columns)).where(*where).subquery("near").c
    wanted = select(*(near[column.key] for column in columns)).where(*said(near))
    now, look = utcnow(), wanted.order_by(*_sides(made, near)).limit(_SIZE)
    if len(rows := _rows(look, size=limit, near=FEW, now=now)) < limit:
        if len(rows) * NEAR < limit * FEW:
            return None
        rows = _rows(look, size=limit, near=NEAR, now=now)
    if len(rows) < limit and capped_count(where, cap=NEAR) >= NEAR:
        return None
    return rows


@lru_cache(maxsize=64)
def _first(order: str, columns: tuple[Any, ...]) -> Select[Any]:
    made = ORDERS[order]
    sorted_by = () if made.column is None else (made.column,)
    first: Select[Any] = select(*dict.fromkeys((*columns, *sorted_by))).order_by(*_sides(made, Case)).limit(_NEAR)
    return first


def _sides(made: Order, case: Any) -> list[Any]:
    sides = [case.id] if made.column is None else [getattr(case, made.column.key), case.id]
    return [side.desc() if made.is_falling else side for side in sides]


def counting(wheres: Mapping[str, Sequence[ColumnElement[bool]]], *, cap: int = 100) -> Prepared:
    """Return one statement that counts several selections, each up to `cap`, under their names; NOW is left open."""
    return prepared(_counted(wheres, cap=cap))


def counts(wheres: Mapping[str, Sequence[ColumnElement[bool]]], *, cap: int = 100) -> dict[str, int]:
    """Count several selections, each up to `cap`, in one statement."""
    [row] = _rows(_counted(wheres, cap=cap), now=utcnow())
    return dict(row._asdict())


def _counted(wheres: Mapping[str, Sequence[ColumnElement[bool]]], *, cap: int) -> Select[Any]:
    return select(*(
        select(func.count()).select_from(select(Case.id).where(*where).limit(literal_column(str(cap))).subquery())
        .scalar_subquery().label(name)
        for name, where in wheres.items()
    ))  # fmt: skip


def capped_count(where: Sequence[ColumnElement[bool]], *, cap: int = 100) -> int:
    """Count up to `cap`: nobody reads an exact 48,211, and counting it costs."""
    return counts({"found": where}, cap=cap)["found"]


def open_counts(user_ids: Sequence[int]) -> dict[int, int]:
    """Return how many open cases each of these users has; who has none is not there."""
    wanted = select(Case.assignee_id, func.count()).where(OPEN, Case.assignee_id.in_(user_ids))
    return {row[0]: row[1] for row in session().execute(wanted.group_by(Case.assignee_id)) if row[0] is not None}


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


def ids_named(text: str) -> list[int]:
    """Return the cases whose number a person typed: whole, or its last digits alone, of any year."""
    numbers = [text.strip().upper()]
    if text.strip().isdecimal() and len(text) < MAX_DIGITS:
        numbers += [f"RB-{utcnow().year - years}-{int(text):06d}" for years in range(YEARS)]
    return list(ids_by_number(numbers).values())


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


def ids_where(where: Sequence[ColumnElement[bool]], ids: Sequence[int]) -> list[int]:
    """Return those of these cases for which the conditions hold."""
    return list(session().scalars(select(Case.id).where(Case.id.in_(ids), *where)))
