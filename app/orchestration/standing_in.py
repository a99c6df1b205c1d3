"""What somebody still has in hand, and handing it to a colleague: cases, tasks they took, work orders they hold."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import select

from app.cases import service as cases
from app.cases.models import Case
from app.db import session
from app.errors import Invalid
from app.identity import policy
from app.identity import queries as identity
from app.identity import service as people
from app.orchestration import driving
from app.orchestration.models import Drive
from app.workflow.models import Task, TaskState
from app.workorders import service as workorders
from app.workorders.models import WorkOrder

MAX_AT_ONCE = 500


@dataclass(frozen=True, slots=True)
class InHand:
    """What a person has in hand."""

    cases: list[Case]
    tasks: list[tuple[Task, str]]
    orders: list[WorkOrder]

    def __bool__(self) -> bool:
        """Tell whether there is anything at all."""
        return bool(self.cases or self.tasks or self.orders)


def in_hand(user_id: int) -> InHand:
    """Return the open cases, taken tasks (with their case's number) and work orders of a user, oldest first."""
    own = select(Case).where(Case.assignee_id == user_id, Case.archived_at.is_(None), Case.merged_into.is_(None))
    taken = (
        select(Task, Case.number)
        .join(Drive, Drive.instance_id == Task.instance_id)
        .join(Case, Case.id == Drive.case_id)
        .where(Task.assignee_id == user_id, Task.state == TaskState.OPEN)
    )
    held = select(WorkOrder).where(WorkOrder.holder_id == user_id, WorkOrder.ended_at.is_(None))
    return InHand(
        list(session().scalars(own.order_by(Case.id).limit(MAX_AT_ONCE))),
        [(row[0], row[1]) for row in session().execute(taken.order_by(Task.id).limit(MAX_AT_ONCE))],
        list(session().scalars(held.order_by(WorkOrder.case_id, WorkOrder.id).limit(MAX_AT_ONCE))),
    )


def hand_over(user_id: int, *, to: int) -> InHand:
    """Hand what a user has in hand to a colleague and tell them; tasks that are not for the colleague go back to their team.

    Returns what it was. Each change is on the record of its case. Raises Invalid for a colleague who cannot take it.
    """
    taker = identity.get_user(to)
    if to == user_id or not taker.is_active:
        raise Invalid("bad_taker", "Choose a colleague who is active.", fields={"to": "not possible"})
    viewer = identity.viewer(to)
    if not policy.may_work_on_cases(viewer):
        raise Invalid("bad_taker", "This colleague's role does not work on cases.", fields={"to": "not possible"})
    found = in_hand(user_id)
    for case in found.cases:
        cases.assign(cases.lock(case.id), to)
    for task, _number in found.tasks:
        driving.claim_task(task.id, to if policy.may_do_task(viewer, task) else None)
    for order in found.orders:
        cases.lock(order.case_id)
        workorders.change(order, {"holder_id": to}, reason="handed_over")
    if found:
        text = f"{len(found.cases)} cases, {len(found.tasks)} tasks and {len(found.orders)} work orders are yours now"
        people.notify([to], kind="assigned", text=text, link="/inbox/mine")
    return found
