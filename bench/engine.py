"""The engine: a user task from load to saved rows in PostgreSQL, long-lived instances, plain SpiffWorkflow beside it."""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping
from typing import Any

from app import db
from app.db import session
from app.workflow import definitions, service
from app.workflow.models import Task, TaskState
from bench.report import Figure, Report, quantile
from tests.support.plain_engine import PlainIncident
from tests.support.processes import MODELS, ROUND, Drive, MemoryHost, incident_data, model, reopen_incident

REOPENED = 50
SAMPLES = 120


def measure(report: Report) -> None:
    """Measure endurance in memory, then completion of a task with PostgreSQL."""
    report.begin("Engine")
    plain = PlainIncident()
    _endurance(report, plain)
    _completion(report, plain)


def _endurance(report: Report, plain: PlainIncident) -> None:
    found = reopen_incident(1000)
    report.add(Figure("1,000 re-openings: last ten rounds to first ten", found.ratio, "×", 1.5))
    report.add(Figure("state after 1,000 re-openings", found.sizes[-1] / 1024, "KB", 8))
    ours = sum(found.seconds[:REOPENED]) if hasattr(found, "seconds") else 0.0
    rounds = [plain.round() for _ in range(REOPENED)]
    note = "it raises RecursionError soon after 100"
    report.add(Figure("plain SpiffWorkflow: round 50 to round 1", rounds[-1] / rounds[0], "×", note=note))
    report.add(Figure("plain SpiffWorkflow: state after 50", len(plain.state) / 1024, "KB"))
    if ours:
        report.add(Figure("plain SpiffWorkflow to ours, processor time of 50 rounds", sum(rounds) / ours, "×"))
    instance = Drive(model("rounds"), MemoryHost()).start(rounds=5000, round=0)
    for number in range(1, 5001):
        instance.complete("work", round=number)
    right = instance.open().outcome == "end" and instance.path().count("work") == 5000
    report.add(Figure("5,000 rounds of task and gateway end right", float(right), "yes", 1, at_least=True))


def _completion(report: Report, plain: PlainIncident) -> None:
    compiled = db.transact(_deployed)
    fresh = [_complete_first(compiled) for _ in range(SAMPLES)]
    report.add(Figure("complete a task in PostgreSQL, fresh: median", quantile(fresh, 0.5) * 1000, "ms", 1.5))
    instance_id = db.transact(
        lambda: service.start(compiled, business_key="bench", data=incident_data(2_000))
    ).instance_id
    late: list[float] = []
    for number in range(REOPENED + 40):
        took = [_complete(instance_id, element, data) for element, data in ROUND]
        late += took[:1] if number >= REOPENED else []
    report.add(Figure("the same after 50 re-openings: median", quantile(late, 0.5) * 1000, "ms", 1.5))
    element, data = ROUND[0]
    before = []
    for _ in range(20):
        other = PlainIncident()
        before.append(_timed(lambda one=other: one.complete(element, data)))  # type: ignore[misc]
    report.add(Figure("plain SpiffWorkflow, fresh, without any database", quantile(before, 0.5) * 1000, "ms"))
    after = [_timed(lambda e=e, d=d: plain.complete(e, d)) for e, d in ROUND][:1]  # type: ignore[misc]
    report.add(Figure("plain SpiffWorkflow after 50, without any database", quantile(after, 0.5) * 1000, "ms"))


def _timed(work: Callable[[], object]) -> float:
    begun = time.perf_counter()
    work()
    return time.perf_counter() - begun


def _deployed() -> definitions.Compiled:
    found = definitions.deploy("bench_incident", (MODELS / "incident.bpmn").read_bytes())
    return definitions.compiled(found.id)


def _complete_first(compiled: definitions.Compiled) -> float:
    started = db.transact(lambda: service.start(compiled, business_key="bench", data=incident_data(2_000)))
    element, data = ROUND[0]
    return _complete(started.instance_id, element, data)


def _complete(instance_id: int, element: str, data: Mapping[str, Any]) -> float:
    """Return the seconds from the request to the commit: lock, load, run, save state and rows."""
    task_id = db.transact(
        lambda: session().query(Task.id).filter_by(
            instance_id=instance_id, element_id=element, state=TaskState.OPEN).scalar()
    )  # fmt: skip
    return _timed(lambda: db.transact(lambda: service.complete_task(task_id, data)))
