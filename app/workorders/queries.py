"""Reads of the work-orders room."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime
from typing import Any

from sqlalchemy import ColumnElement, or_, select

from app.cases.models import Case
from app.db import run, session
from app.errors import NotFound
from app.workorders.models import Amendment, WorkOrder

_CASE_OF = "select case_id from work_orders where number = %(number)s"
_OF_CASE = """select id, number, case_id, title, fields, state, team_id, holder_id, round, chase_count, urgency, escalation,
  dispatched_at, accepted_at, replied_at, ended_at, due_at, due_from, outcome, reply
 from work_orders where case_id = %(case)s order by id"""


def cases_of(number: str) -> list[int]:
    """Return the case of the work order with this number, if there is one. Checks no right."""
    number = number.strip().upper()
    return [row.case_id for row in run(_CASE_OF, {"number": number})] if number.startswith("WO-") else []


def rows_of_case(case_id: int) -> list[Any]:
    """Return the work orders of a case as rows to show, oldest first."""
    return list(run(_OF_CASE, {"case": case_id}))


def get(order_id: int) -> WorkOrder:
    """Return a work order; raises NotFound."""
    order = session().get(WorkOrder, order_id)
    if order is None:
        raise NotFound("work_order_unknown", "There is no such work order.")
    return order


def by_number(number: str) -> WorkOrder:
    """Return a work order by its number; raises NotFound."""
    order = session().scalar(select(WorkOrder).where(WorkOrder.number == number.strip().upper()))
    if order is None:
        raise NotFound("work_order_unknown", "There is no such work order.")
    return order


def of_case(case_id: int) -> list[WorkOrder]:
    """Return the work orders of a case, oldest first."""
    return list(session().scalars(select(WorkOrder).where(WorkOrder.case_id == case_id).order_by(WorkOrder.id)))


def amendments(order_id: int) -> list[Amendment]:
    """Return the amendments of an order, oldest first."""
    return list(session().scalars(select(Amendment).where(Amendment.work_order_id == order_id).order_by(Amendment.id)))


def held_by(*, user_id: int, team_ids: Sequence[int], limit: int = 200) -> list[WorkOrder]:
    """Return the open orders that a user or one of their teams holds, the most urgent first."""
    return list(
        session().scalars(
            select(WorkOrder)
            .where(
                WorkOrder.ended_at.is_(None),
                or_(WorkOrder.holder_id == user_id, WorkOrder.team_id.in_(team_ids or [-1])),
            )
            .order_by(WorkOrder.urgency.desc(), WorkOrder.due_at.nulls_last(), WorkOrder.id)
            .limit(limit)
        )
    )


def overdue(*, now: datetime, where: Sequence[ColumnElement[bool]] = (), limit: int = 200) -> list[WorkOrder]:
    """Return the open orders past their limit, longest overdue first: no loop stays open unnoticed."""
    return list(
        session().scalars(
            select(WorkOrder)
            .join(Case, Case.id == WorkOrder.case_id)
            .where(WorkOrder.ended_at.is_(None), WorkOrder.due_at < now, *where)
            .order_by(WorkOrder.due_at)
            .limit(limit)
        )
    )
