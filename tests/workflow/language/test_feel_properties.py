"""FEEL against plain Python: numbers, ranges, lists and negation."""

from __future__ import annotations

import contextlib
from decimal import Decimal
from typing import Any

from hypothesis import given, settings
from hypothesis import strategies as st

from app.workflow.language.feel import FeelError, evaluate, matches

NUMBERS = st.one_of(
    st.integers(-(10**9), 10**9),
    st.decimals(-1_000, 1_000, places=3, allow_nan=False).map(float),
)
TEXTS = st.text(max_size=12)


def written(value: Any) -> str:
    """The value as a FEEL literal."""
    if isinstance(value, str):
        escaped = value.replace("\\", "\\\\").replace('"', '\\"')
        return f'"{escaped}"'
    return "null" if value is None else format(Decimal(str(value)), "f")


@given(NUMBERS, NUMBERS, st.sampled_from(["<", "<=", ">", ">=", "=", "!="]))
def test_comparisons_of_numbers(value: Any, other: Any, sign: str) -> None:
    oracle = {"<": value < other, "<=": value <= other, ">": value > other, ">=": value >= other, "=": value == other}
    oracle["!="] = value != other
    assert matches(f"{sign} {written(other)}", value, {}) is oracle[sign]
    assert evaluate(f"a {sign} b", {"a": value, "b": other}) is oracle[sign]


@given(NUMBERS, NUMBERS, NUMBERS, st.sampled_from("[(]"), st.sampled_from("])["))
def test_ranges(value: Any, first: Any, second: Any, opening: str, closing: str) -> None:
    low, high = min(first, second), max(first, second)
    above = value >= low if opening == "[" else value > low
    below = value <= high if closing == "]" else value < high
    text = f"{opening}{written(low)}..{written(high)}{closing}"
    assert matches(text, value, {}) is (above and below)
    assert matches(f"not({text})", value, {}) is not (above and below)
    assert evaluate(f"v in {text}", {"v": value}) is (above and below)


@given(st.one_of(TEXTS, NUMBERS, st.none()), st.lists(st.one_of(TEXTS, NUMBERS, st.none()), min_size=1, max_size=6))
def test_lists_of_alternatives(value: Any, alternatives: list[Any]) -> None:
    expected = any(value == each for each in alternatives)
    text = ", ".join(written(each) for each in alternatives)
    assert matches(text, value, {}) is expected
    assert matches(f"not({text})", value, {}) is not expected
    assert evaluate("list contains(l, v)", {"l": alternatives, "v": value}) is expected


@given(st.lists(NUMBERS, min_size=1, max_size=6), st.data())
def test_arithmetic_is_exact(numbers: list[Any], data: st.DataObject) -> None:
    signs = [data.draw(st.sampled_from("+-*")) for _ in numbers[1:]]
    text = written(numbers[0])
    for sign, number in zip(signs, numbers[1:], strict=True):
        text = f"({text}) {sign} {written(number)}" if number >= 0 else f"({text}) {sign} ({written(number)})"
    exact = Decimal(str(numbers[0]))
    for sign, number in zip(signs, numbers[1:], strict=True):
        other = Decimal(str(number))
        exact = exact + other if sign == "+" else exact - other if sign == "-" else exact * other
    if exact.adjusted() - int(exact.as_tuple().exponent) < 25:
        assert evaluate(f"{text} = n", {"n": exact}) is True


@given(st.dictionaries(st.sampled_from("abc"), st.booleans() | st.none(), min_size=3))
def test_three_valued_logic(names: dict[str, bool | None]) -> None:
    a, b = names["a"], names["b"]
    conjunction = False if False in (a, b) else None if None in (a, b) else True
    disjunction = True if True in (a, b) else None if None in (a, b) else False
    assert evaluate("a and b", names) is conjunction
    assert evaluate("a or b", names) is disjunction


WORDS = st.sampled_from(
    ["x", "l", "s", "?", "(", ")", "[", "]", "..", ",", "-", "+", "*", "/", "**", "<", ">", "=", "<=", " and ", " or ", " in ",
     " between ", "not(", "if ", " then ", " else ", "1", "2.5", '"a"', "null", "true", "date(", '"2026-01-01"', "@", ".", "{a:",
     "}", "min(", "duration(", '"P1D"', "string length("]
)  # fmt: skip


@settings(max_examples=500, deadline=None)
@given(st.lists(WORDS, max_size=25).map("".join))
def test_any_row_of_words_is_read_or_refused(text: str) -> None:
    names = {"x": 3, "l": [1, "a", None], "s": "abc"}
    for value in (3, "abc", None):
        with contextlib.suppress(FeelError):
            matches(text, value, names)
    with contextlib.suppress(FeelError):
        evaluate(text, names)


@settings(max_examples=200, deadline=None)
@given(st.text(max_size=60))
def test_any_text_is_read_or_refused(text: str) -> None:
    with contextlib.suppress(FeelError):
        matches(text, 1, {"x": 3})
    with contextlib.suppress(FeelError):
        evaluate(text, {"x": 3})
