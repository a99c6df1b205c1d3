"""Tables of the workflow room. Nothing here names a case: `business_key` is all it knows of the outside."""

from __future__ import annotations

from datetime import datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import ForeignKey, Identity, Index, LargeBinary, UniqueConstraint, text
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base


class InstanceState(StrEnum):
    """Life of a process instance; a held one stands still until somebody lets it go on."""

    WAITING = "waiting"
    HELD = "held"
    COMPLETED = "completed"
    FAULTED = "faulted"
    CANCELLED = "cancelled"


class TaskState(StrEnum):
    """Life of a task."""

    OPEN = "open"
    COMPLETED = "completed"
    CANCELLED = "cancelled"


class ProcessDefinition(Base):
    """One immutable version of a process: the diagram verbatim, its findings, and its compiled form if it can run."""

    __tablename__ = "process_definitions"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str]
    version: Mapped[int]
    name: Mapped[str]
    digest: Mapped[str]
    xml_digest: Mapped[str] = mapped_column(ForeignKey("blobs.digest"))
    compiled: Mapped[bytes | None] = mapped_column(LargeBinary)
    process_id: Mapped[str] = mapped_column(default="")
    findings: Mapped[list[Any]]
    files: Mapped[dict[str, Any]]
    facts: Mapped[dict[str, Any]]
    is_executable: Mapped[bool]
    is_published: Mapped[bool] = mapped_column(default=False)
    note: Mapped[str] = mapped_column(default="")
    created_by: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime]
    published_at: Mapped[datetime | None]

    __table_args__ = (
        UniqueConstraint("key", "version"),
        Index(
            "uq_process_definitions_published",
            "key",
            unique=True,
            postgresql_where=text("is_published"),
        ),
    )


class ProcessInstance(Base):
    """One run of a definition. `state` is the engine's own; `revision` makes a second writer lose."""

    __tablename__ = "process_instances"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    definition_id: Mapped[int] = mapped_column(ForeignKey("process_definitions.id"), index=True)
    business_key: Mapped[str] = mapped_column(index=True)
    status: Mapped[InstanceState]
    outcome: Mapped[str] = mapped_column(default="")
    state: Mapped[bytes] = mapped_column(LargeBinary)
    revision: Mapped[int] = mapped_column(default=1)
    started_at: Mapped[datetime]
    updated_at: Mapped[datetime]
    ended_at: Mapped[datetime | None]


class Task(Base):
    """A user or manual task that waits for a person; `token` is the engine's name for it."""

    __tablename__ = "tasks"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instances.id"))
    token: Mapped[str] = mapped_column(unique=True)
    element_id: Mapped[str]
    name: Mapped[str]
    name_zh: Mapped[str] = mapped_column(default="")
    form: Mapped[str] = mapped_column(default="")
    lane: Mapped[str] = mapped_column(default="")
    candidate_teams: Mapped[list[str]]
    candidate_users: Mapped[list[str]]
    assignee_id: Mapped[int | None]
    data: Mapped[dict[str, Any]]
    state: Mapped[TaskState]
    created_at: Mapped[datetime]
    due_at: Mapped[datetime | None]
    ended_at: Mapped[datetime | None]
    ended_by: Mapped[str] = mapped_column(default="")
    revision: Mapped[int] = mapped_column(default=1)

    __table_args__ = (
        Index("ix_tasks_open", "instance_id", postgresql_where=text("state = 'open'")),
        Index("ix_tasks_due", "due_at", postgresql_where=text("state = 'open'")),
        Index("ix_tasks_assignee", "assignee_id", postgresql_where=text("state = 'open' and assignee_id is not null")),
    )


class WaitingTimer(Base):
    """A BPMN timer that an instance waits for, for people and reports; the due row itself is in `timers`."""

    __tablename__ = "waiting_timers"

    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instances.id"), primary_key=True)
    token: Mapped[str] = mapped_column(primary_key=True)
    element_id: Mapped[str]
    name: Mapped[str]
    due_at: Mapped[datetime]
    is_interrupting: Mapped[bool]


class Subscription(Base):
    """A message or signal that an instance waits for; one with a verb is a button."""

    __tablename__ = "subscriptions"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instances.id"))
    token: Mapped[str]
    element_id: Mapped[str]
    kind: Mapped[str]
    message: Mapped[str]
    verb: Mapped[str] = mapped_column(default="")
    roles: Mapped[list[str]]
    label: Mapped[str] = mapped_column(default="")
    label_zh: Mapped[str] = mapped_column(default="")
    form: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        UniqueConstraint("instance_id", "token"),
        Index("ix_subscriptions_message", "message", "kind"),
    )


class Visit(Base):
    """One thing that happened to a token: the history that the engine's own state no longer holds."""

    __tablename__ = "visits"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instances.id"))
    token: Mapped[str]
    element_id: Mapped[str]
    name: Mapped[str]
    kind: Mapped[str]
    state: Mapped[str]
    at: Mapped[datetime]

    __table_args__ = (Index("ix_visits_instance", "instance_id", "id"),)


class Fault(Base):
    """A stuck step that waits for an operator."""

    __tablename__ = "faults"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    instance_id: Mapped[int] = mapped_column(ForeignKey("process_instances.id"))
    token: Mapped[str]
    element_id: Mapped[str]
    name: Mapped[str]
    code: Mapped[str]
    message: Mapped[str]
    created_at: Mapped[datetime]
    resolved_at: Mapped[datetime | None]
    resolution: Mapped[str] = mapped_column(default="")

    __table_args__ = (
        Index(
            "uq_faults_open",
            "instance_id",
            "token",
            unique=True,
            postgresql_where=text("resolved_at is null"),
        ),
    )
