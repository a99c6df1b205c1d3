"""Every page of the desk in both themes: what axe-core finds wrong is nothing, and nothing runs over the edge."""

from __future__ import annotations

import pytest

from app.web import create_app
from tests.browser.axe import COLOURS, run_axe

CASE_TABS = ("", "?tab=process", "?tab=work-orders", "?tab=files", "?tab=audit")
# Beside the pages whose addresses need nothing: those with something in them.
FILLED = (
    "/contacts?q=zzz", "/inbox/team", "/inbox/archived", "/search?q=hot", "/search?q=is:nothing", "/processes/service_case",
    "/processes/service_case/edit", "/channels/new/email/smtp", "/people/1", "/people/1/skills", "/teams/1", "/settings/roles/agent", "/settings/calendars/1",
    "/settings/calendars/1/holidays?country=DE", "/settings/calendars/1/holidays?country=DE&year=2026", "/settings/queues/1",
)  # fmt: skip
NO_PAGES = frozenset(
    (
        "/",
        "/login",
        "/login/forgot",
        "/healthz",
        "/readyz",
        "/palette",
        "/presence",
        "/tabs",
        "/search/complete",
        "/bulk/new",
    )
)


def _plain_pages() -> list[str]:
    """The addresses of all pages that need nothing in them: a new page is looked at without being named here."""
    rules = (rule for rule in create_app().url_map.iter_rules() if "GET" in rule.methods and not rule.arguments)
    found = {rule.rule for rule in rules if not rule.rule.startswith(("/api", "/static"))} - NO_PAGES
    return sorted(path for path in found if "." not in path and not path.endswith("/export"))


def test_no_page_has_anything_for_axe_to_find(desk, enter):
    number = desk.new_case("Accessible", "It is cold.", html="<p>It is <b>cold</b>.</p>")
    page = enter("admin", "/inbox/team")
    found = {}
    for path in (*_plain_pages(), *FILLED, *(f"/cases/{number}{tab}" for tab in CASE_TABS)):
        page.goto(desk.url + path, wait_until="load")
        page.wait_for_selector("body:not(.loading)")
        wrong = run_axe(page)
        page.emulate_media(color_scheme="dark")  # what a page is made of does not change with the theme; its colours do
        wrong += run_axe(page, rules=COLOURS)
        page.emulate_media(color_scheme="light")
        if not page.evaluate("document.documentElement.scrollWidth <= innerWidth"):
            wrong.append("runs over the edge")
        if wrong:
            found[path] = wrong
    assert found == {}


@pytest.mark.parametrize("theme", ["light", "dark"])
def test_what_strangers_see_is_accessible_too(desk, make_page, theme):
    page = make_page(color_scheme=theme, width=420)
    for path in ("/login", "/login/forgot", "/no-such-page"):
        page.goto(desk.url + path)
        assert run_axe(page) == [], path
