"""Who is mentioned in a note hears of it once, and only who may see the case."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app import jobs
from app.cases import service as cases
from app.cases import watching
from app.cases.filtering import condition, parse
from app.cases.filtering.names import scope_of
from app.cases.models import Case
from app.db import unit_of_work
from app.events import Actor, acting
from app.identity import queries as people
from app.identity.models import Notice
from app.orchestration import writing
from app.orchestration.bulk import runs
from tests.support.desk import make_desk
from tests.support.people import make_cast, make_user


@pytest.fixture
def desk(db):
    with unit_of_work():
        return make_desk(make_cast())


def write(desk, text):
    alice = desk.cast.alice
    with unit_of_work(), acting(Actor("user", alice.id, "Alice")):
        writing.note(desk.case.id, user_id=alice.id, author="Alice", text=text)


def told(user):
    with unit_of_work() as session:
        rows = session.scalars(select(Notice).where(Notice.user_id == user.id).order_by(Notice.id))
        return [(row.kind, row.text.partition(": ")[2]) for row in rows]


def test_a_person_is_told_once_and_watches_from_then_on(desk):
    bob, number = desk.cast.bob, desk.case.number
    write(desk, "请@bob看一下, @BOB! @alice")
    assert told(bob) == [("mentioned", "Alice mentions you · A leak")]
    assert told(desk.cast.alice) == [], "nobody is told of their own words"
    with unit_of_work() as session:
        assert watching.watchers(desk.case.id) == [bob.id]
        assert session.scalars(select(Notice.link).where(Notice.user_id == bob.id)).one() == f"/cases/{number}"
    write(desk, "no name here")
    assert told(bob)[1:] == [("watched_message", "a colleague left a note")]
    write(desk, "@bob again")
    assert [kind for kind, _ in told(bob)] == ["mentioned", "watched_message", "mentioned"]


def test_a_team_is_told_member_by_member_and_watches_nothing(desk):
    write(desk, "@service: who has the key? @bob?")
    assert told(desk.cast.bob) == [("mentioned", "Alice mentions you · A leak")]
    assert told(desk.cast.desi) == [("mentioned", "Alice mentions your team · A leak")]
    with unit_of_work():
        assert watching.watchers(desk.case.id) == [desk.cast.bob.id]


def test_who_may_not_see_the_case_hears_nothing_and_the_writer_is_told(desk):
    with unit_of_work():
        erin = make_user("erin", name="Erin Lopez")
    write(desk, "@erin @nobody")
    assert told(erin) == []
    assert told(desk.cast.alice) == [("other", "not told, for they may not see the case · Erin Lopez")]
    with unit_of_work():
        assert watching.watchers(desk.case.id) == []


def test_an_answer_to_the_customer_mentions_nobody(desk):
    alice = desk.cast.alice
    with unit_of_work():
        cases.lock(desk.case.id)
        writing.reply(desk.case.id, user_id=alice.id, author="Alice", text="Hello @bob")
    assert told(desk.cast.bob) == []


def found(user, query):
    with unit_of_work() as session:
        return list(session.scalars(select(Case.id).where(condition(parse(query), scope_of(people.viewer(user.id))))))


def test_cases_are_found_by_whom_their_notes_mention(desk):
    alice, bob, desi = desk.cast.alice, desk.cast.bob, desk.cast.desi
    assert found(alice, "mentions:none") == [desk.case.id]
    write(desk, "@bob @service")
    for asker, query in (
        (bob, "mentions:me"),
        (alice, "提及:bob"),
        (desi, "mentions:me"),
        (alice, "mentions:none,bob"),
    ):
        assert found(asker, query) == [desk.case.id], query
    assert found(alice, "mentions:me") == found(alice, "mentions:none") == []


def test_notes_in_bulk_tell_whom_they_mention(desk):
    alice, bob = desk.cast.alice, desk.cast.bob
    with unit_of_work():
        viewer = people.viewer(alice.id)
        run_id = runs.prepare(viewer, "note", {"text": "@bob: {{number}}"}, where=[Case.id == desk.case.id]).id
    assert told(bob) == [], "a preview tells nobody"
    with unit_of_work():
        runs.start(people.viewer(alice.id), run_id)
    for lane in range(runs.LANES):
        jobs.run(runs.JOB, run_id * runs.LANES + lane)
    assert told(bob) == [("mentioned", "Alice mentions you · A leak")]
    assert found(bob, "mentions:me") == [desk.case.id]
