"""Turns what is open in a run into rows: only what differs from before the stimulus is written."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from collections.abc import Set as AbstractSet
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, LiteralString

from sqlalchemy import insert, update

from app import schedule
from app.clock import utcnow
from app.db import json, later, outdate, run, session
from app.events import current_actor
from app.logs import log
from app.workflow.language.durations import parse_duration
from app.workflow.language.lexer import LanguageError
from app.workflow.models import Fault, Task
from app.workflow.outside import InstanceHost
from app.workflow.running import OpenTask, Projection, Subscription
from app.workflow.running import Visit as StepVisit

TIMER_JOB = "timer"
_VISITS = """visited as (insert into visits (instance_id, token, element_id, name, kind, state, at)
 select %(id)s, r.* from jsonb_to_recordset(%(visits)s)
  as r (token text, element_id text, name text, kind text, state text, at timestamptz))"""
_NEW_TASKS = """opened as (insert into tasks (instance_id, token, element_id, name, name_zh, form, lane, candidate_teams,
  candidate_users, data, created_at, due_at, state, ended_by, revision)
 select %(id)s, r.*, 'open', '', 1 from jsonb_to_recordset(%(tasks)s)
  as r (token text, element_id text, name text, name_zh text, form text, lane text, candidate_teams jsonb,
   candidate_users jsonb, data jsonb, created_at timestamptz, due_at timestamptz))"""
_END_TASKS = """ended as (update tasks set ended_at = %(now)s, ended_by = %(by)s,
  state = case when token = any(%(completed)s) then 'completed' else 'cancelled' end
 where token = any(%(gone)s))"""
_BEGUN = "select id, created_at from tasks where instance_id = %(instance)s and token = %(token)s"
_MOVE_TASK = "update tasks set due_at = %(due_at)s where id = %(id)s"
_NEW_TIMERS = """timed as (insert into waiting_timers (instance_id, token, element_id, name, due_at, is_interrupting)
 select %(id)s, r.* from jsonb_to_recordset(%(timers)s)
  as r (token text, element_id text, name text, due_at timestamptz, is_interrupting boolean)
 on conflict (instance_id, token) do update set due_at = excluded.due_at)"""
_END_TIMERS = """untimed as (delete from waiting_timers
 where instance_id = %(id)s and token = any(%(timers_gone)s))"""
_NEW_SUBSCRIPTIONS = """subscribed as (insert into subscriptions
 (instance_id, token, element_id, kind, message, verb, roles, label, label_zh, form)
 select %(id)s, r.* from jsonb_to_recordset(%(subscriptions)s)
  as r (token text, element_id text, kind text, message text, verb text, roles jsonb, label text, label_zh text,
   form text))"""
_END_SUBSCRIPTIONS = """unsubscribed as (delete from subscriptions
 where instance_id = %(id)s and token = any(%(subscriptions_gone)s))"""


# What listens is written anew in another version: labels, forms and verbs are that version's.
_OUTLIVE = (
    "delete from subscriptions where instance_id = %(id)s",
    "delete from waiting_timers where instance_id = %(id)s",
    "delete from timers where key = %(alarm_key)s",
    "update process_instances set definition_id = %(definition)s where id = %(id)s",
)
_RENAME_TASKS = """update tasks t set element_id = r.element_id, name = r.name, name_zh = r.name_zh, form = r.form, lane = r.lane
 from jsonb_to_recordset(%(tasks)s) as r (token text, element_id text, name text, name_zh text, form text, lane text)
 where t.instance_id = %(id)s and t.token = r.token and t.state = 'open'"""
_RENAME_FAULTS = """update faults f set element_id = r.element_id, name = r.name
 from jsonb_to_recordset(%(faults)s) as r (token text, element_id text, name text)
 where f.instance_id = %(id)s and f.token = r.token and f.resolved_at is null"""


@dataclass(slots=True)
class Rows:
    """What one advance writes beside the instance's own row, as parts of one statement (`%(id)s` is the instance)."""

    parts: list[LiteralString] = field(default_factory=list)
    values: dict[str, Any] = field(default_factory=dict)

    def add(self, part: LiteralString, **values: Any) -> None:
        """Add one part with its values."""
        self.parts.append(part)
        self.values |= values

    def beside(self, statement: LiteralString) -> LiteralString:
        """Return the statement that does all of it together with the given one."""
        return f"with {', '.join(self.parts)} {statement}" if self.parts else statement


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
) -> Rows:
    """Write faults and due times of one advance; returns what is written with the instance: tasks, timers, history …"""
    rows = Rows()
    completed = {visit.token for visit in visits if visit.state == "completed"}
    _save_tasks(rows, instance_id, before=before.tasks, after=after, host=host, completed=completed)
    _save_timers(rows, instance_id, before.timers, after)
    _save_subscriptions(rows, before.subscriptions, after)
    _save_faults(instance_id, before.faults, after)
    if visits:
        rows.add(_VISITS, visits=json([_visit_row(visit) for visit in visits]))
    return rows


def outlive(before: Snapshot, instance_id: int, definition_id: int) -> Snapshot:
    """Give an instance to another version: returns what of its rows still stands, its tasks and faults."""
    values = {"id": instance_id, "definition": definition_id, "alarm_key": f"instance:{instance_id}"}
    for statement in _OUTLIVE:
        run(statement, values)
    return Snapshot(before.tasks, {}, frozenset(), before.faults)


def rename_open(instance_id: int, now: Projection) -> None:
    """Give open tasks and faults the names that their elements have by now."""
    tasks = [
        {"token": task.token, "element_id": task.element_id, "name": task.name, "name_zh": task.labels.get("zh", ""),
         "form": task.form or "", "lane": task.lane or ""}
        for task in now.tasks
    ]  # fmt: skip
    faults = [{"token": fault.token, "element_id": fault.element_id, "name": fault.name} for fault in now.faults]
    run(_RENAME_TASKS, {"id": instance_id, "tasks": json(tasks)})
    run(_RENAME_FAULTS, {"id": instance_id, "faults": json(faults)})


def _visit_row(visit: StepVisit) -> dict[str, Any]:
    return {
        "token": visit.token, "element_id": visit.element_id, "name": visit.name, "kind": visit.kind,
        "state": visit.state, "at": visit.at,
    }  # fmt: skip


def _save_tasks(
    rows: Rows, instance_id: int, *, before: Mapping[str, Any], after: Projection, host: InstanceHost,
    completed: AbstractSet[str],
) -> None:  # fmt: skip
    gone = before.keys() - {task.token for task in after.tasks}
    if gone:
        rows.add(
            _END_TASKS, now=utcnow(), by=current_actor().name, gone=sorted(gone), completed=sorted(gone & completed)
        )  # fmt: skip
    fresh = [task for task in after.tasks if task.token not in before]
    if fresh:
        rows.add(_NEW_TASKS, tasks=json([_task_row(task, host) for task in fresh]))
    for task in after.tasks:
        if task.token in before and before[task.token] != task.due:
            _move_task(instance_id, task, host)


def _move_task(instance_id: int, task: OpenTask, host: InstanceHost) -> None:
    """Write a limit that was moved; it counts from when the task was opened."""
    values = {"instance": instance_id, "token": task.token}
    row = run(_BEGUN, values).fetchone()
    later(_MOVE_TASK, {"id": row.id, "due_at": _due(task, host, since=row.created_at)})
    outdate(Task, row.id)


def _task_row(task: OpenTask, host: InstanceHost) -> dict[str, Any]:
    now = utcnow()
    return {
        "token": task.token, "element_id": task.element_id, "name": task.name, "name_zh": task.labels.get("zh", ""),
        "form": task.form or "", "lane": task.lane or "", "candidate_teams": task.candidate_teams,
        "candidate_users": task.candidate_users, "data": task.data, "created_at": now,
        "due_at": _due(task, host, since=now),
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


def _save_timers(rows: Rows, instance_id: int, before: dict[str, datetime], after: Projection) -> None:
    now_open = {timer.token: timer for timer in after.timers}
    gone = before.keys() - now_open.keys()
    if gone:
        rows.add(_END_TIMERS, timers_gone=sorted(gone))
    moved = [timer for token, timer in now_open.items() if before.get(token) != timer.due_at]
    if moved:
        rows.add(_NEW_TIMERS, timers=json([
            {"token": timer.token, "element_id": timer.element_id, "name": timer.name, "due_at": timer.due_at,
             "is_interrupting": timer.interrupting} for timer in moved
        ]))  # fmt: skip
    _set_alarm(rows, instance_id, before, after)


def alarm_key(instance_id: int) -> str:
    """Return the key of the due row of an instance."""
    return f"instance:{instance_id}"


def _set_alarm(rows: Rows, instance_id: int, before: dict[str, datetime], after: Projection) -> None:
    """One due row an instance is enough: the engine knows which of its timers it was."""
    first = min((timer.due_at for timer in after.timers), default=None)
    was = min(before.values(), default=None)
    key = alarm_key(instance_id)
    if first is None:
        if was is not None:
            rows.add(schedule.CANCEL_PART, alarm_key=key)
    elif first != was:
        rows.add(
            schedule.SET_PART, alarm_key=key, alarm_due=first, alarm_job=TIMER_JOB, alarm_ref=instance_id
        )  # fmt: skip


def _save_subscriptions(rows: Rows, before: frozenset[str], after: Projection) -> None:
    gone = before - {item.token for item in after.subscriptions}
    if gone:
        rows.add(_END_SUBSCRIPTIONS, subscriptions_gone=sorted(gone))
    fresh = [_subscription_row(item) for item in after.subscriptions if item.token not in before]
    if fresh:
        rows.add(_NEW_SUBSCRIPTIONS, subscriptions=json(fresh))


def _subscription_row(item: Subscription) -> dict[str, Any]:
    action = item.action
    return {
        "token": item.token, "element_id": item.element_id, "kind": item.kind, "message": item.message,
        "verb": action.verb if action else "", "roles": list(action.roles) if action else [],
        "label": action.label if action else "", "label_zh": action.label_zh if action else "",
        "form": (action.form or "") if action else "",
    }  # fmt: skip


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
