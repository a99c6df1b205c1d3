"""What people put around a case: tags, watching, snooze, links."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import select

from app import db, jobs
from app.audit import service as audit
from app.cases import around, linking, queries, snoozing, tags, watching
from app.cases import service as cases
from app.cases.beside import Snooze, Tag
from app.clock import utcnow
from app.db import unit_of_work
from app.errors import Conflict, Invalid, NotFound
from app.events import Actor, acting
from app.identity.models import Notice
from app.orchestration import driving, writing
from app.schedule import Timer
from tests.support.desk import make_case, make_desk
from tests.support.people import make_cast


@pytest.fixture
def desk(db):
    with unit_of_work():
        return make_desk(make_cast())


@pytest.fixture
def other(desk):
    with unit_of_work():
        return make_case(desk.cast, desk.account, subject="No hot water")


def held(case):
    return cases.lock(case.id)


def kinds(case):
    with unit_of_work():
        return [event["kind"] for event in audit.chain_events(f"case:{case.id}")]


def notices(user):
    with unit_of_work() as session:
        found = session.scalars(select(Notice).where(Notice.user_id == user.id).order_by(Notice.id))
        return [(notice.kind, notice.text.partition(": ")[2]) for notice in found if notice.kind != "assigned"]


def view(key, user, team):
    with unit_of_work():
        where = queries.view_condition(key, user_id=user.id, team_ids=[team.id], now=queries.NOW)
        return {row.id for row in queries.page([where])}


# ---------------------------------------------------------------- tags
def test_a_tag_is_typed_once_however_it_is_spelled(desk, other):
    with unit_of_work():
        assert tags.add(held(desk.case), "Boiler， 急件、 #VIP") == ["Boiler", "VIP", "急件"]
        assert tags.add(held(other), "BOILER") == ["Boiler"]
        assert tags.add(held(other), "boiler ") == []
    with unit_of_work() as session:
        assert len(session.scalars(select(Tag)).all()) == 3
        assert tags.of_cases([desk.case.id, other.id]) == {
            desk.case.id: ["Boiler", "VIP", "急件"],
            other.id: ["Boiler"],
        }
        assert tags.known() == ["Boiler", "VIP", "急件"]
        assert tags.known("b") == ["Boiler"]
        assert tags.known("%") == []
        assert {row.id for row in queries.page([tags.condition("BOILER")])} == {desk.case.id, other.id}
    with unit_of_work():
        assert tags.remove(held(other), "boiler")
        assert not tags.remove(held(other), "boiler")
    assert [kind for kind in kinds(other) if "tag" in kind] == ["case_tagged", "case_untagged"]


@pytest.mark.parametrize("text", ["", " , ,", "x" * 41, ",".join(f"t{n}" for n in range(31))])
def test_tags_that_cannot_be(desk, text):
    with pytest.raises(Invalid), unit_of_work():
        tags.add(held(desk.case), text)


# ---------------------------------------------------------------- watching
def test_watchers_are_told_what_others_do_and_not_what_they_do_themselves(desk):
    alice, bob = desk.cast.alice, desk.cast.bob
    with unit_of_work():
        for user in (alice, bob):
            assert watching.watch(held(desk.case), user.id)
        assert not watching.watch(held(desk.case), alice.id)
    with unit_of_work(), acting(Actor("user", alice.id, "Alice")):
        writing.note(desk.case.id, user_id=alice.id, author="Alice", text="Look at this")
    assert notices(alice) == []
    assert notices(bob) == [("watched_message", "a colleague left a note")]
    with unit_of_work():
        driving.deliver(desk.case.id, "chase", {"text": "?"})
        cases.count_chase(held(desk.case), by="customer", channel="email")
    assert notices(alice) == [("watched_action", "chased")]
    with unit_of_work():
        assert watching.stop(held(desk.case), bob.id)
        assert not watching.stop(held(desk.case), bob.id)
    with unit_of_work():
        writing.note(desk.case.id, user_id=alice.id, author="Alice", text="Once more")
    assert len(notices(bob)) == 2


def test_who_may_no_longer_see_the_case_is_told_nothing(desk):
    with unit_of_work():
        watching.watch(held(desk.case), desk.cast.bob.id)
        cases.change(held(desk.case), {"team_id": desk.cast.repairs.id})
    with unit_of_work():
        writing.note(desk.case.id, user_id=desk.cast.charlie.id, author="Charlie", text="For us alone")
    assert notices(desk.cast.bob) == []


def test_what_a_savepoint_took_back_is_told_to_nobody(desk):
    bob = desk.cast.bob
    with unit_of_work():
        watching.watch(held(desk.case), bob.id)
    with unit_of_work():
        with pytest.raises(Invalid), db.savepoint():
            cases.count_chase(held(desk.case), by="customer", channel="email")
            raise Invalid("never_mind")
        cases.draw_attention(held(desk.case), why="amended")
    assert notices(bob) == []


# ---------------------------------------------------------------- snooze
def test_a_case_leaves_my_work_until_its_time(desk):
    alice, team = desk.cast.alice, desk.cast.service_team
    with unit_of_work():
        cases.assign(held(desk.case), alice.id)
        snoozing.snooze(held(desk.case), user_id=alice.id, until=utcnow() + timedelta(hours=1), note="ask again")
    assert view("mine", alice, team) == set()
    assert view("snoozed", alice, team) == view("team", alice, team) == {desk.case.id}
    jobs.run("snooze", desk.case.id)  # rung too early: nothing happens
    assert view("mine", alice, team) == set()
    with unit_of_work() as session:
        session.get_one(Snooze, desk.case.id).until = utcnow() - timedelta(seconds=1)
        session.scalar(select(Timer).where(Timer.job == "snooze")).due_at = utcnow() - timedelta(seconds=1)
    assert jobs.work_inline()
    assert view("mine", alice, team) == {desk.case.id}
    assert notices(alice) == [("case_back", "the time you set has come")]
    with unit_of_work() as session:
        assert around.of_case(desk.case.id).sleep.back == "time"
        assert around.marks([desk.case.id])[desk.case.id].sleep == "time"
        assert session.scalar(select(Timer).where(Timer.job == "snooze")) is None
        snoozing.forget(desk.case.id)
        assert around.of_case(desk.case.id).sleep is None
    assert [kind for kind in kinds(desk.case) if kind in ("case_snoozed", "case_back")] == ["case_snoozed", "case_back"]


@pytest.mark.parametrize("wake,back", [("message", "customer"), ("escalation", "attention"), ("archive", "agent")])
def test_it_comes_back_before_its_time_with_the_reason(desk, wake, back):
    with unit_of_work():
        cases.assign(held(desk.case), desk.cast.alice.id)
        snoozing.snooze(held(desk.case), user_id=desk.cast.bob.id, until=utcnow() + timedelta(days=2))
    with unit_of_work():
        if wake == "message":
            make_message(desk)
        elif wake == "escalation":
            cases.draw_attention(held(desk.case), why="Nobody answered")
        else:
            cases.archive(held(desk.case), outcome="resolved", retain_until=utcnow())
    with unit_of_work() as session:
        assert around.of_case(desk.case.id).sleep.back == back
        assert session.scalar(select(Timer).where(Timer.job == "snooze")) is None
    assert bool(notices(desk.cast.alice)) is bool(notices(desk.cast.bob)) is (back != "agent")


def make_message(desk):
    from tests.web.test_case_page import _write_in

    _write_in(held(desk.case), 1)


def test_times_that_cannot_be(desk):
    for until in (utcnow() - timedelta(minutes=1), utcnow() + timedelta(days=500)):
        with pytest.raises(Invalid), unit_of_work():
            snoozing.snooze(held(desk.case), user_id=desk.cast.alice.id, until=until)
    with unit_of_work():
        snoozing.snooze(held(desk.case), user_id=desk.cast.alice.id, until=None)
        snoozing.snooze(held(desk.case), user_id=desk.cast.alice.id, until=utcnow() + timedelta(days=1))
        snoozing.snooze(held(desk.case), user_id=desk.cast.alice.id, until=None)
        assert snoozing.end(held(desk.case), back="agent")
        assert not snoozing.end(held(desk.case), back="agent")


# ---------------------------------------------------------------- links
def links(case):
    with unit_of_work():
        return [(link.role, link.number) for link in around.of_case(case.id).links]


@pytest.mark.parametrize(
    "role,inverse",
    [("related", "related"), ("parent_of", "child_of"), ("child_of", "parent_of"), ("duplicate_of", "duplicated_by"),
     ("duplicated_by", "duplicate_of")],
)  # fmt: skip
def test_both_sides_show_a_link(desk, other, role, inverse):
    with unit_of_work():
        linking.link(held(desk.case), held(other), role=role)
    assert links(desk.case) == [(role, other.number)]
    assert links(other) == [(inverse, desk.case.number)]
    with pytest.raises(Conflict), unit_of_work():
        linking.link(held(other), held(desk.case), role=inverse)
    with unit_of_work():
        linking.unlink(held(other), around.of_case(other.id).links[0].link_id)
    assert links(desk.case) == links(other) == []
    for case in (desk.case, other):
        assert [kind for kind in kinds(case) if "link" in kind] == ["case_linked", "case_unlinked"]


def test_links_that_make_no_sense(desk, other):
    with unit_of_work():
        third = make_case(desk.cast, desk.account, subject="Third")
        linking.link(held(desk.case), held(other), role="parent_of")
        linking.link(held(other), held(third), role="parent_of")
        linking.link(held(desk.case), held(other), role="duplicate_of")
    for first, second, role in (
        (third, desk.case, "parent_of"), (desk.case, third, "parent_of"), (desk.case, third, "duplicate_of"),
    ):  # fmt: skip
        with pytest.raises(Conflict), unit_of_work():
            linking.link(held(first), held(second), role=role)
    for first, second, role in ((third, third, "related"), (third, other, "cousin")):
        with pytest.raises(Invalid), unit_of_work():
            linking.link(held(first), held(second), role=role)
    with unit_of_work():
        [one, *_] = around.of_case(other.id).links
    with pytest.raises(NotFound), unit_of_work():
        linking.unlink(held(third), one.link_id if one.number != third.number else 0)
