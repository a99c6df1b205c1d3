"""Pages over HTTP: inbox, case, search, and completing a task; one client, then many in a closed loop."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import orjson
import psycopg

from bench import http_load
from bench.desk import Desk
from bench.report import Figure, Report, quantile

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
    """Complete the tasks of the mails that came in, over the API: one client, then eight."""
    report.begin("Completing a task over HTTP")
    with psycopg.connect(url) as connection:
        tasks = [row[0] for row in connection.execute(_TASKS, [600])]
    headers = f"Authorization: Bearer {desk.token('alice')}\r\n"
    alone, shared = tasks[:60], tasks[60:]
    one = http_load.run(desk.address, headers, lambda _number: _completions(alone), clients=1)
    report.add(Figure("one client: median", quantile(one.latencies, 0.5) * 1000, "ms", 10))
    eight = http_load.run(desk.address, headers, lambda number: _completions(shared[number::8]), clients=8)
    note = f"{len(shared)} tasks, median {quantile(eight.latencies, 0.5) * 1000:.0f} ms"
    report.add(Figure("eight clients", eight.rate, "/s", 150, at_least=True, note=note))


def _completions(tasks: list[int]) -> Iterator[tuple[str, str, bytes]]:
    values: dict[str, Any] = {"outcome": "ask", "question": "Which meter is it, please?"}
    for task in tasks:
        yield "POST", f"/api/v1/tasks/{task}/complete", orjson.dumps({"values": values})
