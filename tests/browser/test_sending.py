"""Sending at the screen: undo, later, with a step; two who meet on a case; long threads."""

from __future__ import annotations

import re

import pytest

from tests.browser.axe import run_axe
from tests.reliability.running import wait_for

expect = pytest.importorskip("playwright.sync_api").expect


@pytest.fixture
def undoing(desk, enter):
    """Bob's page of a case, with half a minute to take a reply back."""

    def at(number):
        page = enter("bob", "/account")
        page.locator("#a-undo").fill("30")
        page.locator("#writing button").click()
        page.wait_for_load_state()
        page.goto(f"{desk.url}/cases/{number}")
        return page

    yield at
    page = enter("bob", "/account")
    page.locator("#a-undo").fill("0")
    page.locator("#writing button").click()
    page.wait_for_load_state()


def test_a_reply_is_taken_back_changed_and_sent_now(desk, undoing):
    page = undoing(desk.new_case("Undo"))
    page.locator("#compose-text").fill("We come on Firday.")
    page.locator(".compose .go").click()
    held = page.locator(".msg.held")
    expect(held.locator("[data-until]")).to_contain_text(re.compile(r"\d"))
    assert run_axe(page) == []
    held.locator("[data-undo]").click()
    expect(page.locator("#compose-text")).to_have_value("We come on Firday.")
    page.locator("#compose-text").fill("We come on Friday.")
    page.locator(".compose .go").click()
    page.get_by_role("button", name="Send now").click()
    expect(page.locator(".msg.out:not(.held)", has_text="We come on Friday.").locator(".chip.ok")).to_be_visible()
    wait_for(lambda: desk.sent("We come on Friday."), 90)
    assert not desk.sent("Firday")


def test_one_for_tomorrow_comes_back_on_screen_when_the_customer_writes_first(desk, enter):
    first = desk.write("Later", sender="later@example.com")
    page = enter("bob", f"/cases/{desk.case_of(first)}")
    page.locator("#compose-text").fill("It is done tomorrow.")
    page.locator(".later summary").click()
    page.locator("#send-at").fill("2027-06-01T09:30")
    page.get_by_role("button", name="Send later").click()
    expect(page.locator(".msg.held")).to_contain_text("It is done tomorrow.")
    desk.write("Re: Later", "Please leave it.", answer_to=first, sender="later@example.com")
    expect(page.locator(".msg.in", has_text="Please leave it.")).to_be_visible()
    expect(page.locator("#compose-text")).to_have_value("It is done tomorrow.")
    expect(page.locator("[data-newer]")).to_contain_text("Please leave it.")
    assert not desk.sent("It is done tomorrow.")


def test_a_reply_with_a_step_asks_for_the_form(desk, enter):
    page = enter("bob", f"/cases/{desk.new_case('Step')}")
    page.locator("#compose-text").fill("All done.")
    page.locator(".later summary").click()
    page.get_by_role("button", name=re.compile("Send and complete")).click()
    form = page.locator("#dialog form")
    expect(form).to_contain_text("All done.")
    assert page.locator("#compose-text").input_value() == "All done."


def test_reply_and_note_cannot_be_mistaken(desk, enter):
    page = enter("bob", f"/cases/{desk.new_case('Which')}")
    go = page.locator(".compose .go")
    expect(go).to_contain_text("Send reply")
    expect(page.locator(".compose .aim:visible")).to_have_text("The customer gets this")
    expect(page.locator("#to")).to_be_visible()
    expect(page.locator("#cc")).to_be_visible()
    page.locator("body").press("n")
    expect(go).to_contain_text("Save note")
    expect(page.locator(".compose .aim:visible")).to_have_text("Only colleagues see this")
    expect(page.locator("#to")).to_be_hidden()


def test_older_messages_come_while_scrolling_and_the_reader_keeps_the_place(desk, enter):
    first = desk.write("Long", sender="long@example.com")
    number = desk.case_of(first)
    for count in range(45):
        desk.write("Re: Long", f"Line {count}", answer_to=first, sender="long@example.com")
    wait_for(lambda: desk.query("select count(*) as n from messages where text like 'Line %%'")[0]["n"] == 45, 60)
    page = enter("bob", f"/cases/{number}")
    flow = page.locator("#flow")
    expect(page.locator("#flow .msg", has_text="Line 44")).to_be_in_viewport()
    expect(page.locator("#flow .msg", has_text=re.compile("Line 3$"))).to_have_count(0)
    top = page.locator("#flow .msg").first
    label = top.get_attribute("id")
    flow.evaluate("flow => { flow.scrollTop = 0; }")
    expect(page.locator("#flow .msg", has_text=re.compile(r"Line 1\b"))).to_have_count(1)
    expect(page.locator(f"#{label}")).to_be_in_viewport()
    page.locator(".filters [data-show=steps]").click()
    expect(page.locator("#flow .msg")).to_have_count(0)
    page.locator(".filters [data-show=all]").click()
    expect(page.locator("#flow .msg", has_text="Line 44")).to_be_visible()
