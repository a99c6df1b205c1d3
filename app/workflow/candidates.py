"""Whom open tasks wait for: counted, and handed from one team to another."""

from __future__ import annotations

from app.db import run
from app.workflow.models import TaskState

_COUNT = """select count(*) as tasks from tasks
 where state = %(open)s and candidate_teams @> to_jsonb(%(key)s::text)"""
_REPLACE = """update tasks set candidate_teams = (candidate_teams - %(key)s::text - %(taker)s::text) || to_jsonb(%(taker)s::text)
 where state = %(open)s and candidate_teams @> to_jsonb(%(key)s::text)"""


def count(team_key: str) -> int:
    """Return how many open tasks wait for a team."""
    return int(run(_COUNT, {"open": str(TaskState.OPEN), "key": team_key}).fetchone().tasks)


def replace_team(team_key: str, taker_key: str) -> None:
    """Let the open tasks of a team wait for another one."""
    run(_REPLACE, {"open": str(TaskState.OPEN), "key": team_key, "taker": taker_key})
