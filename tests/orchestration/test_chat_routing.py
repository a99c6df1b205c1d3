"""Waiting chats find somebody: by skill, room and longest idle, one at a time, again when missed; and nobody is double-booked."""

from __future__ import annotations

import random
from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from datetime import timedelta

import pytest
from sqlalchemy import select

from app import clock, jobs
from app.cases import service as cases
from app.cases.models import Case
from app.clock import utcnow
from app.db import transact, unit_of_work
from app.errors import Conflict, DeskError, NotFound
from app.identity import service as identity
from app.identity import skills
from app.messaging.chats import limits, visitors
from app.messaging.chats.models import Chat
from app.orchestration.chatting import beginning, offering, queueing, seats, talking
from app.orchestration.chatting.models import ChatAgent, ChatOffer, ChatSeat
from app.orchestration.intake import ingest_waiting
from app.routing import service as routing
from app.sla import service as sla
from tests.support.chats import KEY, make_widget
from tests.support.desk import make_desk
from tests.support.people import make_cast, make_user


@pytest.fixture
def desk(db):
    """A desk with a widget; Alice and Bob serve its queue."""
    limits._own.clear()
    with unit_of_work():
        made = make_desk(make_cast())
        make_widget()
    return made


def begin_chat(name="Dana"):
    with unit_of_work():
        account, config = beginning.widget(KEY)
        chat, _token = beginning.begin(account, config, {"name": name})
        beginning.take(account, chat, {"id": "line-one", "text": f"{name} asks"})
    ingest_waiting()
    return chat.id


def available(*people, capacity=3, yes=True):
    for person in people:
        with unit_of_work():
            seats.make_available(person.id, is_available=yes, capacity=capacity)


def route():
    jobs.run(seats.ROUTE, 0)


def waiting_offers():
    with unit_of_work() as session:
        return {row.chat_id: row.user_id for row in session.scalars(select(ChatOffer).where(ChatOffer.outcome == ""))}


def offer_of(chat_id):
    with unit_of_work() as session:
        return session.scalars(select(ChatOffer).where(ChatOffer.chat_id == chat_id, ChatOffer.outcome == "")).one()


def take(chat_id, person):
    with unit_of_work():
        return offering.take(offer_of(chat_id).id, person.id)


def test_a_waiting_chat_is_offered_to_whoever_has_been_idle_longest(desk, wire):
    alice, bob = desk.cast.alice, desk.cast.bob
    available(bob)
    available(alice)
    first, second = begin_chat(), begin_chat()
    wire.sent.clear()
    route()
    assert waiting_offers() == {first: bob.id, second: bob.id}
    assert any(item["topic"] == "offer" and item["users"] == [bob.id] for item in wire.sent)
    case = take(first, bob)
    assert case.assignee_id == bob.id
    with unit_of_work():
        assert [person.id for person in seats.people_in(first)] == [bob.id]
        assert visitors.get(first).waiting_since is None


def test_nobody_gets_more_than_they_have_room_for(desk):
    available(desk.cast.alice, capacity=2)
    chats = [begin_chat() for _ in range(3)]
    route()
    route()
    assert list(waiting_offers()) == chats[:2]
    for chat_id in chats[:2]:
        take(chat_id, desk.cast.alice)
    route()
    assert waiting_offers() == {}
    with unit_of_work():
        talking.end(visitors.get(chats[0]), by="visitor")
    route()
    assert list(waiting_offers()) == [chats[2]]


def test_a_skill_that_is_needed_decides(desk):
    with unit_of_work():
        skills.make("chinese", name="Chinese")
        skills.set_levels(desk.cast.bob.id, {"chinese": 1})
        account, _config = beginning.widget(KEY)
        account.config = {**account.config, "skill": "chinese"}
    available(desk.cast.alice)
    chat = begin_chat()
    route()
    assert waiting_offers() == {}
    available(desk.cast.bob)
    route()
    assert waiting_offers() == {chat: desk.cast.bob.id}


def test_other_teams_are_not_asked(desk):
    available(desk.cast.charlie)
    begin_chat()
    route()
    assert waiting_offers() == {}


def test_a_declined_chat_goes_to_the_next_and_comes_back_when_there_is_nobody_else(desk):
    alice, bob = desk.cast.alice, desk.cast.bob
    available(alice)
    available(bob)
    chat = begin_chat()
    route()
    with unit_of_work():
        offering.decline(offer_of(chat).id, alice.id)
    route()
    assert waiting_offers() == {chat: bob.id}
    with unit_of_work():
        offering.decline(offer_of(chat).id, bob.id)
    route()
    assert waiting_offers() == {}
    with clock.at(utcnow() + offering.PAUSE + timedelta(seconds=1)):
        route()
    assert waiting_offers() == {chat: alice.id}


def test_a_missed_offer_keeps_the_chats_age_and_makes_its_agent_unavailable(desk):
    available(desk.cast.alice)
    available(desk.cast.bob)
    chat = begin_chat()
    route()
    with unit_of_work():
        since = visitors.get(chat).waiting_since
        missed = offer_of(chat).id
    jobs.run(offering.JOB, missed)
    route()
    with unit_of_work() as session:
        assert session.get(ChatAgent, desk.cast.alice.id).is_available is False
        assert visitors.get(chat).waiting_since == since
    assert waiting_offers() == {chat: desk.cast.bob.id}
    with unit_of_work(), pytest.raises(Conflict):
        offering.take(missed, desk.cast.alice.id)
    with unit_of_work(), pytest.raises(NotFound):
        offering.take(offer_of(chat).id, desk.cast.alice.id)


def test_whoever_answers_first_has_it_and_the_offer_is_gone(desk):
    available(desk.cast.alice)
    chat = begin_chat()
    route()
    with unit_of_work():
        talking.say(visitors.get(chat).case_id, user_id=desk.cast.bob.id, author="Bob", text="Hello")
    assert waiting_offers() == {}
    with unit_of_work():
        assert [person.name for person in seats.people_in(chat)] == ["Bob"]


def test_a_visitor_knows_the_place_in_line_and_about_how_long_it_takes(desk):
    chats = [begin_chat() for _ in range(3)]
    with unit_of_work():
        places = [queueing.place_of(visitors.get(chat)) for chat in chats]
    assert [(each.place, each.minutes) for each in places] == [(1, 0), (2, 0), (3, 0)]
    with unit_of_work():
        cases.assign(cases.lock(visitors.get(chats[0]).case_id), desk.cast.alice.id)
        assert queueing.place_of(visitors.get(chats[0])) is None
        assert queueing.place_of(visitors.get(chats[2])).place == 2


class Pace:
    def __init__(self, room, seconds):
        self.room, self.seconds = room, seconds


@pytest.mark.parametrize(
    "place,room,seconds,expected",
    [(1, 0, 300, 0), (1, 3, None, 0), (1, 3, 300, 2), (4, 2, 600, 20), (1, 10, 5, 1), (500, 1, 3600, 60)],
)
def test_the_expected_wait_is_place_times_length_by_room(place, room, seconds, expected):
    assert queueing.minutes(place, Pace(room, seconds)) == expected


# ---------------------------------------------------------------- several people, and handing over
def test_several_speak_in_one_chat(desk):
    chat = begin_chat()
    case_id = case_of(chat).id
    with unit_of_work():
        talking.say(case_id, user_id=desk.cast.alice.id, author="Alice", text="Hello")
    with unit_of_work(), pytest.raises(Conflict):
        talking.say(case_id, user_id=desk.cast.bob.id, author="Bob", text="I know that")
    with unit_of_work():
        seats.join(visitors.get(chat), desk.cast.bob.id)
        talking.say(case_id, user_id=desk.cast.bob.id, author="Bob", text="I know that")
    assert case_of(chat).assignee_id == desk.cast.alice.id
    with unit_of_work():
        seats.leave(visitors.get(chat), desk.cast.bob.id)
        with pytest.raises(Conflict, match="yours"):
            seats.leave(visitors.get(chat), desk.cast.alice.id)


def case_of(chat_id):
    with unit_of_work() as session:
        return session.get(Case, session.get(Chat, chat_id).case_id)


def test_a_chat_that_is_handed_over_stays_until_it_is_taken(desk):
    alice, bob = desk.cast.alice, desk.cast.bob
    chat = begin_chat()
    with unit_of_work():
        cases.assign(cases.lock(case_of(chat).id), alice.id)
        offering.hand_to(visitors.get(chat), user_id=bob.id, by=alice.id)
        with pytest.raises(Conflict, match="being offered"):
            offering.hand_to(visitors.get(chat), user_id=desk.cast.charlie.id, by=alice.id)
    assert case_of(chat).assignee_id == alice.id
    with unit_of_work():
        offering.decline(offer_of(chat).id, bob.id)
    assert case_of(chat).assignee_id == alice.id
    with unit_of_work():
        offering.hand_to(visitors.get(chat), user_id=bob.id, by=alice.id)
    take(chat, bob)
    with unit_of_work():
        assert [person.id for person in seats.people_in(chat)] == [bob.id]


def test_a_chat_that_is_given_to_another_team_waits_there(desk):
    available(desk.cast.charlie)
    chat = begin_chat()
    with unit_of_work():
        cases.assign(cases.lock(case_of(chat).id), desk.cast.alice.id)
        calendar = sla.calendars()[0]
        routing.save_queue("repairs", name="Repairs", team_id=desk.cast.repairs.id, calendar_id=calendar.id)
        offering.hand_to_queue(visitors.get(chat), "repairs")
    route()
    assert waiting_offers() == {chat: desk.cast.charlie.id}
    with unit_of_work():
        assert seats.people_in(chat) == []


# ---------------------------------------------------------------- at the same time
@pytest.mark.committed
def test_whatever_happens_at_once_nobody_is_double_booked_and_nobody_is_forgotten(desk):
    chance = random.Random(7)
    with unit_of_work():
        people = [make_user(f"agent{number}", teams=()) for number in range(4)]
        for person in people:
            identity.add_member(desk.cast.service_team.id, person.id)
            seats.make_available(person.id, is_available=True, capacity=2)
    for number in range(12):
        begin_chat(f"V{number}")
    for _round in range(200):
        with ThreadPoolExecutor(4) as pool:
            list(pool.map(lambda seed: act(seed, people), [chance.randrange(10_000) for _ in range(12)]))
        check_rooms(people)
        if not unserved():
            return
        go_on()
    raise AssertionError(f"nobody has taken {unserved()}")


def act(seed, people):
    """Have waiting chats offered, or somebody answer what is offered to them; somebody else may be faster."""
    rolled = random.Random(seed).random()
    with suppress(DeskError):
        if rolled < 0.4:
            transact(offering.route)
        else:
            transact(lambda: answer(people[seed % 4].id, is_taken=rolled < 0.85))


def answer(user_id, *, is_taken):
    for offer in offering.offers_of(user_id)[:1]:
        (offering.take if is_taken else offering.decline)(offer.id, user_id)


def go_on():
    """Some chats come to their end, and the pause after a refusal is over."""
    with unit_of_work():
        for chat_id in served()[:3]:
            talking.end(visitors.get(chat_id), by="visitor")
        for row in every(ChatOffer):
            row.ended_at = row.ended_at and row.ended_at - offering.PAUSE


def every(model):
    from app.db import session

    return session().scalars(select(model)).all()


def check_rooms(people):
    with unit_of_work():
        held = [row for row in every(ChatSeat) if row.left_at is None]
        offers = [row for row in every(ChatOffer) if row.outcome == ""]
        assert len({row.chat_id for row in held}) == len(held), "a chat has two owners"
        assert not {row.chat_id for row in held} & {row.chat_id for row in offers}
        for person in people:
            load = sum(row.user_id == person.id for row in (*held, *offers))
            assert load <= 2, f"{person.login} has {load}"


def served():
    return sorted(row.chat_id for row in every(ChatSeat) if row.left_at is None)


def unserved():
    with unit_of_work():
        return [row.id for row in every(Chat) if row.taken_at is None]
