"""Single keys: one table, a sheet made of it, keys of one's own, and none at all."""

from __future__ import annotations

import re
from html import unescape
from pathlib import Path

import orjson
import pytest

from app.errors import Invalid
from app.identity.preferences import Preferences
from app.web import keys

KEYBOARD = Path(__file__).parents[2] / "app" / "web" / "js" / "keyboard.js"


def bound(page):
    return orjson.loads(unescape(re.search(r'data-keys="([^"]*)"', page.text)[1]))


def test_the_scripts_know_every_action_of_the_table_and_no_other():
    body = KEYBOARD.read_text().split("ACTIONS = {")[1].split("\n};")[0]
    assert set(re.findall(r"^  (\w+):", body, re.MULTILINE)) == keys.ACTIONS


def test_no_key_is_given_twice_and_the_sheet_shows_each():
    standard = Preferences()
    assert len(orjson.loads(keys.bindings(standard))) == len(keys.SHORTCUTS)
    texts = {text for _heading, rows in keys.sheet(standard) for _key, text in rows}
    assert {f"key_{action}" for action in keys.ACTIONS} <= texts


def test_keys_are_remapped_shown_on_the_sheet_and_taken_back(browser, cast):
    alice = browser(cast.alice)
    assert alice.post("/preferences/keys", {"on": "1", "next": "z", "reply": ""}).status_code == 303
    page = alice.get("/account")
    assert bound(page)["z"] == "next"
    assert not {"j", "r"} & set(bound(page))
    assert "<kbd>z</kbd>" in page.text
    assert bound(browser(cast.bob).get("/account"))["j"] == "next"
    alice.post("/preferences/keys", {"reset": "1"})
    assert bound(alice.get("/account"))["j"] == "next"


@pytest.mark.parametrize("wrong", [{"next": "k"}, {"next": "xx"}, {"chase": "é "[0] * 2}])
def test_what_cannot_be_a_key_is_refused_beside_its_field(browser, cast, wrong):
    alice = browser(cast.alice)
    answer = alice.post("/preferences/keys", {"on": "1", **wrong})
    assert answer.status_code == 422
    assert 'id="wrong-' in answer.text
    assert bound(alice.get("/account"))["j"] == "next"


def test_two_actions_may_change_places():
    assert keys.chosen({"next": "k", "previous": "j"}) == {"next": "k", "previous": "j"}
    with pytest.raises(Invalid):
        keys.chosen({"next": "k"})


def test_all_single_keys_can_be_switched_off(browser, cast):
    alice = browser(cast.alice)
    alice.post("/preferences/keys", {"next": "z"})
    page = alice.get("/account")
    assert bound(page) == {}
    assert "Single keys are switched off." in page.text
    alice.post("/preferences/keys", {"on": "1", "next": "z"})
    assert bound(alice.get("/account"))["z"] == "next"
