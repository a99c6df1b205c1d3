"""Which views stand above a list, and in what order: as each agent wants it, else as it is set for their team or role."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass

from sqlalchemy import delete
from sqlalchemy.dialects.postgresql import insert

from app import events
from app.cases import own_lists
from app.cases.listed import ViewArrangement
from app.db import session
from app.errors import Forbidden, Invalid
from app.identity import policy
from app.identity.policy import Viewer

#: The views that everybody has, in their usual order.
STANDARD = ("mine", "unassigned", "team", "chased", "due", "breached", "waiting", "snoozed", "all", "archived")
MAX_VIEWS = 150


@dataclass(frozen=True, slots=True)
class Arrangement:
    """Keys of views (standard ones, ids of saved ones) in their order, and those that are hidden.

    A saved view that is named stands where it is named: it is pinned; others follow behind. `scope` says whose it is.
    """

    order: tuple[str, ...] = ()
    hidden: frozenset[str] = frozenset()
    scope: str = ""

    def sorted(self, keys: Iterable[str]) -> list[str]:
        """Return all these keys in order: those that are named, then the others as they came."""
        there = list(dict.fromkeys(keys))
        return [
            *(key for key in self.order if key in set(there)), *(key for key in there if key not in set(self.order))
        ]  # fmt: skip

    def shown(self, keys: Iterable[str]) -> list[str]:
        """Return the keys that are not hidden, in order."""
        return [key for key in self.sorted(keys) if key not in self.hidden]


def own_scope(viewer: Viewer) -> str:
    """Return the scope of a viewer's own arrangement."""
    return f"user:{viewer.user_id}"


def of_viewer(viewer: Viewer) -> Arrangement:
    """Return what counts for a viewer: their own, else that of their first team which has one, else that of their role."""
    found = own_lists.of_viewer(viewer).arranged
    if found is None:
        return Arrangement()
    scope, keys, hidden = found
    return Arrangement(tuple(keys), frozenset(hidden), scope)


def of_scope(scope: str) -> Arrangement:
    """Return the arrangement kept for a scope; the usual one when there is none."""
    row = session().get(ViewArrangement, scope)
    return Arrangement(scope=scope) if row is None else Arrangement(tuple(row.keys), frozenset(row.hidden), row.scope)


def check_scope(viewer: Viewer, scope: str) -> str:
    """Return a scope that this viewer may arrange: their own (also as an empty text), any when they keep the people.

    Raises Forbidden.
    """
    if scope in {"", own_scope(viewer)}:
        return own_scope(viewer)
    kind, _, _name = scope.partition(":")
    if kind not in {"team", "role"} or not policy.may_manage_people(viewer):
        raise Forbidden("views_of_others", "You may arrange your own views only.")
    return scope


def arrange(viewer: Viewer, scope: str, *, order: Sequence[str], hidden: Iterable[str]) -> None:
    """Keep an order of views and which are hidden; one at least is left. Records `views_arranged`. Raises Forbidden, Invalid."""
    scope = check_scope(viewer, scope)
    keys, away = list(dict.fromkeys(order)), sorted(set(hidden))
    for key in (*keys, *away):
        if key not in STANDARD and not (key.isdecimal() and len(key) < 19):
            raise Invalid("view_unknown", f"There is no view {key[:40]!r}.", fields={"order": "unknown"})
    if len(keys) > MAX_VIEWS or len(away) > MAX_VIEWS:
        raise Invalid("too_many_views", f"At most {MAX_VIEWS} views are put in order.")
    if set(STANDARD) <= set(away) and not set(keys) - set(away):
        raise Invalid("no_view_left", "Leave at least one view to be shown.", fields={"hidden": "all of them"})
    values = {"keys": keys, "hidden": away}
    statement = insert(ViewArrangement).values(scope=scope, **values)
    session().execute(statement.on_conflict_do_update(index_elements=[ViewArrangement.scope], set_=values))
    session().expire_all()
    own_lists.changed(viewer.user_id)
    events.record("views_arranged", chain=f"views:{scope}", keys=keys, hidden=away)


def as_usual(viewer: Viewer, scope: str) -> None:
    """Forget an arrangement. Records `views_arranged`. Raises Forbidden."""
    scope = check_scope(viewer, scope)
    session().execute(delete(ViewArrangement).where(ViewArrangement.scope == scope))
    own_lists.changed(viewer.user_id)
    events.record("views_arranged", chain=f"views:{scope}", keys=[], hidden=[])
