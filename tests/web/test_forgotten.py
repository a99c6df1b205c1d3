"""The pages of a forgotten password, as plain forms."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app import jobs
from app.db import session, unit_of_work
from app.identity import resets
from app.identity.models import PasswordReset
from app.messaging import password_links
from tests.support.desk import make_account
from tests.web.test_auth import field, fill

NEW = "a new horse, and better"


@pytest.fixture
def mailbox(cast):
    """A mailbox to send from."""
    with unit_of_work():
        return make_account()


@pytest.fixture
def token(cast, mailbox):
    """The token of a link of Alice."""
    with unit_of_work():
        resets.ask("alice", address="203.0.113.9", locale="en")
        reset_id = session().scalar(select(PasswordReset.id).where(PasswordReset.user_id == cast.alice.id))
        return resets.issue(reset_id).token


def send(browser, login):
    page = browser.get("/login/forgot")
    return browser.client.post("/login/forgot", data={"csrf": field(page, "csrf"), "login": login})


def choose(browser, token, *, new=NEW, again=NEW, **more):
    page = browser.get(f"/login/new/{token}")
    form = {"csrf": field(page, "csrf"), "new": new, "again": again, **more}
    return browser.client.post(f"/login/new/{token}", data=form)


def blurred(page):
    return re.sub(r'nonce="[^"]*"|value="[^"]*"', "", page.text)


def test_the_answer_is_the_same_for_everybody(browser, mailbox):
    stranger = browser()
    assert 'href="/login/forgot"' in stranger.get("/login").text
    known, unknown = send(stranger, "alice"), send(stranger, "nobody-at-all")
    assert (known.status_code, unknown.status_code) == (200, 200)
    assert 'id="forgot-asked"' in known.text
    assert blurred(known) == blurred(unknown)


def test_without_a_mailbox_the_page_says_whom_to_ask(browser, cast, monkeypatch):
    monkeypatch.setattr(password_links, "can_send", lambda: False)
    page = browser().get("/login/forgot")
    assert 'id="forgot-ask"' in page.text
    assert "<form" not in page.text


def test_a_forged_form_asks_for_nothing(browser, mailbox):
    answer = browser().client.post("/login/forgot", data={"csrf": "x", "login": "alice"})
    assert answer.status_code == 403
    with unit_of_work():
        assert session().scalar(select(PasswordReset.id)) is None


def test_a_link_leads_to_a_new_password_and_to_signing_in(browser, token):
    stranger = browser()
    page = stranger.get(f"/login/new/{token}")
    assert page.headers["Referrer-Policy"] == "no-referrer"
    assert page.headers["Cache-Control"] == "no-store"
    assert 'value="alice"' in page.text
    answer = choose(stranger, token)
    assert (answer.status_code, answer.location) == (303, "/login?changed=1")
    assert 'id="login-changed"' in stranger.get(answer.location).text
    assert fill(stranger, "alice", NEW).status_code == 303
    assert stranger.get(f"/login/new/{token}").status_code == 403


@pytest.mark.parametrize(
    "form,status", [({"again": "another one"}, 422), ({"new": "short", "again": "short"}, 422), ({"csrf": "x"}, 403)]
)
def test_what_is_refused_is_said_and_the_link_stays_good(browser, token, form, status):
    stranger = browser()
    answer = choose(stranger, token, **form)
    assert answer.status_code == status
    assert 'id="new-error"' in answer.text
    assert choose(stranger, token).status_code == 303


def test_a_link_that_opens_nothing_offers_a_new_one(browser, cast):
    page = browser().get("/login/new/rb_never")
    assert page.status_code == 403
    assert 'href="/login/forgot"' in page.text
    assert "<form" not in page.text


def test_an_administrator_sends_one_from_the_page_and_by_api(browser, cast, mailbox):
    ada = browser(cast.ada)
    answer = ada.post(f"/people/{cast.bob.id}/password/link")
    assert (answer.status_code, answer.location) == (303, f"/people/{cast.bob.id}?link=sent")
    assert "bob@desk.example" in ada.get(answer.location).text
    assert ada.post(f"/api/v1/users/{cast.bob.id}/password-link").status_code == 202
    assert browser(cast.alice).post(f"/api/v1/users/{cast.bob.id}/password-link").status_code == 403
    assert jobs.work_inline() >= 2
    assert ada.get(f"/people/{cast.bob.id}").text.count("Link to a new password sent") == 2
