"""Due times and stuck steps: fired once, never lost; a capability that fails becomes a fault and nothing else breaks."""

from __future__ import annotations

import threading
import time
from datetime import timedelta

import pytest
from sqlalchemy import func, select, update

from app import db, jobs, schedule
from app.audit import service as audit
from app.cli import seed
from app.clock import utcnow
from app.errors import Conflict, NotFound
from app.knowledge.models import Template
from app.messaging.models import Delivery
from app.orchestration import driving, queries
from app.schedule import Timer
from app.workflow.models import Fault, Task, Visit
from tests.journeys.mailing import mail
from tests.support.desk import deploy

REMINDED = """<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:ringback="urn:ringback:bpmn:1" targetNamespace="urn:t">
  <bpmn:process id="service_case" isExecutable="true">
    <bpmn:startEvent id="begin"/>
    <bpmn:userTask id="handle" name="Handle"><bpmn:extensionElements><ringback:assignment candidateTeams="service"/></bpmn:extensionElements></bpmn:userTask>
    <bpmn:boundaryEvent id="late" attachedToRef="handle" cancelActivity="false">
      <bpmn:timerEventDefinition><bpmn:timeDuration>PT1H</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
    <bpmn:serviceTask id="remind"><bpmn:extensionElements><ringback:capability name="raise_urgency"><ringback:input name="by" value="timer"/></ringback:capability></bpmn:extensionElements></bpmn:serviceTask>
    <bpmn:endEvent id="reminded"/><bpmn:endEvent id="end"/>
    <bpmn:sequenceFlow id="f1" sourceRef="begin" targetRef="handle"/><bpmn:sequenceFlow id="f2" sourceRef="handle" targetRef="end"/>
    <bpmn:sequenceFlow id="f3" sourceRef="late" targetRef="remind"/><bpmn:sequenceFlow id="f4" sourceRef="remind" targetRef="reminded"/>
  </bpmn:process>
</bpmn:definitions>"""


def visits(element: str) -> int:
    with db.unit_of_work() as session:
        return session.scalar(
            select(func.count()).select_from(Visit).where(Visit.element_id == element, Visit.state == "completed")
        )


@pytest.fixture
def reminded(office):
    """A case that is to be reminded of after an hour."""
    with db.unit_of_work():
        deploy("service_case", REMINDED)
    return office.case_of(mail())


def test_a_timer_waits_for_its_time(office, reminded, bell):
    bell.rung.clear()
    assert 0.01 <= jobs.tick() <= 0.5
    assert bell.rung == []


def test_a_timer_fires_once(office, bell):
    """The clock rings, a worker fires; whoever comes later with the same ring finds nothing left to do."""
    with db.unit_of_work():
        deploy("service_case", REMINDED.replace("PT1H", "PT1S"))
    case = office.case_of(mail())
    bell.rung.clear()
    deadline = time.monotonic() + 60
    while not bell.rung and time.monotonic() < deadline:
        time.sleep(min(0.1, jobs.tick()))
    assert [job for job, _ in bell.rung] == ["timer"]
    assert jobs.tick() > 0, "it is claimed"
    assert len(bell.rung) == 1
    for _ in range(2):
        jobs.run(*bell.rung[0])
    assert (visits("late"), visits("remind"), office.case(case.id).chase_count) == (1, 1, 1)
    with db.unit_of_work() as session:
        assert session.scalar(select(func.count()).select_from(Timer)) == 0
        assert [e["kind"] for e in audit.chain_events(f"case:{case.id}")].count("timer_fired") == 1


def test_a_ring_that_was_lost_is_rung_again_when_the_lease_has_run_out(office, bell):
    with db.unit_of_work():
        schedule.set_timer("x", utcnow() - timedelta(seconds=1), job="timer", ref=7)
    jobs.tick()
    bell.rung.clear()
    jobs.tick()
    assert bell.rung == []
    with db.unit_of_work() as session:
        session.execute(update(Timer).values(lease_until=utcnow() - timedelta(seconds=1)))
        assert schedule.oldest_due() is not None
    jobs.tick()
    assert bell.rung == [("timer", 7)]


def test_claims_are_fenced(office):
    with db.unit_of_work():
        schedule.set_timer("x", utcnow() - timedelta(seconds=1), job="timer", ref=1)
    [first] = db.transact(lambda: schedule.claim_due(limit=5, lease_seconds=30))
    assert db.transact(lambda: schedule.claim_due(limit=5, lease_seconds=30)) == []
    with db.unit_of_work() as session:
        session.execute(update(Timer).values(lease_until=utcnow() - timedelta(seconds=1)))
    [second] = db.transact(lambda: schedule.claim_due(limit=5, lease_seconds=30))
    assert second.fence == first.fence + 1
    assert db.transact(lambda: schedule.finish(first.id, fence=first.fence)) is False
    assert db.transact(lambda: schedule.finish(second.id, fence=second.fence)) is True
    with db.unit_of_work():
        assert schedule.oldest_due() is None


def test_moving_a_timer_frees_it_and_refuses_the_late_writer(office):
    past = utcnow() - timedelta(seconds=1)
    with db.unit_of_work():
        schedule.set_timer("x", past, job="timer", ref=1)
    [claimed] = db.transact(lambda: schedule.claim_due(limit=5, lease_seconds=30))
    with db.unit_of_work():
        schedule.set_timer("x", utcnow() + timedelta(hours=1), job="timer", ref=1)
    assert db.transact(lambda: schedule.finish(claimed.id, fence=claimed.fence)) is False
    with db.unit_of_work():
        assert not schedule.is_due("x")
        assert schedule.next_due_in() > 3_000


def test_an_alarm_for_which_nothing_waits_is_removed(office, reminded):
    with db.unit_of_work():
        [drive] = queries.overview(reminded.id).drivings
        schedule.set_timer(
            f"instance:{drive.instance_id}", utcnow() - timedelta(seconds=1), job="timer", ref=drive.instance_id
        )
    jobs.run("timer", drive.instance_id)
    with db.unit_of_work() as session:
        assert session.scalar(select(func.count()).select_from(Timer)) == 0
    assert visits("late") == 0


def test_a_failing_capability_becomes_a_fault_and_the_rest_holds(office):
    with db.unit_of_work() as session:
        session.execute(Template.__table__.delete())
    case = office.case_of(mail())
    with db.unit_of_work():
        [fault] = queries.overview(case.id).faults
    assert (fault.element_id, fault.code) == ("ack", "template_unknown")
    assert office.last().case_id == case.id, "the mail is there all the same"
    with db.unit_of_work():
        driving.resolve_fault(fault.id, how="retry")
        assert queries.overview(case.id).faults, "still no template"
        seed._save_templates()
    with db.unit_of_work():
        [fault] = queries.overview(case.id).faults
        driving.resolve_fault(fault.id, how="retry")
    with db.unit_of_work():
        assert queries.overview(case.id).faults == ()
        assert [t.element_id for t in queries.overview(case.id).tasks] == ["handle"]
        with pytest.raises(Conflict):
            driving.resolve_fault(fault.id, how="retry")
    assert len(office.all(Delivery)) == 1


def test_a_stuck_step_is_skipped_by_a_person(office):
    with db.unit_of_work() as session:
        session.execute(Template.__table__.delete())
    case = office.case_of(mail())
    with db.unit_of_work():
        [fault] = queries.overview(case.id).faults
        driving.resolve_fault(fault.id, how="skip")
    with db.unit_of_work() as session:
        assert [t.element_id for t in queries.overview(case.id).tasks] == ["handle"]
        assert session.get_one(Fault, fault.id).resolved_at is not None
    assert office.all(Delivery) == []


def test_a_task_is_completed_once(office):
    case = office.case_of(mail())
    with db.unit_of_work():
        [task] = queries.overview(case.id).tasks
    with db.unit_of_work():
        driving.complete_task(task.id, {})
    assert office.case(case.id).status == "archived"
    with db.unit_of_work(), pytest.raises(Conflict):
        driving.complete_task(task.id, {})


@pytest.mark.committed
def test_two_people_complete_one_task_at_once(office):
    case = office.case_of(mail())
    with db.unit_of_work():
        [task] = queries.overview(case.id).tasks
    ends: list[str] = []
    gate = threading.Barrier(2)

    def complete() -> None:
        gate.wait(10)
        try:
            db.transact(lambda: driving.complete_task(task.id, {}))
            ends.append("won")
        except Conflict:
            ends.append("too late")

    threads = [threading.Thread(target=complete) for _ in range(2)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    assert sorted(ends) == ["too late", "won"]
    assert visits("handle") == 1
    with db.unit_of_work() as session:
        assert session.scalar(select(func.count()).select_from(Task).where(Task.instance_id == task.instance_id)) == 1


def test_an_unknown_row_is_reported_and_the_next_one_is_worked_on(office, bell):
    case = office.case_of(mail())
    [row] = office.all(Delivery)
    with pytest.raises(NotFound):
        jobs.run("timer", 999_999_999)
    jobs.run("deliver", 999_999_999, row.id)
    assert office.all(Delivery)[0].state == "sent"
    assert case.number
