"""Reads of the workflow room: what is open, what happened, what a diagram shows."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import func, select

from app.db import known, run, session
from app.errors import NotFound
from app.workflow import definitions as versioned
from app.workflow.models import (
    Fault,
    InstanceState,
    ProcessDefinition,
    ProcessInstance,
    Subscription,
    Task,
    TaskState,
    Visit,
    WaitingTimer,
)

_ACTIONS = """select s.instance_id, s.token, s.element_id, s.message, s.verb, s.roles, s.label, s.label_zh, s.form,
  i.definition_id
 from subscriptions s join process_instances i on i.id = s.instance_id
 where s.instance_id = any(%(instances)s) and s.verb <> '' order by s.id"""
_WAITS_FOR = """select distinct instance_id from subscriptions
 where instance_id = any(%(instances)s) and message = %(message)s and kind = 'message' order by instance_id"""


_STEP_NAMES = "select distinct element_id, name from visits where instance_id = %(instance)s and name <> ''"
_OPEN = """select
 (select jsonb_agg(to_jsonb(t) order by t.id) from (select id, instance_id, token, element_id, name, name_zh, form, lane,
   candidate_teams, candidate_users, assignee_id, data, state, created_at, due_at from tasks
   where instance_id = any(%(instances)s) and state = 'open') t) as tasks,
 (select jsonb_agg(to_jsonb(s) - 'id' order by s.id) from (select id, instance_id, token, element_id, message, verb, roles,
   label, label_zh, form from subscriptions where instance_id = any(%(instances)s) and verb <> '') s) as actions,
 (select jsonb_agg(to_jsonb(w) order by w.due_at) from (select instance_id, token, element_id, name, due_at
   from waiting_timers where instance_id = any(%(instances)s)) w) as timers,
 (select jsonb_agg(to_jsonb(f) order by f.id) from (select id, instance_id, token, element_id, name, code, message
   from faults where instance_id = any(%(instances)s) and resolved_at is null) f) as faults"""


@dataclass(frozen=True, slots=True)
class Action:
    """A verb that an instance accepts now."""

    instance_id: int
    token: str
    element_id: str
    message: str
    verb: str
    roles: tuple[str, ...]
    label: str
    label_zh: str
    form: str
    definition_id: int


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A task that waits for a person, as lists and pages show it."""

    id: int
    instance_id: int
    token: str
    element_id: str
    name: str
    name_zh: str
    form: str
    lane: str
    candidate_teams: list[str]
    candidate_users: list[str]
    assignee_id: int | None
    data: dict[str, Any]
    state: str
    created_at: datetime
    due_at: datetime | None


@dataclass(frozen=True, slots=True)
class TimeLimit:
    """A timer that runs, with the names of its element."""

    instance_id: int
    token: str
    element_id: str
    name: str
    name_zh: str
    due_at: datetime


@dataclass(frozen=True, slots=True)
class OpenFault:
    """A step that is stuck."""

    id: int
    instance_id: int
    token: str
    element_id: str
    name: str
    name_zh: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class OpenWork:
    """All that some instances wait for."""

    tasks: tuple[OpenTask, ...] = ()
    actions: tuple[Action, ...] = ()
    timers: tuple[TimeLimit, ...] = ()
    faults: tuple[OpenFault, ...] = ()


@dataclass(frozen=True, slots=True)
class ElementState:
    """What a diagram shows at one element: tokens now, visits so far, seconds spent (open ones counted until now)."""

    element_id: str
    tokens: int
    visits: int
    seconds: float
    faults: int


@dataclass(frozen=True, slots=True)
class Step:
    """An element of an instance in a list: its state and its names."""

    state: ElementState
    name: str
    name_zh: str


def open_work(instances: Mapping[int, int]) -> OpenWork:
    """Return all that these instances (each with its definition) wait for, in one statement."""
    if not instances:
        return OpenWork()
    tasks, actions, timers, faults = run(_OPEN, {"instances": list(instances)}).fetchone()

    def chinese(instance_id: int, element_id: str) -> str:
        return versioned.labels_of(instances[instance_id]).get(element_id, {}).get("zh", "")

    return OpenWork(
        tuple(OpenTask(**{**row, **_dates(row, "created_at", "due_at")}) for row in tasks or ()),
        tuple(Action(**{**row, "roles": tuple(row["roles"])}, definition_id=instances[row["instance_id"]])
              for row in actions or ()),
        tuple(TimeLimit(**{**row, "due_at": datetime.fromisoformat(row["due_at"])},
                        name_zh=chinese(row["instance_id"], row["element_id"])) for row in timers or ()),
        tuple(OpenFault(**row, name_zh=chinese(row["instance_id"], row["element_id"])) for row in faults or ()),
    )  # fmt: skip


def _dates(row: Mapping[str, Any], *names: str) -> dict[str, datetime | None]:
    return {name: datetime.fromisoformat(row[name]) if row[name] else None for name in names}


def open_tasks(instance_ids: Sequence[int]) -> list[Task]:
    """Return the open tasks of these instances, oldest first."""
    if not instance_ids:
        return []
    return list(
        session().scalars(
            select(Task).where(Task.instance_id.in_(instance_ids), Task.state == TaskState.OPEN).order_by(Task.id)
        )
    )


def get_task(task_id: int) -> Task:
    """Return a task; raises NotFound."""
    task = session().get(Task, task_id)
    if task is None:
        raise NotFound("task_unknown", "There is no such task.")
    return task


def actions(instance_ids: Sequence[int]) -> list[Action]:
    """Return the verbs that these instances accept now."""
    if not instance_ids:
        return []
    if len(instance_ids) == 1:
        return known(("actions", instance_ids[0]), lambda: _actions(instance_ids))
    return _actions(instance_ids)


def _actions(instance_ids: Sequence[int]) -> list[Action]:
    rows = run(_ACTIONS, {"instances": list(instance_ids)})
    return [Action(r[0], r[1], r[2], r[3], r[4], tuple(r[5]), r[6], r[7], r[8], r[9]) for r in rows]


def waits_for(instance_ids: Sequence[int], message: str) -> list[int]:
    """Return those instances that wait for this message."""
    if not instance_ids:
        return []
    rows = run(_WAITS_FOR, {"instances": list(instance_ids), "message": message})
    return [row.instance_id for row in rows]


def listeners(kind: str, name: str) -> list[int]:
    """Return all instances that wait for this signal or message."""
    return list(
        session().scalars(
            select(Subscription.instance_id)
            .where(Subscription.kind == kind, Subscription.message == name)
            .distinct()
            .order_by(Subscription.instance_id)
        )
    )


def subscriptions(instance_id: int) -> list[Subscription]:
    """Return all messages and signals an instance waits for."""
    return list(
        session().scalars(select(Subscription).where(Subscription.instance_id == instance_id).order_by(Subscription.id))
    )


def timers(instance_ids: Sequence[int]) -> list[WaitingTimer]:
    """Return the BPMN timers these instances wait for, next first."""
    if not instance_ids:
        return []
    return list(
        session().scalars(
            select(WaitingTimer).where(WaitingTimer.instance_id.in_(instance_ids)).order_by(WaitingTimer.due_at)
        )
    )


def get_instance(instance_id: int) -> ProcessInstance:
    """Return an instance; raises NotFound."""
    row = session().get(ProcessInstance, instance_id)
    if row is None:
        raise NotFound("instance_unknown", "There is no such process instance.")
    return row


def definition_of(instance_id: int) -> int:
    """Return the version that an instance runs; raises NotFound."""
    return known(("definition of", instance_id), lambda: get_instance(instance_id).definition_id)


def history(instance_id: int, *, after: int = 0, limit: int = 500) -> list[Visit]:
    """Return what happened in an instance, in order."""
    return list(
        session().scalars(
            select(Visit).where(Visit.instance_id == instance_id, Visit.id > after).order_by(Visit.id).limit(limit)
        )
    )


def diagram_state(instance_id: int, *, now: datetime) -> list[ElementState]:
    """Return tokens, visits and time spent per element of an instance."""
    rows = session().execute(
        select(Visit.element_id, Visit.token, Visit.state, Visit.at)
        .where(Visit.instance_id == instance_id, Visit.state != "taken")
        .order_by(Visit.id)
    )
    totals: dict[str, dict[str, Any]] = {}
    entered: dict[tuple[str, str], datetime] = {}
    for element, token, state, at in rows:
        item = totals.setdefault(element, {"tokens": 0, "visits": 0, "seconds": 0.0})
        if state == "entered":
            entered[element, token] = at
            item["visits"] += 1
        elif state in ("completed", "cancelled") and (element, token) in entered:
            item["seconds"] += (at - entered.pop((element, token))).total_seconds()
    for (element, _token), at in entered.items():
        totals[element]["tokens"] += 1
        totals[element]["seconds"] += max(0.0, (now - at).total_seconds())
    faulted = _open_fault_counts(instance_id)
    ended = get_instance(instance_id).status in (InstanceState.COMPLETED, InstanceState.CANCELLED)
    return [
        ElementState(
            element,
            0 if ended else item["tokens"],
            item["visits"],
            item["seconds"],
            faulted.get(element, 0),
        )
        for element, item in totals.items()
    ]


def steps(instance_id: int, *, now: datetime) -> list[Step]:
    """Return where an instance was and is, with the names of its elements."""
    labels = versioned.labels_of(get_instance(instance_id).definition_id)
    names = {row.element_id: row.name for row in run(_STEP_NAMES, {"instance": instance_id})}
    return [
        Step(state, names.get(state.element_id) or state.element_id, labels.get(state.element_id, {}).get("zh", ""))
        for state in diagram_state(instance_id, now=now)
    ]


def _open_fault_counts(instance_id: int) -> dict[str, int]:
    rows = session().execute(
        select(Fault.element_id, func.count())
        .where(Fault.instance_id == instance_id, Fault.resolved_at.is_(None))
        .group_by(Fault.element_id)
    )
    return {element: count for element, count in rows}  # noqa: C416 -- a Row is no pair to mypy


def open_faults(*, limit: int = 200) -> list[tuple[Fault, ProcessInstance]]:
    """Return the faults that wait for an operator, newest first."""
    rows = session().execute(
        select(Fault, ProcessInstance)
        .join(ProcessInstance, ProcessInstance.id == Fault.instance_id)
        .where(Fault.resolved_at.is_(None))
        .order_by(Fault.id.desc())
        .limit(limit)
    )
    return [(row[0], row[1]) for row in rows]


def get_fault(fault_id: int) -> Fault:
    """Return a fault; raises NotFound."""
    fault = session().get(Fault, fault_id)
    if fault is None:
        raise NotFound("fault_unknown", "There is no such fault.")
    return fault


def definitions() -> list[ProcessDefinition]:
    """Return all versions of all processes, newest version first within each."""
    return list(
        session().scalars(select(ProcessDefinition).order_by(ProcessDefinition.key, ProcessDefinition.version.desc()))
    )


def get_definition(definition_id: int) -> ProcessDefinition:
    """Return one version; raises NotFound."""
    row = session().get(ProcessDefinition, definition_id)
    if row is None:
        raise NotFound("definition_unknown", "There is no such process version.")
    return row


def versions(key: str) -> list[ProcessDefinition]:
    """Return the versions of one process, newest first."""
    return list(
        session().scalars(
            select(ProcessDefinition).where(ProcessDefinition.key == key).order_by(ProcessDefinition.version.desc())
        )
    )


def version(key: str, number: int) -> ProcessDefinition:
    """Return one version of a process; raises NotFound."""
    found = session().scalar(
        select(ProcessDefinition).where(ProcessDefinition.key == key, ProcessDefinition.version == number)
    )
    if found is None:
        raise NotFound("definition_unknown", "There is no such process version.")
    return found


def running_counts() -> dict[int, int]:
    """Return how many instances run per version."""
    rows = session().execute(
        select(ProcessInstance.definition_id, func.count())
        .where(ProcessInstance.status.in_([InstanceState.WAITING, InstanceState.FAULTED]))
        .group_by(ProcessInstance.definition_id)
    )
    return {definition: count for definition, count in rows}  # noqa: C416 -- a Row is no pair to mypy
