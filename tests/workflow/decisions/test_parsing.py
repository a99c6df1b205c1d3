"""Reading decision files: every problem at once, with the element it is about."""

from __future__ import annotations

import pytest

from app.workflow.decisions import parse_dmn
from tests.workflow.decisions.dmn_files import document, table, text

ONE = [(["1"], ["2"])]


@pytest.mark.parametrize(
    "namespace",
    [
        "http://www.omg.org/spec/DMN/20151101/dmn.xsd",
        "http://www.omg.org/spec/DMN/20180521/MODEL/",
        "https://www.omg.org/spec/DMN/20191111/MODEL/",
        "https://www.omg.org/spec/DMN/20211108/MODEL/",
        "https://www.omg.org/spec/DMN/20230324/MODEL/",
    ],
)
def test_versions(namespace: str) -> None:
    model = parse_dmn(document(table(ONE), namespace=namespace))
    assert model.executable
    assert list(model.decisions) == ["d"]


def test_what_a_modeller_writes_around_it_is_ignored() -> None:
    xml = b"""<?xml version="1.0" encoding="UTF-8"?>
    <!-- made with a modeller -->
    <definitions xmlns="https://www.omg.org/spec/DMN/20191111/MODEL/" xmlns:dmndi="https://www.omg.org/spec/DMN/20191111/DMNDI/"
        xmlns:x="urn:x" id="defs" name="defs" namespace="urn:y" expressionLanguage="https://www.omg.org/spec/DMN/20191111/FEEL/">
      <itemDefinition id="t" name="tLevel"><typeRef>string</typeRef></itemDefinition>
      <inputData id="in" name="kind"/>
      <decision id="triage" name="Triage" x:version="3">
        <variable id="v" name="triage" typeRef="string"/>
        <informationRequirement id="ir"><requiredInput href="#in"/></informationRequirement>
        <decisionTable id="dt">
          <input id="i" x:width="192"><inputExpression id="ie" typeRef="string" expressionLanguage="feel">
            <text>kind<!-- the kind --></text></inputExpression>
            <inputValues><text>"a","b"</text></inputValues></input>
          <output id="o" typeRef="string"/>
          <rule id="r"><inputEntry id="c"><text><![CDATA[ "a" ]]></text></inputEntry><outputEntry id="p"><text>"x"</text></outputEntry></rule>
        </decisionTable>
      </decision>
      <dmndi:DMNDI><dmndi:DMNDiagram/></dmndi:DMNDI>
    </definitions>"""
    model = parse_dmn(xml)
    assert model.findings == ()
    table = model.decisions["triage"]
    assert table.outputs[0].name == "triage"
    assert table.inputs[0].label == "kind"
    assert table.hit_policy == "UNIQUE"


def test_all_problems_are_told_at_once_with_their_element() -> None:
    rows = [(["bad("], ['__import__("os")']), (["1", "2"], ["3"]), (["1"], ["1 +"])]
    model = parse_dmn(
        document(
            table(rows),
            table(ONE, decision_id="policy", policy="SOMETIMES"),
            table(ONE, decision_id="priority", policy="PRIORITY"),
            table(ONE, decision_id="needs", requires=["nowhere"]),
            table(ONE, decision_id="fine"),
        )
    )
    assert not model.executable
    assert [(f.element_id, f.code) for f in model.findings] == [
        ("r1i1", "feel"),
        ("r1o1", "feel"),
        ("r2", "row-length"),
        ("r3o1", "feel"),
        ("t-policy", "hit-policy"),
        ("t-priority", "no-output-values"),
        ("needs", "missing-decision"),
    ]
    assert "Row 1, input “x” (“bad(”)" in model.findings[0].message
    assert "at character 5" in model.findings[0].message
    assert all(finding.message.endswith((".", ")")) for finding in model.findings)
    assert list(model.decisions) == ["fine"]


@pytest.mark.parametrize(
    "decision, element, code",
    [
        ("<decision name='x'/>", None, "decision-id"),
        ("<decision id='d'/>", "d", "no-table"),
        ("<decision id='d'><invocation/></decision>", "d", "no-table"),
        ("<decision id='d'><literalExpression id='l'><text>1 +</text></literalExpression></decision>", "l", "feel"),
        ("<decision id='d'><literalExpression id='l'/></decision>", "l", "feel"),
        (table([], outputs=[]), "t-d", "no-output"),
        (table(ONE, outputs=["a", "a"]), "o2", "output-name"),
        (table(ONE, outputs=["a", ""]), "o2", "output-name"),
        (table(ONE, inputs=[""]), "i1", "no-input-expression"),
        (table(ONE, inputs=["a +"]), "t-d", "feel"),
        (
            table(ONE).replace("<inputExpression>", "<inputExpression id='ie' expressionLanguage='juel'>"),
            "ie",
            "expression-language",
        ),
        (
            table(ONE).replace('<inputEntry id="r1i1">', '<inputEntry id="c" expressionLanguage="javascript">'),
            "c",
            "expression-language",
        ),
        (table(ONE, values=['"a'], policy="PRIORITY"), "t-d", "feel"),
        (table(ONE, defaults=["1 +"]), "t-d", "feel"),
        (table([(["1"], ['"c"'])], values=['"a","b"']), "r1o1", "value-not-allowed"),
        (table(ONE, policy="COLLECT", aggregation="AVERAGE"), "t-d", "aggregation"),
        (table([(["1"], ["1", "2"])], policy="COLLECT", aggregation="SUM", outputs=["a", "b"]), "t-d", "aggregation"),
        (table(ONE, requires=["d"]), "d", "circle"),
        (table(ONE).replace("<decisionTable", "<knowledgeRequirement/><decisionTable"), "d", "knowledge-model"),
        (table(ONE, inputs=["x"] * 61), "t-d", "too-many-columns"),
    ],
)
def test_errors(decision: str, element: str | None, code: str) -> None:
    model = parse_dmn(document(decision))
    assert (element, code) in [(finding.element_id, finding.code) for finding in model.findings]
    assert not model.executable
    assert "d" not in model.decisions


@pytest.mark.parametrize(
    "decision, element, code",
    [
        (table([]), "t-d", "no-rules"),
        (table(ONE, policy="FIRST", aggregation="SUM"), "t-d", "aggregation"),
        (table([(["high"], ["1"])], type_of_inputs="string"), "r1i1", "bare-name"),
        (table([(["-"], ["high"])], type_of_outputs="string"), "r1o1", "bare-name"),
    ],
)
def test_warnings_leave_the_decision_usable(decision: str, element: str, code: str) -> None:
    model = parse_dmn(document(decision))
    assert [(finding.element_id, finding.severity, finding.code) for finding in model.findings] == [
        (element, "warning", code)
    ]
    assert model.executable
    assert "d" in model.decisions


def test_circles_and_what_stands_on_them() -> None:
    model = parse_dmn(
        document(
            table(ONE, decision_id="a", requires=["b"]),
            table(ONE, decision_id="b", requires=["a"]),
            table(ONE, decision_id="c", requires=["a"]),
            table([(["1"], ["1 +"])], decision_id="broken"),
            table(ONE, decision_id="above", requires=["broken"]),
            table(ONE, decision_id="fine"),
        )
    )
    assert list(model.decisions) == ["fine"]
    assert [finding.element_id for finding in model.findings] == ["r1o1", "a", "b", "c"]


def test_ids_must_differ_and_chains_must_be_short() -> None:
    model = parse_dmn(document(table(ONE), table(ONE)))
    assert [finding.code for finding in model.findings] == ["decision-id"]
    chain = [table(ONE, decision_id=f"d{n}", requires=[f"d{n - 1}"] if n else []) for n in range(60)]
    model = parse_dmn(document(*chain))
    assert any(finding.code == "long-chain" for finding in model.findings)
    assert len(model.decisions) == 40


def test_expression_language_of_the_whole_file() -> None:
    model = parse_dmn(document(table(ONE), attributes='expressionLanguage="http://www.w3.org/1999/XPath"'))
    assert {finding.code for finding in model.findings} == {"expression-language"}


def test_an_empty_file_of_the_right_kind() -> None:
    assert [finding.code for finding in parse_dmn(document()).findings] == ["no-decision"]
    assert [finding.code for finding in parse_dmn(document(text("inputData", "x"))).findings] == ["no-decision"]
