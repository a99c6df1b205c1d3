"""Two at once, over real connections: the same call twice, two agents on one task, many guesses at one password."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor
from threading import Barrier

import pytest
from sqlalchemy import select

from app.db import unit_of_work
from app.identity import service
from app.identity.models import LoginThrottle
from app.identity.service import SignInRefused
from app.identity.throttle import FREE_TRIES, account_key
from app.messaging.models import Delivery, Message
from tests.support.browser import bearer
from tests.support.desk import make_desk
from tests.support.people import make_cast, make_user

pytestmark = pytest.mark.committed
AT_ONCE = 4


@pytest.fixture
def desk(db):
    """The desk, committed."""
    with unit_of_work():
        return make_desk(make_cast())


def at_once(*works):
    """Start all at the same moment and return what they return."""
    barrier = Barrier(len(works))

    def start(work):
        barrier.wait()
        return work()

    with ThreadPoolExecutor(len(works)) as pool:
        return list(pool.map(start, works))


def poster(application, user, path, body, **headers):
    sent = {**bearer(user), **headers}
    return lambda: application.test_client().post(f"/api/v1{path}", json=body, headers=sent)


def test_the_same_key_at_the_same_time_writes_once(application, desk):
    path = f"/cases/{desk.case.number}/messages"
    body = {"kind": "reply", "text": "Once"}
    post = poster(application, desk.cast.alice, path, body, **{"Idempotency-Key": "k"})
    answers = at_once(*[post] * AT_ONCE)
    assert {answer.status_code for answer in answers} == {201}
    assert len({answer.json["id"] for answer in answers}) == 1
    with unit_of_work() as session:
        assert len(session.scalars(select(Delivery)).all()) == 1
        assert len(session.scalars(select(Message).where(Message.text == "Once")).all()) == 1


def test_of_two_agents_on_one_task_one_wins_and_the_other_is_told(application, desk):
    alice = application.test_client()
    tasks = alice.get("/api/v1/tasks", headers=bearer(desk.cast.alice)).json["items"]
    task = next(task for task in tasks if task["name"] == "Handle")
    path, body = f"/tasks/{task['id']}/complete", {"values": {"outcome": "again"}}
    people = (desk.cast.alice, desk.cast.bob, desk.cast.mona, desk.cast.ada)
    answers = at_once(*[poster(application, person, path, body) for person in people])
    assert sorted(answer.status_code for answer in answers) == [200, 409, 409, 409]
    left = alice.get(f"/api/v1/cases/{desk.case.number}", headers=bearer(desk.cast.alice)).json["tasks"]
    assert sorted(each["name"] for each in left) == ["Handle", "Mend"]
    history = alice.get(f"/api/v1/cases/{desk.case.number}/history", headers=bearer(desk.cast.alice)).json
    assert history["is_intact"]
    assert [event["kind"] for event in history["events"]].count("task_completed") == 1


def test_guesses_side_by_side_are_counted_one_by_one(db):
    with unit_of_work():
        make_user("dora")

    def guess(number):
        def work():
            with unit_of_work():
                return service.sign_in("dora", "wrong password", address=f"192.0.2.{number}")

        return work

    outcomes = at_once(*map(guess, range(FREE_TRIES + 4)))
    assert sorted(outcome.wait > 0 for outcome in outcomes) == [False] * FREE_TRIES + [True] * 4
    assert all(isinstance(outcome, SignInRefused) for outcome in outcomes)
    with unit_of_work() as session:
        assert session.get(LoginThrottle, account_key("dora")).failures == FREE_TRIES
