"""Who asks and when: what names in a query stand for. Made by the caller, so that the language itself reads nothing."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo

from app.cases.fields.models import CustomField


@dataclass(frozen=True, slots=True)
class Scope:
    """The viewer, their teams, the names that teams and users are known by (lower case), the time, the zone of its days, and
    what finds a custom field by its key. `skills` tells who has a skill, by its names in lower case.
    """

    user_id: int
    team_ids: frozenset[int]
    teams: Mapping[str, frozenset[int]]
    users: Mapping[str, frozenset[int]]
    now: datetime
    zone: tzinfo = UTC
    field: Callable[[str], CustomField | None] = lambda _key: None
    skills: Callable[[], Mapping[str, frozenset[int]]] = dict
