"""What users keep for themselves."""

from __future__ import annotations

import re

import pytest

from app.db import unit_of_work
from app.identity import queries, service, sessions
from app.identity.sessions import SignedIn
from app.web import cookies
from tests.support.people import PASSWORD

NEW = "another long one"


def change(browser, old=PASSWORD, new=NEW, again=NEW):
    return browser.post("/account/password", {"old": old, "new": new, "again": again})


def test_a_new_password_needs_the_old_one_and_signs_out_all_other_browsers(browser, cast):
    here, there = browser(cast.alice), browser(cast.alice)
    assert change(here).location == "/account"
    with unit_of_work():
        assert queries.visit(there.token) is None
        assert queries.visit(here.token) is None
        assert queries.visit(here.client.get_cookie(cookies.session_cookie()).value)
        assert isinstance(service.sign_in("alice", NEW, address="192.0.2.1"), SignedIn)


@pytest.mark.parametrize(
    "given,says",
    [
        ({"old": "wrong"}, "The old password is not right."),
        ({"again": "different"}, "The two new passwords differ."),
        ({"new": "short", "again": "short"}, "8 to 200 characters"),
    ],
)
def test_what_is_wrong_is_said_and_nothing_changes(browser, cast, given, says):
    answer = change(browser(cast.alice), **given)
    assert answer.status_code == 422
    assert says in answer.text
    with unit_of_work():
        assert isinstance(service.sign_in("alice", PASSWORD, address="192.0.2.1"), SignedIn)


def test_guessing_the_old_password_is_throttled(browser, cast):
    alice = browser(cast.alice)
    statuses = [change(alice, old="wrong").status_code for _ in range(11)]
    assert statuses == [422] * 10 + [403]


def test_a_token_is_shown_once_and_revoked_by_its_owner_only(browser, cast):
    alice = browser(cast.alice)
    made = alice.post("/account/tokens", {"name": "My <script>", "days": "30"})
    text = re.search(r'id="new-token">([^<]+)<', made.text)[1]
    with unit_of_work():
        assert queries.token_viewer(text).login == "alice"
        ((token, _login),) = queries.api_tokens(cast.alice.id)
    page = alice.get("/account")
    assert text not in page.text
    assert "My &lt;script&gt;" in page.text
    assert browser(cast.ada).post(f"/account/tokens/{token.id}/revoke").status_code == 404
    assert alice.post(f"/account/tokens/{token.id}/revoke").status_code == 303
    with unit_of_work():
        assert queries.token_viewer(text) is None


@pytest.mark.parametrize("form", [{"name": ""}, {"name": "x", "days": "0"}, {"name": "x" * 101}])
def test_an_unusable_token_is_refused_on_the_page(browser, cast, form):
    assert browser(cast.alice).post("/account/tokens", form).status_code == 422
    with unit_of_work():
        assert queries.api_tokens(cast.alice.id) == []


def test_the_page_counts_ones_sessions(browser, cast):
    with unit_of_work():
        sessions.start(cast.bob.id)
        sessions.start(cast.alice.id)
    assert "2 browsers" in browser(cast.alice).get("/account").text
