"""Starts a freshly compiled process once, with nothing behind it, to see whether it settles within bounds."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any

from app.workflow.importing.report import Finding, ProcessInfo
from app.workflow.running import starting
from app.workflow.running.errors import DataError, UnknownProcess
from app.workflow.running.graph import definition
from app.workflow.running.run import Run
from app.workflow.running.types import OpenFault, StepInfo

MAX_STEPS = 2_000
MAX_TOKENS = 2_000
#: More than this at the end of the steps: it splits rather than runs in a circle.
MANY_TOKENS = 200
_NOW = datetime(2026, 1, 5, 9, 0, tzinfo=UTC)


class TrialHost:
    """A host behind which nothing happens."""

    def now(self) -> datetime:
        """Always the same Monday morning."""
        return _NOW

    def names(self) -> Mapping[str, Any]:
        """No names."""
        return {}

    def call_capability(self, name: str, inputs: dict[str, Any], at: StepInfo) -> Mapping[str, Any]:
        """Does nothing and answers nothing."""
        del name, inputs, at
        return {}

    def add_business_time(self, start: datetime, duration: timedelta) -> datetime:
        """Every hour is a business hour."""
        return start + duration

    def run_script(self, source: str, data: dict[str, Any]) -> dict[str, Any]:
        """Does nothing."""
        del source, data
        return {}

    def throw_message(self, name: str, payload: dict[str, Any], at: StepInfo) -> None:
        """Nobody hears it."""

    def throw_signal(self, name: str, payload: dict[str, Any], at: StepInfo) -> None:
        """Nobody hears it."""


def try_out(compiled: bytes, *, digest: str, processes: Iterable[ProcessInfo]) -> list[Finding]:
    """Findings of a trial start of every process in every way it can be started."""
    graph = definition(compiled, digest=digest)
    found: dict[str, Finding] = {}
    for process in processes:
        if process.id not in graph.processes:
            continue
        for message in {s.name if s.kind in {"message", "signal"} else None for s in process.starts}:
            for finding in _start(graph, process.id, message):
                found.setdefault(finding.code, finding)
    return list(found.values())


def _start(graph: Any, process_id: str, message: str | None) -> Iterator[Finding]:
    try:
        inst = starting.begin(graph, process_id, {}, host=TrialHost(), message=message, max_tokens=MAX_TOKENS)
        run = Run(inst)
        run.advance(budget=MAX_STEPS)
        faults = run.projection().faults
        run.save()
    except UnknownProcess:
        return
    except DataError as error:
        yield Finding(process_id, "error", "too-many-tokens", f"A trial start had to be given up: {error}")
        return
    yield from _judge(faults, tokens=len(inst.tasks))


def _judge(faults: Iterable[OpenFault], *, tokens: int) -> Iterator[Finding]:
    for fault in faults:
        splitting = fault.code == "step-budget" and tokens > MANY_TOKENS
        if fault.code == "too-many-tokens" or splitting:
            yield Finding(
                fault.element_id,
                "error",
                "too-many-tokens",
                f"In a trial start the process split into {tokens} tokens without end in sight. Join its parallel paths.",
            )
        elif fault.code == "step-budget":
            yield Finding(
                fault.element_id,
                "warning",
                fault.code,
                f"In a trial start the process took more than {MAX_STEPS} steps without waiting. Check that its circles end.",
            )
