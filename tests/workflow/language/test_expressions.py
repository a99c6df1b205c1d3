"""Conditions, loops and inputs: what they give, and what they refuse."""

from __future__ import annotations

from collections import OrderedDict
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from types import MappingProxyType

import pytest

from app.workflow.language.durations import Duration
from app.workflow.language.expressions import (
    ExpressionError,
    compile_expression,
    compile_template,
    is_duration_literal,
    is_expression,
)

NAMES = {
    "test": "ab",
    "integerVariable": 2,
    "approved": True,
    "clarified": "no",
    "case": {"priority": "high", "note": None, "contact": {"name": "Dana"}, "tags": ["vip", "late"], "size": 3},
    "items": [1, 2, 3],
    "amount": 12.5,
    "empty_list": [],
    "nothing": None,
    "数量": 4,
    "now": datetime(2026, 1, 5, 12, tzinfo=UTC),
    "price": Decimal("1.10"),
}


def value(text: str) -> object:
    return compile_expression(text).evaluate(NAMES)


@pytest.mark.parametrize(
    "text, expected",
    [
        ('test.contains("a")', True),
        ('!test.contains("a")', False),
        ("integerVariable<3", True),
        ("${integerVariable}", 2),
        ("true", True),
        ("false", False),
        ("3", 3),
        ("-1", -1),
        ("${clarified == 'yes'}", False),
        ("${!approved}", False),
        ("#{approved and not nothing}", True),
        ('= clarified = "no"', True),
        ("${integerVariable} > 1", True),
        ("approved && (clarified == 'yes' || amount >= 12.5)", True),
        ("integerVariable eq 2 and amount gt 1 and integerVariable mod 2 eq 0 and 7 div 2 eq 3.5", True),
        ("1 < integerVariable <= 2", True),
        ("3 < integerVariable < 1", False),
        ("'x' if approved else 'y'", "x"),
        ("approved ? 'x' : 'y'", "x"),
        ('if amount > 100 then "big" else "small"', "small"),
        ("a_missing if false else 1", 1),
        ("'vip' in case.tags", True),
        ("'vip' not in case.tags", False),
        ("'priority' in case", True),
        ("case['priority']", "high"),
        ("items[0] + items[-1]", 4),
        ("case.contact.name", "Dana"),
        ("case.unknown", None),
        ("case.unknown.deeper", None),
        ("case.note is null", True),
        ("case.priority is not None", True),
        ("case.note == null", True),
        ("empty case.note", True),
        ("empty(items)", False),
        ("not empty items", True),
        ("empty empty_list && !empty test", True),
        ("nothing or 'fallback'", "fallback"),
        ("len(items) + items.size()", 6),
        ("max(items) - min(3, 1, 2)", 2),
        ("sum(items) // 4", 1),
        ("7 % 4 + 2 ** 3", 11),
        ("-2 ** 2", -4),
        ("10 / 4", 2.5),
        ("abs(-3) + round(2.6) + floor(2.6) + ceil(2.1)", 11),
        ("round(2.345, 1)", 2.3),
        ("int('42') + int(3.9)", 45),
        ("float('1.5')", 1.5),
        ("'n=' + str(integerVariable)", "n=2"),
        ("str(true) + str(null)", "true"),
        ("upper(test) + 'X'.lower()", "ABx"),
        ("test.startsWith('a') and endswith(test, 'b')", True),
        ("' a '.trim().length()", 1),
        ("'a-b'.replace('-', '+')", "a+b"),
        ("'abc'.substring(1)", "bc"),
        ("join(['a', 1, true], '-')", "a-1-true"),
        ("split('a, b')", ["a", "b"]),
        ("case.get('zz', 5)", 5),
        ("coalesce(nothing, case.note, 'x')", "x"),
        ("test.equalsIgnoreCase('AB')", True),
        ("[1, 'a', [true]]", [1, "a", [True]]),
        ("{'a': 1, b: items}", {"a": 1, "b": [1, 2, 3]}),
        ("[]", []),
        ("'\\u4f60\\n\\'' + \"it's\"", "你\n'it's"),
        ("'ab' * 3", "ababab"),
        ("[1] + [2]", [1, 2]),
        ("数量 + 1", 5),
        ("true == 1", False),
        ("'1' == 1", False),
        ("1 == 1.0", True),
        ("price + price == price * 2", True),
        ("now() - duration('PT2H')", datetime(2026, 1, 5, 10, tzinfo=UTC)),
        ("now > date('2026-01-05')", True),
        ("now + duration('P1M')", datetime(2026, 2, 5, 12, tzinfo=UTC)),
        ("duration('PT1H') < duration('PT90M')", True),
        ("bool('false') or bool(0)", False),
        ("1.5e3", 1500.0),
        (".5 + 0", 0.5),
    ],
)
def test_values(text: str, expected: object) -> None:
    assert value(text) == expected


@pytest.mark.parametrize(
    "text, part, position",
    [
        ("unknown > 1", "no variable called “unknown”", 0),
        ("case.priority < 3", "Cannot compare a text with a number", 14),
        ("nothing < 3", "Cannot compare nothing (null) with a number", 8),
        ("nothing.contains('a')", "Cannot look for something in nothing", 8),
        ("test + 1", "use str(...)", 5),
        ("test.size.x", "only objects have fields", 5),
        ("items[9]", "There is no entry 9", 5),
        ("items['a']", "whole number", 5),
        ("1 / 0", "Division by zero", 2),
        ("1 % 0", "Division by zero", 2),
        ("approved ==", "Expected a value here, found the end", 11),
        ("(1", "Expected )", 2),
        ("1 2", "Did not expect “2”", 2),
        ("'abc", "never closed", 0),
        ("a ; b", "no meaning", 2),
        ("", "empty", 0),
        ("${}", "Expected a value", 2),
        ("foo(1)", "no function foo", 0),
        ("test.format(1)", "no method format", 5),
        ("len()", "takes 1 value(s), not 0", 0),
        ("len(1)", "len needs a text", 0),
        ("round(1, 99)", "round needs", 0),
        ("'\\q'", "Unknown escape", 0),
        ("- 'a'", "minus", 0),
        ("int('a')", "digits", 0),
        ("now() < today()", "no variable called “today”", 8),
        ("(-8) ** 0.5", "no such root", 5),
    ],
)
def test_errors_say_what_and_where(text: str, part: str, position: int) -> None:
    with pytest.raises(ExpressionError) as caught:
        value(text)
    assert part in caught.value.message
    assert caught.value.position == position
    assert f"character {position + 1}" in str(caught.value)


def test_names_that_are_read_are_known() -> None:
    assert compile_expression("a.b + c[d] > len(e) and {'f': g} == now()").names == {"a", "c", "d", "e", "g", "now"}


def test_a_condition_is_true_false_or_null() -> None:
    assert compile_expression("approved").is_true(NAMES)
    assert not compile_expression("case.note").is_true(NAMES)
    with pytest.raises(ExpressionError, match="must give true or false"):
        compile_expression("test").is_true(NAMES)


def test_any_mapping_will_do() -> None:
    names = MappingProxyType({"case": OrderedDict(a=MappingProxyType({"b": (1, 2)}))})
    assert compile_expression("case.a.b[1]").evaluate(names) == 2
    assert compile_expression("case.zz").evaluate(names) is None


def test_values_of_the_case_are_never_called() -> None:
    called: list[int] = []
    names = {"f": lambda: called.append(1), "now": lambda: called.append(1)}
    with pytest.raises(ExpressionError, match="no function f"):
        compile_expression("f()").evaluate(names)
    assert callable(compile_expression("now()").evaluate(names))
    assert not called


def test_the_same_text_is_read_once() -> None:
    assert compile_expression("case.a == 1") is compile_expression("case.a == 1")


@pytest.mark.parametrize(
    "text, expected",
    [
        ("ack", "ack"),
        ("", ""),
        ("${items}", [1, 2, 3]),
        ("Dear ${case.contact.name}, #{integerVariable} items", "Dear Dana, 2 items"),
        ("${'}'}!", "}!"),
        ("${ {'a': 1}['a'] } {x}", "1 {x}"),
        ("= integerVariable + 1", 3),
        ("100 $ {no}", "100 $ {no}"),
        ("${nothing}", None),
        ("[${nothing}]", "[]"),
    ],
)
def test_templates(text: str, expected: object) -> None:
    assert compile_template(text).evaluate(NAMES) == expected


def test_template_errors() -> None:
    with pytest.raises(ExpressionError, match="never closed"):
        compile_template("a ${b")
    with pytest.raises(ExpressionError, match="a list"):
        compile_template("a ${items}").evaluate(NAMES)
    assert compile_template("a ${b} ${c}").names == {"b", "c"}


def test_what_counts_as_an_expression() -> None:
    assert is_expression("${a}")
    assert is_expression(" = a")
    assert not is_expression("a == b")
    assert is_duration_literal("PT4H")
    assert not is_duration_literal("'PT4H'")


def test_dates_and_durations_of_the_case() -> None:
    names = {"d": date(2026, 1, 31), "span": timedelta(days=1), "month": Duration(1, timedelta())}
    assert compile_expression("d + month").evaluate(names) == date(2026, 2, 28)
    assert compile_expression("d - span").evaluate(names) == date(2026, 1, 30)
    assert compile_expression("span == duration('P1D')").evaluate(names) is True
    assert compile_expression("-span < span").evaluate(names) is True
    with pytest.raises(ExpressionError, match="Cannot compare a date with a number"):
        compile_expression("d < 3").evaluate(names)
    with pytest.raises(ExpressionError, match="Cannot add"):
        compile_expression("d + d").evaluate(names)


@pytest.mark.parametrize(
    "text, part",
    [
        ("lower(1)", "lower needs a text"),
        ("abs('a')", "abs needs a number"),
        ("max([])", "max needs between 1 and"),
        ("sum(1)", "sum needs a list"),
        ("sum(['a'])", "sum needs a number"),
        ("int([])", "int needs a number"),
        ("floor(true)", "floor needs a number"),
        ("float('x')", "float needs a text with a number"),
        ("str(items)", "cannot make a text of a list"),
        ("substring('a', '1')", "whole numbers"),
        ("split('a', '')", "at least one character"),
        ("join('a')", "join needs a list"),
        ("join([[1]])", "cannot make a text of a list"),
        ("get(1, 'a')", "get needs an object"),
        ("get(case, 1)", "get needs an object"),
        ("date(1)", "date needs a text"),
        ("duration('4 hours')", "is not a duration"),
        ("3 in 'abc'", "cannot contain a number"),
        ("3 in 5", "Cannot look for something in a number"),
        ("case[1]", "name is a text"),
        ("5[0]", "Cannot take an entry of a number"),
        ("approved[0]", "Cannot take an entry of true or false"),
        ("true + true", "Cannot add true or false"),
        ("now * 2", "Cannot multiply"),
        ("now + now", "Cannot add"),
        ("approved < false", "Cannot compare true or false"),
        ("duration('P1M') < duration('P30D')", "Cannot compare a duration"),
        ("{1: 2}", "field's name"),
        ("{'a' 1}", "Expected :"),
        ("x.", "Expected a field's name"),
        ("then", "cannot stand here"),
    ],
)
def test_more_errors(text: str, part: str) -> None:
    with pytest.raises(ExpressionError) as caught:
        value(text)
    assert part in caught.value.message


def test_odds_and_ends() -> None:
    assert value("int(true) + float(2) + float('2.5')") == 5.5
    assert value("bool('yes') and bool('true')") is True
    assert value("str(now)") == "2026-01-05T12:00:00+00:00"
    assert value("str(duration('PT90M')) + str(date(now))") == "PT1H30M2026-01-05T12:00:00+00:00"
    assert value("date(now) == now and duration(duration('PT1H')) == duration('PT60M')") is True
    assert value("nothing['a']") is None
    assert value("+3 - -3") == 6
    assert value("not not approved") is True
    assert value("1 in [true, 1]") is True
    assert value("1 in [true, 2.5]") is False
    assert value("duration('P1D') in [duration('PT24H')]") is True
    assert compile_expression("a / b").evaluate({"a": Decimal(1), "b": 4.0}) == Decimal("0.25")
    assert compile_expression("a * b").evaluate({"a": 0.5, "b": Decimal(4)}) == Decimal(2)
    assert compile_expression("str(a)").evaluate({"a": timedelta(hours=1)}) == "PT1H"
    assert compile_expression("a < b").evaluate({"a": 1, "b": Decimal("1.5")}) is True
