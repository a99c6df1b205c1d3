"""What a person or program asks of the lists of cases: a query read for one viewer, and its pages. Always within what they may see."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import lru_cache
from typing import Any
from urllib.parse import urlencode
from zoneinfo import ZoneInfo

from sqlalchemy import ColumnElement

from app.cases import queries
from app.cases.filtering import QueryError, Said, Scope, condition, is_rare, parse, parted
from app.cases.filtering.names import scope_of
from app.cases.filtering.tree import Every, Field, Node, Text
from app.cases.models import OPEN_STATES, Case
from app.identity.policy import Viewer
from app.settings import settings
from app.web import access, paging
from app.workorders import queries as workorders

MAX_TEXT = 1_000
#: What lists show of a case, as cards and in every column of a table.
ROWS = (*queries.LISTED, Case.type, Case.queue_key, Case.team_id, Case.opened_at)
_OPEN_ONLY = {"is": {"open", "breached"}, "status": set(OPEN_STATES)}


@dataclass(frozen=True, slots=True)
class Asked:
    """A query that was read: its condition (also parted into what columns and what texts answer, where the texts hold common
    words only), the cases that it names by number, and whether it is about open cases alone.
    """

    text: str = ""
    where: tuple[ColumnElement[bool], ...] = ()
    others: tuple[ColumnElement[bool], ...] = ()
    said: Said | None = None
    named: tuple[int, ...] = ()
    is_open: bool = False


@dataclass(frozen=True, slots=True)
class Part:
    """A query that cannot be read, cut where it is wrong: `before`, `wrong`, `after`, with the sentence that says what to do."""

    before: str
    wrong: str
    after: str
    message: str
    place: int


@dataclass(frozen=True, slots=True)
class Page:
    """Rows of a list, and the cursor of the next page (empty: there is none)."""

    rows: list[Any]
    cursor: str


def read(viewer: Viewer, text: str) -> Asked:
    """Read a query for a viewer; raises QueryError, which says where it is wrong and what to do."""
    text = text.strip()
    node = parse(text)
    if node == Every(()):
        return Asked()
    scope = scope_of(viewer, zone=zone())
    asked = Asked(text, (condition(node, scope),), named=_named(node), is_open=_is_open(node))
    if is_rare(node):
        return asked
    others, said = parted(node, scope)
    return replace(asked, others=tuple(others), said=said)


def conditions(text: str, scope: Scope) -> list[ColumnElement[bool]]:
    """Return the conditions of a query; raises QueryError."""
    return [condition(parse(text), scope)]


def zone() -> ZoneInfo:
    """Return the zone in which the days of a query begin."""
    return ZoneInfo(settings().default_timezone)


def _named(node: Node) -> tuple[int, ...]:
    """A number alone also means the case, or the case of the work order, that bears it."""
    match node:
        case Text(text) | Field("number", _, (text,)):
            return tuple(dict.fromkeys([*queries.ids_named(text), *workorders.cases_of(text)]))
    return ()


def _is_open(node: Node) -> bool:
    parts = node.nodes if isinstance(node, Every) else (node,)
    return any(isinstance(part, Field) and _has_limit_or_is_open(part) for part in parts)


def _has_limit_or_is_open(part: Field) -> bool:
    if part.name == "due":
        return "none" not in part.values
    return set(part.values) <= _OPEN_ONLY.get(part.name, set())


def wrong_part(text: str, error: QueryError) -> Part:
    """Return a query with the place where it is wrong."""
    text = text.strip()
    return Part(text[: error.start], text[error.start : error.end], text[error.end :], error.message, error.start + 1)


def page(
    viewer: Viewer, where: Sequence[ColumnElement[bool]], asked: Asked, *, order: str, cursor: str = "",
    size: int = queries.PAGE, columns: Sequence[Any] = ROWS,
) -> Page:  # fmt: skip
    """Return a page of the cases that the viewer may see and that are asked for; cases named by number come first."""
    after = paging.unpack(cursor, order) if cursor else None
    visible = access.visible_cases(viewer)
    found = None
    if asked.said is not None and after is None:
        fit = [visible, *where, *asked.others]
        found = queries.nearest(fit, asked.said, order=order, limit=size + 1, columns=columns)
    if found is None:
        conditions = [visible, *where, *asked.where]
        found = queries.page(conditions, order=order, after=after, limit=size + 1, columns=columns)
    rows, following = found[:size], ""
    if len(found) > size:
        following = cursor_after(rows[-1], order)
    if asked.named:
        named = Case.id.in_(asked.named)
        first = queries.page([visible, *where, named], order=order, columns=columns) if not cursor else []
        rows = [*first, *(row for row in rows if row.id not in asked.named)]
    return Page(rows, following)


def cursor_after(row: Any, order: str) -> str:
    """Return the cursor that stands after a row."""
    column = queries.ORDERS[order].column
    return paging.pack(order, None if column is None else getattr(row, column.key), row.id)


@lru_cache(maxsize=2048)
def listing(viewer: Viewer, view: str, order: str, after: str) -> queries.Prepared:
    """Return the statement of a standard view: made once for each viewer, for making it is slow."""
    return queries.listing(view_where(viewer, view), order=order, after=after, columns=ROWS)


def view_where(viewer: Viewer, view: str) -> list[ColumnElement[bool]]:
    """Return the conditions of a standard view for a viewer; raises NotFound."""
    teams = sorted(viewer.team_ids)
    wanted = queries.view_condition(view, user_id=viewer.user_id, team_ids=teams, now=queries.NOW)
    return [wanted, access.visible_cases(viewer)]


def standard(viewer: Viewer, view: str, *, order: str, cursor: str, now: Any) -> Page:
    """Return a page of a standard view, without a query."""
    after = paging.unpack(cursor, order) if cursor else None
    at, last_id = after or (None, 0)
    rows = listing(viewer, view, order, queries.kind_of(after)).rows(
        size=queries.PAGE + 1, at=at, last=last_id, now=now
    )
    if len(rows) <= queries.PAGE:
        return Page(rows, "")
    return Page(rows[: queries.PAGE], cursor_after(rows[queries.PAGE - 1], order))


def address(path: str, **values: str) -> str:
    """Return the address of a list with what of its query is not empty."""
    given = urlencode({name: value for name, value in values.items() if value})
    return f"{path}?{given}" if given else path
