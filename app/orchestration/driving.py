"""Drives cases: every way in which something moves a process goes through here, under the case's lock."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import select

from app import events, realtime
from app.cases import service as cases
from app.cases.checklists import items as checklist
from app.cases.models import Case
from app.clock import utcnow
from app.db import later, remember, run, session
from app.errors import Conflict, Forbidden, NotFound
from app.orchestration import context, entry, mailbag, missed, parties, tasks
from app.orchestration.models import Drive
from app.workflow import definitions, queries
from app.workflow import service as workflow
from app.workflow.models import InstanceState, ProcessInstance
from app.workorders import service as workorders
from app.workorders.models import WorkOrder

MAX_HANDED_ON = 200
WORK_ORDER_PROCESS = "work_order"
LIVE = (InstanceState.WAITING, InstanceState.FAULTED)
_INSTANCES = """select d.instance_id from drives d join process_instances i on i.id = d.instance_id
 where d.case_id = %(case)s and i.status = any(%(statuses)s) order by d.work_order_id nulls first, d.instance_id"""
_OWN_INSTANCE = """select d.instance_id from drives d join process_instances i on i.id = d.instance_id
 where d.case_id = %(case)s and d.work_order_id is null and i.status in ('waiting', 'faulted')
 order by d.instance_id desc limit 1"""
_TIMERS = "select token, element_id, name, due_at from waiting_timers where instance_id = %(instance)s order by due_at"
_CASE_OF = "select case_id from drives where instance_id = %(instance)s"
_NEW_DRIVE = """insert into drives (instance_id, case_id, work_order_id)
 values (%(instance)s, %(case)s, %(order)s)"""


def instances_of(case_id: int, *, live: bool = True) -> list[int]:
    """Return the instances that drive a case and its work orders, the case's own first."""
    statuses = list(map(str, LIVE if live else InstanceState))
    return [row.instance_id for row in run(_INSTANCES, {"case": case_id, "statuses": statuses})]


def case_of_instance(instance_id: int) -> int:
    """Return the case that an instance drives; raises NotFound."""
    found = run(_CASE_OF, {"instance": instance_id}).fetchone()
    if found is None:
        raise NotFound("instance_unknown", "There is no such process instance.")
    return int(found.case_id)


def lock_case_of(instance_id: int) -> Case:
    """Return the case that an instance drives under its lock; a work order's may be merged into another until we have it."""
    case = cases.lock(case_of_instance(instance_id))
    if case.merged_into is not None:
        case = cases.lock(case_of_instance(instance_id))
    return case


def start_case(case: Case, *, message: Mapping[str, Any]) -> workflow.Advanced:
    """Start the process that the entry table names for a new case. Records `process_started`."""
    definition = definitions.published(entry.choose(case))
    return _start(
        case, definition, data={}, message=message, work_order=None, element_id=definitions.opening(definition)
    )


def start(case: Case, definition: definitions.Compiled, *, data: Mapping[str, Any]) -> workflow.Advanced:
    """Start a process of one's choice for a case. Records `process_started`."""
    return _start(case, definition, data=data, message={}, work_order=None)


def start_by_timer(case: Case, definition: definitions.Compiled, *, element_id: str) -> workflow.Advanced:
    """Start a process at its start event with a timer. Records `process_started`."""
    return _start(case, definition, data={}, message={}, work_order=None, element_id=element_id)


def start_work_order(order: WorkOrder, case: Case, *, data: Mapping[str, Any]) -> workflow.Advanced:
    """Start the process of a work order. Records `process_started`."""
    definition = definitions.published(WORK_ORDER_PROCESS)
    return _start(case, definition, data=data, message=context.current_message(), work_order=order)


def _start(
    case: Case, definition: definitions.Compiled, *, data: Mapping[str, Any], message: Mapping[str, Any],
    work_order: WorkOrder | None, element_id: str | None = None,
) -> workflow.Advanced:  # fmt: skip
    def tie(instance_id: int) -> None:
        order_id = work_order.id if work_order else None
        later(_NEW_DRIVE, {"instance": instance_id, "case": case.id, "order": order_id})
        remember(("driven by", instance_id), context.Driven(case, work_order))
        events.record(
            "process_started", chain=cases.chain_of(case.id), process=definition.key, version=definition.version,
            work_order=work_order.number if work_order else None,
        )  # fmt: skip

    key = work_order.number if work_order else case.number
    with context.about(message):
        done = workflow.start(definition, business_key=key, data=data, before_run=tie, element_id=element_id)
        hand_on()
    return done


def deliver(case_id: int, name: str, payload: Mapping[str, Any], *, message: Mapping[str, Any] | None = None) -> bool:
    """Deliver a BPMN message to every instance of the case that waits for it; False when none does."""
    waiting = queries.waits_for(instances_of(case_id), name)
    heard = False
    with context.about(message or payload):
        for instance_id in waiting:
            heard = workflow.deliver_message(instance_id, name, payload).accepted or heard
        hand_on()
    return heard


def hand_on() -> None:
    """Deliver what instances threw at each other until nothing is left. Raises Conflict when they never stop."""
    for _round in range(MAX_HANDED_ON):
        item = mailbag.take()
        if item is None:
            return
        _hand_over(item)
    raise Conflict("endless_messages", "The processes keep sending each other messages without end.")


def _hand_over(item: mailbag.Posted) -> None:
    with context.about(item.payload):
        _hand_over_now(item)


def _hand_over_now(item: mailbag.Posted) -> None:
    if item.start_work_order is not None:
        order = session().get_one(WorkOrder, item.start_work_order)
        start_work_order(order, session().get_one(Case, item.case_id), data=item.payload)
        return
    if item.kind == "seal":
        _seal(item.case_id)
        return
    if item.kind == "move_limits":
        _move_limits(item)
        return
    if item.kind == "signal":
        for instance_id in queries.listeners("signal", item.name):
            if instance_id != item.sender:
                workflow.deliver_signal(instance_id, item.name, item.payload)
        return
    targets = [item.target] if item.target else [i for i in instances_of(item.case_id) if i != item.sender]
    heard = False
    for instance_id in queries.waits_for(targets, item.name):
        heard = workflow.deliver_message(instance_id, item.name, item.payload).accepted or heard
    missed.note_from(item)
    if not heard and not item.is_optional:
        events.record("message_unheard", chain=cases.chain_of(item.case_id), name=item.name, sender=item.sender)


def _move_limits(item: mailbag.Posted) -> None:
    """Move the time limits of an instance; what ran before and runs now goes on the record."""
    if item.sender not in instances_of(item.case_id):
        return  # it ended with this step
    before = {timer.token: timer.due_at for timer in run(_TIMERS, {"instance": item.sender})}
    workflow.move_limits(item.sender)
    moved = [
        {"element": timer.element_id, "name": timer.name, "from": before[timer.token].isoformat(),
         "to": timer.due_at.isoformat()}
        for timer in run(_TIMERS, {"instance": item.sender})
        if before.get(timer.token, timer.due_at) != timer.due_at
    ]  # fmt: skip
    if moved:
        events.record("time_limits_moved", chain=cases.chain_of(item.case_id), instance=item.sender, limits=moved)


def _seal(case_id: int) -> None:
    """Archiving decides about what is still open under the case: no work order is left behind in a closed loop."""
    case = session().get_one(Case, case_id)
    for order, instance_id in _open_orders(case_id):
        retain_until = case.retain_until or utcnow()
        parties.tell_stop(context.Driven(case, order))
        workorders.close(order, outcome="cancelled", retain_until=retain_until)
        workflow.cancel(instance_id)
    cases.seal(case)


def _open_orders(case_id: int) -> list[tuple[WorkOrder, int]]:
    rows = session().execute(
        select(WorkOrder, Drive.instance_id)
        .join(Drive, Drive.work_order_id == WorkOrder.id)
        .join(ProcessInstance, ProcessInstance.id == Drive.instance_id)
        .where(WorkOrder.case_id == case_id, WorkOrder.ended_at.is_(None), ProcessInstance.status.in_(LIVE))
        .order_by(WorkOrder.id)
    )
    return [(row[0], row[1]) for row in rows]


def act(case_id: int, verb: str, payload: Mapping[str, Any], *, instance_id: int, token: str, role: str) -> None:
    """Perform a verb that the process offers now. Records `action_taken`. Raises Conflict when it is no longer on offer,
    Forbidden when it is not for this role (agent, holder, customer).
    """
    case = cases.lock(case_id)
    cases.check_standing(case)
    offered = next((a for a in queries.actions([instance_id]) if a.token == token and a.verb == verb), None)
    if offered is None or context.driven_by(instance_id).case.id != case_id:
        raise Conflict("not_on_offer", "The process does not accept this now. Look at the case again.")
    if offered.roles and role not in offered.roles:
        raise Forbidden("not_for_you", "The process does not offer this to you.")
    if verb == "archive" and context.driven_by(instance_id).work_order is None:
        _check_done(case_id)
    events.record(
        "action_taken", chain=cases.chain_of(case_id), verb=verb, element=offered.element_id,
        instance=instance_id, values=dict(payload),
    )  # fmt: skip
    heard = {**payload, "by": role}
    with context.about(heard):
        done = workflow.deliver_message(instance_id, offered.message, heard, token=token)
        if not done.accepted:
            raise Conflict("not_on_offer", "The process does not accept this now. Look at the case again.")
        hand_on()
    cases.announce(case, change=verb)


def _check_done(case_id: int) -> None:
    """A person closes no case whose checklist has points left that must be done before. Raises Conflict."""
    left = checklist.counts(case_id).needed
    if left:
        raise Conflict(
            "checklist_open",
            "Points of the checklist must be done before this case is closed: tick them first.",
            left=left,
        )


def complete_task(task_id: int, values: Mapping[str, Any]) -> int:
    """Complete a task with its form's values; returns the case id. Records `task_completed`. Raises Conflict, NotFound."""
    task = tasks.hold(task_id)
    if task is None:
        raise NotFound("task_unknown", "There is no such task.")
    complete_held(task, values)
    return task.case.id


def complete_held(task: tasks.Held, values: Mapping[str, Any]) -> None:
    """Complete a task that is in hand. Records `task_completed`. Raises Conflict when somebody was faster."""
    events.record(
        "task_completed", chain=cases.chain_of(task.case.id), task=task.id, element=task.element_id, name=task.name,
        values=dict(values),
    )  # fmt: skip
    workflow.complete_locked(task.locked, values)
    hand_on()
    cases.announce(task.case, change="task")


def claim_task(task_id: int, user_id: int | None) -> int:
    """Give a task to a user or back to its team; returns the case id. Records `task_claimed`."""
    task = queries.get_task(task_id)
    case = lock_case_of(task.instance_id)
    workflow.claim_task(task_id, user_id)
    events.record("task_claimed", chain=cases.chain_of(case.id), task=task_id, user=user_id)
    cases.announce(case, change="task")
    return case.id


def fire_timers(instance_id: int) -> bool:
    """Fire what is due in an instance; False when nothing was. Records `timer_fired` per timer."""
    case = lock_case_of(instance_id)
    due = [t for t in queries.timers([instance_id]) if t.due_at <= utcnow()]
    with events.acting(cause={"timers": [timer.element_id for timer in due]}):
        done = workflow.fire_due_timers(instance_id)
        if done.accepted:
            for timer in due:
                events.record(
                    "timer_fired", chain=cases.chain_of(case.id), element=timer.element_id, name=timer.name,
                    due_at=timer.due_at.isoformat(), instance=instance_id,
                )  # fmt: skip
            hand_on()
            cases.announce(case, change="timer")
    return done.accepted


def resolve_fault(fault_id: int, *, how: str, values: Mapping[str, Any] | None = None) -> int:
    """Retry or skip a stuck step; returns the case id. Records `fault_retried` or `fault_skipped`."""
    fault = queries.get_fault(fault_id)
    case = lock_case_of(fault.instance_id)
    if fault.resolved_at is not None:
        raise Conflict("fault_resolved", "Somebody else has dealt with this fault already.")
    kind = "fault_retried" if how == "retry" else "fault_skipped"
    events.record(kind, chain=cases.chain_of(case.id), element=fault.element_id, code=fault.code)
    if how == "retry":
        workflow.retry_fault(fault.instance_id, fault.token)
    else:
        workflow.skip_fault(fault.instance_id, fault.token, dict(values or {}))
    hand_on()
    cases.announce(case, change="fault")
    realtime.publish("fault", fault=fault_id)
    return case.id


def case_instance(case_id: int) -> int | None:
    """Return the live instance that drives the case itself, not its work orders."""
    found = run(_OWN_INSTANCE, {"case": case_id}).fetchone()
    return found.instance_id if found else None
