"""Reads what names in a query stand for: teams by key and by name in each language, users by login and name.

Most queries name nobody, so names are read when one is looked up: both kinds at once, once in a unit of work.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from datetime import UTC, tzinfo
from functools import cached_property

from app.cases.fields import keeping
from app.cases.filtering.scope import Scope
from app.clock import utcnow
from app.db import known, run
from app.identity import skills
from app.identity.policy import Viewer

_NAMES = """select true as is_team, id, array[key, name, name_zh] as names from teams where archived_at is null
 union all select false, id, array[login, name] from users"""


class _Late(Mapping[str, frozenset[int]]):
    """Ids by name, read when the first name is looked up."""

    def __init__(self, find: Callable[[], dict[str, frozenset[int]]]) -> None:
        self._find = find

    @cached_property
    def _found(self) -> dict[str, frozenset[int]]:
        return self._find()

    def __getitem__(self, name: str) -> frozenset[int]:
        return self._found[name]

    def __iter__(self) -> Iterator[str]:
        return iter(self._found)

    def __len__(self) -> int:
        return len(self._found)


def scope_of(viewer: Viewer, *, zone: tzinfo = UTC) -> Scope:
    """Return what a viewer's queries are understood by, now. Two who share a name are both meant by it."""
    return Scope(
        user_id=viewer.user_id, team_ids=frozenset(viewer.team_ids), now=utcnow(), zone=zone,
        teams=_Late(lambda: _named_in(is_team=True)), users=_Late(lambda: _named_in(is_team=False)),
        field=keeping.find, skills=_skills,
    )  # fmt: skip


def _named_in(*, is_team: bool) -> dict[str, frozenset[int]]:
    rows = known("names in queries", lambda: list(run(_NAMES)))
    return _named((name, row.id) for row in rows if row.is_team is is_team for name in row.names)


def _skills() -> dict[str, frozenset[int]]:
    held = ((each, user_id) for user_id, found in skills.by_user().items() for each in found)
    known = [(name, user_id) for each, user_id in held for name in (each.key, each.name, each.name_zh)]
    # A skill that nobody has is known all the same.
    nobody = {
        name.lower(): frozenset[int]() for row in skills.every() for name in (row.key, row.name, row.name_zh) if name
    }
    return nobody | _named(known)


def _named(pairs: Iterable[tuple[str, int]]) -> dict[str, frozenset[int]]:
    found: dict[str, set[int]] = {}
    for name, named_id in pairs:
        if key := name.strip().lower():
            found.setdefault(key, set()).add(named_id)
    return {name: frozenset(ids) for name, ids in found.items()}
