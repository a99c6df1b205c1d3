"""Drives compiled processes in memory: a host with a clock that tests move, and the endurance rounds that the bench times."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

from app.workflow import running
from app.workflow.importing import ImportResult, import_bpmn

MODELS = Path(__file__).parents[1] / "workflow" / "models"
NAMESPACES = (
    'xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:ringback="urn:ringback:bpmn:1" '
    'xmlns:xsi="http://www.w3.org/2001/XMLSchema-instance"'
)


@dataclass
class MemoryHost:
    """A host that remembers what the process asked of it. Capabilities and scripts are functions given by the test."""

    clock: datetime = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)
    given: dict[str, Any] = field(default_factory=dict)
    capabilities: dict[str, Callable[..., Mapping[str, Any]]] = field(default_factory=dict)
    script: Callable[[str, dict[str, Any]], dict[str, Any]] = lambda _source, _data: {}
    called: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    messages: list[tuple[str, dict[str, Any]]] = field(default_factory=list)
    signals: list[tuple[str, dict[str, Any]]] = field(default_factory=list)

    def now(self) -> datetime:
        return self.clock

    def names(self) -> Mapping[str, Any]:
        return self.given

    def call_capability(self, name: str, inputs: dict[str, Any], at: running.StepInfo) -> Mapping[str, Any]:
        self.called.append((name, inputs))
        return self.capabilities[name](**inputs) if name in self.capabilities else {}

    def add_business_time(self, start: datetime, duration: timedelta) -> datetime:
        return start + duration * 3

    def run_script(self, source: str, data: dict[str, Any]) -> dict[str, Any]:
        return self.script(source, data)

    def throw_message(self, name: str, payload: dict[str, Any], at: running.StepInfo) -> None:
        self.messages.append((name, payload))

    def throw_signal(self, name: str, payload: dict[str, Any], at: running.StepInfo) -> None:
        self.signals.append((name, payload))

    def later(self, **span: float) -> None:
        """Moves the clock."""
        self.clock += timedelta(**span)


@dataclass
class Drive:
    """One instance that is saved and loaded again around every stimulus, as the database does it."""

    imported: ImportResult
    host: MemoryHost
    state: bytes = b""
    visits: list[running.Visit] = field(default_factory=list)

    def start(self, process_id: str | None = None, *, message: str | None = None, **data: Any) -> Drive:
        run = running.start(
            self.compiled,
            digest=self.imported.digest,
            process_id=process_id,
            data=data,
            host=self.host,
            message=message,
        )
        self._settle(run)
        return self

    @property
    def compiled(self) -> bytes:
        assert self.imported.compiled is not None, self.imported.findings
        return self.imported.compiled

    def load(self) -> running.Run:
        return running.load(self.compiled, digest=self.imported.digest, state=self.state, host=self.host)

    def _settle(self, run: running.Run) -> None:
        run.advance()
        self.state = run.save()
        self.visits += run.history()

    def apply(self, stimulus: Callable[[running.Run], Any]) -> Any:
        run = self.load()
        answer = stimulus(run)
        self._settle(run)
        return answer

    def open(self) -> running.Projection:
        return self.load().projection()

    def tasks(self) -> list[str]:
        return sorted(task.element_id for task in self.open().tasks)

    def complete(self, element_id: str, **data: Any) -> None:
        token = next(task.token for task in self.open().tasks if task.element_id == element_id)
        self.apply(lambda run: run.complete_task(token, data))

    def message(self, name: str, **payload: Any) -> bool:
        return bool(self.apply(lambda run: run.deliver_message(name, payload)))

    def pass_time(self, **span: float) -> int:
        self.host.later(**span)
        return int(self.apply(lambda run: run.fire_timers()))

    def path(self) -> list[str]:
        """Elements in the order they were completed."""
        return [visit.element_id for visit in self.visits if visit.state == "completed"]


def imported(xml: str | bytes, **options: Any) -> ImportResult:
    """Imports without the child process."""
    return import_bpmn(xml.encode() if isinstance(xml, str) else xml, trial=False, **options)


def model(name: str) -> ImportResult:
    """One of the models beside the tests."""
    return imported((MODELS / f"{name}.bpmn").read_bytes())


def process(body: str, *, around: str = "", process_id: str = "p") -> str:
    """A file with one executable process."""
    return (
        f'<bpmn:definitions {NAMESPACES} id="file" targetNamespace="urn:t">{around}'
        f'<bpmn:process id="{process_id}" isExecutable="true">{body}</bpmn:process></bpmn:definitions>'
    )


def flows(*pairs: str) -> str:
    """Sequence flows written as `a>b` or `a>b?condition`."""
    written = []
    for number, pair in enumerate(pairs):
        ends, _, condition = pair.partition("?")
        source, _, target = ends.partition(">")
        name, _, source = source.rpartition("=")
        inner = f"<bpmn:conditionExpression><![CDATA[{condition}]]></bpmn:conditionExpression>" if condition else ""
        written.append(
            f'<bpmn:sequenceFlow id="{name or f"flow{number}"}" sourceRef="{source}" targetRef="{target}">{inner}</bpmn:sequenceFlow>'
        )
    return "".join(written)


def drive(body: str, *, around: str = "", host: MemoryHost | None = None, **options: Any) -> Drive:
    """An instance of a process, not started yet."""
    return Drive(imported(process(body, around=around), **options), host or MemoryHost())


ROUND = (
    ("record", {"severity": 2, "reopen": False}),
    ("diagnose", {"cause": "pump"}),
    ("inform", {"told": True}),
    ("repair", {"part": "seal"}),
    ("confirm", {"reopen": True}),
)


def incident_data(size: int = 2_000) -> dict[str, Any]:
    """Case data of about this many bytes."""
    return {"case": "RB-1", "severity": 2, "reopen": False, "rounds": 0, "text": "x" * max(size - 100, 0)}


@dataclass(frozen=True)
class Endurance:
    """What re-opening one instance again and again cost.

    `seconds` and `sizes` are per round (five completed user tasks, each loaded and saved; bytes of state). `old` and
    `young` are the last ten rounds and the first ten of a second instance, taken by turns: whatever else the machine
    does at that moment slows both.
    """

    seconds: list[float]
    sizes: list[int]
    old: list[float]
    young: list[float]

    @property
    def ratio(self) -> float:
        """The last ten rounds to the first ten."""
        return min(self.old) / min(self.young)


class Incident:
    """One instance of the 17-node incident."""

    def __init__(self, found: ImportResult, *, size: int = 2_000) -> None:
        self.compiled, self.digest, self.host = found.compiled or b"", found.digest, MemoryHost()
        run = running.start(
            self.compiled, digest=self.digest, process_id=None, data=incident_data(size), host=self.host
        )
        run.advance()
        self.state = run.save()

    def round(self) -> float:
        """Takes the instance from recording to its re-opening; returns the processor seconds it took."""
        begin = time.process_time()
        for element, data in ROUND:
            self.complete(element, data)
        return time.process_time() - begin

    def complete(self, element: str, data: dict[str, Any]) -> None:
        """Load, complete one user task, run on, look at what is open, save."""
        run = running.load(self.compiled, digest=self.digest, state=self.state, host=self.host)
        token = next(task.token for task in run.projection().tasks if task.element_id == element)
        run.complete_task(token, data)
        run.advance()
        run.projection()
        run.history()
        self.state = run.save()


def reopen_incident(rounds: int) -> Endurance:
    """Re-opens the 17-node incident that often."""
    found = model("incident")
    instance = Incident(found)
    seconds: list[float] = []
    sizes: list[int] = []
    for _ in range(rounds - 10):
        seconds.append(instance.round())
        sizes.append(len(instance.state))
    other = Incident(found)
    pairs = [(instance.round(), other.round()) for _ in range(10)]
    return Endurance(
        seconds=[*seconds, *(old for old, _ in pairs)],
        sizes=[*sizes, len(instance.state)],
        old=[old for old, _ in pairs],
        young=[young for _, young in pairs],
    )
