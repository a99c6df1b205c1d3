"""Time spent: booked, changed and removed within rights, the timer, and sums."""

from __future__ import annotations

from datetime import date, timedelta

import pytest

from app.audit import service as audit
from app.cases import around
from app.cases import service as cases
from app.cases.timekeeping import entries
from app.cases.timekeeping.models import WorkTimer
from app.clock import utcnow
from app.db import session, unit_of_work
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.identity import queries as identity
from tests.support.desk import make_case, make_desk
from tests.support.people import make_cast

DAY = date(2024, 11, 4)


@pytest.fixture
def desk(db):
    with unit_of_work():
        return make_desk(make_cast())


def held(desk):
    return cases.lock(desk.case.id)


def book(desk, user, minutes, **wish):
    with unit_of_work():
        return entries.book(held(desk), user.id, entries.Wish(minutes, DAY, **wish)).id


def test_time_is_booked_changed_and_removed_on_the_record(desk):
    alice, bob = desk.cast.alice, desk.cast.bob
    first = book(desk, alice, 15, note=" Rang  twice ", category="phone")
    second = book(desk, bob, 30)
    with unit_of_work():
        shown = around.of_case(desk.case.id)
    assert (shown.minutes, shown.minutes_by_person) == (45, [("Bob", 30), ("Alice", 15)])
    assert shown.time[0]["note"] == "Rang twice"
    with unit_of_work():
        viewer = identity.viewer(alice.id)
        entries.change(held(desk), viewer, first, entries.Wish(20, DAY))
        with pytest.raises(Forbidden, match="somebody else"):
            entries.remove(held(desk), viewer, second)
        entries.remove(held(desk), identity.viewer(desk.cast.ada.id), second)
    with unit_of_work():
        [left] = entries.of_case(desk.case.id)
        assert (left.minutes, left.note) == (20, "")
        told = [event["kind"] for event in audit.chain_events(cases.chain_of(desk.case.id))]
    assert [kind for kind in told if kind.startswith("time_")] == [
        "time_booked",
        "time_booked",
        "time_changed",
        "time_removed",
    ]


@pytest.mark.parametrize("wish", [
    entries.Wish(0, DAY), entries.Wish(1_441, DAY), entries.Wish(5, date(1999, 1, 1)), entries.Wish(5, DAY, "x" * 301),
    entries.Wish(5, utcnow().date() + timedelta(days=3)), entries.Wish(5, DAY, "", "x" * 61),
])  # fmt: skip
def test_what_cannot_be_booked_is_refused(desk, wish):
    with unit_of_work(), pytest.raises(Invalid):
        entries.book(held(desk), desk.cast.alice.id, wish)


def test_the_timer_runs_on_one_case_and_books_begun_minutes(desk):
    alice = desk.cast.alice.id
    with unit_of_work():
        other = make_case(desk.cast, desk.account)
        entries.start(held(desk), alice)
        with pytest.raises(Conflict, match=desk.case.number):
            entries.start(cases.lock(other.id), alice)
        with pytest.raises(Conflict):
            entries.stop(cases.lock(other.id), alice, day=DAY)
    with unit_of_work():
        timer = session().get_one(WorkTimer, alice)
        timer.begun_at -= timedelta(minutes=61, seconds=5)
    with unit_of_work():
        assert around.of_case(desk.case.id).timers[0]["user_id"] == alice
        assert entries.stop(held(desk), alice, day=DAY, note="Wrote").minutes in range(62, 70)
    with unit_of_work():
        assert entries.running(alice) is None
        entries.start(cases.lock(other.id), alice)
        entries.discard(cases.lock(other.id), alice)
        assert entries.of_case(other.id) == []
        with pytest.raises(Conflict):
            entries.discard(cases.lock(other.id), alice)


def test_an_archived_case_takes_no_time(desk):
    first = book(desk, desk.cast.alice, 5)
    with unit_of_work():
        other = make_case(desk.cast, desk.account)
        with pytest.raises(NotFound):
            entries.remove(cases.lock(other.id), identity.viewer(desk.cast.alice.id), first)
        cases.archive(held(desk), outcome="resolved", retain_until=utcnow())
    with pytest.raises(Conflict, match="reopen"):
        book(desk, desk.cast.alice, 5)


def test_sums_are_of_everybody_or_of_one_person(desk):
    book(desk, desk.cast.alice, 10)
    book(desk, desk.cast.bob, 20)
    with unit_of_work():
        own = entries.between(DAY, DAY, user_id=desk.cast.alice.id)
        every = entries.between(DAY, DAY, user_id=None)
        assert [row.minutes for row in own if row.number == desk.case.number] == [10]
        assert sum(row.minutes for row in every if row.number == desk.case.number) == 30
        with pytest.raises(Invalid):
            entries.between(DAY, DAY - timedelta(days=1), user_id=None)
