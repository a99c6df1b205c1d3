"""Who asks and when: what names in a query stand for. Made by the caller, so that the language itself reads nothing."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, tzinfo


@dataclass(frozen=True, slots=True)
class Scope:
    """The viewer, their teams, the names that teams and users are known by (lower case), the time, and the zone of its days."""

    user_id: int
    team_ids: frozenset[int]
    teams: Mapping[str, frozenset[int]]
    users: Mapping[str, frozenset[int]]
    now: datetime
    zone: tzinfo = UTC
