"""The right to reply changes hands: a colleague takes it over or asks for it, and whoever has it is told."""

from __future__ import annotations

from app import events
from app.cases import service as cases
from app.db import run
from app.errors import Conflict
from app.identity import policy
from app.identity import queries as people
from app.identity import service as identity
from app.orchestration import driving, standing

_OPEN_TASK = """select t.id, t.assignee_id, t.candidate_teams, t.candidate_users from tasks t
 join drives d on d.instance_id = t.instance_id
 where d.case_id = %(case)s and d.work_order_id is null and t.state = 'open' and t.assignee_id is not null
 order by t.id limit 1"""


def take_over(case_id: int, *, user_id: int) -> None:
    """Make the case and the task that somebody took in it this user's; whoever had them is told. Records what changed hands.

    Raises Conflict when the task is for other people.
    """
    case = cases.lock(case_id)
    before = standing.now(case.id, case.assignee_id).holder
    task = run(_OPEN_TASK, {"case": case_id}).fetchone()
    if task is not None and task.assignee_id != user_id:
        if not policy.may_do_task(people.viewer(user_id), task):
            raise Conflict("task_of_others", "The open task is for another team or person. Ask them, or write a note.")
        driving.claim_task(task.id, user_id)
    cases.assign(case, user_id)
    if before is not None and before["id"] != user_id:
        _tell(before["id"], case.number, f"{events.current_actor().name} took the case over")


def ask(case_id: int, *, by: str) -> None:
    """Ask whoever has the right to reply to answer, or to let go. Raises Conflict when it is nobody's."""
    case = cases.lock(case_id)
    holder = standing.now(case.id, case.assignee_id).holder
    if holder is None:
        raise Conflict("nobody_holds_it", "Nobody has taken this case: you can answer it yourself.")
    _tell(holder["id"], case.number, f"{by} asks you to answer this case, or to hand it over")


def _tell(user_id: int, number: str, what: str) -> None:
    identity.notify([user_id], kind="reply_right", text=f"{number}: {what}", link=f"/cases/{number}")
