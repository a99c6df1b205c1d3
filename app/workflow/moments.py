"""Where an instance stood at any instant of its past: read from its history, which keeps every step of every token."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from app.db import run
from app.workflow.queries import ElementState

#: So many steps can be looked at one by one; of a longer history the last ones.
MOST = 600
_STEPS = """select * from (select v.id, v.instance_id, v.element_id, v.name, v.at from visits v
  where v.instance_id = any(%(instances)s) and v.state = 'entered' and v.kind <> 'process' and v.kind <> 'sequenceFlow'
  order by v.id desc limit %(limit)s) last order by at, id"""
_VISITS = """select element_id, token, state, kind, at from visits
 where instance_id = %(instance)s and at <= %(at)s order by id"""
_FAULTS = """select element_id, count(*) as faults from faults
 where instance_id = %(instance)s and created_at <= %(at)s and (resolved_at is null or resolved_at > %(at)s)
 group by element_id"""
_LIFE = "select started_at, ended_at from process_instances where id = %(instance)s"


@dataclass(frozen=True, slots=True)
class Moment:
    """An instant at which a token came to an element."""

    at: datetime
    instance_id: int
    element_id: str
    name: str


def moments(instance_ids: Sequence[int]) -> list[Moment]:
    """Return when tokens of these instances came to which element, in order, the last `MOST` of them."""
    rows = run(_STEPS, {"instances": list(instance_ids), "limit": MOST})
    return [Moment(row.at, row.instance_id, row.element_id, row.name or row.element_id) for row in rows]


def state_at(instance_id: int, at: datetime) -> list[ElementState]:
    """Return tokens, visits, seconds and faults per element as they were at an instant; nothing before the start."""
    life = run(_LIFE, {"instance": instance_id}).fetchone()
    had_ended = life.ended_at is not None and life.ended_at <= at
    faults = {row.element_id: row.faults for row in run(_FAULTS, {"instance": instance_id, "at": at})}
    visits = run(_VISITS, {"instance": instance_id, "at": at})
    return [
        ElementState(element, 0 if had_ended else tokens, visited, seconds, faults.get(element, 0))
        for element, (tokens, visited, seconds) in _totals(visits, at).items()
    ]


def _totals(visits: Iterable[Any], at: datetime) -> dict[str, tuple[int, int, float]]:
    """Count tokens, visits and seconds per element; a flow that was taken counts as visited."""
    count: dict[str, list[float]] = {}
    inside: dict[tuple[str, str], datetime] = {}
    for row in visits:
        item = count.setdefault(row.element_id, [0, 0.0])
        if row.state == "entered":
            inside[row.element_id, row.token] = row.at
        if row.state in ("entered", "taken"):
            item[0] += 1
        elif row.state in ("completed", "cancelled") and (row.element_id, row.token) in inside:
            item[1] += (row.at - inside.pop((row.element_id, row.token))).total_seconds()
    tokens = dict.fromkeys(count, 0)
    for (element, _token), since in inside.items():
        tokens[element] += 1
        count[element][1] += max(0.0, (at - since).total_seconds())
    return {element: (tokens[element], int(visited), seconds) for element, (visited, seconds) in count.items()}
