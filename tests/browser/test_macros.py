"""A macro made at a screen and run from the composer: its preview, its blank, and what it did."""

from __future__ import annotations

import pytest

expect = pytest.importorskip("playwright.sync_api").expect


def test_one_is_made_found_by_a_slash_filled_in_and_run(desk, enter):
    number = desk.new_case("Macros")
    page = enter("bob", "/settings/macros/new")
    page.locator("#macro-name").fill("Pump dispatched zqx")
    for at, kind in enumerate(("note", "fields")):
        page.locator(f"button[value='add:{kind}']").click()
        expect(page.locator(f"[name='s{at}.kind']")).to_have_value(kind)
    page.locator("#step-0-text-en").fill("For {{ case.number }}: [[which pump]]")
    page.locator("#step-1-priority").select_option("urgent")
    page.locator("#macro-form button.primary").click()
    expect(page.locator("#main .banner")).to_be_visible()
    page.goto(f"{desk.url}/cases/{number}")
    area = page.locator("#compose-text")
    area.press_sequentially("/zqx")
    expect(page.locator("#compose-text-canned .chip")).to_be_visible()
    area.press("Enter")
    blank = page.locator("#blank-1")
    expect(blank).to_be_focused()
    blank.fill("the BX-20")
    blank.press("Tab")
    expect(page.locator("#macro-foreseen blockquote")).to_have_text(f"For {number}: the BX-20")
    page.locator("#dialog button.primary").click()
    expect(page.locator("#flow .msg.note", has_text="the BX-20")).to_be_visible()
    expect(page.locator("#flow .ev", has_text="zqx").first).to_be_visible()
    expect(area).to_have_value("")
