"""A world for conformance runs: virtual time, instances that hear each other, and every settled state saved and loaded."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from app.workflow import running
from app.workflow.importing import ImportResult

Script = Callable[["World", str, dict[str, Any]], dict[str, Any]]
EPOCH = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


@dataclass(slots=True)
class Sent:
    """A message or signal that left an instance."""

    kind: str
    name: str
    payload: dict[str, Any]
    sender: int


@dataclass(slots=True)
class World:
    """All instances of one test case."""

    imported: ImportResult
    script: Script
    variables: dict[str, Any]
    clock: datetime = EPOCH
    trace: list[str] = field(default_factory=list)
    sent: list[Sent] = field(default_factory=list)
    states: list[bytes] = field(default_factory=list)

    def begin(self, process_id: str, *, message: str | None = None, data: Mapping[str, Any] | None = None) -> None:
        """Starts an instance and lets everything settle."""
        compiled = self.imported.compiled or b""
        host = WorldHost(self, len(self.states))
        run = running.start(
            compiled,
            digest=self.imported.digest,
            process_id=process_id,
            data={**self.variables, **(data or {})},
            host=host,
            message=message,
        )
        self.states.append(b"")
        self._settle(run, host.number)
        self.post()

    def _settle(self, run: running.Run, number: int) -> None:
        run.advance()
        self.states[number] = run.save()
        again = self._load(number)
        if again.save() != self.states[number]:
            self.trace.append("ERROR_STATE_CHANGED_BY_SAVING")

    def _load(self, number: int) -> running.Run:
        return running.load(
            self.imported.compiled or b"",
            digest=self.imported.digest,
            state=self.states[number],
            host=WorldHost(self, number),
        )

    def touch(self, number: int, stimulus: Callable[[running.Run], object]) -> bool:
        """Loads an instance, brings it a stimulus and settles it; the stimulus says whether anything happened."""
        run = self._load(number)
        if not stimulus(run):
            return False
        self._settle(run, number)
        return True

    def post(self) -> None:
        """Offers what was sent to the other instances and to start events, until nothing is left."""
        while self.sent:
            item = self.sent.pop(0)
            others = [number for number in range(len(self.states)) if number != item.sender]
            if item.kind == "message" and self._deliver(item, others):
                continue
            if item.kind == "signal":
                self._broadcast(item, others)
            self._start_by(item)

    def _deliver(self, item: Sent, numbers: list[int]) -> bool:
        return any(self.touch(number, lambda run: run.deliver_message(item.name, item.payload)) for number in numbers)

    def _broadcast(self, item: Sent, numbers: list[int]) -> None:
        for number in numbers:
            self.touch(number, lambda run: run.deliver_signal(item.name, item.payload))

    def _start_by(self, item: Sent) -> None:
        for process in self.imported.processes:
            if any(start.kind == item.kind and start.name == item.name for start in process.starts):
                self.begin(process.id, message=item.name, data=item.payload)

    def pass_time(self, span: timedelta) -> None:
        """Lets virtual time pass, firing each timer when it is due."""
        end = max(self.clock, EPOCH + span)
        for _ in range(1000):
            due = [
                timer.due_at for number in range(len(self.states)) for timer in self._load(number).projection().timers
            ]
            if not due or min(due) > end:
                break
            self.clock = max(self.clock, min(due))
            for number in range(len(self.states)):
                self.touch(number, lambda run: run.fire_timers())
                self.post()
        self.clock = end

    def outcomes(self) -> list[running.Projection]:
        """Where each instance stands."""
        return [self._load(number).projection() for number in range(len(self.states))]


class WorldHost:
    """What the world supplies to one instance."""

    def __init__(self, world: World, number: int) -> None:
        self.world = world
        self.number = number

    def now(self) -> datetime:
        """Virtual time."""
        return self.world.clock

    def names(self) -> Mapping[str, Any]:
        """No names beside the variables."""
        return {}

    def call_capability(self, name: str, inputs: dict[str, Any], at: running.StepInfo) -> Mapping[str, Any]:
        """The suite has no capabilities."""
        raise running.StepFailed("unknown-capability", f"{name} at {at.element_id}: {sorted(inputs)}")

    def add_business_time(self, start: datetime, duration: timedelta) -> datetime:
        """Every hour is a business hour."""
        return start + duration

    def run_script(self, source: str, data: dict[str, Any]) -> dict[str, Any]:
        """What the suite says the text means."""
        return self.world.script(self.world, source, data)

    def throw_message(self, name: str, payload: dict[str, Any], at: running.StepInfo) -> None:
        """Keeps the message for the other instances."""
        del at
        self.world.sent.append(Sent("message", name, payload, self.number))

    def throw_signal(self, name: str, payload: dict[str, Any], at: running.StepInfo) -> None:
        """Keeps the signal for the other instances."""
        del at
        self.world.sent.append(Sent("signal", name, payload, self.number))
