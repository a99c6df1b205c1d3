"""Writing in a case: drafts, notes, files, what the desk refuses, and what it keeps while other things happen."""

from __future__ import annotations

import re

import pytest

from tests.reliability.running import wait_for

expect = pytest.importorskip("playwright.sync_api").expect


def test_a_draft_a_note_and_a_file_survive_a_reload(desk, enter):
    page = enter("bob", f"/cases/{desk.new_case('Draft')}")
    page.locator(".compose [name=kind][value=note]").check()
    # The choice of a note is kept too: the words are what is waited for.
    with page.expect_response(lambda r: r.url.endswith("/draft") and "caretaker" in (r.request.post_data or "")):
        page.locator("#compose-text").fill("Ask the caretaker for the key.")
    page.locator(".compose [data-files]").set_input_files(
        {"name": "key.txt", "mimeType": "text/plain", "buffer": b"third hook"}
    )
    expect(page.locator("#draft-files")).to_contain_text("key.txt")
    page.reload()
    expect(page.locator("#compose-text")).to_have_value("Ask the caretaker for the key.")
    expect(page.locator("#draft-files")).to_contain_text("key.txt")
    expect(page.locator(".compose [value=note]")).to_be_checked()
    page.locator(".compose .go").click()
    note = page.locator(".msg.note", has_text="Ask the caretaker for the key.")
    expect(note).to_contain_text("key.txt")
    expect(page.locator("#compose-text")).to_have_value("")
    assert not desk.sent("caretaker")


def test_a_reply_waits_until_its_writer_has_read_what_came_in_meanwhile(desk, enter):
    first = desk.write("Hurry", sender="hurry@example.com")
    page = enter("bob", f"/cases/{desk.case_of(first)}")
    with page.expect_response(re.compile("/draft$")):
        page.locator("#compose-text").fill("We come on Friday morning.")
    desk.write("Re: Hurry", "It has settled itself.", answer_to=first, sender="hurry@example.com")
    expect(page.locator(".msg.in", has_text="It has settled itself.")).to_be_visible()
    assert page.locator("#compose-text").input_value() == "We come on Friday morning."
    page.locator(".compose .go").click()
    expect(page.locator("#toasts")).to_contain_text("came in")
    assert not desk.sent("We come on Friday morning.")
    page.reload()
    page.locator(".compose [name=seen]").check()
    page.locator(".compose .go").click()
    expect(page.locator(".msg.out", has_text="We come on Friday morning.").locator(".chip.ok")).to_be_visible()
    wait_for(lambda: desk.sent("We come on Friday morning."), 90)


def test_what_is_filled_in_stays_when_the_panel_is_drawn_anew(desk, enter):
    first = desk.write("Kept", sender="kept@example.com")
    page = enter("bob", f"/cases/{desk.case_of(first)}")
    form = page.locator("#case-side form").first
    form.locator("[name=outcome]").select_option("resolve")
    form.locator("[name=answer]").fill("Half a sen")
    with page.expect_response(re.compile("/side$")):
        desk.write("Re: Kept", "One more thing.", answer_to=first, sender="kept@example.com")
    expect(page.locator(".msg.in", has_text="One more thing.")).to_be_visible()
    expect(form.locator("[name=outcome]")).to_have_value("resolve")
    expect(form.locator("[name=answer]")).to_have_value("Half a sen")


def test_a_form_that_is_not_right_says_so_at_the_field(desk, enter):
    page = enter("bob", f"/cases/{desk.new_case('Wrong form')}")
    page.locator("#case-head [data-verb=dispatch]").click()
    form = page.locator("#dialog form")
    form.evaluate("form => { form.noValidate = true; }")
    form.locator(".primary").click()
    wrong = form.locator(".field", has=page.locator("[name=title]")).locator(".wrong")
    expect(wrong).not_to_be_empty()
    expect(form.locator("[name=title]")).to_be_focused()
    expect(page.locator("#dialog")).to_be_visible()


def test_a_message_in_the_wrong_case_moves_out_and_back(desk, enter):
    number = desk.new_case("Two things in one", "And the lift is stuck, too.")
    page = enter("bob", f"/cases/{number}")
    _open_why(page)
    page.get_by_role("button", name="Move to a new case").click()
    expect(page.locator(".case-page")).not_to_have_attribute("data-number", number)
    expect(page.locator(".msg.in")).to_contain_text("moved here")
    _open_why(page)
    page.locator(".msg.in [name=to]").first.fill(number)
    page.get_by_role("button", name="Move there").click()
    expect(page.locator(".case-page")).to_have_attribute("data-number", number)
    expect(page.locator(".msg.in")).to_contain_text("And the lift is stuck, too.")


def _open_why(page):
    page.locator(".msg.in details.why summary").first.click()


HOSTILE = """<p>Look: <img src="http://127.0.0.1:9/pixel.png"></p><script>parent.harmed = true; document.title = 'harmed'</script>
<p onclick="harmed()">click</p><form action="http://127.0.0.1:9/"><input name="secret"></form>"""


def test_html_of_a_stranger_runs_nothing_and_fetches_nothing_unasked(desk, enter):
    number = desk.new_case("In colours", "Look", html=HOSTILE)
    page = enter("bob", f"/cases/{number}")
    fetched = []
    page.on("request", lambda request: fetched.append(request.url))
    page.locator(".msg.in details.full summary").click()
    body = page.frame_locator(".msg.in iframe")
    expect(body.locator("p").first).to_contain_text("Look:")
    sandbox = page.locator(".msg.in iframe").get_attribute("sandbox")
    assert "allow-scripts" not in sandbox
    assert "allow-same-origin" not in sandbox
    expect(body.locator("script, form, [onclick]")).to_have_count(0)
    assert not page.evaluate("window.harmed")
    assert not any("pixel.png" in url for url in fetched)
    with page.expect_request(re.compile("pixel.png")):
        page.locator(".msg.in [data-images]").click()
