"""Density, appearance, which news the browser shows, quiet hours."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.db import unit_of_work
from app.identity import preferences, service
from app.identity.preferences import Preferences


def test_density_and_appearance_are_kept_for_the_next_page(browser, cast):
    alice = browser(cast.alice)
    assert 'data-density="comfortable"' in alice.get("/account").text
    assert alice.post("/preferences/look", {"density": "compact"}, headers={"HX-Request": "true"}).status_code == 204
    assert alice.post("/preferences/look", {"theme": "dark", "density": "compact"}).status_code == 303
    page = alice.get("/work-orders").text
    assert 'data-density="compact"' in page
    assert 'data-theme="dark"' in page
    assert alice.post("/preferences/look", {"density": "tiny"}).status_code == 422


def test_one_choice_leaves_the_others(db, cast):
    with unit_of_work():
        preferences.set_density(cast.alice.id, "compact")
        preferences.set_keys(cast.alice.id, {"next": "x"}, on=True)
        preferences.set_telling(cast.alice.id, {"chased"}, quiet=("22:00", "06:30"), zone="Asia/Shanghai")
        found = preferences.of(cast.alice.id)
    assert found.density == "compact"
    assert found.keys == (("next", "x"),)
    assert found.tell == {"chased"}
    assert (found.quiet_from, found.quiet_until, found.zone) == ("22:00", "06:30", "Asia/Shanghai")


@pytest.mark.parametrize(
    "hours,zone,at,quiet",
    [
        (("22:00", "06:00"), "UTC", (23, 30), True),
        (("22:00", "06:00"), "UTC", (5, 59), True),
        (("22:00", "06:00"), "UTC", (6, 0), False),
        (("12:00", "13:00"), "Asia/Shanghai", (4, 30), True),
        (("12:00", "13:00"), "Asia/Shanghai", (12, 30), False),
        (("", ""), "", (3, 0), False),
    ],
)
def test_quiet_hours_count_where_the_agent_is_and_over_midnight(hours, zone, at, quiet):
    wanted = Preferences(quiet_from=hours[0], quiet_until=hours[1], zone=zone)
    assert wanted.is_quiet(datetime(2026, 6, 1, *at, tzinfo=UTC)) is quiet


@pytest.mark.parametrize(
    "form", [{"quiet_from": "25:00", "quiet_until": "06:00"}, {"quiet_from": "22:00"}, {"zone": "Mars/Olympus"}]
)
def test_hours_that_are_none_are_refused(browser, cast, form):
    answer = browser(cast.alice).post("/preferences/telling", {"tell": "chased", **form})
    assert answer.status_code == 422
    assert 'id="account-error"' in answer.text


def test_the_bell_counts_lists_and_forgets_what_was_read(browser, cast):
    with unit_of_work():
        for text in ("First", "Second"):
            service.notify([cast.alice.id], kind="chased", text=text, link="/work-orders", cause="Dana")
    alice = browser(cast.alice)
    page = alice.get("/notices").text
    assert page.index("Second") < page.index("First")
    assert "Dana" in page
    assert 'data-unread="2"' in page
    assert 'data-unread="0"' in browser(cast.bob).get("/notices").text
    told = alice.get("/notices/new.json?after=0").json
    assert (told["unread"], told["notices"]) == (2, [])
    answer = alice.post("/notices/read", {"one": str(told["newest"]), "open": "1"})
    assert answer.location == "/work-orders"
    assert alice.get("/notices/new.json").json["unread"] == 1
    browser(cast.bob).post("/notices/read", {"up_to": str(told["newest"])})
    assert alice.get("/notices/new.json").json["unread"] == 1
    alice.post("/notices/read", {"up_to": str(told["newest"])})
    assert alice.get("/notices/new.json").json["unread"] == 0
    assert alice.post("/notices/read").status_code == 422


def test_the_browser_is_told_of_the_kinds_that_were_chosen(browser, cast):
    alice = browser(cast.alice)
    alice.post("/preferences/telling", {"tell": "chased"})
    with unit_of_work():
        service.notify([cast.alice.id], kind="note", text="Zero", link="/")
    first = alice.get("/notices/new.json?after=0").json["newest"]
    with unit_of_work():
        service.notify([cast.alice.id], kind="chased", text="One", link="/")
        service.notify([cast.alice.id], kind="something_new", text="Two", link="/")
    told = alice.get(f"/notices/new.json?after={first}").json["notices"]
    assert [(notice["text"], notice["tell"]) for notice in told] == [("One", True), ("Two", False)]
