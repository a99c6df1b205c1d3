"""What the API gives out about cases, work orders, tasks and their history."""

from __future__ import annotations

from datetime import datetime
from typing import Any, Literal

from pydantic import Field

from app.web.api.contract import Out


class CaseRow(Out):
    """A case as lists show it."""

    id: int
    number: str = Field(examples=["RB-2026-000001"])
    subject: str
    preview: str
    status: str
    type: str
    priority: str
    queue: str
    team: str | None = Field(description="Key of the team it lies with; null: in triage.")
    assignee: str | None = Field(description="Login of the user it is assigned to.")
    contact: str = Field(description="Name of the customer.")
    channel: str
    is_unread: bool
    chase_count: int
    opened_at: datetime
    touched_at: datetime
    due_at: datetime | None
    due_why: str
    archived_at: datetime | None


class CasePage(Out):
    """A page of cases."""

    items: list[CaseRow]
    next_cursor: str | None = Field(description="Pass as `cursor` for the next page; null: this was the last one.")


class ActionRow(Out):
    """A verb that the process accepts now."""

    verb: str
    label: str
    label_zh: str
    roles: list[str]
    form: str | None
    work_order: str | None = Field(description="Number of the work order it belongs to; null: the case itself.")
    instance_id: int
    token: str
    may_perform: bool = Field(description="Whether your role may take it.")


class TaskRow(Out):
    """A task that waits for a person."""

    id: int
    name: str
    name_zh: str
    case: str = Field(description="Number of the case.")
    work_order: str | None
    element_id: str
    state: str
    candidate_teams: list[str]
    candidate_users: list[str]
    assignee_id: int | None
    form: str
    created_at: datetime
    due_at: datetime | None
    may_complete: bool


class TaskDetail(TaskRow):
    """A task with its form and the data it starts from."""

    fields: list[dict[str, Any]]
    data: dict[str, Any]


class TaskPage(Out):
    """Open tasks, oldest first."""

    items: list[TaskRow]


class WorkOrderRow(Out):
    """A work order."""

    id: int
    number: str
    case: str
    title: str
    fields: dict[str, Any]
    state: str
    team: str | None
    holder: str | None
    round: int
    chase_count: int
    urgency: int
    escalation: int
    dispatched_at: datetime
    accepted_at: datetime | None
    replied_at: datetime | None
    ended_at: datetime | None
    due_at: datetime | None
    outcome: str
    reply: dict[str, Any]


class WorkOrderPage(Out):
    """A page of work orders."""

    items: list[WorkOrderRow]
    next_cursor: str | None = None


class CaseDetail(CaseRow):
    """A case with what can be done about it now."""

    language: str
    first_reply_at: datetime | None
    resolved_at: datetime | None
    reopen_until: datetime | None
    retain_until: datetime | None
    actions: list[ActionRow]
    tasks: list[TaskRow]
    work_orders: list[WorkOrderRow]
    merged_into: str | None = Field(description="Number of the case that this one lives on in: work on that one.")


class FileRow(Out):
    """A file of a message."""

    id: int
    name: str
    media_type: str
    size: int
    sha256: str


class DeliveryRow(Out):
    """How the sending of a message went."""

    state: str
    reason: str
    attempts: int
    sent_at: datetime | None


class MessageRow(Out):
    """One message or note."""

    id: int
    direction: Literal["in", "out", "note"]
    kind: str
    author: str
    subject: str
    text: str
    sender: str
    recipients: dict[str, Any]
    auto: str
    reason: str = Field(description="Why it was put into this case.")
    created_at: datetime
    files: list[FileRow]
    delivery: DeliveryRow | None


class EventRow(Out):
    """One event of the audit chain; the hash covers all other fields but `previous` links it to the one before."""

    seq: int
    kind: str
    at: datetime
    actor: str
    actor_name: str
    cause: dict[str, Any]
    data: dict[str, Any]
    previous: str
    hash: str


class Timeline(Out):
    """Messages of a case, oldest first, and the events that fall between them."""

    messages: list[MessageRow]
    events: list[EventRow]
    previous_cursor: str | None = Field(description="Pass as `cursor` for older messages; null: there are none.")


class History(Out):
    """The audit chain of a case and whether it holds."""

    chain: str
    is_intact: bool
    head: str
    bad_seq: int | None
    why: str
    events: list[EventRow]


class Proof(Out):
    """An exported chain that `flask verify-audit --file` verifies without this desk."""

    format: str
    chain: str
    exported_at: datetime | str
    length: int
    head: str
    hashed_fields: list[str]
    events: list[dict[str, Any]]


class Finding(Out):
    """One thing that is wrong or worth knowing about an uploaded process."""

    element_id: str | None
    severity: str
    code: str
    message: str


class ProcessRow(Out):
    """One version of a process."""

    id: int
    key: str
    version: int
    name: str
    digest: str
    is_executable: bool
    is_published: bool
    note: str
    created_by: str
    created_at: datetime
    published_at: datetime | None
    findings: list[Finding]


class StartRow(Out):
    """When a start event with a timer next opens a case."""

    element_id: str
    name: str
    due_at: datetime
    fired: int = Field(description="How many cases it has opened so far.")


class StartPage(Out):
    """When a process starts by itself."""

    items: list[StartRow]


class ProcessPage(Out):
    """All versions of all processes."""

    items: list[ProcessRow]


class Me(Out):
    """Who the token belongs to."""

    login: str
    name: str
    role: str
    teams: list[str]
    rights: list[str] = Field(description="What the user may do.")


class Written(Out):
    """A message that was written."""

    id: int
    case: str
    direction: str


class CaseNow(Out):
    """Where a case stands."""

    number: str
    status: str
    is_open: bool
    priority: str
    queue: str
    due_at: datetime | None
    path: str = Field(description="Where `GET` returns all of it.")


class After(Out):
    """What an action or task came to: where the case stands, and all that is open on it and its work orders."""

    case: CaseNow
    tasks: list[TaskRow]
    actions: list[ActionRow]
