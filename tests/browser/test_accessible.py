"""Every page of the desk in both themes and languages: what axe-core finds wrong is nothing, and nothing runs over the edge."""

from __future__ import annotations

import pytest

from tests.browser.axe import run_axe

CASE_TABS = ("", "?tab=process", "?tab=work-orders", "?tab=files", "?tab=audit")
PAGES = (
    "/contacts", "/contacts?q=zzz", "/organizations",
    "/inbox/team", "/inbox/archived", "/work-orders", "/search?q=hot", "/processes", "/processes/service_case",
    "/processes/new", "/processes/service_case/edit", "/faults", "/channels", "/channels/new/email/smtp", "/people", "/people/1", "/teams/1",
    "/account", "/settings", "/settings/calendars", "/settings/calendars/1", "/settings/calendars/new",
    "/settings/calendars/1/holidays?country=DE", "/settings/calendars/1/holidays?country=DE&year=2026", "/settings/queues",
    "/settings/queues/1", "/settings/queues/new", "/settings/service-levels", "/settings/service-levels/new",
)  # fmt: skip


@pytest.mark.parametrize("theme,locale", [("light", "en"), ("dark", "zh-CN")])
def test_no_page_has_anything_for_axe_to_find(desk, enter, theme, locale):
    number = desk.new_case("Accessible", "It is cold.", html="<p>It is <b>cold</b>.</p>")
    page = enter("admin", "/inbox/team", color_scheme=theme, locale=locale)
    found = {}
    for path in (*PAGES, *(f"/cases/{number}{tab}" for tab in CASE_TABS)):
        page.goto(desk.url + path, wait_until="load")
        page.wait_for_selector("body:not(.loading)")
        wrong = run_axe(page)
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            wrong.append("runs over the edge")
        if wrong:
            found[path] = wrong
    assert found == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_strangers_see_is_accessible_too(desk, make_page, theme):
    page = make_page(color_scheme=theme, width=420)
    for path in ("/login", "/no-such-page"):
        page.goto(desk.url + path)
        assert run_axe(page) == [], path
