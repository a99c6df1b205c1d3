"""Texts: chosen by language, filled from plain names, and nothing in them runs."""

from __future__ import annotations

import pytest

from app.errors import Invalid, NotFound
from app.knowledge import service as knowledge


@pytest.fixture(autouse=True)
def texts(session):
    knowledge.save_template("hello", "en", subject="[{{ case.number }}] Hello", body="Dear {{case.name}}, {{ text }}")
    knowledge.save_template("hello", "zh", subject="[{{case.number}}] 您好", body="{{ text }}")


NAMES = {"case": {"number": "RB-1", "name": "Dana"}, "text": "{{ case.number }} {{7*7}}"}


@pytest.mark.parametrize("tag,subject", [("en", "[RB-1] Hello"), ("zh-TW", "[RB-1] 您好"), ("zh_CN", "[RB-1] 您好"),
                                         ("fr", "[RB-1] Hello"), ("", "[RB-1] Hello")])  # fmt: skip
def test_the_language_of_the_reader_or_english(tag, subject):
    assert knowledge.fill("hello", tag, NAMES).subject == subject


def test_what_is_filled_in_is_not_read_again():
    assert knowledge.fill("hello", "en", NAMES).body == "Dear Dana, {{ case.number }} {{7*7}}"


def test_a_slot_without_a_value_and_an_unknown_text():
    with pytest.raises(Invalid):
        knowledge.fill("hello", "en", {"case": {"number": "RB-1"}, "text": "x"})
    with pytest.raises(NotFound):
        knowledge.fill("goodbye", "en", NAMES)
    knowledge.save_template("odd", "en", subject="x", body="{{ case.__class__ }}")
    with pytest.raises(Invalid):
        knowledge.fill("odd", "en", NAMES)


def test_a_changed_text_is_used_at_once():
    knowledge.fill("hello", "en", NAMES)
    knowledge.save_template("hello", "en", subject="New", body="See {{case.number}}")
    assert knowledge.fill("hello", "en", NAMES).subject == "New"
    assert knowledge.fill("hello", "en", NAMES).body == "See RB-1"
    assert knowledge.exists("hello", "zh")
    assert not knowledge.exists("hello", "fr")
