"""The shapes that leave and enter a running process: what a host supplies, what is open, what was visited."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any, Literal, Protocol

from app.workflow.importing.report import ActionSpec

Status = Literal["waiting", "completed", "faulted", "cancelled"]


@dataclass(frozen=True, slots=True)
class StepInfo:
    """The step that asks something of the host."""

    token: str
    element_id: str
    name: str
    process_id: str


class Host(Protocol):
    """What the embedding supplies. Callbacks are synchronous; none may open a socket."""

    def now(self) -> datetime:
        """The present moment, aware and in UTC."""
        ...

    def names(self) -> Mapping[str, Any]:
        """Read-only names for expressions, for example the fields of the case."""
        ...

    def call_capability(self, name: str, inputs: dict[str, Any], at: StepInfo) -> Mapping[str, Any]:
        """Runs a named capability and returns its outputs; may raise BpmnError, StepFailed or StepAborted."""
        ...

    def add_business_time(self, start: datetime, duration: timedelta) -> datetime:
        """The moment when that much business time has passed since `start`."""
        ...

    def run_script(self, source: str, data: dict[str, Any]) -> dict[str, Any]:
        """Runs a script task's text and returns the variables it set."""
        ...

    def throw_message(self, name: str, payload: dict[str, Any], at: StepInfo) -> None:
        """Takes a BPMN message that leaves this instance."""
        ...

    def throw_signal(self, name: str, payload: dict[str, Any], at: StepInfo) -> None:
        """Takes a BPMN signal, after this instance itself has heard it."""
        ...


@dataclass(frozen=True, slots=True)
class OpenTask:
    """A user or manual task that waits for a person."""

    token: str
    element_id: str
    name: str
    lane: str | None
    candidate_teams: tuple[str, ...]
    candidate_users: tuple[str, ...]
    form: str | None
    due: tuple[str, str | None] | None
    data: dict[str, Any]
    lane_id: str | None = None
    sla: tuple[str, str, str | None] | None = None
    labels: Mapping[str, str] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class OpenTimer:
    """A timer that runs. `cycle_left` counts the firings still to come, this one included; None: without end."""

    token: str
    element_id: str
    name: str
    due_at: datetime
    interrupting: bool
    cycle_left: int | None


@dataclass(frozen=True, slots=True)
class Subscription:
    """A message or signal that the process accepts now."""

    token: str
    element_id: str
    name: str
    message: str
    kind: Literal["message", "signal"]
    action: ActionSpec | None
    interrupting: bool


@dataclass(frozen=True, slots=True)
class OpenFault:
    """A step that waits for an operator to retry or skip it."""

    token: str
    element_id: str
    name: str
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class Projection:
    """Everything that is open now."""

    status: Status
    tasks: tuple[OpenTask, ...]
    timers: tuple[OpenTimer, ...]
    subscriptions: tuple[Subscription, ...]
    faults: tuple[OpenFault, ...]
    outcome: str | None


@dataclass(frozen=True, slots=True)
class Visit:
    """One entry of the history: a token did something at an element, or took a flow."""

    token: str
    element_id: str
    name: str
    kind: str
    state: Literal["entered", "completed", "cancelled", "faulted", "taken"]
    at: datetime
