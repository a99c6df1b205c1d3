"""Signing in: sessions, throttling, no enumeration; API tokens."""

from __future__ import annotations

import time
from datetime import timedelta

import pytest
import time_machine
from sqlalchemy import select

from app.clock import utcnow
from app.errors import Forbidden, Invalid, NotFound
from app.identity import passwords, queries, service, sessions, throttle
from app.identity.models import ApiToken, LoginSession
from app.identity.service import SignInRefused
from app.identity.sessions import SignedIn
from app.settings import settings
from tests.support.people import PASSWORD, make_user
from tests.support.statements import recorded

pytestmark = pytest.mark.usefixtures("session")
HERE = "192.0.2.7"


def sign_in(login="dora", password=PASSWORD, *, address=HERE):
    return service.sign_in(login, password, address=address)


def guess(times, *, login="dora", address=HERE):
    return [sign_in(login, "wrong password", address=address) for _ in range(times)]


@pytest.fixture
def cheap_hash(monkeypatch):
    """Counting is what matters here, not the 50 ms."""
    monkeypatch.setattr(passwords, "matches", lambda stored, password: stored is not None and password == PASSWORD)


def test_the_right_password_signs_in_and_only_a_digest_is_kept(session):
    user = make_user("dora")
    made = sign_in(" Dora ")
    assert isinstance(made, SignedIn)
    visit = queries.visit(made.token)
    assert visit
    assert visit.viewer.user_id == user.id
    assert visit.csrf == made.csrf
    row = session.scalars(select(LoginSession)).one()
    assert made.token not in (row.digest, row.csrf)


def test_wrong_password_and_unknown_account_look_the_same():
    make_user("dora")
    assert guess(1) == guess(1, login="nobody") == [SignInRefused(0)]


def test_unknown_accounts_cost_as_much_time_as_known_ones():
    make_user("dora")
    passwords.matches(None, "warm up")

    def seconds(login, address):
        begun = time.process_time()  # what other programs take of the machine is not counted
        guess(1, login=login, address=address)
        return time.process_time() - begun

    pairs = [(seconds("dora", f"192.0.2.{n}"), seconds(f"nobody{n}", f"192.0.2.{n}")) for n in range(7)]
    known, unknown = (min(side) for side in zip(*pairs, strict=True))
    assert 0.5 < known / unknown < 2


def test_ten_wrong_tries_then_a_growing_wait_even_for_the_right_password(cheap_hash):
    make_user("dora")
    with time_machine.travel("2026-11-22T09:00:00Z", tick=False) as clock:
        assert guess(10) == [SignInRefused(0)] * 10
        assert sign_in() == SignInRefused(5)
        clock.shift(6)
        assert guess(2) == [SignInRefused(0), SignInRefused(10)]
        clock.shift(11)
        assert isinstance(sign_in(), SignedIn)
        assert guess(1) == [SignInRefused(0)]


def test_the_wait_of_an_account_ends_within_minutes(cheap_hash):
    make_user("dora")
    with time_machine.travel("2026-11-22T09:00:00Z", tick=False) as clock:
        for number in range(40):
            guess(1, address=f"192.0.2.{number}")
            clock.shift(301)
        assert isinstance(sign_in(address="192.0.2.99"), SignedIn)


def test_an_account_is_throttled_over_many_addresses_and_unknown_ones_too(cheap_hash):
    for number in range(10):
        assert guess(1, login="nobody", address=f"192.0.2.{number}") == [SignInRefused(0)]
    assert guess(1, login="nobody", address="192.0.2.99")[0].wait > 0


def test_an_address_is_throttled_over_many_accounts(cheap_hash):
    make_user("dora")
    for number in range(10):
        assert guess(1, login=f"user{number}") == [SignInRefused(0)]
    assert sign_in().wait > 0
    assert isinstance(sign_in(address="192.0.2.8"), SignedIn)


@pytest.mark.parametrize(
    "one,other,same",
    [
        ("192.0.2.1", "192.0.2.2", False),
        ("192.0.2.1", "::ffff:192.0.2.1", True),
        ("2001:db8:1:2::1", "2001:db8:1:2:ffff::9", True),
        ("2001:db8:1:2::1", "2001:db8:1:3::1", False),
        ("", "unknown", False),
    ],
)
def test_what_counts_as_one_address(one, other, same):
    assert (throttle.address_key(one) == throttle.address_key(other)) is same


def test_a_known_password_does_not_buy_endless_tries(cheap_hash):
    make_user("dora")
    refused = 0
    for number in range(30):
        outcome = guess(1, login=f"victim{number}")[0]
        refused += outcome.wait > 0
        sign_in()
    assert refused > 0


def test_old_failures_are_forgotten(cheap_hash):
    make_user("dora")
    with time_machine.travel("2026-11-22T09:00:00Z", tick=False) as clock:
        guess(9)
        clock.shift(3601)
        assert guess(9) == [SignInRefused(0)] * 9
        clock.shift(3601)
        assert throttle.forget_old() == 2


def test_a_session_slides_but_not_for_ever():
    make_user("dora")
    hours = settings().session_hours
    with time_machine.travel("2026-11-22T09:00:00Z", tick=False) as clock:
        made = sign_in()
        steps = 0
        while visit := queries.visit(made.token):
            sessions.slide(visit.digest, created_at=visit.created_at, expires_at=visit.expires_at)
            clock.shift(timedelta(hours=hours / 2))
            steps += 1
        assert 12 <= steps <= 2 * sessions.LONGEST


def test_an_unused_session_ends_and_is_swept():
    make_user("dora")
    with time_machine.travel("2026-11-22T09:00:00Z", tick=False) as clock:
        made = sign_in()
        clock.shift(timedelta(hours=settings().session_hours, seconds=1))
        assert queries.visit(made.token) is None
        assert service.tidy() >= 1


def test_sliding_is_not_written_with_every_request():
    user = make_user("dora")
    made = sessions.start(user.id)
    assert sessions.slide("x", created_at=utcnow(), expires_at=made.expires_at) == made.expires_at


def test_a_new_session_replaces_the_one_the_browser_had():
    user = make_user("dora")
    planted = sessions.start(user.id).token
    made = service.sign_in("dora", PASSWORD, address=HERE, instead_of=planted)
    assert isinstance(made, SignedIn)
    assert made.token != planted
    assert queries.visit(planted) is None


def test_one_session_or_all_are_ended():
    user = make_user("dora")
    first, second, third = (sessions.start(user.id).token for _ in range(3))
    sessions.end(first)
    assert queries.visit(first) is None
    assert queries.visit(second)
    assert sessions.end_all(user.id) == 2
    assert queries.visit(third) is None


def test_the_viewer_of_a_request_costs_one_query():
    user = make_user("dora")
    token = sessions.start(user.id).token
    with recorded() as statements:
        queries.visit(token)
    assert len(statements) == 1


def test_own_password_needs_the_old_one(cheap_hash):
    user = make_user("dora")
    assert not service.change_own_password(user.id, "wrong", "a new long password")
    with pytest.raises(Invalid):
        service.change_own_password(user.id, PASSWORD, "short")
    assert service.change_own_password(user.id, PASSWORD, "a new long password")
    assert queries.get_user(user.id).password_hash != ""
    for _ in range(10):
        service.change_own_password(user.id, "wrong", "x")
    with pytest.raises(Forbidden):
        service.change_own_password(user.id, PASSWORD, "x" * 20)


def test_hashes_made_with_old_parameters_are_renewed(monkeypatch):
    user = make_user("dora")
    old = user.password_hash
    monkeypatch.setattr(passwords, "is_outdated", lambda stored: stored == old)
    sign_in()
    assert queries.get_user(user.id).password_hash != old


def test_a_damaged_hash_refuses_and_does_not_fail():
    make_user("dora").password_hash = "no hash"
    assert sign_in() == SignInRefused(0)


# ---------------------------------------------------------------- API tokens
def test_a_token_opens_until_revoked_and_only_its_digest_is_kept(session):
    user = make_user("dora")
    made = sessions.new_api_token(user.id, "script")
    viewer = queries.token_viewer(made.text)
    assert viewer
    assert viewer.login == "dora"
    assert session.scalars(select(ApiToken.digest)).one() != made.text
    sessions.revoke_api_token(made.id)
    sessions.revoke_api_token(made.id)
    assert queries.token_viewer(made.text) is None
    assert [(token.name, login) for token, login in queries.api_tokens(user.id)] == [("script", "dora")]


def test_a_token_expires():
    user = make_user("dora")
    with time_machine.travel("2026-11-22T09:00:00Z", tick=False) as clock:
        made = sessions.new_api_token(user.id, "script", days=1)
        assert queries.token_viewer(made.text)
        clock.shift(timedelta(days=1, seconds=1))
        assert queries.token_viewer(made.text) is None


def test_tokens_need_a_name_and_a_sane_life():
    user = make_user("dora")
    for name, days in ((" ", None), ("x" * 101, None), ("x", 0), ("x", 99_999)):
        with pytest.raises(Invalid):
            sessions.new_api_token(user.id, name, days=days)
    with pytest.raises(NotFound):
        sessions.revoke_api_token(999_999_999)
