"""Pages over HTTP: inbox, case, search, and completing a task; one client, then many in a closed loop."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import orjson
import psycopg

from app import db
from app.cases import service as cases
from app.identity import queries as people
from app.orchestration import driving
from app.workflow import definitions, queries
from bench import http_load
from bench.desk import Desk
from bench.report import Figure, Report, quantile
from tests.support.processes import MODELS, ROUND, incident_data

ALONE_SECONDS = 3.0
CROWD_SECONDS = 8.0
CROWD = 20
_TASKS = """select t.id from tasks t join drives d on d.instance_id = t.instance_id join cases c on c.id = d.case_id
 where t.state = 'open' and t.element_id = 'handle' and c.queue_key = 'service' order by t.id limit %s"""


def measure(
    report: Report, desk: Desk, *, number: str, cases: int, before: dict[str, float] | None = None
) -> dict[str, float]:
    """Measure the three pages; returns the medians by page, to compare with `before` at fewer cases."""
    report.begin(f"Pages, at {cases:,} cases")
    cookie = http_load.sign_in(desk.address, "alice", desk.password("alice"))
    pages = (
        ("inbox, first 50", "/inbox/team", 20, 150),
        ("case with 30 messages", f"/cases/{number}", 25, 150),
        ("full-text search", "/search?q=sprinkler+valve", 20, 200),
    )
    medians: dict[str, float] = {}
    for name, path, alone, crowd in pages:
        requests = http_load.repeat(path)
        http_load.run(desk.address, cookie, requests, clients=4, seconds=0.5)
        one = http_load.run(desk.address, cookie, requests, clients=1, seconds=ALONE_SECONDS)
        medians[name] = quantile(one.latencies, 0.5)
        if before is None and cases < 100_000:
            report.add(Figure(f"{name}: p95, one client", quantile(one.latencies, 0.95) * 1000, "ms"))
            continue
        median = f"median {medians[name] * 1000:.1f} ms"
        report.add(Figure(f"{name}: p95, one client", quantile(one.latencies, 0.95) * 1000, "ms", alone, note=median))
        many = http_load.run(desk.address, cookie, requests, clients=CROWD, seconds=CROWD_SECONDS)
        rate = f"{many.rate:.0f} requests/s"
        report.add(
            Figure(f"{name}: p95, {CROWD} clients", quantile(many.latencies, 0.95) * 1000, "ms", crowd, note=rate)
        )
        if before is not None:
            report.add(Figure(f"{name}: median to that at 10,000", medians[name] / before[name], "×", 1.2))
    return medians


def complete_tasks(report: Report, desk: Desk, *, url: str) -> None:
    """Complete tasks over the API: one client, then eight. Tasks of the incident model, then of the mails that came in,
    where each completion also writes to the customer.
    """
    report.begin("Completing a task over HTTP")
    _, data = ROUND[0]
    plain = _completed(desk, _incidents(600), data)
    report.add(Figure("a task of the incident model, one client: median", plain.alone, "ms", 10))
    report.add(Figure("the same, eight clients", plain.rate, "/s", 150, at_least=True, note=plain.note))
    with psycopg.connect(url) as connection:
        tasks = [row[0] for row in connection.execute(_TASKS, [600])]
    asked = _completed(desk, tasks, {"outcome": "ask", "question": "Which meter is it, please?"})
    report.add(Figure("a task that sends the customer a mail, one client: median", asked.alone, "ms"))
    note = f"{asked.note}; workers deliver the mails meanwhile"
    report.add(Figure("the same, eight clients", asked.rate, "/s", note=note))


@dataclass(frozen=True, slots=True)
class _Completed:
    """What completing came to: median of one client in milliseconds, completions per second of eight."""

    alone: float
    rate: float
    note: str


def _completed(desk: Desk, tasks: Sequence[int], values: Mapping[str, Any]) -> _Completed:
    headers = f"Authorization: Bearer {desk.token('alice')}\r\n"
    alone, shared = tasks[:60], tasks[60:]
    one = http_load.run(desk.address, headers, lambda _number: _completions(alone, values), clients=1)
    eight = http_load.run(desk.address, headers, lambda number: _completions(shared[number::8], values), clients=8)
    note = f"{len(shared)} tasks, median {quantile(eight.latencies, 0.5) * 1000:.0f} ms"
    return _Completed(quantile(one.latencies, 0.5) * 1000, eight.rate, note)


def _completions(tasks: Sequence[int], values: Mapping[str, Any]) -> Iterator[tuple[str, str, bytes]]:
    for task in tasks:
        yield "POST", f"/api/v1/tasks/{task}/complete", orjson.dumps({"values": values})


def _incidents(count: int) -> list[int]:
    """Open cases that the incident model drives, for the team of the one who will complete their first tasks."""
    model = (MODELS / "incident.bpmn").read_bytes()
    definition = db.transact(lambda: definitions.publish(definitions.deploy("bench_incident_cases", model).id)).id
    return [db.transact(lambda: _incident(definition)) for _ in range(count)]


def _incident(definition_id: int) -> int:
    """Open one case and return its first task."""
    alice = people.user_by_login("alice")
    [team, *_] = people.teams_of(alice.id)
    case = cases.open_case(subject="Incident", channel="email", contact_id=None, contact_name="", team_id=team.id)
    started = driving.start(case, definitions.compiled(definition_id), data=incident_data(2_000))
    [task] = queries.open_tasks([started.instance_id])
    return int(task.id)
