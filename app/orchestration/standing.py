"""Whose turn it is to answer: nobody answers twice, and the answer belongs to whoever holds the task."""

from __future__ import annotations

from typing import Any

from app.cases.models import Case
from app.db import run
from app.errors import Conflict

# A task of the case's own process; those of work orders are somebody's else's part of the loop.
_NOW = """select
  (select jsonb_build_object('user_id', h.user_id, 'author', h.author, 'due_at', h.due_at)
   from held_replies h where h.case_id = %(case)s and h.ended_at is null) as held,
  (select jsonb_build_object('id', u.id, 'name', u.name, 'login', u.login) from users u where u.is_active and u.id = coalesce(
    (select t.assignee_id from tasks t join drives d on d.instance_id = t.instance_id
      where d.case_id = %(case)s and d.work_order_id is null and t.state = 'open' and t.assignee_id is not null
      order by t.id limit 1), %(assignee)s::bigint)) as holder"""


def now(case_id: int, assignee_id: int | None) -> Any:
    """Return the reply that waits (`held`) and who has the right to reply (`holder`: None means everybody who works here)."""
    return run(_NOW, {"case": case_id, "assignee": assignee_id}).fetchone()


def check_free(case: Case, user_id: int) -> None:
    """Raise Conflict when a reply waits to go out on a locked case, or when the right to reply is a colleague's."""
    found = now(case.id, case.assignee_id)
    if found.held is not None:
        raise Conflict(
            "reply_waits",
            f"A reply of {found.held['author']} waits to go out on this case. Take that one back first, or let it go.",
        )
    if found.holder is not None and found.holder["id"] != user_id:
        raise Conflict(
            "not_your_turn",
            f"{found.holder['name']} answers this case. Take it over, ask them, or write a note.",
            holder=found.holder["login"],
        )
