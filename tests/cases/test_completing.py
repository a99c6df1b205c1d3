"""Completion of the query language: where the cursor stands decides what can stand there."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from app.cases.filtering import parse
from app.cases.filtering.completing import complete

KNOWN = {
    "team": [("repairs", "Repairs"), ("service", "Service")],
    "tag": [("hot water", ""), ("vip", "")],
}


def values(field, typed):
    return [pair for pair in KNOWN.get(field, []) if pair[0].startswith(typed) or pair[1].lower().startswith(typed)]


def texts(text, place=None, **given):
    return [choice.text for choice in complete(text, len(text) if place is None else place, values, **given).choices]


@pytest.mark.parametrize("typed,first", [
    ("", "team:"), ("st", "status:"), ("hot st", "status:"), ("-st", "status:"), ("(st", "status:"), ("状", "status:"), ("team:", "none"), ("team:m", "mine"),
    ("team:re", "repairs"), ("team:service,re", "repairs"), ("tag:hot", '"hot water"'), ('tag:"hot', '"hot water"'), ("status:op", "open"),
    ("status:处", "open"), ("due<", "1h"), ("due:to", "today"), ("priority>=h", "high"), ("is:b", "breached"), ("chased:", "yes"),
    ('"a b" st', "status:"),
])  # fmt: skip
def test_what_can_stand_here_is_offered(typed, first):
    assert texts(typed)[0] == first


@pytest.mark.parametrize("typed", ["zebra", "12:30", "nothing:", "status:zzz", "team:zzz", '"st'])
def test_nothing_is_offered_where_nothing_fits(typed):
    assert texts(typed) == []


def test_only_what_stands_before_the_cursor_counts():
    made = complete("status:op team:re rest", len("status:op"), values)
    assert (made.start, made.end) == (7, 9)
    assert [choice.text for choice in made.choices] == ["open"]


def test_chinese_readers_are_offered_chinese_words():
    assert texts("状", chinese=True) == ["状态:"]
    assert texts("st", chinese=True) == ["状态:"]
    assert texts("状态:等", chinese=True) == ["等待"]
    parse("状态:等待")


@given(st.text(max_size=40), st.integers(-3, 50))
def test_whatever_is_typed_is_completed_or_not(text, place):
    made = complete(text, place, values)
    assert 0 <= made.start <= made.end <= len(text)
