"""Decisions as JSON-able values, so that they can be stored beside a process and read back without the XML."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.workflow.decisions.model import (
    DecisionError,
    DecisionModel,
    DecisionTable,
    InputColumn,
    OutputColumn,
    Rule,
)
from app.workflow.decisions.types import jsonable
from app.workflow.language.feel import FeelExpression, parse_expression, parse_unary_tests
from app.workflow.language.lexer import LanguageError

FORMAT = 1


def to_compiled(model: DecisionModel) -> dict[str, Any]:
    """The decisions of a model as JSON-able values, the required ones before those that require them."""
    return {"format": FORMAT, "decisions": [_table(table) for table in model.decisions.values()]}


def _table(table: DecisionTable) -> dict[str, Any]:
    return {
        "id": table.id,
        "name": table.name,
        "variable": table.variable,
        "hit_policy": table.hit_policy,
        "aggregation": table.aggregation,
        "inputs": [[column.id, column.label, column.expression.text, column.type] for column in table.inputs],
        "outputs": [[c.id, c.name, c.type, c.values_text, _text(c.default)] for c in table.outputs],
        "rules": [
            [rule.id, [test.text for test in rule.tests], [_text(each) for each in rule.outputs], rule.annotation]
            for rule in table.rules
        ],
        "requires": [needed.id for needed in table.requires],
    }


def _text(expression: FeelExpression | None) -> str | None:
    return expression.text if expression else None


def from_compiled(compiled: Mapping[str, Any]) -> DecisionModel:
    """Read back what `to_compiled` made. DecisionError when it is of another format or damaged."""
    if compiled.get("format") != FORMAT:
        raise DecisionError(
            f"The stored decisions have format {compiled.get('format')!r}; this program reads {FORMAT}."
        )
    decisions: dict[str, DecisionTable] = {}
    try:
        for entry in compiled["decisions"]:
            decisions[entry["id"]] = _read(entry, decisions)
    except (KeyError, TypeError, ValueError, LanguageError) as error:
        raise DecisionError(f"The stored decisions are damaged: {error}.") from error
    return DecisionModel((), decisions)


def _read(entry: Mapping[str, Any], known: Mapping[str, DecisionTable]) -> DecisionTable:
    return DecisionTable(
        id=entry["id"],
        name=entry["name"],
        variable=entry["variable"],
        hit_policy=entry["hit_policy"],
        aggregation=entry["aggregation"],
        inputs=tuple(InputColumn(i, label, parse_expression(text), kind) for i, label, text, kind in entry["inputs"]),
        outputs=tuple(
            OutputColumn(i, name, kind, allowed_values(values), values, _expression(default))
            for i, name, kind, values, default in entry["outputs"]
        ),
        rules=tuple(
            Rule(i, tuple(map(parse_unary_tests, tests)), tuple(map(_expression, outputs)), annotation)
            for i, tests, outputs, annotation in entry["rules"]
        ),
        requires=tuple(known[needed] for needed in entry["requires"]),
    )


def _expression(text: str | None) -> FeelExpression | None:
    return None if text is None else parse_expression(text)


def allowed_values(text: str) -> tuple[Any, ...]:
    """The values of a list such as `"high","low"`, in their order. FeelError when it is no list of values."""
    return tuple(jsonable(value) for value in parse_expression(f"[{text}]").evaluate({})) if text else ()
