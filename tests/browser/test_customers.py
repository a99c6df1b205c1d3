"""The customers' side of the desk: found while one types, changed beside the case, merged and taken apart; nothing for axe to find."""

from __future__ import annotations

import re

import pytest

from tests.browser.axe import run_axe

expect = pytest.importorskip("playwright.sync_api").expect


def open_case(page, desk, number):
    page.goto(f"{desk.url}/cases/{number}")
    expect(page.locator(".case-page")).to_be_visible()


def test_the_customer_is_changed_beside_the_case_and_the_warning_stands_at_its_head(desk, enter):
    number = desk.new_case("A card", "Hello.", sender="Vera Kühn <vera@card.example>")
    page = enter("alice", f"/cases/{number}")
    page.locator("#customer a.button", has_text="Change").click()
    page.get_by_label("Time zone").fill("Nowhere/Land")
    page.get_by_label("Warning for everybody").fill("Deaf: always write.")
    page.locator("#customer").get_by_role("button", name="Save").click()
    expect(page.locator("#wrong-timezone")).to_be_visible()
    expect(page.locator("#case-side .next")).to_be_visible()
    page.evaluate("document.querySelector('#case-side .next').dataset.old = ''")
    # News may come while the page is still busy with the last: it is drawn anew with one of them; what was typed stands.
    page.wait_for_function(
        "() => { document.body.dispatchEvent(new Event(`rb:case-${document.querySelector('.case-page').dataset.case}`));"
        " return !document.querySelector('#case-side [data-old]') }",
        polling=1000,
    )
    expect(page.get_by_label("Warning for everybody")).to_have_value("Deaf: always write.")
    page.get_by_label("Time zone").fill("Asia/Shanghai")
    page.locator("#customer").get_by_role("button", name="Save").click()
    expect(page.locator("#customer")).to_contain_text("Local time")
    expect(page.locator("#case-head .warning")).to_contain_text("Deaf: always write.")
    assert run_axe(page) == []


def test_people_are_found_merged_and_taken_apart(desk, enter):
    desk.new_case("First", "Hello.\n\nNora\n+49 170 7654321", sender="Nora Falk <nora@work.example>")
    number = desk.new_case("Second", "Hello.\n\nNora\n0170 765 43 21", sender="Nora Falk <nora@home.example>")
    page = enter("alice", "/contacts")
    page.get_by_label("Search", exact=True).last.fill("nora@w")
    expect(page).to_have_url(re.compile(r"q=nora"))
    expect(page.locator("#people tbody tr")).to_have_count(1)
    page.get_by_role("link", name="Nora Falk").click()
    expect(page.locator(".hints")).to_contain_text("The same number below their mails")
    page.get_by_role("link", name="Look at both").click()
    assert run_axe(page) == []
    page.get_by_role("button", name="Merge").click()
    expect(page.locator("main")).to_contain_text(number)
    assert run_axe(page) == []
    open_case(page, desk, number)
    expect(page.locator("#customer")).to_contain_text("nora@work.example")
    page.locator("#customer").get_by_role("link", name="Nora Falk").first.click()
    page.get_by_role("button", name="Take apart").click()
    expect(page.locator("main")).to_contain_text("Perhaps the same person")
    page.get_by_role("button", name="Two people").click()
    expect(page.locator("main")).not_to_contain_text("Perhaps the same person")


@pytest.mark.parametrize("theme,locale,width", [("dark", "zh-CN", 390), ("light", "en", 1440)])
def test_an_organization_has_nothing_for_axe_to_find(desk, enter, theme, locale, width):
    desk.new_case("Third", "Hello.", sender=f"Otto Rau <otto{width}@house{width}.example>")
    page = enter("alice", "/organizations", color_scheme=theme, locale=locale, width=width)
    page.locator("#o-name").fill(f"House {width}")
    page.locator("#o-domains").fill(f"house{width}.example")
    page.locator("#o-tier").select_option("gold")
    page.locator("form[method=post][action='/organizations'] button.primary").click()
    expect(page).to_have_url(re.compile(r"/organizations/\d+"))
    page.locator("form[action$=adopt] button").click()
    expect(page.locator("tbody")).to_contain_text("Otto Rau")
    assert run_axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
