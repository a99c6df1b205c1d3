"""Getting about: keyboard, search in any language, the desk in another language and in the dark."""

from __future__ import annotations

import re

import pytest

from tests.reliability.running import wait_for

expect = pytest.importorskip("playwright.sync_api").expect


def test_the_keyboard_reaches_everything(desk, enter):
    desk.new_case("Key one")
    desk.new_case("Key two")
    page = enter("alice", "/inbox/team")
    page.keyboard.press("j")
    expect(page.locator(".case-page")).to_be_visible()
    first = page.locator(".case-page").get_attribute("data-number")
    page.keyboard.press("j")
    expect(page.locator(".case-page")).not_to_have_attribute("data-number", first)
    page.keyboard.press("k")
    expect(page.locator(".case-page")).to_have_attribute("data-number", first)
    page.keyboard.press("r")
    expect(page.locator("#compose-text")).to_be_focused()
    page.keyboard.press("Escape")
    page.keyboard.press("?")
    expect(page.locator("#shortcuts")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    expect(page.locator("#search")).to_be_focused()


def test_search_finds_chinese_words_names_and_numbers(desk, enter):
    number = desk.new_case(
        "昨天开始没有热水", "锅炉显示故障代码，请尽快派人来看看。", sender="李伟 <li.wei@example.com>"
    )
    page = enter("alice", "/inbox/team")
    for words in ("故障代码", "没有热水", "李伟", number):
        page.locator("#search").fill(words)
        page.locator("#search").press("Enter")
        expect(page).to_have_url(re.compile("/search"))
        expect(page.locator(f".item[href='/cases/{number}']")).to_be_visible()
    page.locator("#search").fill("没有这样的词语")
    page.locator("#search").press("Enter")
    expect(page.locator(".case.empty h1")).to_have_text("Nothing found")


def test_a_filter_is_completed_while_it_is_typed(desk, enter):
    number = desk.new_case("Filtered")
    page = enter("alice", "/inbox/all")
    page.keyboard.press("f")
    field = page.locator("#filter")
    expect(field).to_be_focused()
    page.keyboard.type("filtered ch")
    expect(field).to_have_attribute("aria-expanded", "true")
    page.keyboard.press("ArrowDown")
    expect(page.locator("[role=option][aria-selected=true]")).to_contain_text("channel:")
    page.keyboard.press("Enter")
    expect(page.locator("[role=option]").first).to_contain_text("email")
    page.keyboard.press("ArrowDown")
    page.keyboard.press("Tab")
    expect(field).to_have_value("filtered channel:email ")
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("q=filtered"))
    expect(page.locator(f".item[href='/cases/{number}']")).to_be_visible()
    expect(page.locator("#list .item")).to_have_count(1)


def test_language_and_appearance_stay_as_chosen(enter):
    page = enter("erin", "/inbox/team")
    page.locator("#me summary").click()
    page.locator("#pref-locale").select_option("zh")
    expect(page.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(page.locator(".rail")).to_contain_text("流程" if page.locator(".rail", has_text="流程").count() else "工单")
    page.locator("#me summary").click()
    with page.expect_response("**/preferences/look"):
        page.locator("#pref-theme").select_option("dark")
    expect(page.locator("html")).to_have_attribute("data-theme", "dark")
    again = enter("erin", "/work-orders")
    expect(again.locator("html")).to_have_attribute("lang", "zh-Hans")
    expect(again.locator("html")).to_have_attribute("data-theme", "dark")
    red, green, blue = map(
        int, re.findall(r"\d+", again.evaluate("getComputedStyle(document.body).backgroundColor"))[:3]
    )
    assert max(red, green, blue) < 90


def test_what_happens_while_a_page_is_loading_is_not_missed(desk, enter):
    sender = "Dana Early <dana.early@example.com>"
    first = desk.write("Early news", sender=sender)
    number = desk.case_of(first)
    page = enter("alice", "/work-orders")
    asked = []

    def answer_first(route):
        """Hold the page's script, and with it the stream, until the customer has written again."""
        if not asked:
            asked.append(desk.write("Re: Early news", "It has got worse since.", sender=sender, answer_to=first))
            wait_for(lambda: desk.query("select 1 from messages where rfc_id = %s", asked[0]), 90)
        route.continue_()

    page.route("**/static/dist/desk-*.js", answer_first)
    page.goto(f"{desk.url}/cases/{number}", wait_until="commit")
    expect(page.locator("#flow")).to_contain_text("It has got worse since.", timeout=15_000)
