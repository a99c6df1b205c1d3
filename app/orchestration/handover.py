"""Takes a team out of service: what it still holds goes to another team, or it stays."""

from __future__ import annotations

from dataclasses import dataclass

from sqlalchemy import func, select

from app.cases import service as cases
from app.cases.models import Case
from app.db import session
from app.errors import Conflict, Invalid
from app.identity import queries as identity
from app.identity import service as people
from app.routing import service as routing
from app.routing.models import Queue
from app.workflow import candidates
from app.workorders import service as workorders
from app.workorders.models import WorkOrder


@dataclass(frozen=True, slots=True)
class Holding:
    """What a team still has in hand."""

    cases: int
    work_orders: int
    tasks: int
    queues: int

    def __bool__(self) -> bool:
        """Tell whether there is anything at all."""
        return bool(self.cases or self.work_orders or self.tasks or self.queues)


def _open_cases(team_id: int) -> list[int]:
    wanted = select(Case.id).where(Case.team_id == team_id, Case.archived_at.is_(None)).order_by(Case.id)
    return list(session().scalars(wanted))


def _open_orders(team_id: int) -> list[WorkOrder]:
    wanted = select(WorkOrder).where(WorkOrder.team_id == team_id, WorkOrder.ended_at.is_(None))
    return list(session().scalars(wanted.order_by(WorkOrder.case_id, WorkOrder.id)))


def holding(team_id: int) -> Holding:
    """Return what a team still has in hand: open cases, work orders and tasks, and queues that it serves."""
    served = session().scalar(select(func.count()).select_from(Queue).where(Queue.team_id == team_id)) or 0
    key = identity.get_team(team_id).key
    return Holding(len(_open_cases(team_id)), len(_open_orders(team_id)), candidates.count(key), served)


def archive_team(team_id: int, *, to: int | None = None) -> None:
    """Archive a team, handing what it holds to the team `to`. Records `team_archived` and each change.

    Raises Conflict with the numbers when it holds something and nobody is named to take it, Invalid for a taker that cannot.
    """
    team = identity.get_team(team_id)
    held = holding(team_id)
    if held and to is None:
        raise Conflict(
            "team_in_use",
            f"This team still has {held.cases} open cases, {held.work_orders} work orders, {held.tasks} tasks and "
            f"{held.queues} queues: choose the team that takes them over.",
            fields={"to": "required"},
        )
    if to is not None:
        _hand_over(team_id, team.key, to)
    people.archive_team(team_id)


def _hand_over(team_id: int, key: str, to: int) -> None:
    taker = identity.get_team(to)
    if to == team_id or taker.archived_at is not None:
        raise Invalid("bad_taker", "Choose another team that is not archived.", fields={"to": "not possible"})
    for case_id in _open_cases(team_id):
        cases.change(cases.lock(case_id), {"team_id": to})
    for order in _open_orders(team_id):
        cases.lock(order.case_id)
        workorders.change(order, {"team_id": to}, reason="team_archived")
    candidates.replace_team(key, taker.key)
    for queue in (each for each in routing.queues() if each.team_id == team_id):
        routing.save_queue(queue.key, name=queue.name, name_zh=queue.name_zh, team_id=to, calendar_id=queue.calendar_id)
