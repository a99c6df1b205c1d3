"""What waits for an operator, with the case and work order it belongs to."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from sqlalchemy import ColumnElement, select

from app.cases.models import Case
from app.db import session
from app.orchestration.models import Drive
from app.workflow.models import Fault, InstanceState, ProcessDefinition, ProcessInstance
from app.workorders.models import WorkOrder


@dataclass(frozen=True, slots=True)
class Stuck:
    """A stuck step: its fault, what it holds up, and the process version it stands in."""

    fault: Fault
    case_number: str
    work_order: str | None
    process: str
    version: int


def stuck(where: Sequence[ColumnElement[bool]], *, before: int | None = None, limit: int = 50) -> list[Stuck]:
    """Return stuck steps of the cases for which `where` holds, newest first, in one query; those before id `before`."""
    query = (
        select(Fault, Case.number, WorkOrder.number, ProcessDefinition.key, ProcessDefinition.version)
        .join(Drive, Drive.instance_id == Fault.instance_id)
        .join(Case, Case.id == Drive.case_id)
        .join(ProcessInstance, ProcessInstance.id == Fault.instance_id)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .outerjoin(WorkOrder, WorkOrder.id == Drive.work_order_id)
        .where(Fault.resolved_at.is_(None), ProcessInstance.status != InstanceState.HELD, *where)
        .order_by(Fault.id.desc())
        .limit(limit)
    )
    if before is not None:
        query = query.where(Fault.id < before)
    return [Stuck(*row) for row in session().execute(query)]
