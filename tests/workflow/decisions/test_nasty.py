"""Decision tables at their edges: null, ranges, dates, hit policies without a match or with too many."""

from __future__ import annotations

from datetime import UTC, date, datetime, timedelta
from typing import Any
from xml.sax.saxutils import escape

import pytest

from app.workflow import decisions


def table(
    policy: str, rules: list[tuple[str, ...]], *, aggregation: str = "", values: tuple[str, ...] = (), read: str = "a"
) -> bytes:
    """A table with one input; the cells of a rule are its test and its outputs."""
    columns = "".join(
        f'<output id="o{n}" name="r{n or ""}">{f"<outputValues><text>{escape(values[n])}</text></outputValues>" if values else ""}</output>'
        for n in range(len(rules[0]) - 1)
    )
    rows = "".join(
        f'<rule id="r{n}"><inputEntry id="i{n}"><text>{escape(cells[0])}</text></inputEntry>'
        + "".join(
            f'<outputEntry id="o{n}{m}"><text>{escape(cell)}</text></outputEntry>' for m, cell in enumerate(cells[1:])
        )
        + "</rule>"
        for n, cells in enumerate(rules)
    )
    how = f' aggregation="{aggregation}"' if aggregation else ""
    return (
        '<definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" id="d" name="d" namespace="urn:t"><decision id="dec" name="dec">'
        f'<decisionTable id="t" hitPolicy="{policy}"{how}><input id="i"><inputExpression id="x"><text>{escape(read)}</text></inputExpression></input>'
        f"{columns}{rows}</decisionTable></decision></definitions>"
    ).encode()


def ask(xml: bytes, **names: Any) -> Any:
    """The outputs, or `refused` at upload, or `failed` when asked."""
    model = decisions.parse_dmn(xml)
    if any(finding.severity == "error" for finding in model.findings):
        return "refused"
    try:
        return decisions.evaluate(model.decisions["dec"], names).outputs
    except decisions.DecisionError:
        return "failed"


def passes(test: str, value: Any, **names: Any) -> Any:
    outcome = ask(table("FIRST", [(test, "true"), ("-", "false")]), a=value, **names)
    return outcome["r"] if isinstance(outcome, dict) else outcome


@pytest.mark.parametrize(
    "case",
    [
        ("[1..5]", 5, True), ("(1..5]", 1, False), ("]1..5[", 5, False), ("1,2,[10..20)", 20, False), ("1,2,[10..20)", 10, True),
        ("not(1,2)", 3, True), ("not([1..3])", 2, False), ("not(null)", None, False), ("null", None, True), ("< 5", None, False),
        ("-", None, True), ('"a","b"', "b", True), ('"A"', "a", False), ("true", True, True), ("false", False, True), ("5", "5", False),
        ("1", 1.0, True), ("-5", -5, True), ("> -3", -2, True), ('"退款"', "退款", True), ('"a\\"b"', 'a"b', True),
        ('< date("2026-03-01")', date(2026, 2, 28), True), ('[date("2026-01-01")..date("2026-12-31")]', date(2026, 12, 31), True),
        ('> duration("PT1H")', timedelta(hours=2), True), ('duration("PT60M")', timedelta(hours=1), True),
        ('date and time("2026-01-01T10:00:00Z")', datetime(2026, 1, 1, 10, tzinfo=UTC), True),
        ('contains(?, "x")', "axb", True), ("? > b * 2", 5, True), ("< b", 1, True), ('starts with(?, "RB-")', "RB-1", True),
        ('list contains(?, "x")', ["x", "y"], True), ('["a".."f"]', "c", True), ("? between 1 and 3", 2, True), ("[5..1]", 3, "refused"),
    ],
)  # fmt: skip
def test_unary_tests(case: tuple[str, Any, Any]) -> None:
    test, value, wanted = case
    found = passes(test, value, b=2)
    assert found == wanted or (wanted == "refused" and found in (False, "failed", "refused"))


RULES: list[tuple[str, ...]] = [("> 1", "10"), ("> 2", "20"), ("> 3", "20")]


@pytest.mark.parametrize(
    "case",
    [
        ("UNIQUE", "", 2, {"r": 10}), ("UNIQUE", "", 4, "failed"), ("UNIQUE", "", 0, None), ("FIRST", "", 4, {"r": 10}), ("ANY", "", 4, "failed"),
        ("COLLECT", "SUM", 4, {"r": 50}), ("COLLECT", "MIN", 4, {"r": 10}), ("COLLECT", "MAX", 4, {"r": 20}), ("COLLECT", "COUNT", 4, {"r": 3}),
        ("COLLECT", "SUM", 0, {"r": None}), ("COLLECT", "COUNT", 0, {"r": 0}), ("COLLECT", "", 0, []), ("PRIORITY", "", 4, "refused"),
        ("SOMETIMES", "", 4, "refused"), ("RULE ORDER", "", 4, [{"r": 10}, {"r": 20}, {"r": 20}]),
    ],
)  # fmt: skip
def test_hit_policies(case: tuple[str, str, int, Any]) -> None:
    policy, aggregation, value, wanted = case
    assert ask(table(policy, RULES, aggregation=aggregation), a=value) == wanted


def test_priority_looks_at_the_outputs_in_order() -> None:
    rules = [("-", '"low"', '"x"'), ("-", '"high"', '"y"'), ("-", '"high"', '"x"')]
    assert ask(table("PRIORITY", rules, values=('"high","low"', '"x","y"')), a=1) == {"r": "high", "r1": "x"}


def test_any_wants_the_same_and_aggregations_want_numbers() -> None:
    assert ask(table("ANY", [("> 2", "20"), ("> 3", "20")]), a=4) == {"r": 20}
    assert ask(table("COLLECT", [("-", '"x"')], aggregation="SUM"), a=1) == "failed"
    assert ask(table("COLLECT", [("-", "1", "2")], aggregation="SUM"), a=1) == "refused"


@pytest.mark.parametrize(
    "text,wanted",
    [
        ("0.1 + 0.2 = 0.3", True), ("1/0", "failed"), ("null and false", False), ("null or true", True), ('if a > 1 then "x" else "y"', "x"),
    ],
)  # fmt: skip
def test_outputs_are_computed_as_feel_says(text: str, wanted: Any) -> None:
    found = ask(table("FIRST", [("-", text)]), a=2)
    assert (found["r"] if isinstance(found, dict) else found) == wanted


def test_an_input_may_be_a_path_of_which_parts_are_missing() -> None:
    assert ask(table("FIRST", [("1", "true")], read="a.b.c"), a={"b": {"c": 1}}) == {"r": True}
    assert ask(table("FIRST", [("null", "true")], read="a.b.c"), a={}) == {"r": True}
