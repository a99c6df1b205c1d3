"""The shell stays: tabs, palette, keys, bell, density. What is inside changes, the page around it is loaded once."""

from __future__ import annotations

import re

import pytest

from tests.browser.axe import run_axe

expect = pytest.importorskip("playwright.sync_api").expect
STAYS = "window.stays = (window.stays ?? 0) + 1"


def the_tab(page, number):
    return page.locator(f"#tabs li[data-number='{number}']")


def test_the_shell_is_loaded_once_and_the_address_title_and_focus_follow(desk, enter):
    number = desk.new_case("Shell one")
    page = enter("alice", "/inbox/team")
    page.evaluate(STAYS)
    page.locator(f".item[href='/cases/{number}']").click()
    expect(the_tab(page, number)).to_have_class("on")
    page.locator(".rail [data-section=orders]").click()
    expect(page).to_have_url(re.compile("/work-orders$"))
    expect(page).to_have_title(re.compile("Work orders"))
    expect(page.locator("#main")).to_be_focused()
    page.locator("#me summary").click()
    page.locator(".menu-body a[href='/account']").click()
    expect(page).to_have_url(re.compile("/account$"))
    expect(page.locator("#announce")).to_contain_text("Your account")
    page.locator("#t-name").fill("For a script")
    page.locator("form[action='/account/tokens'] [type=submit]").click()
    expect(page.locator("#new-token")).to_be_visible()
    page.go_back()
    expect(page).to_have_url(re.compile("/work-orders$"))
    expect(page.locator(".rail [data-section=orders]")).to_have_class("on")
    page.go_back()
    expect(page.locator(".case-page")).to_have_attribute("data-number", number)
    expect(the_tab(page, number)).to_have_class("on")
    page.go_forward()
    expect(page).to_have_title(re.compile("Work orders"))
    the_tab(page, number).locator("a").click()
    expect(page).to_have_url(re.compile(f"/cases/{number}$"))
    assert page.evaluate("window.stays") == 1


def test_tabs_are_stepped_through_and_closed_by_key_button_and_middle_click(desk, enter):
    numbers = [desk.new_case(f"Tab {at}") for at in range(3)]
    desk.query("delete from open_tabs returning 1")  # tabs are kept per agent; other tests left some
    page = enter("bob", "/inbox/team")
    for number in numbers:
        page.locator(f".item[href='/cases/{number}']").click()
        expect(the_tab(page, number)).to_have_class("on")
    page.evaluate(STAYS)
    page.keyboard.press("[")
    expect(page.locator(".case-page")).to_have_attribute("data-number", numbers[1])
    page.keyboard.press("w")
    expect(page.locator(".case-page")).to_have_attribute("data-number", numbers[2])
    expect(the_tab(page, numbers[1])).to_have_count(0)
    the_tab(page, numbers[0]).click(button="middle")
    expect(the_tab(page, numbers[0])).to_have_count(0)
    expect(page.locator(".case-page")).to_have_attribute("data-number", numbers[2])
    assert page.evaluate("window.stays") == 1
    page.reload()
    expect(page.locator("#tabs li")).to_have_count(1)
    the_tab(page, numbers[2]).locator("button").click()
    expect(page).to_have_url(re.compile("/inbox/"))
    expect(page.locator("#tabs")).to_be_hidden()


def test_of_two_pages_asked_for_the_last_one_is_shown_whichever_answers_first(desk, enter):
    page = enter("alice", "/inbox/team")
    late = []

    def hold(route):
        late.append(route)

    page.route(re.compile("/search\\?q=first"), hold)
    page.locator("#search").fill("first words that are nowhere")
    page.locator("#search").press("Enter")
    page.wait_for_function("document.body.classList.contains('loading')")
    page.locator("#search").fill("second words that are nowhere")
    page.locator("#search").press("Enter")
    expect(page).to_have_url(re.compile("q=second"))
    for route in late:
        route.continue_()
    page.wait_for_timeout(500)
    expect(page).to_have_url(re.compile("q=second"))
    expect(page.locator(".case.empty h1")).to_have_text("Nothing found")
    expect(page.locator(".toast")).to_have_count(0)


def test_news_of_an_open_case_marks_its_tab(desk, enter):
    sender = "Dana Tab <dana.tab@example.com>"
    first = desk.write("Tab with news", sender=sender)
    number = desk.case_of(first)
    page = enter("alice", f"/cases/{number}")
    page.locator(".rail [data-section=orders]").click()
    expect(the_tab(page, number)).not_to_have_class(re.compile("on"))
    desk.write("Re: Tab with news", "It is worse.", sender=sender, answer_to=first)
    expect(the_tab(page, number)).to_have_class("has-news")
    expect(page.locator("#announce")).to_contain_text("Tab with news")
    elsewhere = enter("alice", "/work-orders")
    expect(the_tab(elsewhere, number)).to_have_class("has-news")
    the_tab(page, number).locator("a").click()
    expect(the_tab(page, number)).to_have_class("on")


@pytest.mark.parametrize("scheme", ["light", "dark"])
def test_the_palette_runs_what_the_process_offers_and_opens_pages(desk, enter, scheme):
    number = desk.new_case(f"Palette {scheme}")
    page = enter("alice", f"/cases/{number}", color_scheme=scheme)
    page.keyboard.press("Control+k")
    expect(page.locator("#palette [role=option]").first).to_be_visible()
    page.keyboard.type("dispa")
    expect(page.locator("#palette [aria-selected=true]")).to_have_text(re.compile("Dispatch"))
    assert run_axe(page) == []
    page.keyboard.press("Enter")
    expect(page.locator("#dialog form [name=title]")).to_be_visible()
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    page.keyboard.type("overdue")
    expect(page.locator("#palette [aria-selected=true]")).to_have_text(re.compile("Overdue"))
    page.keyboard.press("Enter")
    expect(page).to_have_url(re.compile("/inbox/breached$"))


def test_keys_of_ones_own_work_at_once_and_none_when_switched_off(desk, enter):
    desk.new_case("Key of my own")
    page = enter("bob", "/account")
    page.locator("#key-sheet").fill("h")
    page.locator("form[action='/preferences/keys'] .primary").click()
    expect(page.locator("#shortcuts")).to_have_attribute("data-keys", re.compile('"h":"sheet"'))
    page.keyboard.press("h")
    expect(page.locator("#shortcuts")).to_be_visible()
    assert run_axe(page) == []
    page.keyboard.press("Escape")
    page.locator("#keys-on").uncheck()
    page.locator("form[action='/preferences/keys'] .primary").click()
    expect(page.locator("#shortcuts")).to_have_attribute("data-keys", "{}")
    page.keyboard.press("h")
    expect(page.locator("#shortcuts")).not_to_be_visible()
    page.locator("form[action='/preferences/keys'] [name=reset]").click()
    expect(page.locator("#shortcuts")).to_have_attribute("data-keys", re.compile('"\\?":"sheet"'))


@pytest.mark.parametrize("width", [390, 1600])
def test_the_account_page_and_the_bell_are_accessible_at_every_width(enter, width):
    page = enter("alice", "/account", width=width)
    assert run_axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")
    page.locator("#bell summary").click()
    expect(page.locator("#bell-list h2")).to_be_visible()
    assert run_axe(page) == []
    page.keyboard.press("Escape")
    with page.expect_response("**/preferences/look"):
        page.locator("#a-density").select_option("compact")
    expect(page.locator("html")).to_have_attribute("data-density", "compact")
    page.goto(page.url.replace("/account", "/notices"))
    expect(page.locator("html")).to_have_attribute("data-density", "compact")
    assert run_axe(page) == []
    page.goto(page.url.replace("/notices", "/account"))
    with page.expect_response("**/preferences/look"):
        page.locator("#a-density").select_option("comfortable")
    expect(page.locator("html")).to_have_attribute("data-density", "comfortable")


@pytest.mark.parametrize("width,scheme", [(390, "dark"), (1440, "light")])
def test_the_slider_goes_back_in_time_by_button_and_key_and_is_live_at_its_end(desk, enter, width, scheme):
    number = desk.new_case(f"Slider {width}")
    page = enter("alice", f"/cases/{number}?tab=process", width=width, color_scheme=scheme)
    slider, said = page.locator(".slider input"), page.locator(".slider output")
    expect(said).to_have_text("Live: as it is now")
    with page.expect_response(re.compile(r"/state\.json.*at=")):
        page.locator("[data-step=back]").click()
    expect(page.locator("[data-past] table")).to_be_visible()
    expect(page.locator("[data-now]")).to_be_hidden()
    assert run_axe(page) == []
    slider.press("Home")
    expect(said).to_contain_text("Interaction received")
    expect(page.locator("[data-past]")).to_contain_text("Interaction received")
    expect(slider).to_have_attribute("aria-valuetext", re.compile("Interaction received"))
    page.locator("[data-step=live]").click()
    expect(said).to_have_text("Live: as it is now")
    expect(page.locator("[data-now]")).to_be_visible()


def test_the_desk_turns_for_languages_from_right_to_left(desk, enter):
    number = desk.new_case("Right to left")
    page = enter("alice", f"/cases/{number}")
    page.evaluate("document.documentElement.dir = 'rtl'")
    rail, side = page.locator(".rail").bounding_box(), page.locator("#case-side").bounding_box()
    assert rail["x"] > 1300
    assert side["x"] < 100
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_a_killed_stream_shows_every_message_once(desk, enter):
    sender = "Dana Cut <dana.cut@example.com>"
    first = desk.write("Cut stream", sender=sender)
    number = desk.case_of(first)
    page = enter("alice", f"/cases/{number}")
    page.evaluate(
        "window.seen = []; document.addEventListener('rb:news', ({detail}) => detail.change === 'message' && window.seen.push(detail.id))"
    )
    for at in range(3):
        desk.write("Re: Cut stream", f"Part {at} of it.", sender=sender, answer_to=first)
        desk.stop("stream")
        desk.write("Re: Cut stream", f"Meanwhile {at} as well.", sender=sender, answer_to=first)
        desk.start("stream", "stream")
    for words in [f"{what} {at} " for at in range(3) for what in ("Part", "Meanwhile")]:
        expect(page.locator("#flow .msg", has_text=words)).to_have_count(1)
    seen = page.evaluate("window.seen")
    assert len(seen) == len(set(seen))


def test_a_case_is_printed_by_its_key_without_anything_from_elsewhere(desk, enter):
    number = desk.new_case("Print me", "Look.", html="<p>Look. <img src='https://images.example/x.png'></p>")
    page = enter("alice", f"/cases/{number}")
    expect(page.locator("[data-print]")).to_be_visible()
    with page.context.expect_page() as opened:
        page.keyboard.press("p")
    paper = opened.value
    asked = []
    paper.on("request", lambda request: asked.append(request.url))
    paper.reload()
    expect(paper.locator("article .text").first).to_contain_text("Look.")
    expect(paper.locator("#print")).to_be_visible()
    assert [url for url in asked if not url.startswith(desk.url)] == []
    assert run_axe(paper) == []
