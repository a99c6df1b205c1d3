"""Every component of the desk in a real browser: accessible in both themes and languages, wide and narrow, and nothing runs over."""

from __future__ import annotations

import threading

import pytest
from werkzeug.serving import make_server

from tests.browser.axe import run_axe
from tests.support.styleguide import make_app


@pytest.fixture(scope="module")
def address(chromium):
    """Where the style guide is served."""
    server = make_server("127.0.0.1", 0, make_app(), threaded=True)
    thread = threading.Thread(target=server.serve_forever)
    thread.start()
    yield f"http://127.0.0.1:{server.server_port}/styleguide"
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.mark.parametrize(
    "theme,language,width", [("light", "en", 1440), ("dark", "zh", 1440), ("dark", "en", 860), ("light", "zh", 420)]
)
def test_every_component_is_accessible(address, make_page, theme, language, width):
    page = make_page(width=width)
    page.goto(f"{address}?theme={theme}&lang={language}")
    page.wait_for_selector("html[data-ready]")
    assert run_axe(page) == []
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_right_to_left_mirrors_the_desk(address, make_page):
    page = make_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    page.evaluate("document.documentElement.dir = 'rtl'")
    rail, main = (page.locator(part).bounding_box() for part in (".rail", "#main"))
    assert rail["x"] > main["x"]
    assert page.evaluate("document.documentElement.scrollWidth <= innerWidth")


def test_keyboard_opens_the_sheet_the_search_and_the_palette(address, make_page):
    page = make_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    page.keyboard.press("?")
    assert page.locator("#shortcuts").is_visible()
    assert run_axe(page, within="#shortcuts") == []
    page.keyboard.press("Escape")
    page.keyboard.press("/")
    assert page.evaluate("document.activeElement.id") == "search"
    page.keyboard.press("Escape")
    page.keyboard.press("Control+k")
    # What it finds comes from the server, which does not stand behind this page: see test_shell.
    assert page.locator("#palette input").is_visible()
    assert run_axe(page, within="#palette") == []


def test_keys_are_left_alone_while_somebody_types(address, make_page):
    page = make_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    page.locator("#compose-text").focus()
    page.keyboard.type("r?/")
    assert page.locator("#compose-text").input_value() == "r?/"
    assert not page.locator("#shortcuts").is_visible()


def test_news_offer_a_button_and_do_not_move_rows(address, make_page):
    page = make_page()
    page.goto(address)
    page.wait_for_selector("html[data-ready]")
    before = page.locator(".item").first.inner_text()
    for number in (7, 8, 8):
        page.evaluate(
            "number => document.dispatchEvent(new CustomEvent('rb:news', {detail: {topic: 'case', change: 'message', case: number}}))",
            number,
        )
    assert page.locator("[data-news]").inner_text() == "2 new"
    assert page.locator(".item").first.inner_text() == before
    assert page.locator("#announce").inner_text() == "A new message has arrived"
