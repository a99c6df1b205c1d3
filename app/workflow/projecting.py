"""Turns what is open in a run into rows: only what differs from before the stimulus is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import insert, update

from app import schedule
from app.clock import utcnow
from app.db import json, later, outdate, run, session
from app.events import current_actor
from app.logs import log
from app.workflow.language.durations import parse_duration
from app.workflow.language.lexer import LanguageError
from app.workflow.models import Fault, Task, TaskState
from app.workflow.outside import InstanceHost
from app.workflow.running import OpenTask, Projection
from app.workflow.running import Visit as StepVisit

TIMER_JOB = "timer"
_NEW_VISITS = """insert into visits (instance_id, token, element_id, name, kind, state, at)
 select * from jsonb_to_recordset(%(rows)s)
  as r (instance_id bigint, token text, element_id text, name text, kind text, state text, at timestamptz)"""
_NEW_TASK = """insert into tasks (instance_id, token, element_id, name, name_zh, form, lane, candidate_teams,
  candidate_users, data, state, created_at, due_at, ended_by, revision)
 values (%(instance_id)s, %(token)s, %(element_id)s, %(name)s, %(name_zh)s, %(form)s, %(lane)s, %(candidate_teams)s,
  %(candidate_users)s, %(data)s, 'open', %(created_at)s, %(due_at)s, '', 1)"""
_END_TASKS = """update tasks set state = %(state)s, ended_at = %(now)s, ended_by = %(by)s
 where token = any(%(tokens)s)"""
_BEGUN = "select id, created_at from tasks where instance_id = %(instance)s and token = %(token)s"
_MOVE_TASK = "update tasks set due_at = %(due_at)s where id = %(id)s"
_NEW_TIMER = """insert into waiting_timers (instance_id, token, element_id, name, due_at, is_interrupting)
 values (%(instance_id)s, %(token)s, %(element_id)s, %(name)s, %(due_at)s, %(is_interrupting)s)
 on conflict (instance_id, token) do update set due_at = excluded.due_at"""
_END_TIMERS = "delete from waiting_timers where instance_id = %(instance)s and token = any(%(tokens)s)"
_NEW_SUBSCRIPTIONS = """insert into subscriptions
 (instance_id, token, element_id, kind, message, verb, roles, label, label_zh, form)
 select * from jsonb_to_recordset(%(rows)s)
  as r (instance_id bigint, token text, element_id text, kind text, message text, verb text, roles jsonb, label text,
   label_zh text, form text)"""
_END_SUBSCRIPTIONS = "delete from subscriptions where instance_id = %(instance)s and token = any(%(tokens)s)"


@dataclass(frozen=True, slots=True)
class Snapshot:
    """What was open before: tokens with what their rows hold."""

    tasks: dict[str, tuple[str, str | None] | None]
    timers: dict[str, datetime]
    subscriptions: frozenset[str]
    faults: frozenset[str]

    @classmethod
    def empty(cls) -> Snapshot:
        """Return the snapshot of an instance that has not run yet."""
        return cls({}, {}, frozenset(), frozenset())

    @classmethod
    def of(cls, projection: Projection) -> Snapshot:
        """Return the snapshot of a loaded run."""
        return cls(
            {task.token: task.due for task in projection.tasks},
            {timer.token: timer.due_at for timer in projection.timers},
            frozenset(item.token for item in projection.subscriptions),
            frozenset(fault.token for fault in projection.faults),
        )


def save_projection(
    instance_id: int, *, before: Snapshot, after: Projection, visits: Sequence[StepVisit], host: InstanceHost
) -> None:
    """Write tasks, timers, subscriptions, faults and history of one advance."""
    _save_tasks(instance_id, before.tasks, after, host, visits)
    _save_timers(instance_id, before.timers, after)
    _save_subscriptions(instance_id, before.subscriptions, after)
    _save_faults(instance_id, before.faults, after)
    for visit in visits:
        later(_NEW_VISITS, _visit_row(instance_id, visit))


def _visit_row(instance_id: int, visit: StepVisit) -> dict[str, Any]:
    return {
        "instance_id": instance_id, "token": visit.token, "element_id": visit.element_id, "name": visit.name,
        "kind": visit.kind, "state": visit.state, "at": visit.at,
    }  # fmt: skip


def _save_tasks(
    instance_id: int, before: Mapping[str, Any], after: Projection, host: InstanceHost, visits: Sequence[StepVisit]
) -> None:
    gone = before.keys() - {task.token for task in after.tasks}
    if gone:
        completed = {visit.token for visit in visits if visit.state == "completed"}
        for state, tokens in ((TaskState.COMPLETED, gone & completed), (TaskState.CANCELLED, gone - completed)):
            if tokens:
                _end_tasks(tokens, state)
    fresh = [task for task in after.tasks if task.token not in before]
    for task in fresh:
        later(_NEW_TASK, _task_row(instance_id, task, host))
    for task in after.tasks:
        if task.token in before and before[task.token] != task.due:
            _move_task(instance_id, task, host)


def _move_task(instance_id: int, task: OpenTask, host: InstanceHost) -> None:
    """Write a limit that was moved; it counts from when the task was opened."""
    values = {"instance": instance_id, "token": task.token}
    row = run(_BEGUN, values).fetchone()
    later(_MOVE_TASK, {"id": row.id, "due_at": _due(task, host, since=row.created_at)})
    outdate(Task, row.id)


def _end_tasks(tokens: set[str] | frozenset[str], state: TaskState) -> None:
    later(_END_TASKS, {
        "state": str(state), "now": utcnow(), "by": current_actor().name, "tokens": sorted(tokens),
    })  # fmt: skip


def _task_row(instance_id: int, task: OpenTask, host: InstanceHost) -> dict[str, Any]:
    return {
        "instance_id": instance_id, "token": task.token, "element_id": task.element_id, "name": task.name,
        "name_zh": task.labels.get("zh", ""), "form": task.form or "", "lane": task.lane or "",
        "candidate_teams": json(list(task.candidate_teams)), "candidate_users": json(list(task.candidate_users)),
        "data": json(task.data), "created_at": utcnow(), "due_at": _due(task, host, since=utcnow()),
    }  # fmt: skip


def _due(task: OpenTask, host: InstanceHost, *, since: datetime) -> datetime | None:
    if task.due is None:
        return None
    text, calendar = task.due
    try:
        length = parse_duration(text)
        return host.add_business_time(since, length.as_timedelta()) if calendar == "business" else length.add_to(since)
    except (ValueError, LanguageError) as error:  # a wrong limit must not stop the work itself
        log().warning("task_due_unreadable", element=task.element_id, due=text, error=str(error))
        return None


def _save_timers(instance_id: int, before: dict[str, datetime], after: Projection) -> None:
    now_open = {timer.token: timer for timer in after.timers}
    gone = before.keys() - now_open.keys()
    if gone:
        later(_END_TIMERS, {"instance": instance_id, "tokens": sorted(gone)})
    for timer in (timer for token, timer in now_open.items() if before.get(token) != timer.due_at):
        later(_NEW_TIMER, {
            "instance_id": instance_id, "token": timer.token, "element_id": timer.element_id,
            "name": timer.name, "due_at": timer.due_at, "is_interrupting": timer.interrupting,
        })  # fmt: skip
    _set_alarm(instance_id, before, after)


def _set_alarm(instance_id: int, before: dict[str, datetime], after: Projection) -> None:
    """One due row an instance is enough: the engine knows which of its timers it was."""
    first = min((timer.due_at for timer in after.timers), default=None)
    was = min(before.values(), default=None)
    key = f"instance:{instance_id}"
    if first is None:
        if was is not None:
            schedule.cancel_timer(key)
    elif first != was:
        schedule.set_timer(key, first, job=TIMER_JOB, ref=instance_id)


def _save_subscriptions(instance_id: int, before: frozenset[str], after: Projection) -> None:
    open_now = {item.token for item in after.subscriptions}
    gone = before - open_now
    if gone:
        later(_END_SUBSCRIPTIONS, {"instance": instance_id, "tokens": sorted(gone)})
    for item in (item for item in after.subscriptions if item.token not in before):
        action = item.action
        later(_NEW_SUBSCRIPTIONS, {
            "instance_id": instance_id, "token": item.token, "element_id": item.element_id, "kind": item.kind,
            "message": item.message, "verb": action.verb if action else "",
            "roles": list(action.roles) if action else [], "label": action.label if action else "",
            "label_zh": action.label_zh if action else "", "form": (action.form or "") if action else "",
        })  # fmt: skip


def _save_faults(instance_id: int, before: frozenset[str], after: Projection) -> None:
    open_now = {fault.token for fault in after.faults}
    gone = before - open_now
    if gone:
        session().execute(
            update(Fault)
            .where(Fault.instance_id == instance_id, Fault.token.in_(gone), Fault.resolved_at.is_(None))
            .values(resolved_at=utcnow(), resolution=current_actor().name)
            .execution_options(synchronize_session=False)
        )
    fresh = [fault for fault in after.faults if fault.token not in before]
    if fresh:
        session().execute(
            insert(Fault),
            [
                {
                    "instance_id": instance_id, "token": fault.token, "element_id": fault.element_id,
                    "name": fault.name, "code": fault.code, "message": fault.message, "created_at": utcnow(),
                }
                for fault in fresh
            ],
        )  # fmt: skip
