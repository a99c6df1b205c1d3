"""Views that people make of filters, and how their lists are laid out. A view is a name for a query: it opens no door to any case."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select
from sqlalchemy.dialects.postgresql import insert

from app import events
from app.cases import own_lists
from app.cases.fields import keeping
from app.cases.fields.models import CustomField
from app.cases.filtering import parse
from app.cases.filtering.words import BEGIN
from app.cases.listed import ListChoice, SavedView, Shared
from app.cases.own_lists import MAX_OWN, View
from app.cases.queries import ORDERS
from app.clock import utcnow
from app.db import session
from app.errors import Forbidden, Invalid, NotFound
from app.identity.policy import Viewer
from app.identity.rights import Right

MAX_NAME = 60
COLUMNS = (
    "number", "contact", "status", "priority", "assignee", "team", "queue", "channel", "type", "tags", "chased", "checklist", "opened",
    "touched", "due",
)  # fmt: skip
MOST_OWN_COLUMNS = 12
USUAL = ("contact", "status", "priority", "assignee", "tags", "touched", "due")
CARDS, TABLE = "cards", "table"


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a view to be."""

    name: str
    query: str
    order: str = ""
    columns: Sequence[str] = ()
    shared: str = Shared.PRIVATE
    team_id: int | None = None


@dataclass(frozen=True, slots=True)
class Layout:
    """How a list is laid out: as cards, or as a table with these columns beside the subject."""

    layout: str = CARDS
    columns: tuple[str, ...] = USUAL


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `SavedView` that holds for the views this viewer finds among theirs."""
    teams = and_(SavedView.shared == Shared.TEAM, SavedView.team_id.in_(sorted(viewer.team_ids) or [-1]))
    return or_(SavedView.owner_id == viewer.user_id, SavedView.shared == Shared.EVERYBODY, teams)


def of_viewer(viewer: Viewer) -> tuple[View, ...]:
    """Return the views that a viewer finds among theirs: own ones first, then by name."""
    return own_lists.of_viewer(viewer).views


def get(viewer: Viewer, view_id: int) -> SavedView:
    """Return a view that the viewer finds among theirs; raises NotFound."""
    found = session().scalar(select(SavedView).where(SavedView.id == view_id, visible(viewer)))
    if found is None:
        raise NotFound("view_unknown", "There is no such view.")
    return found


def may_change(viewer: Viewer, view: SavedView | View) -> bool:
    """Whether a viewer may change or delete a view: its maker, and whoever sees everything when it is shared."""
    return view.owner_id == viewer.user_id or (viewer.may(Right.VIEWS_ALL) and view.shared != Shared.PRIVATE)


def save(viewer: Viewer, wish: Wish, *, view_id: int | None = None) -> SavedView:
    """Make a view, or change one. Records `view_saved`. Raises Invalid, QueryError, Forbidden, NotFound."""
    values = _checked(viewer, wish)
    if view_id is None:
        view = _made(viewer, values)
    else:
        view = _own(viewer, view_id)
        for name, value in values.items():
            setattr(view, name, value)
    session().flush()
    own_lists.changed(viewer.user_id)
    events.record(
        "view_saved",
        chain=f"view:{view.id}",
        name=view.name,
        query=view.query,
        shared=str(view.shared),
        team=view.team_id,
    )
    return view


def _made(viewer: Viewer, values: dict[str, Any]) -> SavedView:
    own = session().scalar(select(func.count()).where(SavedView.owner_id == viewer.user_id)) or 0
    if own >= MAX_OWN:
        raise Invalid("too_many_views", f"Nobody keeps more than {MAX_OWN} views: delete one first.")
    view = SavedView(owner_id=viewer.user_id, **values)
    session().add(view)
    return view


def _own(viewer: Viewer, view_id: int) -> SavedView:
    view = get(viewer, view_id)
    if not may_change(viewer, view):
        raise Forbidden("view_of_others", "This view belongs to somebody else: make one of your own from its filter.")
    return view


def _checked(viewer: Viewer, wish: Wish) -> dict[str, Any]:
    name = " ".join(wish.name.split())
    if not 0 < len(name) <= MAX_NAME:
        raise Invalid(
            "view_name", f"Give the view a name of at most {MAX_NAME} characters.", fields={"name": "required"}
        )
    parse(wish.query)
    if wish.order and wish.order not in ORDERS:
        raise Invalid("view_order", f"The order is one of {', '.join(ORDERS)}.", fields={"order": "unknown"})
    if wish.shared not in set(Shared):
        raise Invalid("view_shared", f"A view is shared with one of {', '.join(Shared)}.", fields={"shared": "unknown"})
    shared = Shared(wish.shared)
    return {
        "name": name, "query": wish.query.strip(), "order": wish.order, "columns": list(_known(wish.columns)),
        "shared": shared, "team_id": _team(viewer, wish) if shared is Shared.TEAM else None, "changed_at": utcnow(),
    }  # fmt: skip


def _team(viewer: Viewer, wish: Wish) -> int:
    if wish.team_id is None or (wish.team_id not in viewer.team_ids and not viewer.may(Right.VIEWS_ALL)):
        raise Invalid("view_team", "Choose one of your teams to share the view with.", fields={"team": "required"})
    return wish.team_id


def columns_there() -> dict[str, CustomField | None]:
    """Return all columns that a table can have, in order: the standard ones, and one for each custom field in use."""
    own = {f"{BEGIN}{field.key}": field for field in keeping.fields()}
    return {**dict.fromkeys(COLUMNS), **own}


def _known(columns: Iterable[str]) -> tuple[str, ...]:
    wanted = dict.fromkeys(columns)
    unknown = [name for name in wanted if name not in COLUMNS]
    if unknown:
        known = columns_there()
        unknown = [name for name in unknown if name not in known]
    if unknown:
        raise Invalid("column_unknown", f"There is no column {unknown[0]}: known are {', '.join(known)}.")
    if len(wanted) - len(set(wanted) & set(COLUMNS)) > MOST_OWN_COLUMNS:
        raise Invalid("too_many_columns", f"A table shows at most {MOST_OWN_COLUMNS} custom fields.")
    return tuple(wanted)


def delete(viewer: Viewer, view_id: int) -> None:
    """Delete a view. Records `view_removed`. Raises NotFound, Forbidden."""
    view = _own(viewer, view_id)
    events.record("view_removed", chain=f"view:{view.id}", name=view.name)
    session().delete(view)
    session().flush()
    own_lists.changed(viewer.user_id)


def layout_of(viewer: Viewer) -> Layout:
    """Return how a viewer's lists are laid out."""
    chosen = own_lists.of_viewer(viewer).layout
    if chosen is None:
        return Layout()
    layout, columns = chosen
    return Layout(layout, tuple(name for name in columns if name in COLUMNS or name.startswith(BEGIN)))


def choose_layout(viewer: Viewer, *, layout: str, columns: Collection[str] | None = None) -> None:
    """Remember how a viewer's lists are laid out; without columns those that were chosen stay. Raises Invalid."""
    if layout not in {CARDS, TABLE}:
        raise Invalid("layout_unknown", "A list is laid out as cards or as a table.")
    kept = layout_of(viewer).columns if columns is None else _known(columns)
    values = {"layout": layout, "columns": list(kept)}
    statement = insert(ListChoice).values(user_id=viewer.user_id, **values)
    session().execute(statement.on_conflict_do_update(index_elements=[ListChoice.user_id], set_=values))
    own_lists.changed(viewer.user_id)
