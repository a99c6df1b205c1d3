"""How soon a job starts after its doorbell, and how late timers fire."""

from __future__ import annotations

import time
from datetime import datetime

from app import db, doorbell
from app.audit.models import AuditEvent
from app.cases import service as cases
from app.db import session
from app.orchestration import driving, entry
from app.workflow import definitions
from bench.report import Figure, Report, quantile

RINGS = 100
TIMERS = 100
SUBJECT = "a timer of the benchmark"
KEY = "ringback:bench:"
TIMER_MODEL = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="urn:bench">
 <bpmn:process id="bench_timer" isExecutable="true">
  <bpmn:startEvent id="s"><bpmn:outgoing>a</bpmn:outgoing></bpmn:startEvent>
  <bpmn:sequenceFlow id="a" sourceRef="s" targetRef="t"/>
  <bpmn:intermediateCatchEvent id="t"><bpmn:incoming>a</bpmn:incoming><bpmn:outgoing>b</bpmn:outgoing>
   <bpmn:timerEventDefinition id="td"><bpmn:timeDuration>PT5S</bpmn:timeDuration></bpmn:timerEventDefinition>
  </bpmn:intermediateCatchEvent>
  <bpmn:sequenceFlow id="b" sourceRef="t" targetRef="e"/>
  <bpmn:endEvent id="e"><bpmn:incoming>b</bpmn:incoming></bpmn:endEvent>
 </bpmn:process>
</bpmn:definitions>"""


def stamp(number: int) -> None:
    """Note when this job started: what the workers run for this measurement."""
    doorbell.connection().set(f"{KEY}{number}", repr(time.time()), ex=60)


def measure(report: Report) -> None:
    """Measure on an idle desk, as far as the machine is."""
    report.begin("Waking")
    _doorbell(report)
    _timers(report)


def _doorbell(report: Report) -> None:
    waits: list[float] = []
    for number in range(RINGS):
        rung = time.time()
        doorbell.lane().enqueue_call("bench.waking.stamp", args=(number,), result_ttl=0)
        started = None
        while started is None:
            time.sleep(0.002)
            started = doorbell.connection().get(f"{KEY}{number}")
        waits.append(float(started) - rung)
    note = f"p95 {quantile(waits, 0.95) * 1000:.1f} ms"
    report.add(
        Figure("from the doorbell to the start of the job: median", quantile(waits, 0.5) * 1000, "ms", 10, note=note)
    )


def _timers(report: Report) -> None:
    db.transact(_deploy)
    chains = db.transact(lambda: [_start_one() for _ in range(TIMERS)])
    until = time.monotonic() + 60
    late: list[float] = []
    while len(late) < TIMERS and time.monotonic() < until:
        time.sleep(0.25)
        late = db.transact(lambda: _lateness(chains))
    report.add(
        Figure("timers fired", len(late) / TIMERS * 100, "%", 100, at_least=True, note=f"{TIMERS} within one second")
    )
    report.add(Figure("earliest: how late", min(late), "s", 0.0, at_least=True, note="never early"))
    report.add(Figure("late: p95", quantile(late, 0.95), "s", 2))


def _deploy() -> None:
    definitions.publish(definitions.deploy("bench_timer", TIMER_MODEL.encode()).id)
    entry.save_rule(None, position=0, definition_key="bench_timer", subject_contains=SUBJECT)


def _start_one() -> str:
    case = cases.open_case(subject=SUBJECT, channel="email", contact_id=None, contact_name="Bench", queue_key="bench")
    driving.start_case(case, message={})
    return cases.chain_of(case.id)


def _lateness(chains: list[str]) -> list[float]:
    rows = session().query(AuditEvent.at, AuditEvent.data).filter(
        AuditEvent.chain.in_(chains), AuditEvent.kind == "timer_fired"
    )  # fmt: skip
    return [(at - datetime.fromisoformat(data["due_at"])).total_seconds() for at, data in rows]
