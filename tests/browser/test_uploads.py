"""Files in the composer: one after the other, with what became of each; nothing is sent before they are there."""

from __future__ import annotations

import pytest

expect = pytest.importorskip("playwright.sync_api").expect


def file(name, content=b"x"):
    return {"name": name, "mimeType": "text/plain", "buffer": content}


def test_what_fails_says_why_and_can_be_tried_again_or_left_out(desk, enter):
    page = enter("bob", f"/cases/{desk.new_case('Uploads')}")
    held = []
    page.route("**/files", lambda route: held.append(route))  # noqa: PLW0108 -- Playwright marks what it is given
    page.locator(".compose [name=kind][value=note]").check()
    page.locator("#compose-text").fill("See the files.")
    rows, there = page.locator(".compose .upload"), page.locator("#draft-files")
    page.locator(".compose [data-files]").set_input_files([file("one.txt"), file("two.txt"), file("three.txt")])
    expect(rows).to_have_count(3)
    expect(rows.nth(0).locator("progress")).to_be_visible()
    expect(rows.nth(1)).to_contain_text("waits")
    page.locator(".compose .go").click()
    expect(page.locator("#toasts")).to_contain_text("Still on the way: one.txt, two.txt, three.txt")

    taken(page, held, 1).abort()
    expect(rows.nth(0)).to_contain_text("The connection was cut.")
    taken(page, held, 2)
    rows.nth(1).get_by_role("button", name="Cancel: two.txt").click()
    expect(rows).to_have_count(2)
    taken(page, held, 3).continue_()
    expect(there).to_contain_text("three.txt")

    page.unroute("**/files")
    page.locator(".compose .go").click()
    expect(page.locator("#toasts")).to_contain_text("Not attached: one.txt")
    rows.first.get_by_role("button", name="Try again: one.txt").press("Enter")
    expect(there).to_contain_text("one.txt")
    expect(rows).to_have_count(0)

    page.locator(".compose [data-files]").set_input_files(file("empty.txt", b""))
    expect(rows.first.locator(".wrong")).to_contain_text("empty")
    rows.first.get_by_role("button", name="Remove: empty.txt").click()
    page.locator(".compose .go").click()
    note = page.locator("#flow .msg.note", has_text="See the files.")
    expect(note).to_contain_text("one.txt")
    expect(note).not_to_contain_text("two.txt")


def taken(page, held, count):
    """The request of this number, once the browser has made it."""
    for _ in range(400):
        if len(held) >= count:
            return held[count - 1]
        page.wait_for_timeout(50)
    raise AssertionError(f"only {len(held)} requests were made")
