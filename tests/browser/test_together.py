"""Two agents on one case: they see each other, who writes, and what is shared; what was typed last is there after a reload."""

from __future__ import annotations

import pytest

from tests.browser.axe import run_axe

expect = pytest.importorskip("playwright.sync_api").expect


def test_two_see_each_other_share_a_draft_and_take_it_over(desk, enter):
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
    bob.get_by_role("button", name="Share draft").click()
    theirs = alice.locator(".shared-draft")
    expect(theirs.locator(".text")).to_have_text("We come on")
    expect(bob.locator("[data-draft-state]")).not_to_contain_text("machine")
    bob.locator("#compose-text").press_sequentially(" Friday")
    expect(bob.locator("[data-draft-state]")).to_have_text("Draft saved")
    expect(theirs.locator(".text")).to_have_text("We come on Friday")
    assert run_axe(alice) == []
    theirs.get_by_role("button", name="Take over writing").click()
    expect(alice.locator("#compose-text")).to_have_value("We come on Friday")
    expect(bob.locator(".shared-draft .text")).to_have_text("We come on Friday")
    expect(bob.locator("#compose-text")).to_have_value("")
    bob.locator(".rail a").first.click()
    expect(alice.locator("#here .one")).to_have_count(0)


def test_who_wrote_on_two_machines_chooses_one_text(desk, enter):
    number = desk.new_case("Two machines")
    office, home = enter("bob", f"/cases/{number}"), enter("bob", f"/cases/{number}")
    office.locator("#compose-text").fill("We come today")
    expect(office.locator("[data-draft-state]")).to_have_text("Draft saved")
    home.reload()
    with office.expect_response("**/draft"):
        office.locator("#compose-text").press_sequentially(", at nine")
    home.locator("#compose-text").fill("We come tomorrow")
    home.locator(".compose .go").click()
    other = home.locator("[data-other]")
    expect(other).to_contain_text("We come today, at nine")
    expect(home.locator("#compose-text")).to_have_value("We come tomorrow")
    assert not desk.sent("We come tomorrow")
    other.get_by_role("button", name="Keep this text").click()
    home.locator(".compose .go").click()
    expect(home.locator(".msg.out", has_text="We come tomorrow")).to_be_visible()


def test_what_was_typed_last_is_there_after_a_reload(desk, enter):
    page = enter("bob", f"/cases/{desk.new_case('Reload')}")
    area = page.locator("#compose-text")
    area.fill("We come on Monday")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    area.press_sequentially(" at nine")
    page.reload()
    expect(area).to_have_value("We come on Monday at nine")
    area.press_sequentially(" or ten")
    page.reload()
    expect(area).to_have_value("We come on Monday at nine or ten")
    expect(page.locator("[data-draft-state]")).to_have_text("Draft saved")
    page.evaluate("sessionStorage.clear()")
    page.reload()
    expect(area).to_have_value("We come on Monday at nine or ten")
