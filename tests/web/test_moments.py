"""The slider: a case's processes and work orders as they were, and the case on paper."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.clock import utcnow
from app.db import unit_of_work
from app.orchestration import driving, writing
from app.orchestration import queries as orchestration
from app.workflow import moments, queries
from app.workflow.models import InstanceState
from tests.support.desk import make_desk


@pytest.fixture
def desk(cast):
    with unit_of_work():
        return make_desk(cast)


def main_instance(desk):
    """The instance that drives the case, not the one of its work order."""
    return next(d for d in orchestration.overview(desk.case.id).drivings if d.work_order is None)


def finish(desk):
    with unit_of_work():
        instance = main_instance(desk)
        (task,) = queries.open_tasks([instance.instance_id])
        driving.complete_task(task.id, {"outcome": "resolved"})
        return instance.instance_id


def test_an_instant_shows_what_stood_there_then_and_the_end_what_stands_now(desk):
    with unit_of_work():
        instance = main_instance(desk).instance_id
        before = utcnow()
    finish(desk)
    with unit_of_work():
        then = {s.element_id: s for s in moments.state_at(instance, before)}
        now = {s.element_id: s for s in moments.state_at(instance, utcnow())}
        live = {s.element_id: s for s in queries.diagram_state(instance, now=utcnow())}
        steps = moments.moments([instance])
        early = moments.state_at(instance, steps[0].at - timedelta(hours=1))
        assert queries.get_instance(instance).status == InstanceState.COMPLETED
    here = [s.element_id for s in then.values() if s.tokens]
    assert here
    assert not [s for s in now.values() if s.tokens]
    assert early == []
    for element, state in live.items():
        assert now[element].visits == state.visits
        assert now[element].tokens == state.tokens
    assert [step.at for step in steps] == sorted(step.at for step in steps)


def test_each_step_moves_a_token_and_none_is_lost_on_the_way(desk):
    instance = finish(desk)
    with unit_of_work():
        for step in moments.moments([instance]):
            found = {s.element_id: s for s in moments.state_at(instance, step.at)}
            assert found[step.element_id].visits >= 1
            assert found[step.element_id].tokens >= 1


def test_the_slider_asks_for_steps_a_table_and_the_diagrams_state(browser, cast, desk):
    alice = browser(cast.alice)
    steps = alice.get(f"/cases/{desk.case.number}/moments.json").json
    assert steps
    assert {step["order"] for step in steps} == {"", desk.order.number}
    middle = steps[0]
    table = alice.get(f"/cases/{desk.case.number}/moment", query_string={"at": middle["at"]})
    assert table.status_code == 200
    state = alice.get(f"/instances/{middle['instance']}/state.json", query_string={"at": middle["at"]}).json
    assert sum(element["tokens"] for element in state["elements"]) >= 1
    now = alice.get(f"/cases/{desk.case.number}/moment").text
    assert desk.order.number in now
    nothing = alice.get(f"/cases/{desk.case.number}/moment", query_string={"at": "2001-01-01T00:00:00"}).text
    assert "Nothing had begun yet." in nothing


@pytest.mark.parametrize("at", ["yesterday", "2026-99-01"])
def test_an_instant_that_is_none_is_refused(browser, cast, desk, at):
    answer = browser(cast.alice).get(f"/cases/{desk.case.number}/moment", query_string={"at": at})
    assert answer.status_code == 422


def test_a_case_on_paper_has_all_its_messages_and_fetches_nothing(browser, cast, desk):
    with unit_of_work():
        for at in range(45):
            writing.note(
                desk.case.id, user_id=cast.alice.id, author="Alice", text=f"Note {at} <img src=https://x.example/1.png>"
            )
    page = browser(cast.alice).get(f"/cases/{desk.case.number}/print")
    assert page.status_code == 200
    for at in range(45):
        assert f"Note {at} &lt;img" in page.text
    assert page.text.index("Note 0 ") < page.text.index("Note 44 ")
    assert "<img" not in page.text
    assert "<iframe" not in page.text
