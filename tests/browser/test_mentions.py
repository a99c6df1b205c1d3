"""Mentions in the composer: offered in a note, not in what the customer gets."""

from __future__ import annotations

import pytest

expect = pytest.importorskip("playwright.sync_api").expect


def test_a_colleague_is_found_by_an_at_sign_in_a_note_alone(desk, enter):
    number = desk.new_case("Mentions")
    page = enter("alice", f"/cases/{number}")
    area, box = page.locator("#compose-text"), page.locator("#compose-text-canned")
    with page.expect_response("**/mentions?*"):
        page.locator("[name=kind][value=note]").check()
        area.press_sequentially("请@bo")
    expect(box.locator("[role=option]").first).to_contain_text("Bob Meyer")
    expect(box).to_have_attribute("aria-label", "Colleagues and teams")
    area.press("Enter")
    expect(area).to_have_value("请@bob ")
    area.press_sequentially("look")
    page.locator("form.compose button.go").click()
    expect(page.locator("#flow .msg.note .mention")).to_have_text("@Bob Meyer")
    page.locator("[name=kind][value=reply]").check()
    area.press_sequentially("@bo /zzzzz")
    expect(box).to_have_count(1)
    expect(box).to_be_hidden()
    area.fill("")
