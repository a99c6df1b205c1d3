"""Reads that cross rooms: what the page of one case needs to know of its processes."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.db import session
from app.orchestration.models import Drive
from app.workflow import definitions, queries
from app.workflow.models import Fault, ProcessDefinition, ProcessInstance, Task, WaitingTimer
from app.workorders.models import WorkOrder


@dataclass(frozen=True, slots=True)
class Driving:
    """An instance of a case with its definition, and the work order it drives, if any."""

    instance: ProcessInstance
    definition_key: str
    definition_name: str
    version: int
    work_order: WorkOrder | None


@dataclass(frozen=True, slots=True)
class Overview:
    """All that is open on a case."""

    drivings: tuple[Driving, ...]
    tasks: tuple[Task, ...]
    actions: tuple[queries.Action, ...]
    timers: tuple[WaitingTimer, ...]
    faults: tuple[Fault, ...]

    def work_order_of(self, instance_id: int) -> WorkOrder | None:
        """Return the work order that an instance drives."""
        return next((d.work_order for d in self.drivings if d.instance.id == instance_id), None)


def overview(case_id: int) -> Overview:
    """Return everything open on a case and its work orders, in six queries."""
    drivings = tuple(_drivings(case_id))
    live = [d.instance.id for d in drivings if d.instance.status in ("waiting", "faulted")]
    return Overview(
        drivings, tuple(queries.open_tasks(live)), tuple(queries.actions(live)), tuple(queries.timers(live)),
        tuple(_faults(live)),
    )  # fmt: skip


def _drivings(case_id: int) -> list[Driving]:
    rows = session().execute(
        select(ProcessInstance, ProcessDefinition.key, ProcessDefinition.name, ProcessDefinition.version, WorkOrder)
        .join(Drive, Drive.instance_id == ProcessInstance.id)
        .join(ProcessDefinition, ProcessDefinition.id == ProcessInstance.definition_id)
        .outerjoin(WorkOrder, WorkOrder.id == Drive.work_order_id)
        .where(Drive.case_id == case_id)
        .order_by(Drive.work_order_id.nulls_first(), ProcessInstance.id)
    )
    return [Driving(*row) for row in rows]


def _faults(instance_ids: Sequence[int]) -> list[Fault]:
    if not instance_ids:
        return []
    return list(
        session().scalars(
            select(Fault).where(Fault.instance_id.in_(instance_ids), Fault.resolved_at.is_(None)).order_by(Fault.id)
        )
    )


def form_of_task(task: Task) -> dict[str, Any] | None:
    """Return the form of a task, from the very version its instance runs on."""
    if not task.form:
        return None
    return definitions.form_of(queries.get_instance(task.instance_id).definition_id, task.form)


def form_of_action(action: queries.Action) -> dict[str, Any] | None:
    """Return the form of an action."""
    return definitions.form_of(action.definition_id, action.form) if action.form else None
