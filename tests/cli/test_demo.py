"""The demo's stories: what they name is there, and played they leave a desk whose record verifies, once and no more."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app import clock, db, jobs, realtime
from app.audit import service as audit
from app.audit.models import AuditEvent
from app.cases.models import Case
from app.cli import seed
from app.cli.demo import acting, cast, playing, seeding
from app.cli.demo.stories import STORIES
from app.cli.demo.telling import CUSTOMER, do, says, story
from app.clock import utcnow
from app.db import session
from app.messaging.models import Delivery, DeliveryState
from app.workorders.models import WorkOrder

LOGINS = {login for login, *_ in seed.DEMO_USERS}
TEAMS = {key for key, *_ in seed.DEMO_TEAMS}
RESERVED = re.compile(r"[\w.+-]+@([\w-]+\.)*(example\.(com|org|net)|test)")
PLAYED = {"hot_water_li", "cancel_consent", "aircon_office", "meter_amara", "parcel_gao"}


def _steps():
    return [(told, step) for told in STORIES for step in told.steps]


def test_everybody_and_everything_that_a_story_names_is_there():
    for told, step in _steps():
        outside = step.what in playing.FROM_OUTSIDE
        assert (step.who in {CUSTOMER, *cast.PEOPLE}) if outside else (step.who in LOGINS), (told.key, step)
        assert outside or step.what in acting.VERBS, (told.key, step)
        assert step.values.get("team", "service") in TEAMS, (told.key, step)
        assert step.values.get("to") in {
            None,
            "",
            *LOGINS,
            "b",
            "c",
            "a",
            cast.SUPPORT,
            cast.EMERGENCY,
            cast.BILLING,
            cast.TEXTS,
        }


def test_every_story_has_a_key_of_its_own_and_ends_before_the_present():
    assert len({told.key for told in STORIES}) == len(STORIES) > 10
    assert not [told.key for told in STORIES if told.length > told.begin.ago + timedelta(hours=12)]


def test_addresses_are_reserved_ones():
    people = [address for person in cast.PEOPLE.values() for address in (person.address, *dict(person.points).values())]
    written = [found for _, step in _steps() for found in re.findall(r"[\w.+-]+@[\w.-]+\w", step.text)]
    assert not [each for each in (*people, *written) if "@" in each and not RESERVED.fullmatch(each)]


def test_the_moved_clock_ends_with_its_block():
    then = utcnow() - timedelta(days=3)
    with clock.at(then):
        assert utcnow() == then
    assert utcnow() > then


@pytest.fixture
def furnished(db: None) -> None:
    seed.deploy_shipped()
    seed.seed_demo()


def _count(model) -> int:
    return db.transact(lambda: session().scalar(select(func.count()).select_from(model)) or 0)


def test_stories_are_played_through_the_desk_once(furnished: None):
    chosen = [told for told in STORIES if told.key in PLAYED]
    assert seeding.seed(jobs.run, wire=realtime.FakeWire(), stories=chosen) == len(PLAYED)
    before = {model: _count(model) for model in (Case, WorkOrder, Delivery, AuditEvent)}

    assert seeding.seed(jobs.run, wire=realtime.FakeWire(), stories=chosen) == 0

    assert before == {model: _count(model) for model in before}
    assert all(verdict.is_intact for verdict in db.transact(lambda: list(map(audit.verify_chain, audit.all_chains()))))
    cases = {case.subject: case for case in db.transact(lambda: session().scalars(select(Case)).all())}
    assert cases["昨天开始没有热水，12-3 室"].archived_at is not None
    assert str(cases["洗衣机脱水时晃动厉害"].status) == "cancelled"
    assert timedelta(days=16) < utcnow() - cases["昨天开始没有热水，12-3 室"].opened_at < timedelta(days=22)
    states = {row.title: str(row.state) for row in db.transact(lambda: session().scalars(select(WorkOrder)).all())}
    assert states == {
        "检修锅炉，故障码 E4": "archived",
        "洗衣机脱水晃动，检查减震器": "cancelled",
        "风机盘管异响检修": "dispatched",
    }
    assert {row.state for row in db.transact(lambda: session().scalars(select(Delivery)).all())} == {DeliveryState.SENT}


def test_a_story_that_fails_leaves_nothing_and_a_desk_with_cases_of_its_own_is_left_alone(furnished: None):
    broken = story("broken", "2d 09:00", "ben", "A question", "Hello", do("1h", "alice", "task", element="review"))
    whole = story("whole", "2d 10:00", "ben", "Another question", "Hello again", says("1h", "And one more thing"))
    said: list[str] = []

    assert seeding.seed(jobs.run, wire=realtime.FakeWire(), stories=[broken, whole]) == 1
    assert seeding.seed(jobs.run, wire=realtime.FakeWire(), stories=STORIES[:1], say=said.append) == 0

    assert db.transact(lambda: session().scalars(select(Case.subject)).all()) == ["Another question"]
    assert not playing.is_played("broken")
    assert "no demo data is added" in said[-1]
