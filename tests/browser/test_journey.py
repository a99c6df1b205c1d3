"""A case from the first mail to the archive, as two people see it: every step by hand in a browser, every mail real."""

from __future__ import annotations

import re
from contextlib import suppress

import pytest

from tests.browser.desk import complete, dispatch, sign_in
from tests.reliability.running import wait_for

expect = pytest.importorskip("playwright.sync_api").expect


def test_a_wrong_password_is_told_and_the_right_one_opens_the_inbox(desk, make_page):
    page = make_page()
    sign_in(page, desk, "bob", "guess")
    expect(page.locator("#login-error")).to_have_text("Login or password is not right.")
    assert page.locator("#login").input_value() == "bob"
    sign_in(page, desk, "bob")
    expect(page).to_have_url(re.compile("/inbox/"))
    expect(page.locator("#me summary")).to_contain_text("Bob Meyer")


def test_a_mail_arrives_while_the_list_is_open(desk, enter):
    desk.new_case("First of the day")
    page = enter("alice", "/inbox/team")
    expect(page.locator(".item", has_text="First of the day")).to_be_visible()
    page.evaluate("window.before = true")
    desk.write("Second of the day")
    news = page.locator("[data-news]")
    expect(news).to_have_text(re.compile("[1-9] new"))
    second = page.locator(".item", has_text="Second of the day")
    for _press in range(5):  # the first news may still have been of the first case
        news.click()
        with suppress(AssertionError):
            expect(second).to_be_visible(timeout=4000)
            break
    expect(second).to_be_visible()
    assert page.evaluate("window.before"), "the page was loaded anew"


def test_what_comes_while_the_list_is_under_way_is_offered_again(desk, enter):
    desk.new_case("Third of the day")
    page = enter("alice", "/inbox/team")
    tell = "document.dispatchEvent(new CustomEvent('rb:news', {detail: {topic: 'case', change: 'message', case: %s}}))"

    def answer_late(route):
        answer = route.fetch()
        page.evaluate(tell % 999_999)
        route.fulfill(response=answer)

    page.route("**/inbox/team*", answer_late, times=1)
    page.evaluate(tell % 999_998)
    news = page.locator("[data-news]")
    expect(news).to_be_visible()
    page.evaluate("document.querySelector('.items').dataset.old = ''")
    news.click()
    expect(page.locator(".items[data-old]")).to_have_count(0)
    expect(news).to_be_visible()
    news.click()
    expect(news).to_be_hidden()


def test_a_case_goes_round_the_whole_loop(desk, enter):
    number = desk.new_case("No hot water in 4-1", "The boiler shows E4.")
    alice = enter("alice", f"/cases/{number}")
    expect(alice.locator(".msg.in .text").first).to_have_text("The boiler shows E4.")
    _reply(desk, alice)

    order = dispatch(alice, title="Repair the boiler in 4-1")
    charlie = enter("charlie", "/work-orders")
    charlie.get_by_role("link", name=order, exact=True).click()
    expect(charlie.locator(f"#{order}")).to_contain_text("Repair the boiler in 4-1")
    complete(charlie, order, outcome="accept")
    _chase(alice, charlie, order)

    complete(charlie, order, outcome="done", text="Changed the ignition electrode.")
    expect(alice.locator("#case-side .next", has_text="Review")).to_be_visible()
    complete(alice, "Review", outcome="accept")
    expect(alice.locator("#case-side .next", has_text="Review")).to_have_count(0)
    complete(alice, "Handle", outcome="resolve", answer="Your boiler works again.")
    expect(alice.locator("#case-side .next", has_text="Handle")).to_have_count(0)
    wait_for(lambda: desk.sent("Your boiler works again."), 60)
    _archive(alice)
    _look_back(alice, number)


def _reply(desk, page):
    page.locator("#compose-text").fill("Somebody comes today.")
    page.locator(".compose .go").click()
    sent = page.locator(".msg.out", has_text="Somebody comes today.")
    expect(sent.locator(".chip.ok")).to_have_text("sent")
    assert desk.sent("Somebody comes today.")
    expect(page.locator("#compose-text")).to_have_value("")


def _chase(alice, charlie, order):
    expect(alice.locator("#case-head")).to_contain_text(order)
    alice.locator("#case-head [data-verb=chase]", has_text=order).click()
    alice.locator("#dialog [name=text]").fill("The tenant waits.")
    alice.locator("#dialog .primary").click()
    expect(alice.locator("#dialog")).to_be_hidden()
    expect(charlie.locator("#case-head .facts")).to_contain_text(f"{order} chased ×1")


def _archive(page):
    page.locator("#case-head [data-verb=archive]").click()
    page.locator("#dialog [name=text]").fill("Settled by telephone.")
    page.locator("#dialog .primary").click()
    expect(page.locator("#case-head .facts")).to_contain_text("archived")


def _look_back(page, number):
    page.locator(".tabs a", has_text="Audit").click()
    expect(page.locator(".verify")).to_have_text(re.compile(r"\d+ events verify"))
    page.locator(".tabs a", has_text="Work orders").click()
    expect(page.locator(".loop .stage.todo, .loop .stage.wait")).to_have_count(0)
    expect(page.locator("#main")).to_contain_text("Changed the ignition electrode.")
    page.locator(".tabs a", has_text="Process").click()
    expect(page.locator(".diagram .djs-visual").first).to_be_visible()
    expect(page.locator(".diagram .rb-spent").first).to_be_visible()
    assert number in page.locator("#case-head").inner_text()
