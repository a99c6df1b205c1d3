"""Two agents on one case: they see each other, who writes, and what is shared; what was typed last is there after a reload."""

from __future__ import annotations

import pytest

from tests.browser.axe import run_axe

expect = pytest.importorskip("playwright.sync_api").expect


def test_two_see_each_other_and_who_writes(desk, enter):
    number = desk.new_case("Together")
    alice = enter("alice", f"/cases/{number}")
    bob = enter("bob", "/inbox/team")
    item = bob.locator(f"#list .item[href='/cases/{number}']")
    expect(item.locator(".faces")).to_contain_text("Alice")
    item.click()
    expect(alice.locator("#here")).to_contain_text("Bob")
    bob.locator("#compose-text").fill("We come on")
    expect(alice.locator("#here .face.reply")).to_be_visible()
    assert run_axe(alice) == []
    bob.locator(".rail a").first.click()
    expect(alice.locator("#here .one")).to_have_count(0)
