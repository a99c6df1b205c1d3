"""How a viewer's lists look, read with one question: the views that they find among theirs, the arrangement, the layout."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.cases.listed import Shared
from app.db import known, run, unlearn
from app.identity.policy import Viewer

SHOWN = 40
MAX_OWN = 50
_READ = f"""select
 (select jsonb_build_object('layout', layout, 'columns', columns) from list_choices where user_id = %(user)s) as layout,
 (select jsonb_object_agg(scope, jsonb_build_array(keys, hidden)) from view_arrangements
   where scope = any(%(scopes)s)) as arranged,
 (select jsonb_agg(v) from (
   select id, name, query, "order", columns, shared, owner_id, team_id, changed_at from saved_views
   where owner_id = %(user)s or shared = 'everybody' or (shared = 'team' and team_id = any(%(teams)s))
   order by owner_id = %(user)s desc, lower(name), id limit {SHOWN + MAX_OWN}) v) as views"""  # noqa: S608 -- numbers of our own


@dataclass(frozen=True, slots=True)
class View:
    """A query under a name, as it stands among a viewer's lists."""

    id: int
    name: str
    query: str
    order: str
    columns: tuple[str, ...]
    shared: Shared
    owner_id: int
    team_id: int | None
    changed_at: datetime


@dataclass(frozen=True, slots=True)
class OwnLists:
    """What is kept for a viewer: views (own ones first, then by name); the arrangement that counts, as scope, keys and hidden
    keys; layout and columns. None where nobody has chosen anything.
    """

    views: tuple[View, ...]
    arranged: tuple[str, Sequence[str], Sequence[str]] | None
    layout: tuple[str, Sequence[str]] | None


def scopes(viewer: Viewer) -> list[str]:
    """Return whose arrangement counts for a viewer, the nearest first: their own, that of a team of theirs, of their role."""
    teams = [f"team:{key}" for key in sorted(viewer.team_keys)]
    return [f"user:{viewer.user_id}", *teams, f"role:{viewer.role}"]


def of_viewer(viewer: Viewer) -> OwnLists:
    """Return how this viewer's lists look; read once in a unit of work."""
    return known(_key(viewer.user_id), lambda: _read(viewer))


def changed(user_id: int) -> None:
    """Say that something of it was just written: it is read anew when asked for next."""
    unlearn(_key(user_id))


def _key(user_id: int) -> tuple[str, int]:
    return "own lists", user_id


def _read(viewer: Viewer) -> OwnLists:
    asked: dict[str, Any] = {"user": viewer.user_id, "scopes": scopes(viewer), "teams": sorted(viewer.team_ids)}
    row = run(_READ, asked).fetchone()
    arranged: dict[str, list[list[str]]] = row.arranged or {}
    scope = next((scope for scope in asked["scopes"] if scope in arranged), None)
    return OwnLists(
        tuple(_view(each) for each in row.views or ()),
        None if scope is None else (scope, *arranged[scope]),
        None if row.layout is None else (row.layout["layout"], row.layout["columns"]),
    )  # fmt: skip


def _view(kept: dict[str, Any]) -> View:
    changed_at = datetime.fromisoformat(kept["changed_at"])
    return View(
        **{**kept, "columns": tuple(kept["columns"]), "shared": Shared(kept["shared"]), "changed_at": changed_at}
    )
