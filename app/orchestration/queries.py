"""Reads that cross rooms: what the page of one case needs to know of its processes."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from app.db import run, session
from app.workflow import definitions, queries
from app.workflow.models import InstanceState, Task
from app.workflow.queries import OpenWork
from app.workorders import queries as workorders

LIVE = frozenset({InstanceState.WAITING, InstanceState.FAULTED})
_DRIVINGS = """select d.instance_id, d.work_order_id, i.definition_id, i.status, p.key, p.name, p.version, p.process_id
 from drives d join process_instances i on i.id = d.instance_id
 join process_definitions p on p.id = i.definition_id
 where d.case_id = %(case)s order by d.work_order_id nulls first, d.instance_id"""


@dataclass(frozen=True, slots=True)
class Driving:
    """An instance of a case with the name of its definition, and the work order it drives, if any (a row of work orders)."""

    instance_id: int
    definition_id: int
    status: InstanceState
    definition_key: str
    definition_name: str
    definition_name_zh: str
    version: int
    work_order: Any | None


@dataclass(frozen=True, slots=True)
class Overview:
    """All that is open on a case: rows of work orders, tasks, timers and faults, and the verbs that are accepted now."""

    drivings: tuple[Driving, ...]
    orders: tuple[Any, ...]
    open: OpenWork

    @property
    def tasks(self) -> tuple[Any, ...]:
        """Open tasks, oldest first."""
        return self.open.tasks

    @property
    def actions(self) -> tuple[queries.Action, ...]:
        """The verbs that the processes accept now."""
        return self.open.actions

    @property
    def timers(self) -> tuple[queries.TimeLimit, ...]:
        """The time limits that run, next first."""
        return self.open.timers

    @property
    def faults(self) -> tuple[Any, ...]:
        """Steps that are stuck."""
        return self.open.faults

    def work_order_of(self, instance_id: int) -> Any | None:
        """Return the work order that an instance drives."""
        return next((d.work_order for d in self.drivings if d.instance_id == instance_id), None)


def overview(case_id: int) -> Overview:
    """Return everything open on a case and its work orders, in three statements."""
    session().flush()
    orders = {order.id: order for order in workorders.rows_of_case(case_id)}
    drivings = tuple(_driving(row, orders) for row in run(_DRIVINGS, {"case": case_id}))
    live = {d.instance_id: d.definition_id for d in drivings if d.status in LIVE}
    return Overview(drivings, tuple(orders.values()), queries.open_work(live))


def _driving(row: Any, orders: Mapping[int, Any]) -> Driving:
    labels = definitions.labels_of(row.definition_id)
    return Driving(
        row.instance_id, row.definition_id, InstanceState(row.status), row.key, row.name,
        labels.get(row.process_id, {}).get("zh", ""), row.version, orders.get(row.work_order_id),
    )  # fmt: skip


def form(definition_id: int, key: str) -> dict[str, Any] | None:
    """Return a form of a version of a process; None without a key, or when the version has none of that name."""
    return definitions.form_of(definition_id, key) if key else None


def form_of_task(task: Task) -> dict[str, Any] | None:
    """Return the form of a task, from the very version its instance runs on."""
    if not task.form:
        return None
    return definitions.form_of(queries.get_instance(task.instance_id).definition_id, task.form)


def form_of_action(action: queries.Action) -> dict[str, Any] | None:
    """Return the form of an action."""
    return definitions.form_of(action.definition_id, action.form) if action.form else None
