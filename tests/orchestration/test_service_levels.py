"""Service levels on cases: clocks start, rest, are met, warned of and breached by what happens, beside the process's own limits."""

from __future__ import annotations

from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
import time_machine

from app import db, events, jobs
from app.audit import service as audit
from app.cases import service as cases
from app.contacts import service as contacts
from app.events import Actor, acting
from app.identity import queries as people
from app.identity import service as identity
from app.messaging import store
from app.messaging.models import Direction
from app.orchestration import service_levels
from app.routing import service as routing
from app.sla import clocks, policies
from app.sla import service as sla
from app.sla.policies import Draft
from tests.support.people import make_cast

MONDAY = datetime(2026, 6, 1, 9, tzinfo=UTC)
HOUR = timedelta(hours=1)
LIMITS = {"first_response": 4 * 3600, "next_response": 8 * 3600, "resolution": 20 * 3600}


@contextmanager
def at(hours):
    """So many hours after Monday at nine, in a unit of work of its own."""
    with time_machine.travel(MONDAY + hours * HOUR, tick=False), db.unit_of_work():
        yield


@pytest.fixture
def cast(db):
    """A service team with business hours, and a standard service level."""
    with at(0):
        cast = make_cast()
        calendar = sla.save_calendar("business", name="Business hours")
        routing.save_queue("service", name="Service", team_id=cast.service_team.id, calendar_id=calendar.id)
        identity.add_member(cast.service_team.id, cast.bob.id, is_lead=True)
        policies.save(None, Draft(
            "Standard", targets=LIMITS, pauses=["waiting"], warn_percent=75, warn_who=["agent"], breach_who=["lead"],
        ))  # fmt: skip
        return cast


@pytest.fixture
def case_id(cast):
    """A case that came in on Monday at nine."""
    with at(0):
        dana = contacts.find_or_create("email", "dana@example.org", name="Dana")
        return cases.open_case(
            subject="Cold", channel="email", contact_id=dana.id, contact_name="Dana", queue_key="service",
            team_id=cast.service_team.id,
        ).id  # fmt: skip


def change(case_id, **values):
    cases.change(cases.lock(case_id), values)


def writes(case_id, user, *, auto="none"):
    """Somebody answers the customer."""
    with acting(Actor("user", user.id, user.name)):
        case = cases.lock(case_id)
        interaction = store.interaction_for(
            case_id, kind="email", account_id=None, contact_id=case.contact_id, subject="x"
        )
        store.store_outbound(
            case_id=case_id, interaction_id=interaction, kind="email", direction=Direction.OUT, text="Hello", author=user.name,
            user_id=user.id, auto=auto,
        )  # fmt: skip
        if auto == "none":
            cases.note_reply(case)


def hears(case_id, auto="none"):
    """The customer writes again, or their mailbox does."""
    events.record("message_received", chain=f"case:{case_id}", message=0, channel="email", contact=None, auto=auto)


def shown(case_id):
    with db.unit_of_work():
        return {clock.kind: clock.state for clock in clocks.of_case(case_id)}


def clock(case_id, kind):
    return [row for row in clocks.of_case(case_id) if row.kind == kind][-1]


def case_of(case_id):
    return cases.lock(case_id)


def kinds(case_id):
    with db.unit_of_work():
        return [event["kind"] for event in audit.chain_events(f"case:{case_id}") if event["kind"].startswith("sla_")]


# ---------------------------------------------------------------- running
def test_a_case_starts_with_its_clocks_and_shows_the_first_that_is_due(case_id):
    assert shown(case_id) == {"first_response": "running", "resolution": "running"}
    with at(0):
        case = case_of(case_id)
        assert (case.due_at, case.due_from) == (MONDAY + 4 * HOUR, MONDAY)
        assert case.due_why == "first response · Standard · Business hours"
        assert clock(case_id, "resolution").due_at == datetime(2026, 6, 3, 11, tzinfo=UTC)


def test_a_persons_answer_meets_the_first_clock_and_an_automatic_one_does_not(cast, case_id):
    with at(1):
        writes(case_id, cast.alice, auto="auto")
    assert shown(case_id)["first_response"] == "running"
    with at(2):
        writes(case_id, cast.alice)
    assert shown(case_id) == {"first_response": "met", "resolution": "running"}
    with at(3):
        assert case_of(case_id).due_why.startswith("resolution")


def test_a_further_message_asks_for_a_further_answer(cast, case_id):
    with at(1):
        hears(case_id)
    assert "next_response" not in shown(case_id)
    with at(2):
        writes(case_id, cast.alice)
    with at(2.5):
        hears(case_id, auto="auto-reply")
    for hour in (3, 4):
        with at(hour):
            hears(case_id)
    with at(4):
        assert clock(case_id, "next_response").started_at == MONDAY + 3 * HOUR
    with at(5):
        writes(case_id, cast.bob)
    assert shown(case_id)["next_response"] == "met"
    assert kinds(case_id).count("sla_started") == 3


def test_clocks_rest_while_the_case_waits_for_the_customer(cast, case_id):
    with at(1):
        change(case_id, status="waiting")
    with at(1):
        case = case_of(case_id)
        assert (case.due_at, case.due_from) == (None, MONDAY + HOUR)
        assert case.due_why == "paused · first response · Standard · Business hours · waiting"
    with at(24):
        change(case_id, status="open")
    with at(24):
        row = clock(case_id, "first_response")
        assert (row.state, row.due_at) == ("running", MONDAY + 27 * HOUR)
        assert row.warn_at == MONDAY + 26 * HOUR
    assert [kind for kind in kinds(case_id) if kind in {"sla_paused", "sla_resumed"}] == ["sla_paused"] * 2 + [
        "sla_resumed"
    ] * 2


def test_resolving_meets_and_reopening_promises_anew(cast, case_id):
    with at(1):
        change(case_id, status="resolved")
    assert shown(case_id)["resolution"] == "met"
    with at(2):
        change(case_id, status="open")
    with at(2):
        assert clock(case_id, "resolution").started_at == MONDAY + 2 * HOUR
    with at(3):
        cases.archive(case_of(case_id), outcome="resolved", retain_until=MONDAY)
    assert shown(case_id) == {"first_response": "dropped", "resolution": "met"}
    with at(3):
        assert clocks.open_clocks(case_id) == []
        assert case_of(case_id).due_at is None


def test_a_cancelled_case_needs_no_clock(case_id):
    with at(1):
        cases.archive(case_of(case_id), outcome="cancelled", retain_until=MONDAY)
    assert set(shown(case_id).values()) == {"dropped"}


# ---------------------------------------------------------------- the process's own limits
def test_the_case_shows_whichever_limit_comes_first_and_the_processs_own_is_kept(case_id):
    own = {"due_at": MONDAY + 2 * HOUR, "due_from": MONDAY, "due_why": "acceptance"}
    with at(0.5):
        change(case_id, **own)
    with at(0.5):
        assert (case_of(case_id).due_at, case_of(case_id).due_why) == (MONDAY + 2 * HOUR, "acceptance")
    with at(1):
        change(case_id, due_at=MONDAY + 9 * HOUR)
    with at(1):
        case = case_of(case_id)
        assert (case.due_at, case.own_due_at, case.own_due_why) == (MONDAY + 4 * HOUR, MONDAY + 9 * HOUR, "acceptance")
    with at(2):
        change(case_id, status="waiting")
    with at(2):
        assert case_of(case_id).due_at == MONDAY + 9 * HOUR


def test_without_policies_nothing_is_counted(db, cast):
    with at(0):
        policies.remove(policies.policies()[0].id)
    with at(0):
        case = cases.open_case(subject="x", channel="email", contact_id=None, contact_name="x", queue_key="service")
    assert shown(case.id) == {}


# ---------------------------------------------------------------- which policy
def test_the_first_policy_that_is_on_and_fits_holds(cast, case_id):
    with at(0):
        urgent = policies.save(None, Draft(
            "Urgent", targets={"first_response": 1800}, conditions={"priority": ["urgent"], "queue": ["service"]}))  # fmt: skip
        facts = service_levels.facts_of(case_of(case_id))
        assert policies.match(facts).name == "Standard"
        policies.move(urgent.id, up=True)
        assert [policy.name for policy in policies.policies()] == ["Urgent", "Standard"]
        refused = policies.judge(policies.policies()[0], facts)
        assert (refused.field, refused.found, refused.wanted) == ("priority", "normal", "urgent")
    with at(1):
        change(case_id, priority="urgent")
    with at(1):
        row = clock(case_id, "first_response")
        assert (row.policy_name, row.due_at) == ("Urgent", MONDAY + HOUR / 2)
    assert shown(case_id)["resolution"] == "dropped"


# ---------------------------------------------------------------- when time is up
def test_a_warning_and_a_breach_tell_whom_the_policy_names_once(cast, case_id):
    with at(0):
        change(case_id, assignee_id=cast.alice.id)
        first = clock(case_id, "first_response").id
    for hour in (1, 3.1, 3.2):
        with time_machine.travel(MONDAY + hour * HOUR, tick=False):
            jobs.service_level(first)
    with at(3.5):
        assert [n.kind for n in people.notices(cast.alice.id) if n.kind != "assigned"] == ["sla_warned"]
        assert clock(case_id, "first_response").warned_at == MONDAY + 3.1 * HOUR
    for hour in (4.1, 4.2):
        with time_machine.travel(MONDAY + hour * HOUR, tick=False):
            jobs.service_level(first)
    with at(5):
        assert [notice.kind for notice in people.notices(cast.bob.id)] == ["sla_breached"]
        writes(case_id, cast.alice)
    with at(5):
        row = clock(case_id, "first_response")
        assert (row.state, row.breached_at) == ("met", MONDAY + 4.1 * HOUR)
    assert [kind for kind in kinds(case_id) if kind != "sla_started"] == ["sla_warned", "sla_breached", "sla_met"]


def test_a_breach_that_no_timer_saw_is_noted_when_the_clock_ends(cast, case_id):
    with at(6):
        writes(case_id, cast.alice)
    assert [kind for kind in kinds(case_id) if kind != "sla_started"] == ["sla_breached", "sla_met"]


def test_a_timer_of_a_clock_that_rests_does_nothing(case_id):
    with at(1):
        change(case_id, status="waiting")
        first = clock(case_id, "first_response").id
    with time_machine.travel(MONDAY + 9 * HOUR, tick=False):
        jobs.service_level(first)
    assert not {"sla_breached", "sla_warned"} & set(kinds(case_id))
    jobs.service_level(999_999)
