"""One task in hand: read and locked with its case and its instance by one statement, and what is open on the case after it."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, NamedTuple

from app.cases import service as cases
from app.cases.models import Case
from app.db import remember, run
from app.orchestration import context
from app.workflow.service import LockedTask

# The case first: whoever works on a case locks it before its instances.
_HOLD = """select c.*, t.id as task_id, t.element_id, t.name as task_name, t.form, t.candidate_teams, t.candidate_users,
  t.assignee_id as task_assignee_id, t.token, t.state as task_state, d.work_order_id, o.team_id as order_team_id,
  o.holder_id, i.id as instance_id, i.definition_id, i.business_key, i.status as instance_status, i.outcome, i.state
 from tasks t join drives d on d.instance_id = t.instance_id join process_instances i on i.id = t.instance_id
 join cases c on c.id = d.case_id left join work_orders o on o.id = d.work_order_id
 where t.id = %(id)s for update of c, i"""
_OPEN = """with d as (select d.instance_id, o.number, o.team_id, o.holder_id
  from drives d left join work_orders o on o.id = d.work_order_id where d.case_id = %(case)s)
 select
  (select jsonb_agg(jsonb_build_object('id', t.id, 'name', t.name, 'name_zh', t.name_zh, 'work_order', d.number,
    'element_id', t.element_id, 'state', t.state, 'candidate_teams', t.candidate_teams, 'candidate_users', t.candidate_users,
    'assignee_id', t.assignee_id, 'form', t.form, 'created_at', t.created_at, 'due_at', t.due_at) order by t.id)
   from tasks t join d on d.instance_id = t.instance_id where t.state = 'open') as tasks,
  (select jsonb_agg(jsonb_build_object('verb', s.verb, 'label', s.label, 'label_zh', s.label_zh, 'roles', s.roles,
    'form', nullif(s.form, ''), 'work_order', d.number, 'instance_id', s.instance_id, 'token', s.token,
    'team_id', d.team_id, 'holder_id', d.holder_id) order by s.id)
   from subscriptions s join d on d.instance_id = s.instance_id where s.verb <> '') as actions"""


@dataclass(frozen=True, slots=True)
class OrderHolder:
    """Who holds a work order."""

    team_id: int | None
    holder_id: int | None


@dataclass(frozen=True, slots=True)
class Held:
    """A task whose case and instance this unit of work has locked."""

    id: int
    element_id: str
    name: str
    form: str
    candidate_teams: list[str]
    candidate_users: list[str]
    assignee_id: int | None
    definition_id: int
    case: Case
    order: OrderHolder | None
    locked: LockedTask


class OpenNow(NamedTuple):
    """The open tasks of a case and the verbs that its processes accept, as plain values; times are ISO 8601."""

    tasks: list[dict[str, Any]]
    actions: list[dict[str, Any]]


def hold(task_id: int) -> Held | None:
    """Lock a task's case and instance and return the task, open or not; None when there is none. Checks no right."""
    row = run(_HOLD, {"id": task_id}).fetchone()
    if row is not None and row.merged_into is not None and row.work_order_id is not None:
        row = run(_HOLD, {"id": task_id}).fetchone()  # the case was merged while we waited for it: under the other one
    if row is None:
        return None
    case = cases.take(row)
    order = None if row.work_order_id is None else OrderHolder(row.order_team_id, row.holder_id)
    if order is None:
        remember(("driven by", row.instance_id), context.Driven(case, None))
    locked = LockedTask(
        row.instance_id, row.definition_id, row.business_key, row.instance_status, row.outcome, row.state, row.token,
        row.task_state,
    )  # fmt: skip
    return Held(
        row.task_id, row.element_id, row.task_name, row.form, row.candidate_teams, row.candidate_users,
        row.task_assignee_id, row.definition_id, case, order, locked,
    )  # fmt: skip


def open_now(case_id: int) -> OpenNow:
    """Return what is open on a case and its work orders, in one statement."""
    tasks, actions = run(_OPEN, {"case": case_id}).fetchone()
    return OpenNow(tasks or [], actions or [])
