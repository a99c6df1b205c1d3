"""Processes that start by time, while workers are killed, two clocks run and Redis is emptied: one case for each occurrence."""

from __future__ import annotations

import pytest

from tests.reliability.running import RunningDesk, wait_for

pytestmark = pytest.mark.slow
PROCESSES = 12
PUBLISH = """
import sys
from app import bootstrap, db
from app.workflow import definitions
bootstrap.start()
XML = '''<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" id="d" targetNamespace="urn:t">
<bpmn:process id="p" isExecutable="true"><bpmn:startEvent id="s"><bpmn:timerEventDefinition><bpmn:timeDuration>PT4S</bpmn:timeDuration>
</bpmn:timerEventDefinition></bpmn:startEvent><bpmn:userTask id="t"/><bpmn:sequenceFlow id="f" sourceRef="s" targetRef="t"/></bpmn:process></bpmn:definitions>'''
for number in range(int(sys.argv[2])):
    key = f"{sys.argv[1]}_{number}"
    db.transact(lambda: definitions.publish(definitions.deploy(key, XML.encode()).id))
"""
OPENED = """select data #>> '{subject}' as subject, at, (cause ->> 'due_at')::timestamptz as due, cause ->> 'process' as process
 from audit_events where kind = 'case_opened' and cause ->> 'process' like %s"""


def _publish(desk: RunningDesk, name: str) -> None:
    desk.run_code(PUBLISH, name, PROCESSES)


def _check(desk: RunningDesk, name: str) -> None:
    wait_for(lambda: not desk.query("select 1 from scheduled_starts where key like %s", f"{name}%"), 90)
    opened = desk.query(OPENED, f"{name}%")
    assert sorted(row["process"] for row in opened) == sorted(f"{name}_{number} v1" for number in range(PROCESSES))
    assert all(row["at"] >= row["due"] for row in opened), "never early"
    assert desk.query("select 1 from timers where job = 'start'") == []


def test_two_clocks_and_an_emptied_redis(desk: RunningDesk) -> None:
    for name, kind in (("clock-1", "clock"), ("clock-2", "clock"), ("work-1", "work"), ("work-2", "work")):
        desk.start(name, kind)
    _publish(desk, "two")
    desk.redis().flushall()
    _check(desk, "two")
    for name in ("clock-1", "clock-2", "work-1", "work-2"):
        desk.stop(name)


@pytest.mark.parametrize("point", ["engine.after_save", "start.after_open"])
def test_a_killed_worker(desk: RunningDesk, point: str) -> None:
    name = point.replace(".", "_")
    desk.start("clock", "clock")
    desk.start("work", "work", crash_at=point)
    _publish(desk, name)
    wait_for(lambda: desk.died("work"), 60)
    desk.start("work", "work")
    _check(desk, name)
    desk.stop("clock")
    desk.stop("work")
