"""Cases: numbers, changes on record, lists by page, search."""

from __future__ import annotations

from datetime import timedelta

import pytest

from app.audit import service as audit
from app.cases import queries
from app.cases import service as cases
from app.cases.models import Case
from app.clock import utcnow
from app.errors import Invalid, NotFound
from tests.support.desk import make_case, make_desk
from tests.support.people import make_cast


@pytest.fixture
def desk(session):
    return make_desk(make_cast())


def kinds(session, case):
    from app.db import frame, units

    units._run_before_commit(frame())
    return [event["kind"] for event in audit.chain_events(f"case:{case.id}")]


def test_numbers_follow_each_other_and_are_found(desk):
    other = make_case(desk.cast, desk.account)
    assert int(other.number[-6:]) == int(desk.case.number[-6:]) + 1
    assert queries.by_number(f" {other.number.lower()} ").id == other.id
    assert queries.ids_by_number([other.number, "RB-1999-000001"]) == {other.number: other.id}
    for missing in (lambda: queries.by_number("RB-0"), lambda: queries.get(-1), lambda: cases.lock(-1)):
        with pytest.raises(NotFound):
            missing()


def test_only_what_differs_is_changed_and_recorded(session, desk, wire):
    case = cases.lock(desk.case.id)
    assert cases.change(case, {"priority": case.priority, "type": case.type}) == {}
    assert cases.change(case, {"priority": "urgent"})["priority"] == {"from": "normal", "to": "urgent"}
    assert kinds(session, case)[-1] == "case_changed"
    with pytest.raises(Invalid):
        cases.change(case, {"number": "RB-1"})
    with pytest.raises(Invalid):
        cases.change(case, {"priority": "soonish"})


def test_a_loop_is_closed_and_opened_again_on_record(session, desk):
    case = cases.lock(desk.case.id)
    cases.archive(case, outcome="resolved", retain_until=utcnow() + timedelta(days=30))
    cases.seal(case)
    assert (case.status, case.due_at) == ("archived", None)
    cases.reopen(case, why="it leaks again")
    assert (case.status, case.archived_at) == ("open", None)
    assert kinds(session, case)[-4:] == ["case_archived", "chain_sealed", "chain_reopened", "case_reopened"]


def test_being_read_twice_is_no_conflict(session, desk):
    cases.mark_read(desk.case.id)
    cases.mark_read(desk.case.id)
    assert session.get_one(Case, desk.case.id).is_unread is False


@pytest.mark.parametrize("order", queries.ORDERS)
def test_pages_show_every_case_once(session, desk, order):
    made = {desk.case.id} | {make_case(desk.cast, desk.account, subject=f"Case {n}").id for n in range(6)}
    for number, case_id in enumerate(sorted(made)):
        case = session.get_one(Case, case_id)
        case.due_at = None if number % 3 == 0 else utcnow() + timedelta(hours=number % 2)
    session.flush()
    seen: list[int] = []
    after = None
    while rows := queries.page([queries.OPEN], order=order, after=after, limit=2):
        seen += [row.id for row in rows]
        column = queries.ORDERS[order].column
        after = (None if column is None else getattr(rows[-1], column.key), rows[-1].id)
    assert sorted(seen) == sorted(made)
    assert queries.capped_count([queries.OPEN], cap=3) == 3


@pytest.mark.parametrize(
    "key", ["mine", "unassigned", "team", "chased", "due", "breached", "waiting", "all", "archived"]
)
def test_views(session, desk, key):
    case = session.get_one(Case, desk.case.id)
    fitting = {
        "mine": {"assignee_id": desk.cast.alice.id}, "chased": {"chase_count": 1}, "waiting": {"status": "waiting"},
        "due": {"due_at": utcnow() + timedelta(hours=1)}, "breached": {"due_at": utcnow() - timedelta(hours=1)},
        "archived": {"archived_at": utcnow()},
    }  # fmt: skip
    for name, value in fitting.get(key, {}).items():
        setattr(case, name, value)
    session.flush()
    where = queries.view_condition(key, user_id=desk.cast.alice.id, team_ids=[desk.cast.service_team.id], now=utcnow())
    assert [row.id for row in queries.page([where])] == [case.id]


def test_an_unknown_view(desk):
    with pytest.raises(NotFound):
        queries.view_condition("nice", user_id=1, team_ids=[], now=utcnow())


@pytest.mark.parametrize("kind", ["number", "short number"])
def test_cases_are_named_by_number(desk, kind):
    make_case(desk.cast, desk.account, subject="Else")
    number = desk.case.number
    assert queries.ids_named({"number": number.lower(), "short number": str(int(number[-6:]))}[kind]) == [desk.case.id]


@pytest.mark.parametrize("typed", ["", "' | !", "9" * 30, "RB-1999-000001"])
def test_what_is_no_number_names_nothing(desk, typed):
    assert queries.ids_named(typed) == []
