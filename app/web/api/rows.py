"""Turns rows into the shapes of the API. Names of teams and people are looked up once per answer."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, NamedTuple

from app.cases import queries as case_queries
from app.cases.models import Case
from app.identity import policy
from app.identity import queries as identity
from app.identity.policy import Viewer
from app.messaging import queries as messaging
from app.orchestration import queries as orchestration
from app.orchestration import tasks
from app.web.api import shapes
from app.workflow.models import ProcessDefinition, Task
from app.workflow.queries import Action
from app.workorders import queries as workorders
from app.workorders.models import WorkOrder


@dataclass(frozen=True, slots=True)
class Names:
    """Keys of teams and logins of users by id."""

    teams: Mapping[int, str]
    users: Mapping[int, str]

    def team(self, team_id: int | None) -> str | None:
        """Return the key of a team."""
        return None if team_id is None else self.teams.get(team_id)

    def user(self, user_id: int | None) -> str | None:
        """Return the login of a user."""
        return None if user_id is None else self.users.get(user_id)


def names(user_ids: Iterable[int | None]) -> Names:
    """Look up all teams and these users."""
    return Names(identity.team_keys(), identity.logins(list(user_ids)))


# ---------------------------------------------------------------- cases
def case_values(row: Any, known: Names) -> dict[str, Any]:
    """Return the fields of a case that lists and detail share."""
    copied = (
        "id", "number", "subject", "preview", "type", "priority", "channel", "is_unread", "chase_count", "opened_at",
        "touched_at", "due_at", "due_why", "archived_at",
    )  # fmt: skip
    return {
        **{name: getattr(row, name) for name in copied},
        "status": str(row.status), "queue": row.queue_key, "team": known.team(row.team_id),
        "assignee": known.user(row.assignee_id), "contact": row.contact_name,
    }  # fmt: skip


def case_rows(found: Sequence[Any]) -> list[shapes.CaseRow]:
    """Return list rows."""
    known = names(row.assignee_id for row in found)
    return [shapes.CaseRow.model_construct(**case_values(row, known)) for row in found]


def case_detail(viewer: Viewer, case: Case) -> shapes.CaseDetail:
    """Return a case with what can be done about it now. The viewer must be allowed to see it."""
    open_now = orchestration.overview(case.id)
    orders = workorders.of_case(case.id)
    known = names([case.assignee_id, *(order.holder_id for order in orders)])
    return shapes.CaseDetail(
        **case_values(case, known), language=case.language, first_reply_at=case.first_reply_at,
        resolved_at=case.resolved_at, reopen_until=case.reopen_until, retain_until=case.retain_until,
        actions=[_action(viewer, action, open_now.work_order_of(action.instance_id)) for action in open_now.actions],
        tasks=[task_row(viewer, t, case.number, open_now.work_order_of(t.instance_id)) for t in open_now.tasks],
        work_orders=[order_row(order, case.number, known) for order in orders],
        merged_into=case_queries.get(case.merged_into).number if case.merged_into else None,
    )  # fmt: skip


def after(viewer: Viewer, case: Case) -> dict[str, Any]:
    """Return what the work on a case came to, in the shape `After`: it costs one statement."""
    now = tasks.open_now(case.id)
    return {
        "case": {
            "number": case.number, "status": str(case.status), "is_open": case.archived_at is None,
            "priority": case.priority, "queue": case.queue_key, "due_at": case.due_at, "path": f"/api/v1/cases/{case.number}",
        },
        "tasks": [
            {**task, "case": case.number, "may_complete": policy.may_do_task(viewer, _Candidates.of(task))}
            for task in now.tasks
        ],
        "actions": [_action_now(viewer, action) for action in now.actions],
    }  # fmt: skip


def _action_now(viewer: Viewer, action: dict[str, Any]) -> dict[str, Any]:
    holder = tasks.OrderHolder(action.pop("team_id"), action.pop("holder_id"))
    is_holder = action["work_order"] is not None and policy.holds(viewer, holder)
    return {**action, "may_perform": policy.may_perform(viewer, action["roles"], is_holder=is_holder)}


class _Candidates(NamedTuple):
    """Whom a process names for a task."""

    candidate_teams: list[str]
    candidate_users: list[str]
    assignee_id: int | None

    @classmethod
    def of(cls, task: Mapping[str, Any]) -> _Candidates:
        return cls(task["candidate_teams"], task["candidate_users"], task["assignee_id"])


def actions(viewer: Viewer, case: Case) -> list[tuple[Action, shapes.ActionRow]]:
    """Return what the processes of a case accept now."""
    open_now = orchestration.overview(case.id)
    return [(a, _action(viewer, a, open_now.work_order_of(a.instance_id))) for a in open_now.actions]


def _action(viewer: Viewer, action: Action, order: WorkOrder | None) -> shapes.ActionRow:
    is_holder = order is not None and policy.holds(viewer, order)
    return shapes.ActionRow(
        verb=action.verb, label=action.label, label_zh=action.label_zh, roles=list(action.roles),
        form=action.form or None, work_order=order.number if order else None, instance_id=action.instance_id,
        token=action.token, may_perform=policy.may_perform(viewer, action.roles, is_holder=is_holder),
    )  # fmt: skip


# ---------------------------------------------------------------- tasks and work orders
def task_row(viewer: Viewer, task: Task, case_number: str, order: WorkOrder | None) -> shapes.TaskRow:
    """Return a task as lists show it."""
    return shapes.TaskRow(**task_values(viewer, task, case_number, order))


def task_values(viewer: Viewer, task: Task, case_number: str, order: WorkOrder | None) -> dict[str, Any]:
    """Return the fields of a task that lists and detail share."""
    return {
        "id": task.id, "name": task.name, "name_zh": task.name_zh, "case": case_number,
        "work_order": order.number if order else None, "element_id": task.element_id, "state": str(task.state),
        "candidate_teams": task.candidate_teams, "candidate_users": task.candidate_users,
        "assignee_id": task.assignee_id, "form": task.form, "created_at": task.created_at, "due_at": task.due_at,
        "may_complete": policy.may_do_task(viewer, task),
    }  # fmt: skip


def order_row(order: WorkOrder, case_number: str, known: Names) -> shapes.WorkOrderRow:
    """Return a work order."""
    copied = (
        "id", "number", "title", "fields", "round", "chase_count", "urgency", "escalation", "dispatched_at",
        "accepted_at", "replied_at", "ended_at", "due_at", "outcome", "reply",
    )  # fmt: skip
    return shapes.WorkOrderRow(
        **{name: getattr(order, name) for name in copied}, state=str(order.state), case=case_number,
        team=known.team(order.team_id), holder=known.user(order.holder_id),
    )  # fmt: skip


# ---------------------------------------------------------------- messages
def message_row(shown: messaging.Shown) -> shapes.MessageRow:
    """Return a message with its files and delivery."""
    message, delivery = shown.message, shown.delivery
    return shapes.MessageRow(
        id=message.id, direction=message.direction.value, kind=message.kind, author=message.author,
        subject=message.subject, text=message.text, sender=message.sender, recipients=message.recipients,
        auto=message.auto, reason=message.reason, created_at=message.created_at,
        files=[
            shapes.FileRow(id=f.id, name=f.name, media_type=f.media_type, size=f.size, sha256=f.digest)
            for f in shown.files
        ],
        delivery=None if delivery is None else shapes.DeliveryRow(
            state=str(delivery.state), reason=delivery.reason, attempts=delivery.attempts, sent_at=delivery.sent_at
        ),
    )  # fmt: skip


# ---------------------------------------------------------------- processes
def process_row(row: ProcessDefinition) -> shapes.ProcessRow:
    """Return a version of a process with its findings."""
    findings = [shapes.Finding.model_validate(finding) for finding in row.findings]
    values = {
        name: getattr(row, name)
        for name in (
            "id", "key", "version", "name", "digest", "is_executable", "is_published", "note", "created_by",
            "created_at", "published_at",
        )
    }  # fmt: skip
    return shapes.ProcessRow(**values, findings=findings)
