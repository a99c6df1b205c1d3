"""The login form and what follows: throttling, fixation, forged forms, signing out."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.db import unit_of_work
from app.identity import queries, service
from app.identity.models import LoginThrottle
from app.identity.throttle import FREE_TRIES
from app.web import cookies
from app.web.auth import safe_next
from tests.support.people import PASSWORD


def field(page, name):
    return re.search(rf'name="{name}" value="([^"]*)"', page.text)[1]


def fill(browser, login="alice", password=PASSWORD, **more):
    """Load the form and send it."""
    page = browser.get("/login")
    return browser.client.post(
        "/login", data={"csrf": field(page, "csrf"), "login": login, "password": password, "next": "", **more}
    )


def cookie_of(browser):
    found = browser.client.get_cookie(cookies.session_cookie())
    return found.value if found else None


def test_the_right_password_opens_the_desk(browser, cast):
    stranger = browser()
    answer = fill(stranger)
    assert (answer.status_code, answer.location) == (303, "/")
    with unit_of_work():
        assert queries.visit(cookie_of(stranger)).viewer.login == "alice"


def test_the_cookie_is_out_of_reach_of_scripts_and_other_sites(browser, cast):
    header = next(h for h in fill(browser()).headers.getlist("Set-Cookie") if h.startswith("ringback="))
    assert "HttpOnly" in header
    assert "SameSite=Lax" in header
    assert "Path=/" in header
    assert "Secure" not in header


def test_over_https_the_cookie_is_secure_and_bound_to_the_host(monkeypatch, browser, cast):
    monkeypatch.setattr(cookies, "is_secure", lambda: True)
    stranger = browser()
    page = stranger.get("/login", base_url="https://localhost")
    answer = stranger.client.post(
        "/login", base_url="https://localhost",
        data={"csrf": field(page, "csrf"), "login": "alice", "password": PASSWORD},
    )  # fmt: skip
    header = next(h for h in answer.headers.getlist("Set-Cookie") if h.startswith("__Host-ringback="))
    assert "Secure" in header
    assert answer.headers["Strict-Transport-Security"].startswith("max-age=")


@pytest.mark.parametrize(
    "login,password", [("alice", "wrong password"), ("nobody", PASSWORD), ("", ""), ("alice", "x" * 5000)]
)
def test_refusals_look_the_same(browser, cast, login, password):
    answer = fill(browser(), login, password)
    assert answer.status_code == 401
    assert "Login or password is not right." in answer.text
    assert password not in answer.text or not password


def test_the_typed_login_is_escaped(browser, cast):
    answer = fill(browser(), '"><script>alert(1)</script>', "x")
    assert "<script>alert" not in answer.text


def test_failures_are_counted_although_the_answer_is_a_refusal(browser, cast):
    stranger = browser()
    for _ in range(FREE_TRIES):
        assert fill(stranger, password="wrong password").status_code == 401
    answer = fill(stranger)
    assert answer.status_code == 429
    assert int(answer.headers["Retry-After"]) >= 1
    assert cookie_of(stranger) is None
    with unit_of_work() as session:
        assert session.scalars(select(LoginThrottle.failures)).all() == [FREE_TRIES, FREE_TRIES]


def test_a_planted_session_does_not_become_a_signed_in_one(browser, cast):
    attacker = browser(cast.charlie)
    victim = browser()
    form = {"csrf": field(victim.get("/login"), "csrf"), "login": "alice", "password": PASSWORD}
    victim.client.set_cookie(cookies.session_cookie(), attacker.token)
    assert victim.client.post("/login", data=form).status_code == 303
    assert cookie_of(victim) != attacker.token
    with unit_of_work():
        assert queries.visit(attacker.token) is None
        assert queries.visit(cookie_of(victim)).viewer.login == "alice"


def test_a_form_of_another_browser_is_refused(browser, cast):
    page = browser().get("/login")
    answer = browser().client.post("/login", data={"csrf": field(page, "csrf"), "login": "alice", "password": PASSWORD})
    assert answer.status_code == 403
    assert "Set-Cookie" not in answer.headers or "ringback=" not in answer.headers["Set-Cookie"].replace("-form=", "")


def test_a_form_from_another_site_is_refused(browser, cast):
    stranger = browser()
    page = stranger.get("/login")
    answer = stranger.client.post(
        "/login", data={"csrf": field(page, "csrf"), "login": "alice", "password": PASSWORD},
        headers={"Sec-Fetch-Site": "cross-site"},
    )  # fmt: skip
    assert answer.status_code == 403


@pytest.mark.parametrize(
    "target,goes_to",
    [
        ("/cases/7?tab=audit", "/cases/7?tab=audit"),
        ("https://evil.example", "/"),
        ("//evil.example", "/"),
        ("/\\evil.example", "/"),
        ("/a\r\nSet-Cookie: x=1", "/"),
        ("javascript:alert(1)", "/"),
        ("/login?next=/login", "/"),
        ("", "/"),
    ],
)
def test_after_signing_in_one_stays_on_the_desk(target, goes_to):
    assert safe_next(target) == goes_to


def test_who_asks_for_a_page_first_comes_back_to_it(browser, cast):
    stranger = browser()
    answer = stranger.post("/logout/everywhere")
    assert answer.location == "/login"
    answer = fill(stranger, next="/cases/7")
    assert answer.location == "/cases/7"


def test_who_is_signed_in_needs_no_form(browser, cast):
    assert browser(cast.alice).get("/login").location == "/"


def test_signing_out_ends_the_session_on_the_server(browser, cast):
    alice = browser(cast.alice)
    answer = alice.post("/logout")
    assert (answer.status_code, answer.location) == (303, "/login")
    assert cookie_of(alice) is None
    with unit_of_work():
        assert queries.visit(alice.token) is None


def test_signing_out_everywhere_ends_the_others_too(browser, cast):
    here, there = browser(cast.alice), browser(cast.alice)
    here.post("/logout/everywhere")
    with unit_of_work():
        assert queries.visit(there.token) is None


def test_signing_out_can_not_be_forged(browser, cast):
    alice = browser(cast.alice)
    assert alice.client.post("/logout").status_code == 403
    assert alice.client.post("/logout", data={"csrf": browser(cast.bob).csrf}).status_code == 403
    assert alice.client.post("/logout", data={"csrf": "ü"}).status_code == 403
    with unit_of_work():
        assert queries.visit(alice.token)


def test_who_was_deactivated_is_out_with_the_next_click(browser, cast):
    alice = browser(cast.alice)
    with unit_of_work():
        service.deactivate_user(cast.alice.id)
    assert alice.post("/logout").location == "/login"
    with unit_of_work():
        assert queries.visit(alice.token) is None
