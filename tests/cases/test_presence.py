"""Who is on a case: several screens of one person, what others are told, screens that die, a Redis that was emptied or is away."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

import pytest
import time_machine

from app import doorbell
from app.cases import presence
from app.cases.presence import Person
from app.clock import utcnow

CASE = SimpleNamespace(id=7, team_id=3, assignee_id=5)
ALICE, BOB = Person(1, "Alice", ""), Person(2, "Bob", "")


@pytest.fixture
def told(valkey_url, wire):
    """What screens were told, in order."""
    return wire.sent


def names(company):
    return [(person.name, person.doing) for person in company.people]


def test_others_are_told_once_when_somebody_comes_and_not_of_every_beat(told):
    assert names(presence.beat(CASE, ALICE, screen="a1")) == [("Alice", "")]
    assert names(presence.beat(CASE, BOB, screen="b1")) == [("Alice", ""), ("Bob", "")]
    presence.beat(CASE, BOB, screen="b1")
    assert [[p["name"] for p in news["people"]] for news in told] == [["Alice"], ["Alice", "Bob"]]
    assert told[-1]["teams"] == [3]
    assert told[-1]["users"] == [1, 2, 5]
    assert told[0]["at"] < told[1]["at"]


def test_several_screens_count_once_and_the_writing_one_is_told(told):
    presence.beat(CASE, ALICE, screen="a1")
    assert names(presence.beat(CASE, Person(1, "Alice", "reply"), screen="a2")) == [("Alice", "reply")]
    presence.leave(7, 1, screen="a2")
    assert names(presence.of_case(7)) == [("Alice", "")]
    presence.leave(7, 1, screen="a1")
    assert presence.of_case(7).people == ()
    assert [[p["doing"] for p in news["people"]] for news in told] == [[""], ["reply"], [""], []]
    presence.leave(7, 1, screen="a1")
    assert len(told) == 4


def test_a_screen_that_died_is_gone_and_the_others_are_told(told):
    presence.beat(CASE, ALICE, screen="a1")
    with time_machine.travel(utcnow() + timedelta(seconds=presence.LIFE_SECONDS - 2), tick=False):
        presence.beat(CASE, BOB, screen="b1")
        assert presence.sweep() == 0
    with time_machine.travel(utcnow() + timedelta(seconds=presence.LIFE_SECONDS + 1), tick=False):
        assert names(presence.of_case(7)) == [("Bob", "")]
        assert presence.sweep() == 1
        assert presence.sweep() == 0
        assert presence.busy() == [7]
    assert [p["name"] for p in told[-1]["people"]] == ["Bob"]


def test_a_case_that_came_to_another_team_is_told_to_that_team(told):
    presence.beat(CASE, ALICE, screen="a1")
    presence.beat(SimpleNamespace(id=7, team_id=4, assignee_id=None), ALICE, screen="a1")
    assert [news["teams"] for news in told] == [[3], [4]]


def test_an_emptied_redis_is_filled_by_the_next_beats(told):
    presence.beat(CASE, ALICE, screen="a1")
    doorbell.impatient().flushdb()
    assert presence.of_case(7).people == ()
    assert names(presence.beat(CASE, ALICE, screen="a1")) == [("Alice", "")]
    assert told[1]["at"] > told[0]["at"]


def test_without_redis_nobody_sees_anybody_and_nothing_fails(told, monkeypatch):
    monkeypatch.setattr(
        doorbell.impatient(), "connection_pool", doorbell.Redis.from_url("redis://127.0.0.1:1").connection_pool
    )
    assert presence.beat(CASE, ALICE, screen="a1").people == ()
    presence.leave(7, 1, screen="a1")
    assert (presence.sweep(), presence.busy(), presence.of_cases([7])) == (0, [], {})
