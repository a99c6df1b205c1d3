"""Small decision files, written from rows."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from xml.sax.saxutils import escape, quoteattr

from app.workflow.decisions import DecisionModel, DecisionResult, evaluate, from_compiled, parse_dmn, to_compiled

DMN_13 = "https://www.omg.org/spec/DMN/20191111/MODEL/"
Row = tuple[Sequence[str], Sequence[str]]


def text(tag: str, content: str, **attributes: str) -> str:
    named = "".join(f" {name}={quoteattr(value)}" for name, value in attributes.items() if value)
    return f"<{tag}{named}><text>{escape(content)}</text></{tag}>"


def table(
    rows: Sequence[Row],
    *,
    policy: str = "UNIQUE",
    aggregation: str = "",
    inputs: Sequence[str] = ("x",),
    outputs: Sequence[str] = ("y",),
    type_of_inputs: str = "",
    type_of_outputs: str = "",
    values: Sequence[str] = (),
    defaults: Sequence[str] = (),
    decision_id: str = "d",
    requires: Sequence[str] = (),
) -> str:
    """One decision element; cells of row n have the ids `r{n}i{m}` and `r{n}o{m}`."""
    needed = "".join(
        f'<informationRequirement><requiredDecision href="#{each}"/></informationRequirement>' for each in requires
    )
    columns = "".join(
        f'<input id="i{n}" label={quoteattr(each)}>{text("inputExpression", each, typeRef=type_of_inputs)}</input>'
        for n, each in enumerate(inputs, 1)
    )
    for n, each in enumerate(outputs, 1):
        listed = text("outputValues", values[n - 1]) if len(values) >= n and values[n - 1] else ""
        default = text("defaultOutputEntry", defaults[n - 1]) if len(defaults) >= n else ""
        typed = f' typeRef="{type_of_outputs}"' if type_of_outputs else ""
        columns += f'<output id="o{n}" name={quoteattr(each)}{typed}>{listed}{default}</output>'
    for n, (tests, results) in enumerate(rows, 1):
        cells = "".join(text("inputEntry", cell, id=f"r{n}i{m}") for m, cell in enumerate(tests, 1))
        cells += "".join(text("outputEntry", cell, id=f"r{n}o{m}") for m, cell in enumerate(results, 1))
        columns += f'<rule id="r{n}">{cells}</rule>'
    added = f' aggregation="{aggregation}"' if aggregation else ""
    return (
        f'<decision id="{decision_id}" name="{decision_id}">{needed}'
        f'<decisionTable id="t-{decision_id}" hitPolicy="{policy}"{added}>{columns}</decisionTable></decision>'
    )


def document(*decisions: str, namespace: str = DMN_13, attributes: str = "") -> bytes:
    joined = "".join(decisions)
    return (
        f'<?xml version="1.0"?><definitions xmlns="{namespace}" id="defs" {attributes}>{joined}</definitions>'.encode()
    )


def model_of(*decisions: str) -> DecisionModel:
    """The model, after a trip through its stored form; it must have no errors."""
    model = parse_dmn(document(*decisions))
    assert model.executable, model.findings
    return from_compiled(to_compiled(model))


def decide(decision: str, /, **names: Any) -> DecisionResult:
    """The result of the decision `d`."""
    return evaluate(model_of(decision).decisions["d"], names)
