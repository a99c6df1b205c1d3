"""The engine's public door for writes: start, deliver, complete, fire, retry, skip, cancel.

Each call locks the instance, applies one stimulus, advances until the process waits, and saves state and projections together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any, NamedTuple

from app import schedule
from app.clock import utcnow
from app.db import Write, frame, is_pending, later_once, new_id, outdate, remember, run, session, settle, unlearn
from app.errors import Conflict, NotFound
from app.faultpoints import crash_point
from app.workflow import definitions, running
from app.workflow.models import InstanceState, ProcessInstance, Task, TaskState
from app.workflow.outside import InstanceHost
from app.workflow.projecting import (
    TIMER_JOB,
    Rows,
    Snapshot,
    alarm_key,
    outlive,
    rename_open,
    save_projection,
)

ENDED = (InstanceState.COMPLETED, InstanceState.CANCELLED)
STILL = (*ENDED, InstanceState.HELD)
_NEW = """insert into process_instances
 (id, definition_id, business_key, status, outcome, state, revision, started_at, updated_at, ended_at)
 values (%(id)s, %(definition)s, %(key)s, %(status)s, %(outcome)s, %(state)s, 1, %(at)s, %(at)s, %(ended)s)"""
_LOCK = """select id, definition_id, business_key, status, outcome, state from process_instances
 where id = %(id)s for update"""
_SAVE = """update process_instances set state = %(state)s, status = %(status)s, outcome = %(outcome)s,
 updated_at = %(at)s, ended_at = coalesce(%(ended)s, ended_at), revision = revision + 1 where id = %(id)s"""
_HOLD = """update process_instances set status = 'held', updated_at = %(now)s, revision = revision + 1
 where id = %(id)s and status in ('waiting', 'faulted') returning id"""
_DELAY_TASKS = """update tasks set due_at = due_at + %(by)s
 where instance_id = %(id)s and state = 'open' and due_at is not null returning id"""
_LOCK_TASK = """select i.id, i.definition_id, i.business_key, i.status, i.outcome, i.state, t.token, t.state as task_state
 from tasks t join process_instances i on i.id = t.instance_id where t.id = %(id)s for update of i"""


@dataclass(slots=True)
class _Live:
    """An instance in this unit of work's hands: its row is locked or new, its run stays in memory for the next stimulus."""

    id: int
    definition_id: int
    business_key: str
    status: str
    outcome: str
    is_new: bool
    process: running.Run | None = None
    before: Snapshot = field(default_factory=Snapshot.empty)
    rows: Rows = field(default_factory=Rows)

    def write(self) -> Write:
        """Return the statement that makes the row like the run."""
        now = utcnow()
        rows, self.rows = self.rows, Rows()
        values = {
            **rows.values, "id": self.id, "definition": self.definition_id, "key": self.business_key, "status": str(self.status),
            "outcome": self.outcome, "state": self.process.save() if self.process else b"", "at": now,
            "ended": now if self.status in ENDED else None,
        }  # fmt: skip
        is_new, self.is_new = self.is_new, False
        return Write(rows.beside(_NEW if is_new else _SAVE), values, rank=5)


class LockedTask(NamedTuple):
    """An instance that was read under its lock, with the token and the state of one of its tasks."""

    id: int
    definition_id: int
    business_key: str
    status: str
    outcome: str
    state: bytes
    token: str
    task_state: str


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a stimulus came to: `accepted` is False when nobody waited for it and nothing was changed."""

    instance_id: int
    status: str
    outcome: str
    accepted: bool = True


def start(definition: definitions.Compiled, *, business_key: str, data: Mapping[str, Any] | None = None,
          before_run: Callable[[int], None] | None = None, element_id: str | None = None) -> Advanced:  # fmt: skip
    """Start an instance, at the start event `element_id` when one is named, and run it until it waits. `before_run` gets
    its id, so that the caller can tie it to what it drives.
    """
    live = _Live(
        new_id("process_instances"), definition.definition_id, business_key, InstanceState.WAITING, "", is_new=True
    )
    later_once(("instance", live.id), live.write)
    remember(("definition of", live.id), definition.definition_id)
    if before_run is not None:
        before_run(live.id)
    host = InstanceHost(live.id, business_key)
    process = running.start(
        definition.code, digest=definition.digest, process_id=definition.process_id or None,
        data=dict(data or {}), host=host, element_id=element_id,
    )  # fmt: skip
    process.advance()
    return _save(live, process, host)


def _lock(instance_id: int) -> _Live:
    """Return the instance as this unit of work left it, else read it under its lock."""
    live: _Live | None = frame().known.pop(("instance", instance_id), None)
    if live is not None:
        return live
    row = run(_LOCK, {"id": instance_id}, settled=is_pending(("instance", instance_id))).fetchone()
    if row is None:
        raise NotFound("instance_unknown", "There is no such process instance.")
    return _loaded(row)


def _loaded(row: Any) -> _Live:
    remember(("definition of", row.id), row.definition_id)
    live = _Live(row.id, row.definition_id, row.business_key, row.status, row.outcome, is_new=False)
    if row.status not in ENDED:
        definition = definitions.compiled(row.definition_id)
        host = InstanceHost(row.id, row.business_key)
        live.process = running.load(definition.code, digest=definition.digest, state=bytes(row.state), host=host)
        live.before = Snapshot.of(live.process.projection())
    return live


def _apply(instance_id: int, stimulus: Callable[[running.Run], bool]) -> Advanced:
    return _apply_to(_lock(instance_id), stimulus)


def _apply_to(live: _Live, stimulus: Callable[[running.Run], bool]) -> Advanced:
    """Whatever fails in here leaves nothing behind in memory: the next stimulus reads the row again."""
    if live.status in ENDED or live.process is None:
        raise Conflict("instance_ended", "This process has already ended.", instance=live.id)
    _check_not_held(live)
    host = InstanceHost(live.id, live.business_key)
    live.process.use(host)
    if not stimulus(live.process):
        remember(("instance", live.id), live)
        return Advanced(live.id, live.status, live.outcome, accepted=False)
    crash_point("engine.before_advance")
    live.process.advance()
    crash_point("engine.before_save")
    return _save(live, live.process, host)


def _check_not_held(live: _Live) -> None:
    if live.status == InstanceState.HELD:
        raise Conflict(
            "instance_held", "This process is held while its case is merged into another one.", instance=live.id
        )


def _save(live: _Live, process: running.Run, host: InstanceHost) -> Advanced:
    """Hold the row and its projections back until something reads them. A second advance sends those of the first before."""
    if live.process is not None and is_pending(("instance", live.id)):
        settle()
    projection = process.projection()
    live.process = process
    live.status, live.outcome = InstanceState(projection.status), projection.outcome or ""
    live.rows = save_projection(live.id, before=live.before, after=projection, visits=process.history(), host=host)
    later_once(("instance", live.id), live.write)
    live.before = Snapshot.of(projection)
    remember(("instance", live.id), live)
    unlearn(("actions", live.id))
    outdate(ProcessInstance, live.id)
    crash_point("engine.after_save")
    return Advanced(live.id, live.status, live.outcome)


def deliver_message(
    instance_id: int, name: str, payload: Mapping[str, Any], *, token: str | None = None, element_id: str | None = None
) -> Advanced:
    """Deliver a BPMN message; `accepted` is False when the instance does not wait for it now."""
    return _apply(
        instance_id, lambda process: process.deliver_message(name, payload, token=token, element_id=element_id)
    )


def deliver_signal(instance_id: int, name: str, payload: Mapping[str, Any]) -> Advanced:
    """Deliver a BPMN signal."""
    return _apply(instance_id, lambda process: process.deliver_signal(name, payload))


def complete_task(task_id: int, data: Mapping[str, Any]) -> Advanced:
    """Complete an open task with the values of its form. Raises NotFound, Conflict when somebody was faster."""
    found = run(_LOCK_TASK, {"id": task_id}).fetchone()
    if found is None:
        raise NotFound("task_unknown", "There is no such task.")
    return complete_locked(LockedTask(*found), data)


def complete_locked(found: LockedTask, data: Mapping[str, Any]) -> Advanced:
    """Complete a task that was read, with its instance, under the lock of the instance. Raises Conflict."""
    if found.task_state != TaskState.OPEN:
        raise Conflict("task_closed", "This task was completed or withdrawn in the meantime.")

    def complete(process: running.Run) -> bool:
        try:
            process.complete_task(found.token, data)
        except running.UnknownToken:
            raise Conflict("task_closed", "This task was completed or withdrawn in the meantime.") from None
        return True

    unlearn(("instance", found.id))
    return _apply_to(_loaded(found), complete)


def fire_due_timers(instance_id: int) -> Advanced:
    """Fire what is due now; harmless when nothing is or when the instance has ended."""
    live = _lock(instance_id)
    if live.status in STILL:
        return Advanced(live.id, live.status, live.outcome, accepted=False)
    return _apply_to(live, lambda process: process.fire_timers() > 0)


def fire_timer(instance_id: int, token: str) -> Advanced:
    """Fire one timer by an operator's decision, before it is due."""
    return _apply(instance_id, lambda process: process.fire_timer(token))


def move_limits(instance_id: int) -> Advanced:
    """Count the time limits that run again with what the process knows now; their clocks are not started anew."""

    def move(process: running.Run) -> bool:
        process.move_limits()
        return True

    return _apply(instance_id, move)


def migrate(instance_id: int, target: definitions.Compiled, *, mapping: Mapping[str, str] | None = None) -> Advanced:
    """Move a running instance to another version of its process; `mapping` names new elements for old ones.

    Raises Conflict when it has ended or a token has no place there.
    """
    live = _lock(instance_id)
    if live.status in ENDED or live.process is None:
        raise Conflict("instance_ended", "This process has already ended.", instance=live.id)
    _check_not_held(live)
    host = InstanceHost(live.id, live.business_key)
    try:
        moved = running.migrate(
            live.process, target.code, digest=target.digest, host=host, process_id=target.process_id or None,
            mapping=mapping,
        )  # fmt: skip
    except running.NoPlace as error:
        place = error.place
        raise Conflict("cannot_move", place.problem, element=place.name or place.element_id) from None
    live.definition_id, live.before = target.definition_id, outlive(live.before, live.id, target.definition_id)
    remember(("definition of", live.id), target.definition_id)
    moved.advance()
    done = _save(live, moved, host)
    rename_open(live.id, moved.projection())
    return done


def hold(instance_id: int) -> bool:
    """Let a running instance stand still: it hears nothing, its timers do not fire. False when it does not run."""
    settle()
    unlearn(("instance", instance_id))
    unlearn(("actions", instance_id))
    if run(_HOLD, {"id": instance_id, "now": utcnow()}).fetchone() is None:
        return False
    schedule.cancel_timer(alarm_key(instance_id))
    outdate(ProcessInstance, instance_id)
    return True


def resume(instance_id: int, *, paused: timedelta) -> bool:
    """Let a held instance go on where it stands: its limits have that much longer. False when it is not held."""
    settle()
    unlearn(("instance", instance_id))
    row = run(_LOCK, {"id": instance_id}).fetchone()
    if row is None or row.status != InstanceState.HELD:
        return False
    live = _loaded(row)
    if live.process is None:
        return False
    host = InstanceHost(live.id, live.business_key)
    live.process.use(host)
    live.process.shift(paused)
    for task in run(_DELAY_TASKS, {"id": instance_id, "by": paused}).fetchall():
        outdate(Task, task.id)
    _save(live, live.process, host)
    first = min((timer.due_at for timer in live.process.projection().timers), default=None)
    if first is not None:
        schedule.set_timer(alarm_key(instance_id), first, job=TIMER_JOB, ref=instance_id)
    return True


def retry_fault(instance_id: int, token: str) -> Advanced:
    """Try the stuck step again."""
    return _apply(instance_id, _told(lambda process: process.retry(token)))


def skip_fault(instance_id: int, token: str, data: Mapping[str, Any]) -> Advanced:
    """Go on behind the stuck step, with these values as its result."""
    return _apply(instance_id, _told(lambda process: process.skip(token, data)))


def cancel(instance_id: int) -> Advanced:
    """End the instance where it stands."""
    return _apply(instance_id, _told(lambda process: process.cancel()))


def _told(change: Callable[[running.Run], None]) -> Callable[[running.Run], bool]:
    def apply(process: running.Run) -> bool:
        try:
            change(process)
        except running.UnknownToken:
            raise Conflict("step_moved_on", "This step is no longer where you saw it.") from None
        return True

    return apply


def claim_task(task_id: int, user_id: int | None) -> None:
    """Give an open task to a user, or back to its team with None. Raises NotFound, Conflict when it is closed."""
    task = session().get(Task, task_id, with_for_update=True)
    if task is None:
        raise NotFound("task_unknown", "There is no such task.")
    if task.state != TaskState.OPEN:
        raise Conflict("task_closed", "This task was completed or withdrawn in the meantime.")
    task.assignee_id = user_id
    task.revision += 1
    session().flush()
