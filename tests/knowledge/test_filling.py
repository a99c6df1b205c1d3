"""Slots of canned replies: looked up in a closed list, never computed, and told when they are left open."""

from __future__ import annotations

import pytest

from app.errors import Invalid
from app.knowledge import filling

NAMES = {"customer.name": "Dana", "case.number": "RB-1", "today": ""}


def test_what_is_known_is_filled_in_and_the_rest_stays():
    text = filling.fill("Dear {{customer.name}}, {{ case.number }} on {{ today }}: [[when]]", NAMES)
    assert text == "Dear Dana, RB-1 on {{ today }}: [[when]]"
    assert filling.unfilled(text) == ["{{ today }}", "[[when]]"]
    assert "".join(piece for piece, _ in filling.pieces(text)) == text
    assert [piece for piece, is_open in filling.pieces(text) if is_open] == ["{{ today }}", "[[when]]"]


def test_what_was_filled_in_is_not_read_again():
    assert filling.fill("{{ customer.name }}", {"customer.name": "{{ case.number }}"}) == "{{ case.number }}"


@pytest.mark.parametrize(
    "text",
    ["{{ 7*7 }}", "{{ customer.__class__ }}", "{{ config }}", "{customer.name}", "{0.__class__}", "${customer.name}",
     "{% for x in y %}", "%(customer.name)s", "{{ customer.name | upper }}", "{{" * 500, "[[" * 500],
)  # fmt: skip
def test_hostile_texts_stay_texts(text):
    assert filling.fill(text, NAMES) == text
    assert filling.unfilled(text) == []


@pytest.mark.parametrize("text", ["{{ customer.__class__ }}", "{{ config }}", "{{ Customer.name }}"])
def test_a_name_that_nothing_has_is_told(text):
    assert filling.unknown(text)


def test_a_text_with_gaps_is_refused_with_their_names():
    with pytest.raises(Invalid, match=r"before you send: \[\[when\]\], \{\{ today \}\}"):
        filling.check_filled("[[when]] and {{ today }} and [[when]]")
    filling.check_filled("a[0][[1] {{ else }} [[]] is no gap")
