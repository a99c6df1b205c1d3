"""Taking decisions: hit policies, outputs, requirements, and what went wrong when they cannot be taken."""

from __future__ import annotations

import json
from datetime import UTC, date, datetime
from typing import Any

import pytest

from app.workflow.decisions import DecisionError, evaluate, from_compiled, parse_dmn, to_compiled
from tests.workflow.decisions.dmn_files import decide, document, model_of, table

OVERLAPPING = [(["< 5"], ["1"]), (["[3..9]"], ["2"]), (["-"], ["3"])]


def test_unique_takes_the_one_row_that_matches() -> None:
    rows = [(['"call"', "< 5"], ['"phone desk"', "1"]), (['"mail"', "-"], ['"mail desk"', "2"])]
    result = decide(table(rows, inputs=["channel", "n"], outputs=["queue", "priority"]), channel="mail", n=7)
    assert result.outputs == {"queue": "mail desk", "priority": 2}
    assert result.rows == (2,)
    assert result.row_ids == ("r2",)
    assert result.inputs == {"channel": "mail", "n": 7}


def test_unique_with_two_matches_is_an_error_that_names_them() -> None:
    with pytest.raises(DecisionError, match=r"one row to match, but rows 1, 2, 3 do") as caught:
        decide(table(OVERLAPPING), x=4)
    assert caught.value.element_id == "d"


def test_no_match() -> None:
    rows = [(["1"], ['"a"'])]
    assert decide(table(rows), x=2).outputs is None
    assert decide(table(rows), x=2).rows == ()
    assert decide(table(rows, defaults=['"other"']), x=2).outputs == {"y": "other"}
    assert decide(table(rows, policy="COLLECT"), x=2).outputs == []
    assert decide(table(rows, policy="COLLECT", defaults=['"other"']), x=2).outputs == [{"y": "other"}]
    assert decide(table(rows, policy="RULE ORDER"), x=2).outputs == []


@pytest.mark.parametrize(
    "policy, aggregation, x, outputs, rows",
    [
        ("FIRST", "", 4, {"y": 1}, (1,)),
        ("FIRST", "", 20, {"y": 3}, (3,)),
        ("COLLECT", "", 4, [{"y": 1}, {"y": 2}, {"y": 3}], (1, 2, 3)),
        ("RULE ORDER", "", 7, [{"y": 2}, {"y": 3}], (2, 3)),
        ("COLLECT", "SUM", 4, {"y": 6}, (1, 2, 3)),
        ("COLLECT", "MIN", 4, {"y": 1}, (1, 2, 3)),
        ("COLLECT", "MAX", 4, {"y": 3}, (1, 2, 3)),
        ("COLLECT", "COUNT", 4, {"y": 3}, (1, 2, 3)),
    ],
)
def test_hit_policies(policy: str, aggregation: str, x: int, outputs: Any, rows: tuple[int, ...]) -> None:
    result = decide(table(OVERLAPPING, policy=policy, aggregation=aggregation), x=x)
    assert result.outputs == outputs
    assert result.rows == rows


def test_priority_and_output_order_follow_the_list_of_values() -> None:
    rows = [(["< 5"], ['"low"', "1"]), (["< 9"], ['"high"', "2"]), (["-"], ['"mid"', "3"])]
    values = ['"high", "mid", "low"']
    result = decide(table(rows, policy="PRIORITY", outputs=["level", "n"], values=values), x=3)
    assert result.outputs == {"level": "high", "n": 2}
    assert result.rows == (2,)
    result = decide(table(rows, policy="OUTPUT ORDER", outputs=["level", "n"], values=values), x=3)
    assert [entry["level"] for entry in result.outputs or ()] == ["high", "mid", "low"]
    assert result.rows == (2, 3, 1)


def test_priority_compares_the_second_output_when_the_first_is_the_same() -> None:
    rows = [(["-"], ['"a"', '"no"']), (["-"], ['"a"', '"yes"']), (["-"], ['"b"', '"yes"'])]
    values = ['"a", "b"', '"yes", "no"']
    assert decide(table(rows, policy="PRIORITY", outputs=["p", "q"], values=values), x=1).rows == (2,)


def test_priority_with_a_computed_value_outside_the_list_is_an_error() -> None:
    with pytest.raises(DecisionError, match="not in that column's list of values"):
        decide(table([(["-"], ["x"])], policy="PRIORITY", values=["1, 2"]), x=7)


def test_any_wants_the_rows_to_agree() -> None:
    rows = [(["< 5"], ['"a"']), (["> 2"], ['"a"']), (["> 3"], ['"b"'])]
    assert decide(table(rows, policy="ANY"), x=3).outputs == {"y": "a"}
    assert decide(table(rows, policy="ANY"), x=3).rows == (1, 2)
    with pytest.raises(DecisionError, match="rows 1 and 3 differ"):
        decide(table(rows, policy="ANY"), x=4)


def test_aggregations_of_nothing_and_of_other_kinds() -> None:
    rows = [(["1"], ['"a"'])]
    assert decide(table(rows, policy="COLLECT", aggregation="COUNT"), x=2).outputs == {"y": 0}
    assert decide(table(rows, policy="COLLECT", aggregation="SUM"), x=2).outputs == {"y": None}
    with pytest.raises(DecisionError, match="sum needs numbers"):
        decide(table(rows, policy="COLLECT", aggregation="SUM"), x=1)
    spans = [(["-"], ['duration("PT10H")']), (["-"], ['duration("PT9H")'])]
    longest = table(spans, policy="COLLECT", aggregation="MAX", type_of_outputs="dayTimeDuration")
    assert decide(longest, x=1).outputs == {"y": "PT10H"}
    with pytest.raises(DecisionError, match="null"):
        decide(table([(["-"], [""])], policy="COLLECT", aggregation="MIN"), x=1)


def test_sums_are_exact() -> None:
    rows = [(["-"], ["0.1"]), (["-"], ["0.2"])]
    assert decide(table(rows, policy="COLLECT", aggregation="SUM"), x=1).outputs == {"y": 0.3}


def test_outputs_are_computed_and_come_out_as_json() -> None:
    cells = ["x * 2", 'upper case("a" + name)', "", '@"2026-01-31"', 'duration("PT4H")', "[x, {a: x}]", "true", "-"]
    names = ["a", "b", "c", "d", "e", "f", "g", "h"]
    result = decide(table([(["-"], cells)], outputs=names), x=2.5, name="b")
    expected = [5, "AB", None, "2026-01-31", "PT4H", [2.5, {"a": 2.5}], True, None]
    assert result.outputs == dict(zip(names, expected, strict=True))
    json.dumps(result.why())


@pytest.mark.parametrize(
    "declared, cell, value, matches",
    [
        ("date", '>= date("2026-01-01")', "2026-05-01", True),
        ("feel:date", '[date("2026-01-01")..date("2026-02-01")]', date(2026, 5, 1), False),
        ("dateTime", '< date and time("2026-01-01T00:00:00Z")', "2025-12-31T23:59:59+00:00", True),
        ("date and time", '< date and time("2026-01-01T00:00:00Z")', datetime(2026, 1, 1, tzinfo=UTC), False),
        ("time", '[time("09:00")..time("18:00")]', "12:00:00", True),
        ("dayTimeDuration", '> duration("PT4H")', "PT5H", True),
        ("xsd:integer", "< 5", "4", True),
        ("number", "4.5", 4.5, True),
        ("boolean", "true", "True", True),
        ("string", '"a"', "a", True),
        ("string", "-", None, True),
        ("tCustom", "5", 5, True),
        ("number", "2", [1, 2], False),
    ],
)
def test_inputs_become_the_declared_type(declared: str, cell: str, value: Any, matches: bool) -> None:
    result = decide(table([([cell], ['"hit"'])], type_of_inputs=declared), x=value)
    assert (result.outputs is not None) is matches
    json.dumps(result.why())


@pytest.mark.parametrize(
    "declared, value, part",
    [("number", "abc", "number needs a text with a number"), ("date", "soon", "is not a date"), ("string", 5, "wants a text"),
     ("boolean", 1, "wants true or false"), ("dayTimeDuration", "4 hours", "is not a duration")],
)  # fmt: skip
def test_an_input_of_another_kind_is_an_error_that_names_the_column(declared: str, value: Any, part: str) -> None:
    with pytest.raises(DecisionError, match=part) as caught:
        decide(table([(["-"], ["1"])], type_of_inputs=declared), x=value)
    assert caught.value.element_id == "i1"
    assert "input “x”" in caught.value.message


@pytest.mark.parametrize(
    "rows, part",
    [
        ([(["< 5"], ["1"])], "row 1, input “x”: Cannot compare a text with a number"),
        ([(["-"], ["missing"])], "row 1, output “y”: There is no variable called “missing”"),
        ([(["-"], ["[1..2]"])], "output “y”: A range cannot be a result"),
        ([(["missing"], ["1"])], "no variable called “missing”"),
    ],
)
def test_a_cell_that_does_not_work_out_is_named(rows: Any, part: str) -> None:
    with pytest.raises(DecisionError, match="Decision “d”") as caught:
        decide(table(rows), x="text")
    assert part in caught.value.message
    assert caught.value.element_id == "r1"


def test_columns_of_the_same_label_are_both_shown() -> None:
    result = decide(table([(["1", "1"], ["1"])], inputs=["x", "x"]), x=1)
    assert result.inputs == {"x": 1, "x (2)": 1}
    with pytest.raises(DecisionError, match="A range cannot be a result"):
        decide(table([(["-"], ["1"])], inputs=["[1..x]"]), x=2)


def test_a_missing_variable_is_an_error_and_a_missing_field_is_null() -> None:
    with pytest.raises(DecisionError, match="no variable called “case”"):
        decide(table([(["null"], ["1"])], inputs=["case.kind"]))
    assert decide(table([(["null"], ["1"])], inputs=["case.kind"]), case={}).outputs == {"y": 1}


def test_a_decision_uses_the_results_of_others() -> None:
    size = table([(["< 10"], ['"small"']), (["-"], ['"big"'])], policy="FIRST", decision_id="size")
    both = table([(["-"], ["1", "2"])], outputs=["p", "q"], decision_id="both", requires=["size"])
    marks = table([(["-"], ['"a"']), (["-"], ['"b"'])], policy="COLLECT", decision_id="marks")
    last = table(
        [(['"small"', "2", '["a","b"]'], ["both.p + x"])],
        inputs=["size", "both.q", "marks"],
        requires=["both", "size", "marks"],
    )
    model = model_of(last, both, marks, size)
    assert list(model.decisions) == ["marks", "size", "both", "d"]
    result = evaluate(model.decisions["d"], {"x": 4})
    assert result.outputs == {"y": 5}
    assert [each.decision_id for each in result.required] == ["both", "size", "marks"]
    assert result.why()["required"][1]["rows"] == [1]
    assert evaluate(model.decisions["d"], {"x": 40}).outputs is None


def test_a_literal_expression_is_a_decision_too() -> None:
    literal = '<decision id="d" name="Deadline"><variable name="deadline"/><literalExpression id="l"><text>x * 2</text></literalExpression></decision>'
    result = decide(literal, x=4)
    assert result.outputs == {"deadline": 8}
    assert result.rows == (1,)


def test_annotations_tell_why() -> None:
    rule = "<rule id='r'><description>VIPs first</description><inputEntry><text>-</text></inputEntry><outputEntry><text>1</text></outputEntry>"
    rule += "<annotationEntry><text>since 2026</text></annotationEntry></rule>"
    decision = table([]).replace("</decisionTable>", rule + "</decisionTable>")
    assert decide(decision, x=1).why()["annotations"] == ["VIPs first · since 2026"]


def test_the_stored_form_survives_json_and_refuses_others() -> None:
    model = parse_dmn(
        document(table(OVERLAPPING, policy="FIRST", defaults=["0"]), table([], decision_id="e", requires=["d"]))
    )
    stored = json.loads(json.dumps(to_compiled(model)))
    again = from_compiled(stored)
    assert again.decisions.keys() == {"d", "e"}
    assert to_compiled(again) == stored
    assert again.decisions["e"].requires == (again.decisions["d"],)
    for damaged in ({"format": 2}, {}, {"format": 1}, {"format": 1, "decisions": [{"id": "x"}]}):
        with pytest.raises(DecisionError):
            from_compiled(damaged)
