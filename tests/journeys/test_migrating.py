"""Running cases are moved to another version of their process: planned, begun by a designer, done by the job, on the record."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import db, events, jobs
from app.audit import service as audit
from app.errors import Conflict, Invalid
from app.orchestration import driving, migrating, queries
from tests.journeys.mailing import mail
from tests.journeys.test_calls import put

HEAD = '<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:ringback="urn:ringback:bpmn:1" id="d" targetNamespace="urn:t">'


def version(*steps: str, timer: str = "", action: str = "") -> str:
    names = ["s", *steps, "e"]
    tasks = "".join(
        f'<bpmn:userTask id="{step}" name="{step.title()}"><bpmn:extensionElements><ringback:label lang="zh" text="{step}步"/>'
        "</bpmn:extensionElements></bpmn:userTask>"
        for step in steps
    )
    extra = ""
    if timer:
        extra += (
            f'<bpmn:boundaryEvent id="late" attachedToRef="{steps[0]}"><bpmn:timerEventDefinition><bpmn:timeDuration>{timer}'
            '</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent><bpmn:endEvent id="over"/>'
            '<bpmn:sequenceFlow id="fl" sourceRef="late" targetRef="over"/>'
        )
    if action:
        extra += (
            f'<bpmn:boundaryEvent id="on_chase" cancelActivity="false" attachedToRef="{steps[0]}"><bpmn:extensionElements>'
            f'<ringback:action verb="chase" roles="agent" label="{action}"/></bpmn:extensionElements>'
            '<bpmn:messageEventDefinition messageRef="m"/></bpmn:boundaryEvent><bpmn:endEvent id="chased"/>'
            '<bpmn:sequenceFlow id="fc" sourceRef="on_chase" targetRef="chased"/>'
        )
    flows = "".join(
        f'<bpmn:sequenceFlow id="f{i}" sourceRef="{names[i]}" targetRef="{names[i + 1]}"/>'
        for i in range(len(names) - 1)
    )
    return (
        HEAD + '<bpmn:message id="m" name="chase"/><bpmn:process id="main" name="Main" isExecutable="true">'
        f'<bpmn:startEvent id="s"/>{tasks}{extra}<bpmn:endEvent id="e"/>{flows}</bpmn:process></bpmn:definitions>'
    )


def run_job(migration_id: int) -> None:
    jobs.run(migrating.JOB, migration_id)
    jobs.run(migrating.JOB, migration_id)


def begun(source, target, **options):
    with db.unit_of_work(), events.acting(events.Actor("user", 1, "Desi")):
        return migrating.begin(source.id, target.id, **options).id


def found(migration_id: int):
    with db.unit_of_work():
        return migrating.get(migration_id)


def open_on(case_id: int):
    with db.unit_of_work():
        return queries.overview(case_id)


@pytest.fixture
def old(office):
    return put("service_case", version("work", action="Chase it"))


def test_all_running_cases_go_to_the_new_version(office, old):
    ids = [office.case_of(mail()).id for _ in range(3)]
    new = put("service_case", version("work", "check", timer="PT4H", action="Ask again"))
    row = begun(old, new, note="One more check")
    run_job(row)
    done = found(row)
    assert (done.moved, done.refused, done.ended_at is not None) == (3, [], True)
    for case_id in ids:
        view = open_on(case_id)
        assert [task.element_id for task in view.tasks] == ["work"]
        assert view.drivings[0].definition_id == new.id
        assert [action.label for action in view.actions] == ["Ask again"]
        assert [limit.element_id for limit in view.timers] == ["late"]
        with db.unit_of_work():
            driving.complete_task(view.tasks[0].id, {})
        assert [task.name for task in open_on(case_id).tasks] == ["Check"]


def test_it_is_on_the_record_and_the_chain_verifies(office, old):
    case = office.case_of(mail())
    new = put("service_case", version("work", "check"))
    run_job(begun(old, new, note="why not"))
    with db.unit_of_work():
        [event] = [e for e in audit.chain_events(f"case:{case.id}") if e["kind"] == "process_migrated"]
        assert (event["data"]["source"], event["data"]["target"]) == (old.version, new.version)
        assert event["cause"]["note"] == "why not"
        assert audit.verify_chain(f"case:{case.id}").is_intact


def test_a_step_that_is_gone_stays_behind_unless_it_is_given_a_place(office, old):
    case = office.case_of(mail())
    new = put("service_case", version("labour"))
    with db.unit_of_work():
        plan = migrating.plan(old.id, new.id)
        assert (plan.waiting, plan.looked_at, plan.blocked) == (1, 1, 1)
        assert [(stop.element_id, stop.count, stop.problem) for stop in plan.stops] == [
            ("work", 1, "The new version has no such element.")
        ]
    row = begun(old, new)
    run_job(row)
    assert (found(row).moved, [one["key"] for one in found(row).refused]) == (0, [case.number])
    assert open_on(case.id).drivings[0].definition_id == old.id
    again = begun(old, new, mapping={"work": "labour"})
    run_job(again)
    assert found(again).moved == 1
    [task] = open_on(case.id).tasks
    assert (task.element_id, task.name, task.name_zh) == ("labour", "Labour", "labour步")


def test_a_worker_that_dies_half_way_moves_nothing_twice(office, old):
    ids = [office.case_of(mail()).id for _ in range(3)]
    new = put("service_case", version("work", "check"))
    row = begun(old, new)
    with db.unit_of_work():
        instances = migrating.next_instances(row)
    for instance_id in (instances[0], instances[0], instances[1]):
        with db.unit_of_work():
            migrating.move(row, instance_id)
    assert found(row).moved == 2
    run_job(row)
    assert (found(row).moved, found(row).refused) == (3, [])
    assert {open_on(case_id).drivings[0].definition_id for case_id in ids} == {new.id}


def test_what_cannot_be_is_refused_with_a_sentence(office, old):
    office.case_of(mail())
    new = put("service_case", version("work", "check"))
    other = put("other", version("work"))
    with db.unit_of_work():
        with pytest.raises(Invalid, match="same process"):
            migrating.plan(old.id, other.id)
        with pytest.raises(Invalid, match="no element 'nowhere'"):
            migrating.plan(old.id, new.id, mapping={"work": "nowhere"})
    row = begun(old, new)
    with pytest.raises(Conflict, match="being moved already"):
        begun(old, new)
    run_job(row)
    assert found(row).ended_at is not None


def test_a_version_with_open_findings_takes_nothing(office, old):
    office.case_of(mail())
    draft = put("service_case", version("work").replace('targetRef="e"', 'targetRef="nowhere"'), publish=False)
    with db.unit_of_work(), pytest.raises(Conflict, match="open findings"):
        migrating.plan(old.id, draft.id)


def test_the_shipped_process_moves_to_a_copy_of_itself_with_everything_open(office):
    folder = Path(__file__).parents[2] / "workflows" / "bpmn" / "service_case"
    files = {path.name: path.read_bytes() for path in [folder / "decisions.dmn", *(folder / "forms").glob("*.json")]}
    text = (folder / "process.bpmn").read_text()
    first = put("service_case", text, files=files)
    case = office.case_of(mail())
    before = open_on(case.id)
    second = put(
        "service_case",
        text.replace('name="Handle the case"', 'name="Work on it"'),
        files={**files, "x.json": b'{"key": "x", "fields": []}'},
    )
    row = begun(first, second)
    run_job(row)
    assert (found(row).moved, found(row).refused) == (1, [])
    after = open_on(case.id)
    assert [(t.token, t.element_id) for t in after.tasks] == [(t.token, t.element_id) for t in before.tasks]
    assert {a.verb for a in after.actions} == {a.verb for a in before.actions}
    assert {(t.element_id, t.due_at) for t in after.timers} == {(t.element_id, t.due_at) for t in before.timers}
    assert after.drivings[0].definition_id == second.id
