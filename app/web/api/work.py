"""API: tasks and work orders."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from pydantic import Field
from sqlalchemy import ColumnElement

from app.cases import queries as cases
from app.clock import utcnow
from app.identity import policy
from app.identity import queries as identity
from app.orchestration import driving, forms
from app.orchestration import queries as orchestration
from app.orchestration.models import Drive
from app.web import access, frame, paging
from app.web.api import rows, shapes
from app.web.api.contract import In, Plain, operation
from app.web.rules import allow, hopeful, signed_in
from app.workflow import definitions
from app.workflow import queries as workflow
from app.workflow.models import Task
from app.workorders.models import WorkOrder, WorkOrderState

blueprint = Blueprint("api_work", __name__)


class TaskQuery(In):
    """Which tasks."""

    case: str | None = Field(None, description="Number of a case.")
    mine: bool = Field(False, description="Only those that you may complete.")
    limit: int = Field(50, ge=1, le=200)


class Completion(In):
    """The values of the task's form."""

    values: dict[str, Any] = Field(default_factory=dict)


class Claim(In):
    """Take the task, or give it back to its team."""

    take: bool = True


class OrderQuery(In):
    """Which work orders."""

    state: WorkOrderState | None = None
    is_open: bool | None = Field(None, alias="open", description="true: the loop is open; false: it is closed.")
    team: str | None = Field(None, description="Key of the team that holds it.")
    mine: bool = Field(False, description="Only those that you or your teams hold.")
    overdue: bool = False
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=400)


# ---------------------------------------------------------------- tasks
@blueprint.get("/tasks")
@operation("List open tasks", tag="tasks", answers=shapes.TaskPage, query=TaskQuery)
@signed_in
def list_tasks(query: TaskQuery) -> shapes.TaskPage:
    """List the open tasks of the cases that you may see, oldest first."""
    viewer = frame.viewer()
    case_id = access.case_by_number(viewer, query.case).id if query.case else None
    found = access.open_tasks(viewer, case_id=case_id, mine=query.mine, limit=query.limit)
    return shapes.TaskPage(items=[rows.task_row(viewer, task, number, order) for task, number, order in found])


@blueprint.get("/tasks/<int:task_id>")
@operation("Get a task", tag="tasks", answers=shapes.TaskDetail)
@signed_in
def get_task(task_id: int) -> shapes.TaskDetail:
    """Return a task with the fields of its form."""
    viewer = frame.viewer()
    task = access.task(viewer, task_id)
    number, order = _driven(task)
    form = orchestration.form_of_task(task) or {}
    return shapes.TaskDetail(
        **rows.task_values(viewer, task, number, order), fields=list(form.get("fields", [])), data=task.data
    )


def _driven(task: Task) -> tuple[str, WorkOrder | None]:
    drive = access.drive_of(task.instance_id)
    return cases.get(drive.case_id).number, _order_of(drive)


def _order_of(drive: Drive) -> WorkOrder | None:
    return access.plain_order(drive.work_order_id) if drive.work_order_id is not None else None


@blueprint.post("/tasks/<int:task_id>/complete")
@operation("Complete a task", tag="tasks", answers=shapes.After, body=Completion, is_repeatable=True)
@allow("agent", "manager")
@hopeful
def complete(task_id: int, body: Completion) -> Plain:
    """Complete a task with its form's values. 409: somebody was faster."""
    viewer = frame.viewer()
    task = access.held_task(viewer, task_id)
    form = definitions.form_of(task.definition_id, task.form) if task.form else None
    driving.complete_held(task, forms.read(form, body.values))
    return rows.after(viewer, task.case)


@blueprint.post("/tasks/<int:task_id>/claim")
@operation("Take a task or give it back", tag="tasks", answers=shapes.TaskRow, body=Claim)
@allow("agent", "manager")
def claim(task_id: int, body: Claim) -> shapes.TaskRow:
    """Take an open task, or give it back to its team."""
    viewer = frame.viewer()
    access.own_task(viewer, task_id)
    driving.claim_task(task_id, viewer.user_id if body.take else None)
    task = workflow.get_task(task_id)
    number, order = _driven(task)
    return rows.task_row(viewer, task, number, order)


# ---------------------------------------------------------------- work orders
@blueprint.get("/work-orders")
@operation("List work orders", tag="work orders", answers=shapes.WorkOrderPage, query=OrderQuery)
@signed_in
def list_orders(query: OrderQuery) -> shapes.WorkOrderPage:
    """List the work orders that you may see, newest first."""
    viewer = frame.viewer()
    where = _conditions(query)
    if query.mine:
        where.append(policy.held_order_filter(viewer)(team_id=WorkOrder.team_id, holder_id=WorkOrder.holder_id))
    if query.cursor:
        where.append(WorkOrder.id < paging.unpack(query.cursor, "orders")[1])
    found = access.orders(viewer, where, limit=query.limit + 1)
    shown = found[: query.limit]
    known = rows.names(order.holder_id for order, _number in shown)
    cursor = paging.pack("orders", None, shown[-1][0].id) if len(found) > query.limit else None
    return shapes.WorkOrderPage(
        items=[rows.order_row(order, number, known) for order, number in shown], next_cursor=cursor
    )


def _conditions(query: OrderQuery) -> list[ColumnElement[bool]]:
    where: list[ColumnElement[bool]] = []
    if query.state is not None:
        where.append(WorkOrder.state == query.state)
    if query.is_open is not None:
        where.append(WorkOrder.ended_at.is_(None) if query.is_open else WorkOrder.ended_at.is_not(None))
    if query.team is not None:
        where.append(WorkOrder.team_id == identity.team_by_key(query.team).id)
    if query.overdue:
        where += [WorkOrder.ended_at.is_(None), WorkOrder.due_at < utcnow()]
    return where


@blueprint.get("/work-orders/<order_number>")
@operation("Get a work order", tag="work orders", answers=shapes.WorkOrderRow)
@signed_in
def get_order(order_number: str) -> shapes.WorkOrderRow:
    """Return a work order."""
    order = access.work_order_by_number(frame.viewer(), order_number)
    return rows.order_row(order, cases.get(order.case_id).number, rows.names([order.holder_id]))
