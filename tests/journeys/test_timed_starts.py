"""Processes that start by time: once for each occurrence, never early, as long as they are published."""

from __future__ import annotations

import threading
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import func, select

from app import db, jobs, schedule
from app.audit import service as audit
from app.cases.models import Case
from app.errors import Conflict, NotFound
from app.orchestration import entry, queries, starts
from app.orchestration.models import ScheduledStart
from app.schedule import Timer
from app.workflow import definitions
from app.workflow import queries as workflow

NOW = datetime(2026, 3, 2, 9, 0, tzinfo=UTC)  # a Monday
FILE = """<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:ringback="urn:ringback:bpmn:1" id="d" targetNamespace="urn:t">
<bpmn:process id="p" name="Check the pumps" isExecutable="true">
  <bpmn:startEvent id="hourly" name="each hour"><bpmn:extensionElements>{more}</bpmn:extensionElements><bpmn:timerEventDefinition>{time}</bpmn:timerEventDefinition></bpmn:startEvent>
  <bpmn:userTask id="look" name="Look"/><bpmn:sequenceFlow id="f" sourceRef="hourly" targetRef="look"/>
</bpmn:process></bpmn:definitions>"""


def diagram(time: str, *, kind: str = "timeCycle", more: str = "") -> bytes:
    return FILE.format(time=f"<bpmn:{kind}>{time}</bpmn:{kind}>", more=more).encode()


@pytest.fixture
def clock(monkeypatch):
    """A clock that stands still until it is moved."""

    class Clock:
        now = NOW

        def move(self, **span: float) -> None:
            self.now += timedelta(**span)

    clock = Clock()
    for module in ("app.orchestration.starts", "app.schedule", "app.cases.service", "app.workflow.outside"):
        monkeypatch.setattr(f"{module}.utcnow", lambda: clock.now)
    return clock


def publish(xml: bytes, key: str = "pumps") -> int:
    with db.unit_of_work():
        return definitions.publish(definitions.deploy(key, xml).id).version


def due() -> datetime | None:
    with db.unit_of_work():
        rows = starts.upcoming("pumps")
        return rows[0].due_at if rows else None


def ring(bell) -> int:
    """The clock looks, a worker does what was rung for; returns how many starts were rung."""
    bell.rung.clear()
    jobs.tick()
    rung = [item for item in bell.rung if item[0] == "start"]
    for item in rung:
        jobs.run(*item)
    return len(rung)


def opened() -> list[Case]:
    with db.unit_of_work() as session:
        return list(session.scalars(select(Case).where(Case.channel == "schedule").order_by(Case.id)))


def alarms() -> int:
    with db.unit_of_work() as session:
        return session.scalar(select(func.count()).select_from(Timer))


def test_a_cycle_opens_a_case_each_time(office, bell, clock):
    publish(diagram("R/PT1H"))
    assert due() == NOW + timedelta(hours=1)
    assert (ring(bell), opened()) == (0, [])
    clock.move(minutes=59, seconds=59)
    assert (ring(bell), opened()) == (0, [])
    clock.move(seconds=1)
    assert ring(bell) == 1
    assert ring(bell) == 0
    [case] = opened()
    assert (case.subject, case.queue_key != "", case.contact_id) == ("Check the pumps · each hour", True, None)
    with db.unit_of_work():
        assert [task.element_id for task in queries.overview(case.id).tasks] == ["look"]
        [opening] = [event for event in audit.chain_events(f"case:{case.id}") if event["kind"] == "case_opened"]
    assert opening["cause"]["element"] == "hourly"
    assert opening["cause"]["process"] == "pumps v1"
    assert due() == NOW + timedelta(hours=2)
    clock.move(hours=1)
    ring(bell)
    assert len(opened()) == 2


def test_a_ring_that_comes_early_or_twice_opens_nothing(office, bell, clock):
    publish(diagram("R/PT1H"))
    with db.unit_of_work():
        [row] = starts.upcoming("pumps")
    jobs.run("start", row.id)
    assert opened() == []
    clock.move(hours=1)
    for _ in range(3):
        jobs.run("start", row.id)
    assert len(opened()) == 1


def test_three_times_means_three_times(office, bell, clock):
    publish(diagram("R3/PT10M"))
    for _ in range(6):
        clock.move(minutes=10)
        ring(bell)
    assert len(opened()) == 3
    assert (due(), alarms()) == (None, 0)


@pytest.mark.parametrize(
    "when,after",
    [
        (("timeDate", "2026-03-02T10:30:00Z"), timedelta(minutes=90)),
        (("timeDuration", "PT5M"), timedelta(minutes=5)),
        (("timeCycle", "R/2026-01-01T08:00:00Z/P1D"), timedelta(hours=23)),
        (("timeCycle", "R/2020-01-15T08:00:00Z/P1M"), timedelta(days=12, hours=23)),
        (("timeCycle", "${'R/PT' + '2H'}"), timedelta(hours=2)),
    ],
)
def test_each_way_to_say_when(office, bell, clock, when, after):
    kind, time = when
    publish(diagram(time, kind=kind))
    assert due() == NOW + after
    clock.now = NOW + after
    assert ring(bell) == 1
    assert len(opened()) == 1
    assert (due() is None) == (kind != "timeCycle")


def test_what_is_past_is_not_made_up_for(office, bell, clock):
    publish(diagram("2026-03-02T08:59:59Z", kind="timeDate"))
    assert (due(), alarms()) == (None, 0)
    publish(diagram("R/PT1H"))
    clock.move(hours=5, minutes=30)
    assert ring(bell) == 1
    [case] = opened()
    with db.unit_of_work():
        [opening] = [event for event in audit.chain_events(f"case:{case.id}") if event["kind"] == "case_opened"]
    assert opening["cause"]["missed"] == 4
    assert due() == NOW + timedelta(hours=6)


def test_a_new_version_replaces_the_schedule_and_keeps_a_rhythm_that_did_not_change(office, bell, clock):
    publish(diagram("R/PT1H"))
    clock.move(minutes=40)
    assert publish(diagram("R/PT1H", more='<ringback:case subject="Pumps" queue="nowhere"/>')) == 2
    assert due() == NOW + timedelta(hours=1)
    clock.move(minutes=20)
    ring(bell)
    assert [case.subject for case in opened()] == ["Pumps"]
    publish(diagram("R/PT3H"))
    assert due() == clock.now + timedelta(hours=3)
    with db.unit_of_work() as session:
        assert session.scalar(select(func.count()).select_from(ScheduledStart)) == 1
    assert alarms() == 1
    with db.unit_of_work():
        definitions.publish(workflow.versions("pumps")[-1].id)
    assert due() == clock.now + timedelta(hours=1), "rolled back"


def test_a_version_without_a_timer_stops_it(office, bell, clock):
    publish(diagram("R/PT1H"))
    with db.unit_of_work():
        [row] = starts.upcoming("pumps")
    plain = diagram("").replace(
        b"<bpmn:timerEventDefinition><bpmn:timeCycle></bpmn:timeCycle></bpmn:timerEventDefinition>", b""
    )
    publish(plain)
    clock.move(hours=2)
    assert (ring(bell), due(), alarms()) == (0, None, 0)
    jobs.run("start", row.id)
    assert opened() == []


def test_a_withdrawn_process_starts_no_more(office, bell, clock):
    publish(diagram("R/PT1H"))
    with db.unit_of_work():
        starts.withdraw("pumps")
        with pytest.raises(NotFound):
            definitions.published("pumps")
        with pytest.raises(NotFound):
            starts.withdraw("pumps")
    clock.move(hours=2)
    assert (ring(bell), opened(), alarms()) == (0, [], 0)
    with db.unit_of_work(), pytest.raises(Conflict):
        starts.withdraw("service_case")
    publish(diagram("R/PT2H"))
    with db.unit_of_work():
        rule = entry.save_rule(None, position=1, definition_key="pumps")
        with pytest.raises(Conflict):
            starts.withdraw("pumps")
        entry.remove_rule(rule.id)
        starts.withdraw("pumps")


@pytest.mark.committed
def test_two_workers_at_once_open_one_case(office, clock):
    publish(diagram("R/PT1H"))
    with db.unit_of_work():
        [row] = starts.upcoming("pumps")
    clock.move(hours=1)
    threads = [threading.Thread(target=jobs.run, args=("start", row.id)) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert len(opened()) == 1


def test_business_time_is_that_of_the_queue(office, bell, clock):
    timer = '<ringback:timer calendar="business"/><ringback:case queue="service"/>'
    clock.now = datetime(2026, 3, 6, 16, 0, tzinfo=UTC)  # a Friday
    publish(diagram("PT9H", kind="timeDuration", more=timer))
    assert due() > clock.now + timedelta(days=2)


def test_a_failing_start_leaves_nothing_and_comes_again(office, bell, clock, monkeypatch):
    publish(diagram("R/PT1H"))
    clock.move(hours=1)

    def fail(*_args, **_values):
        raise Conflict("no", "Not now.")

    with monkeypatch.context() as patch:
        patch.setattr("app.orchestration.driving.start_by_timer", fail)
        with pytest.raises(Conflict):
            ring(bell)
    assert opened() == []
    with db.unit_of_work():
        assert schedule.oldest_due() == clock.now
    clock.move(minutes=1)
    assert ring(bell) == 1
    assert len(opened()) == 1


@pytest.mark.parametrize(
    "xml,code",
    [
        (diagram("R/PT1S"), "error"),
        (diagram("${every}"), "error"),
        (diagram("${1/0}"), "error"),
        (diagram("0 0 9 ? * MON-FRI"), "error"),
        (diagram("R/PT1H"), "info"),
    ],
)
def test_the_report_says_what_it_does(db, xml, code):
    found = [f for f in definitions.inspect(xml).findings if f.code in ("timer-start", "timer", "expression")]
    assert found[0].severity == code


def test_what_nothing_starts_is_told(db):
    xml = FILE.replace(
        "<bpmn:timerEventDefinition>{time}</bpmn:timerEventDefinition>",
        "<bpmn:conditionalEventDefinition><bpmn:condition>true</bpmn:condition></bpmn:conditionalEventDefinition>",
    ).replace("{more}", "")
    assert [f.code for f in definitions.inspect(xml.encode()).findings] == ["start"]
