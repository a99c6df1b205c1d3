"""FEEL: expressions, unary tests and what they refuse."""

from __future__ import annotations

import contextlib
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

import pytest

from app.workflow.language.durations import Duration
from app.workflow.language.feel import FeelError, evaluate, matches, parse_expression, parse_unary_tests

NAMES: dict[str, Any] = {
    "x": 5,
    "half": 0.5,
    "name": "Bob",
    "Applicant Age": 20,
    "lst": [1, 2, 3],
    "texts": ("a", "b"),
    "d": date(2026, 1, 31),
    "now": datetime(2026, 1, 5, 12, tzinfo=UTC),
    "today": date(2026, 1, 5),
    "local": datetime(2026, 1, 5, 12),
    "case": {"priority": "high", "first reply": {"minutes": 15}, "customer": None},
    "nothing": None,
    "yes": True,
    "客户": "甲",
    "obj": object(),
}


@pytest.mark.parametrize(
    "text, expected",
    [
        ("1 + 2 * 3", 7),
        ("(1 + 2) * 3", 9),
        ("0.1 + 0.2 = 0.3", True),
        ("half + half", 1),
        ("7 / 2", 3.5),
        ("-2 ** 2", 4),
        ("2 ** -1", 0.5),
        ("2 ** 3 ** 2", 64),
        ("- x", -5),
        ("10 - 2 - 3", 5),
        ('"a" + "b"', "ab"),
        ("Applicant Age >= 18", True),
        ("case.priority", "high"),
        ("case.first reply.minutes < 20", True),
        ("case.unknown", None),
        ("case.customer.name", None),
        ('客户 = "甲"', True),
        ("nothing + 1", None),
        ("nothing > 1", None),
        ("nothing = null", True),
        ("x != null", True),
        ('x = 5 and name = "Bob" or nothing', True),
        ("nothing and false", False),
        ("nothing and true", None),
        ("nothing or true", True),
        ("name or false", None),
        ("not(yes)", False),
        ("not(nothing)", None),
        ('if x > 3 then "a" else "b"', "a"),
        ('if nothing then "a" else "b"', "b"),
        ("x in [1..5]", True),
        ("x in [1..5)", False),
        ("x in ]1..5]", True),
        ("x in (1..5[", False),
        ("x in (1, < 3, [4..6])", True),
        ("x in lst", False),
        ("x in >= 5", True),
        ("(x in (1..9)) and x between 1 and 5", True),
        ("x between 6 and 9", False),
        ("nothing between 1 and 2", None),
        ("lst[1]", 1),
        ("lst[-1]", 3),
        ("lst[4]", None),
        ("[1, 2] = [1.0, 2]", True),
        ('{a: 1, b: "x"} = {a: 1, b: "x"}', True),
        ('{a: 1, "b c": [x]}', {"a": 1, "b c": [5]}),
        ("{a: {b: 2}}.a.b", 2),
        ("[]", []),
        ('"x" = 1', False),
        ("true = 1", False),
        ('contains("foobar", "oba")', True),
        ('contains(nothing, "a")', None),
        ('starts with(name, "B") and ends with(name, "b")', True),
        ("upper case(name) + lower case(name)", "BOBbob"),
        ("string length(name)", 3),
        ('substring("foobar", 3)', "obar"),
        ('substring("foobar", -3, 2)', "ba"),
        ('substring before("a-b", "-") + substring after("a-b", "-")', "ab"),
        ('string join(texts, ", ")', "a, b"),
        ("string(1.50) + string(true) + string(d)", "1.5true2026-01-31"),
        ('number("4.20") + abs(-1)', 5.2),
        ("floor(-1.5) + ceiling(1.2)", 0),
        ("decimal(2.345, 2)", 2.34),
        ("round half up(2.5, 0) + round half up(-2.5, 0)", 0),
        ("modulo(-7, 3)", 2),
        ("min(3, 1, 2) + max(lst)", 4),
        ("sum(lst) + sum(1, 2) + count(lst)", 12),
        ("mean(lst)", 2),
        ("list contains(lst, 2)", True),
        ("concatenate([1], [2])", [1, 2]),
        ("append(lst, 4)", [1, 2, 3, 4]),
        ("any([false, nothing, true])", True),
        ("all([true, nothing])", None),
        ("is defined(case.customer)", False),
        ('date("2026-01-31") = d', True),
        ("date(2026, 1, 31)", date(2026, 1, 31)),
        ("date(now)", date(2026, 1, 5)),
        ('date and time("2026-01-05T12:00:00Z") = now()', True),
        ('date and time("2026-01-05T13:00:00+01:00") = now', True),
        ("local = now", True),
        ('date and time(d, time("10:00:00"))', datetime(2026, 1, 31, 10, tzinfo=UTC)),
        ('time("10:00:00") < time("11:00")', True),
        ("time(now).hour", 12),
        ("d.year + d.month + d.day", 2058),
        ("today().weekday", 1),
        ("day of week(today)", "Monday"),
        ('d + duration("P1M")', date(2026, 2, 28)),
        ('d - date("2026-01-01")', Duration(0, timedelta(days=30))),
        ('now - duration("PT36H") < now', True),
        ('duration("P1D") = duration("PT24H")', True),
        ('@"P1Y2M".months + @"-P3DT4H".days', -1),
        ('@"2026-01-31" = d', True),
        ('@"10:00:00" = time("10:00:00")', True),
        ('@"2026-01-05T12:00:00Z" = now', True),
        ('duration("PT1H") * 3', Duration(0, timedelta(hours=3))),
        ('years and months duration(date("2025-01-31"), date("2026-03-01"))', Duration(13, timedelta())),
        ('"it\'s \\"quoted\\""', 'it\'s "quoted"'),
    ],
)
def test_expressions(text: str, expected: object) -> None:
    result = evaluate(text, NAMES)
    assert result == expected
    assert type(result) is type(expected)


@pytest.mark.parametrize(
    "test, value, expected",
    [
        ("-", 3, True),
        ("", None, True),
        (" - ", "x", True),
        ("5", 5, True),
        ("5", 5.0, True),
        ("-5", -5, True),
        ("5", "5", False),
        ('"a"', "a", True),
        ('"a","b"', "b", True),
        ('"a","b"', "c", False),
        ('not("a","b")', "c", True),
        ('not("a","b")', "a", False),
        ("not(< 3, [7..9])", 5, True),
        ("not(null)", None, False),
        ("< 5", 4.99, True),
        ("< 5", None, False),
        (">= 5", 5, True),
        ("!= 5", 6, True),
        ("= 5", 5, True),
        ("< x", 4, True),
        ("< x * 2", 9, True),
        ("[1..5]", 5, True),
        ("[1..5)", 5, False),
        ("(1..5]", 1, False),
        ("]1..5[", 1, False),
        ("[1..5]", None, False),
        ("<3, >10, 5", 5, True),
        ("[x..x+1]", 6, True),
        ('["a".."f"]', "c", True),
        ("true", True, True),
        ("true", False, False),
        ("true", 1, False),
        ("null", None, True),
        ("null", 0, False),
        ("lst", 2, True),
        ("lst", [1, 2, 3], True),
        ("[1,2]", 2, True),
        ("x", 5, True),
        ("x > 3", "anything", True),
        ("x > 9", "anything", False),
        ("yes", True, True),
        ("? > 3 and ? < 10", 5, True),
        ("? in [1..3]", 5, False),
        ('contains(?, "b")', "abc", True),
        ('ends with(?, "@example.org")', "dana@example.org", True),
        ("string length(?) > 2", "ab", False),
        ('contains(?, "b")', None, False),
        ('date("2026-01-31")', date(2026, 1, 31), True),
        ('>= date("2026-01-01")', date(2026, 5, 1), True),
        ('[date("2026-01-01")..date("2026-12-31")]', date(2026, 5, 1), True),
        ('> now - duration("PT1H")', datetime(2026, 1, 5, 11, 30, tzinfo=UTC), True),
        ('[duration("PT1H")..duration("PT5H"))', timedelta(hours=5), False),
        ('[time("09:00")..time("18:00"))', time(12, 30), True),
        ('< duration("P1Y")', Duration(11, timedelta()), True),
        ('not(contains(?, "x"))', "abc", True),
        ("not(yes), 5", 5, True),
        ("not([0..0))", 0, True),
        ("not(]0..2[, 5)", 1, False),
        ("not(yes) or yes", 5, True),
        ("客户", "甲", True),
    ],
)
def test_unary_tests(test: str, value: object, expected: bool) -> None:
    assert matches(test, value, NAMES) is expected


@pytest.mark.parametrize(
    "text, part, position",
    [
        ('x > "a"', "Cannot compare a number with a text", 2),
        ("d > now", "Cannot compare a date with a date and time", 2),
        ('duration("P1M") > duration("P30D")', "how long a month is", 16),
        ('x + "a"', "Cannot add a number and a text", 2),
        ("1 / 0", "Division by zero", 2),
        ("10 ** 7000", "grows beyond", 3),
        ("unknown", "no variable called “unknown”", 0),
        ("foo(1)", "no function foo", 0),
        ("string length()", "takes 1 value(s)", 0),
        ("for i in lst return i", "not supported", 0),
        ("some i in lst satisfies i > 1", "not supported", 0),
        ("x instance of number", "Did not expect “instance”", 2),
        ("x =", "Expected a value here", 3),
        ("[5..1]", "ends before it begins", 0),
        ("[1..2", "to end the range", 5),
        ("]1, 2]", "two dots", 2),
        ("(1", "Expected )", 2),
        ("@5", "quoted date", 1),
        ('@"foo"', "is not a date", 1),
        ('date("2026-02-30")', "does not exist", 0),
        ("date(2026, 2, 30)", "no such day", 0),
        ('time("25:00:00")', "does not exist", 0),
        ("lst.x", "no .x of a list", 4),
        ("if x then 1", "Expected else", 11),
        ("{a 1}", "Expected :", 3),
        ('"abc', "never closed", 0),
        ("x ; y", "no meaning", 2),
        ("a.__class__", "two underscores", 2),
        ("__x__", "two underscores", 0),
        ("", "empty", 0),
        ("obj > 1", "unknown kind", 4),
        ("and", "Expected a name", 0),
        ('number("zz")', "needs a text with a number", 0),
    ],
)
def test_errors_say_what_and_where(text: str, part: str, position: int) -> None:
    with pytest.raises(FeelError) as caught:
        evaluate(text, NAMES)
    assert part in caught.value.message
    assert caught.value.position == position


@pytest.mark.parametrize(
    "text",
    ['"a",', ",", "not(", "not()", "<", "< <", "- -", "[1..", "high low(", "1 2", "a b c (", "..", "not(1", "(1,2)"],
)
def test_cells_that_cannot_be_read(text: str) -> None:
    with pytest.raises(FeelError):
        parse_unary_tests(text)


def test_a_value_of_another_kind_is_an_error_for_an_ordering() -> None:
    with pytest.raises(FeelError, match="Cannot compare a text with a number"):
        matches("< 5", "abc", NAMES)
    assert matches('"n/a", < 5', "n/a", NAMES)


@pytest.mark.parametrize(
    "text",
    [
        "(" * 500 + "1" + ")" * 500,
        "[" * 500 + "]" * 500,
        "-" * 500 + "1",
        "not(" * 300 + "true" + ")" * 300,
        "+".join(["x"] * 400),
        "if true then " * 300 + "1",
        "x in (" * 200 + "1" + ")" * 200,
        "1" * 5000,
        "9" * 40,
        "1e99999",
        '"' + "a" * 5000 + '"',
        "x " * 4000,
        "{a:" * 300 + "1" + "}" * 300,
        "a." * 500 + "a",
        "2 **" * 400 + "2",
        "9 ** 9 ** 9 ** 9 ** 9",
        "duration(\"P9999999999Y\")",
        "date(999999999, 1, 1)",
        "date(\"2026-01-01\") + duration(\"P999999Y\")",
        "duration(\"PT1H\") * 10 ** 300",
        "string join(texts, \"" + "a" * 3900 + "\") + nothing.x.y.z + unknown",
        "min(" * 100 + "1" + ")" * 100,
    ],
    ids=range(22),
)  # fmt: skip
def test_hostile_texts_end_in_an_error(text: str) -> None:
    with pytest.raises(FeelError):
        evaluate(text, NAMES)
    with contextlib.suppress(FeelError):
        matches(text, 1, NAMES)


def test_a_ten_megabyte_cell_is_refused_at_once() -> None:
    with pytest.raises(FeelError, match="at most 4000"):
        parse_unary_tests("1," * 5_000_000)
    with pytest.raises(FeelError, match="at most 4000"):
        parse_expression("1+" * 5_000_000)


def test_deep_values_are_an_error_not_a_crash() -> None:
    nested: list[Any] = []
    for _ in range(5_000):
        nested = [nested]
    with pytest.raises(FeelError, match="nested too deeply"):
        evaluate("a = b", {"a": nested, "b": [nested]})
    with pytest.raises(FeelError):
        evaluate("a", {"a": nested})


def test_numbers_out_are_what_the_case_keeps() -> None:
    assert type(evaluate("1.0", {})) is int
    assert type(evaluate("2 ** 70", {})) is float
    assert evaluate("a", {"a": Decimal("1.25")}) == 1.25
    with pytest.raises(FeelError, match="ordinary"):
        evaluate("a", {"a": float("inf")})


@pytest.mark.parametrize(
    "text, part",
    [
        ("upper case(1)", "needs a text"),
        ("substring(\"a\", 1.5)", "whole number"),
        ("string(lst)", "cannot make a text"),
        ("abs(\"a\")", "abs needs a number"),
        ("decimal(1, 99)", "between -30 and 30"),
        ("round half up(\"a\", 1)", "needs a number"),
        ("modulo(1, 0)", "second not zero"),
        ("sum(\"a\")", "sum needs numbers"),
        ("count(1)", "count needs a list"),
        ("date(1)", "date needs a text"),
        ("date(1, 2)", "date needs a text"),
        ("time(1)", "time needs a text"),
        ("time(25, 0, 0)", "no such day or time"),
        ("date and time(1)", "needs a text"),
        ("years and months duration(1, 2)", "needs two dates"),
        ("day of week(1)", "needs a date"),
        ("string join(1)", "needs a list"),
        ("- name", "minus"),
        ("lst[name]", "whole number"),
        ("d + d", "Cannot add"),
        ("name * 2", "Cannot multiply"),
        ("1 < [1]", "Cannot compare"),
        ("local < time(\"10:00\")", "Cannot compare"),
        ("time(\"10:00\") < time(\"10:00Z\")", "Cannot compare"),
        ("number(\"1e400\")", "ordinary"),
        ("duration(1)", "needs a text"),
        ("duration(\"PT1H\").weeks", "no .weeks"),
    ],
)  # fmt: skip
def test_more_errors(text: str, part: str) -> None:
    with pytest.raises(FeelError) as caught:
        evaluate(text, NAMES)
    assert part in caught.value.message


def test_null_goes_through_functions() -> None:
    calls = ["substring(nothing, 1)", "number(nothing)", "string(nothing)", "abs(nothing)", "decimal(nothing, 1)"]
    calls += ["round half up(nothing, 1)", "modulo(nothing, 1)", "min(1, nothing)", "date(nothing)", "time(nothing)"]
    calls += [
        "date and time(nothing)",
        "duration(nothing)",
        "years and months duration(nothing, d)",
        "day of week(nothing)",
    ]
    calls += ["- nothing", "nothing.x", "lst[nothing]", "not(1)", "mean([])", "sum([])", "nothing - d"]
    for call in calls:
        assert evaluate(call, NAMES) is None, call


def test_odds_and_ends() -> None:
    assert evaluate('time(10, 30, 0) = time("10:30") and time(time(10, 30, 0)).minute = 30', NAMES) is True
    assert evaluate('date and time(d) = @"2026-01-31T00:00:00Z" and date and time(now) = now', NAMES) is True
    assert evaluate('date(d) = d and duration(duration("P1D")) = @"P1D"', NAMES) is True
    assert evaluate('@"2026-01-05 12:00" = now', NAMES) is True
    assert evaluate('years and months duration(date("2026-03-01"), date("2025-01-31")).months', NAMES) == -1
    assert evaluate('duration("P1Y") < duration("P13M")', NAMES) is True
    assert evaluate("x[1] + name.y", {"x": 3, "name": {}}) is None
    assert (
        evaluate('string(duration("PT1H")) + string(time(1, 2, 3)) + string(now)', NAMES)
        == "PT1H01:02:032026-01-05T12:00:00Z"
    )
    assert evaluate('duration("PT1H") - duration("PT30M") + duration("PT1M") * 2', NAMES) == Duration(
        0, timedelta(minutes=32)
    )
    assert evaluate('substring before("a", "x")', NAMES) == ""
    assert evaluate("[1] = [1, 2] or {a: 1} = {b: 1} or [1] = 1", NAMES) is False
    assert evaluate("number(5)", NAMES) == 5
    assert evaluate("all([true, false]) or any([false, false])", NAMES) is False
