"""The engine's public door for writes: start, deliver, complete, fire, retry, skip, cancel.

Each call locks the instance, applies one stimulus, advances until the process waits, and saves state and projections together.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.clock import utcnow
from app.db import later, outdate, remember, run, session
from app.errors import Conflict, NotFound
from app.faultpoints import crash_point
from app.workflow import definitions, running
from app.workflow.models import InstanceState, ProcessInstance, Task, TaskState
from app.workflow.outside import InstanceHost
from app.workflow.projecting import Snapshot, save_projection

ENDED = (InstanceState.COMPLETED, InstanceState.CANCELLED)
_NEW = """insert into process_instances
 (definition_id, business_key, status, outcome, state, revision, started_at, updated_at)
 values (%(definition)s, %(key)s, 'waiting', '', '', 1, %(now)s, %(now)s) returning id, definition_id, business_key, status, outcome, state"""
_LOCK = """select id, definition_id, business_key, status, outcome, state from process_instances
 where id = %(id)s for update"""
_SAVE = """update process_instances set state = %(state)s, status = %(status)s, outcome = %(outcome)s,
 updated_at = %(now)s, ended_at = coalesce(%(ended)s, ended_at), revision = revision + 1 where id = %(id)s"""
_LOCK_TASK = """select i.id, i.definition_id, i.business_key, i.status, i.outcome, i.state, t.token, t.state as task_state
 from tasks t join process_instances i on i.id = t.instance_id where t.id = %(id)s for update of i"""


class _Row(NamedTuple):
    id: int
    definition_id: int
    business_key: str
    status: str
    outcome: str
    state: bytes


@dataclass(frozen=True, slots=True)
class Advanced:
    """What a stimulus came to: `accepted` is False when nobody waited for it and nothing was changed."""

    instance_id: int
    status: str
    outcome: str
    accepted: bool = True


def start(definition: definitions.Compiled, *, business_key: str, data: Mapping[str, Any] | None = None,
          before_run: Callable[[int], None] | None = None) -> Advanced:  # fmt: skip
    """Start an instance and run it until it waits. `before_run` gets its id, so that the caller can tie it to what it drives."""
    values = {"definition": definition.definition_id, "key": business_key, "now": utcnow()}
    row = _Row(*run(_NEW, values, settled=False).fetchone())
    remember(("definition of", row.id), definition.definition_id)
    if before_run is not None:
        before_run(row.id)
    host = InstanceHost(row.id, business_key)
    process = running.start(
        definition.code, digest=definition.digest, process_id=definition.process_id or None,
        data=dict(data or {}), host=host,
    )  # fmt: skip
    process.advance()
    return _save(row, process, Snapshot.empty(), host)


def _lock(instance_id: int) -> _Row:
    row = run(_LOCK, {"id": instance_id}).fetchone()
    if row is None:
        raise NotFound("instance_unknown", "There is no such process instance.")
    remember(("definition of", instance_id), row.definition_id)
    return _Row(*row)


def _apply(instance_id: int, stimulus: Callable[[running.Run], bool]) -> Advanced:
    return _apply_to(_lock(instance_id), stimulus)


def _apply_to(row: _Row, stimulus: Callable[[running.Run], bool]) -> Advanced:
    if row.status in ENDED:
        raise Conflict("instance_ended", "This process has already ended.", instance=row.id)
    definition = definitions.compiled(row.definition_id)
    host = InstanceHost(row.id, row.business_key)
    process = running.load(
        definition.code, digest=definition.digest, state=bytes(row.state), host=host,
    )  # fmt: skip
    before = Snapshot.of(process.projection())
    if not stimulus(process):
        return Advanced(row.id, row.status, row.outcome, accepted=False)
    crash_point("engine.before_advance")
    process.advance()
    crash_point("engine.before_save")
    return _save(row, process, before, host)


def _save(row: _Row, process: running.Run, before: Snapshot, host: InstanceHost) -> Advanced:
    now = utcnow()
    projection = process.projection()
    status, outcome = InstanceState(projection.status), projection.outcome or ""
    later(_SAVE, {
        "id": row.id, "state": process.save(), "status": str(status), "outcome": outcome, "now": now,
        "ended": now if status in ENDED else None,
    })  # fmt: skip
    save_projection(row.id, before=before, after=projection, visits=process.history(), host=host)
    outdate(ProcessInstance, row.id)
    crash_point("engine.after_save")
    return Advanced(row.id, status, outcome)


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
    if found.task_state != TaskState.OPEN:
        raise Conflict("task_closed", "This task was completed or withdrawn in the meantime.")

    def complete(process: running.Run) -> bool:
        try:
            process.complete_task(found.token, data)
        except running.UnknownToken:
            raise Conflict("task_closed", "This task was completed or withdrawn in the meantime.") from None
        return True

    remember(("definition of", found.id), found.definition_id)
    return _apply_to(_Row(*found[:6]), complete)


def fire_due_timers(instance_id: int) -> Advanced:
    """Fire what is due now; harmless when nothing is or when the instance has ended."""
    row = _lock(instance_id)
    if row.status in ENDED:
        return Advanced(row.id, row.status, row.outcome, accepted=False)
    return _apply(instance_id, lambda process: process.fire_timers() > 0)


def fire_timer(instance_id: int, token: str) -> Advanced:
    """Fire one timer by an operator's decision, before it is due."""
    return _apply(instance_id, lambda process: process.fire_timer(token))


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
