"""Objects by id, for one viewer: what they may not know of is not there. Every view that takes an id goes through here."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, NoReturn

from sqlalchemy import ColumnElement, and_, false, or_, select, true
from sqlalchemy.orm import aliased

from app.cases import queries as case_queries
from app.cases.models import Case
from app.db import session
from app.errors import Forbidden, NotFound
from app.identity import policy
from app.identity.policy import Viewer
from app.messaging.models import Attachment, Delivery, Message
from app.orchestration import tasks
from app.orchestration.models import Drive
from app.workflow.models import ProcessInstance, Task, TaskState
from app.workorders.models import WorkOrder

# Of its own, so that a query which joins work orders itself is not mixed up with it; made once, for making it is slow.
_Held = aliased(WorkOrder)


@lru_cache(maxsize=2048)
def visible_cases(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Case` that holds for the cases this viewer may see."""
    held = None
    if not viewer.sees_all:
        mine = policy.held_order_filter(viewer)(team_id=_Held.team_id, holder_id=_Held.holder_id)
        # As a set, which is made once for the whole query, and not as a question about each case.
        held = Case.id.in_(select(_Held.case_id).where(_Held.ended_at.is_(None), mine))
    return policy.visible_case_filter(viewer)(team_id=Case.team_id, assignee_id=Case.assignee_id, held=held)


def visible_orders(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `WorkOrder` (joined to its `Case`) that holds for the orders this viewer may see."""
    mine = policy.held_order_filter(viewer)(team_id=WorkOrder.team_id, holder_id=WorkOrder.holder_id)
    return policy.visible_case_filter(viewer)(team_id=Case.team_id, assignee_id=Case.assignee_id, held=mine)


def _no_case() -> NoReturn:
    raise NotFound("case_unknown", "There is no such case, or it is not for you.")


def case(viewer: Viewer, case_id: int) -> Case:
    """Return a case; raises NotFound when there is none or the viewer may not know of it."""
    return _checked(viewer, session().get(Case, case_id))


def case_by_number(viewer: Viewer, number: str) -> Case:
    """Return a case by number; raises NotFound likewise."""
    return _checked(viewer, session().scalar(select(Case).where(Case.number == number.strip().upper())))


def case_row(viewer: Viewer, number: str) -> Any:
    """Return what the page of a case shows of it (a row, see `app.cases.queries.row_by_number`); raises NotFound likewise."""
    found = case_queries.row_by_number(number)
    if found is None or not (policy.may_see_case(viewer, found) or _holds_work_under(viewer, found.id)):
        _no_case()
    return found


def case_row_or_none(viewer: Viewer, number: str) -> Any:
    """Return what `case_row` returns; None when there is no such case or the viewer may not know of it."""
    found = case_queries.row_by_number(number)
    return found if found is not None and policy.may_see_case(viewer, found) else None


def survivor(viewer: Viewer, case_id: int | None) -> Case | None:
    """Return the case at the end of all merges that begin with this one; None when it is not for this viewer."""
    found = None
    while case_id is not None:
        found = session().get_one(Case, case_id)
        case_id = found.merged_into
    if found is None or not (policy.may_see_case(viewer, found) or _holds_work_under(viewer, found.id)):
        return None
    return found


def _checked(viewer: Viewer, found: Case | None) -> Case:
    if found is None:
        _no_case()
    if not policy.may_see_case(viewer, found) and not _holds_work_under(viewer, found.id):
        _no_case()
    return found


def _holds_work_under(viewer: Viewer, case_id: int) -> bool:
    open_orders = select(WorkOrder).where(WorkOrder.case_id == case_id, WorkOrder.ended_at.is_(None))
    return any(policy.holds(viewer, order) for order in session().scalars(open_orders))


def working(viewer: Viewer) -> None:
    """Raise Forbidden when the viewer may look but not write on cases."""
    if not policy.may_work_on_cases(viewer):
        raise Forbidden("read_only", "Your role may look at cases, not work on them.")


def replying(viewer: Viewer) -> None:
    """Raise Forbidden when the viewer may not write to customers."""
    if not policy.may_reply(viewer):
        raise Forbidden("no_reply", "Your role may write notes, not to customers.")


def cases_of(viewer: Viewer, contact_ids: Sequence[int], *, before: int | None = None, limit: int = 20) -> list[Any]:
    """Return the cases of these contacts that the viewer may know of, newest first; `before` is the id to go on from."""
    last = case_queries.MAX_ID if before is None else before
    return _of_contacts(viewer).rows(contacts=list(contact_ids), last=last, size=limit)


@lru_cache(maxsize=2048)
def _of_contacts(viewer: Viewer) -> case_queries.Prepared:
    return case_queries.of_contacts([visible_cases(viewer)])


def work_order(viewer: Viewer, order_id: int) -> WorkOrder:
    """Return a work order; raises NotFound when there is none or the viewer may not know of it."""
    return _checked_order(viewer, session().get(WorkOrder, order_id))


def work_order_by_number(viewer: Viewer, number: str) -> WorkOrder:
    """Return a work order by number; raises NotFound likewise."""
    return _checked_order(viewer, session().scalar(select(WorkOrder).where(WorkOrder.number == number.strip().upper())))


def _checked_order(viewer: Viewer, order: WorkOrder | None) -> WorkOrder:
    if order is None or not policy.may_see_order(viewer, order, case=session().get_one(Case, order.case_id)):
        raise NotFound("work_order_unknown", "There is no such work order, or it is not for you.")
    return order


@contextmanager
def _unknown(code: str, message: str) -> Iterator[None]:
    """Let whatever is missing or hidden on the way be told as one thing: the answer must not say which part exists."""
    try:
        yield
    except NotFound:
        raise NotFound(code, message) from None


def instance(viewer: Viewer, instance_id: int) -> ProcessInstance:
    """Return a process instance that drives a case or order the viewer may see; raises NotFound."""
    with _unknown("instance_unknown", "There is no such process, or it is not for you."):
        drive = drive_of(instance_id)
        if drive.work_order_id is None:
            case(viewer, drive.case_id)
        else:
            work_order(viewer, drive.work_order_id)
    return session().get_one(ProcessInstance, instance_id)


def holds_instance(viewer: Viewer, instance_id: int) -> bool:
    """Tell whether the instance drives a work order that the viewer holds."""
    drive = session().get(Drive, instance_id)
    if drive is None or drive.work_order_id is None:
        return False
    return policy.holds(viewer, session().get_one(WorkOrder, drive.work_order_id))


def task(viewer: Viewer, task_id: int) -> Task:
    """Return a task of a case or order that the viewer may see; raises NotFound."""
    found = session().get(Task, task_id)
    with _unknown("task_unknown", "There is no such task, or it is not for you."):
        instance(viewer, found.instance_id if found else 0)
    return session().get_one(Task, task_id)


def own_task(viewer: Viewer, task_id: int) -> Task:
    """Return a task that the viewer may do; raises NotFound, or Forbidden when it is for others."""
    found = task(viewer, task_id)
    if not policy.may_do_task(viewer, found):
        raise Forbidden("task_of_others", "This task is for another team or person.")
    return found


def held_task(viewer: Viewer, task_id: int) -> tasks.Held:
    """Return a task that the viewer may do, with its case and instance locked: one statement for all of it.

    Raises NotFound, or Forbidden when it is for others.
    """
    found = tasks.hold(task_id)
    if found is None or not _may_see_held(viewer, found):
        raise NotFound("task_unknown", "There is no such task, or it is not for you.")
    if not policy.may_do_task(viewer, found):
        raise Forbidden("task_of_others", "This task is for another team or person.")
    return found


def _may_see_held(viewer: Viewer, task: tasks.Held) -> bool:
    if task.order is not None:
        return policy.may_see_order(viewer, task.order, case=task.case)
    return policy.may_see_case(viewer, task.case) or _holds_work_under(viewer, task.case.id)


def drive_of(instance_id: int) -> Drive:
    """Return what an instance drives; raises NotFound. Checks no right: ask for the instance, task or order first."""
    drive = session().get(Drive, instance_id)
    if drive is None:
        raise NotFound("instance_unknown", "There is no such process instance.")
    return drive


def plain_order(order_id: int) -> WorkOrder:
    """Return a work order whose task or instance the viewer was allowed to see already."""
    return session().get_one(WorkOrder, order_id)


def open_tasks(
    viewer: Viewer, *, case_id: int | None = None, mine: bool = False, limit: int = 50
) -> list[tuple[Task, str, WorkOrder | None]]:
    """Return open tasks of what the viewer may see, oldest first, with case number and work order; `mine`: that they may do."""
    query = (
        select(Task, Case.number, WorkOrder)
        .join(Drive, Drive.instance_id == Task.instance_id)
        .join(Case, Case.id == Drive.case_id)
        .outerjoin(WorkOrder, WorkOrder.id == Drive.work_order_id)
        .where(Task.state == TaskState.OPEN, Case.merged_into.is_(None), or_(visible_cases(viewer), _held(viewer)))
        .order_by(Task.id)
        .limit(limit)
    )
    if case_id is not None:
        query = query.where(Drive.case_id == case_id)
    if mine:
        query = query.where(_doable(viewer))
    return [(row[0], row[1], row[2]) for row in session().execute(query)]


def _held(viewer: Viewer) -> ColumnElement[bool]:
    return policy.held_order_filter(viewer)(team_id=WorkOrder.team_id, holder_id=WorkOrder.holder_id)


def _doable(viewer: Viewer) -> ColumnElement[bool]:
    """The SQL form of `policy.may_do_task` on `Task`."""
    if not policy.may_work_on_cases(viewer):
        return false()
    if viewer.leads_all:
        return true()
    nobody = and_(Task.candidate_teams == [], Task.candidate_users == [])
    teams = [Task.candidate_teams.contains([key]) for key in sorted(viewer.team_keys)]
    return or_(Task.assignee_id == viewer.user_id, nobody, Task.candidate_users.contains([viewer.login]), *teams)


def orders(viewer: Viewer, where: Sequence[ColumnElement[bool]], *, limit: int) -> list[tuple[WorkOrder, str]]:
    """Return work orders that the viewer may see, newest first, with the number of their case."""
    query = (
        select(WorkOrder, Case.number)
        .join(Case, Case.id == WorkOrder.case_id)
        .where(visible_orders(viewer), *where)
        .order_by(WorkOrder.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in session().execute(query)]


def message(viewer: Viewer, message_id: int) -> Message:
    """Return a message of a case that the viewer may see; raises NotFound."""
    found = session().get(Message, message_id)
    with _unknown("message_unknown", "There is no such message, or it is not for you."):
        case(viewer, found.case_id if found else 0)
    return session().get_one(Message, message_id)


def attachment(viewer: Viewer, attachment_id: int) -> Attachment:
    """Return a file of a message that the viewer may see; raises NotFound."""
    found = session().get(Attachment, attachment_id)
    with _unknown("attachment_unknown", "There is no such file, or it is not for you."):
        message(viewer, found.message_id if found else 0)
    return session().get_one(Attachment, attachment_id)


def delivery(viewer: Viewer, delivery_id: int) -> Delivery:
    """Return a delivery about a case that the viewer may see; raises NotFound."""
    found = session().get(Delivery, delivery_id)
    with _unknown("delivery_unknown", "There is no such delivery, or it is not for you."):
        case(viewer, found.case_id if found else 0)
    return session().get_one(Delivery, delivery_id)
