"""Checklists: points of a case and the lists of the settings, every change on the chain, and what holds the closing up."""

from __future__ import annotations

from datetime import date

import pytest

from app.audit import service as audit
from app.cases import around
from app.cases import service as cases
from app.cases.checklists import items, templates
from app.clock import utcnow
from app.db import unit_of_work
from app.errors import Conflict, Invalid, NotFound
from app.orchestration import context
from tests.support.desk import make_case, make_desk
from tests.support.people import make_cast


@pytest.fixture
def desk(db):
    with unit_of_work():
        return make_desk(make_cast())


@pytest.fixture
def case(desk):
    with unit_of_work():
        return cases.lock(desk.case.id)


def add(case, *texts):
    with unit_of_work():
        return [item.id for item in items.add(cases.lock(case.id), *map(items.Wish, texts))]


def texts(case):
    with unit_of_work():
        return [item.text for item in items.of_case(case.id)]


def kinds(case):
    with unit_of_work():
        told = audit.chain_events(cases.chain_of(case.id))
    return [event["kind"] for event in told if event["kind"].startswith("checklist")]


def test_points_are_added_ticked_moved_changed_and_removed_on_the_record(desk, case):
    first, second, third = add(case, " Call  back ", "Order the part", "Tell the customer")
    with unit_of_work():
        held = cases.lock(case.id)
        items.tick(held, first, is_done=True, by=desk.cast.alice.id)
        items.tick(held, first, is_done=True, by=desk.cast.bob.id)  # it is so already
        items.move(held, third, items.UP)
        items.move(held, first, items.UP)  # it stands at the top
        items.change(held, second, items.Wish("Order both parts", desk.cast.bob.id, date(2026, 12, 1)))
    with unit_of_work():
        shown = around.of_case(case.id)
        assert context.case_names(cases.lock(case.id))["checklist"] == {"total": 3, "done": 1, "needed": 0}
        assert around.marks([case.id])[case.id][-2:] == (3, 1)
    assert [point["text"] for point in shown.checklist] == ["Call back", "Tell the customer", "Order both parts"]
    assert shown.checklist[0]["done_by"] == "Alice"
    assert shown.checklist[2]["due_on"] == "2026-12-01"
    with unit_of_work():
        held = cases.lock(case.id)
        items.tick(held, first, is_done=False, by=None)
        items.remove(held, second)
    assert texts(case) == ["Call back", "Tell the customer"]
    assert kinds(case) == [
        "checklist_added", "checklist_ticked", "checklist_moved", "checklist_changed", "checklist_unticked",
        "checklist_removed",
    ]  # fmt: skip


@pytest.mark.parametrize("text", ["", "  ", "x" * 301])
def test_a_point_says_what_has_to_be_done(case, text):
    with pytest.raises(Invalid):
        add(case, text)
    assert texts(case) == []


def test_a_list_has_an_end(case):
    add(case, *(f"Point {number}" for number in range(items.MOST)))
    with pytest.raises(Invalid, match="at most 100"):
        add(case, "One more")


def test_a_point_of_another_case_is_not_there(desk, case):
    [own] = add(case, "Mine")
    with unit_of_work():
        other = make_case(desk.cast, desk.account)
    with unit_of_work(), pytest.raises(NotFound):
        items.remove(cases.lock(other.id), own)


def test_an_archived_case_keeps_its_list(case):
    [point] = add(case, "Call back")
    with unit_of_work():
        cases.archive(cases.lock(case.id), outcome="resolved", retain_until=utcnow())
    with unit_of_work(), pytest.raises(Conflict, match="reopen"):
        items.tick(cases.lock(case.id), point, is_done=True, by=None)


def test_a_list_of_the_settings_is_taken_over_once(case):
    with unit_of_work():
        made = templates.save(
            templates.Wish("Gas", [" Shut the  valve", "Call the fitter", "Call the fitter", ""], must_be_done=True)
        )
        assert made.items == ["Shut the valve", "Call the fitter"]
        items.add_template(cases.lock(case.id), made)
    with unit_of_work():
        assert items.counts(case.id) == (2, 0, 2)
        with pytest.raises(Conflict, match="already"):
            items.add_template(cases.lock(case.id), templates.get(made.id))
    with unit_of_work():
        templates.save(templates.Wish("Gas", ["Something else"]), templates.get(made.id), version=1)
        with pytest.raises(Conflict):
            templates.save(templates.Wish("Gas", ["x"]), templates.get(made.id), version=1)
        templates.delete(templates.get(made.id))
    assert texts(case) == ["Shut the valve", "Call the fitter"]


@pytest.mark.parametrize("wish", [
    templates.Wish("", ["a"]), templates.Wish("x" * 121, ["a"]), templates.Wish("A", []), templates.Wish("A", ["x" * 301]),
    templates.Wish("A", [str(number) for number in range(51)]),
])  # fmt: skip
def test_what_no_list_can_be_is_refused(db, wish):
    with unit_of_work(), pytest.raises(Invalid):
        templates.save(wish)
