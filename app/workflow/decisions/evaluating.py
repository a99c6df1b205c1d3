"""Taking a decision: which rows match, what the hit policy makes of them, and why it came out so."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any

from app.workflow.decisions.model import DecisionError, DecisionTable, InputColumn, OutputColumn, Rule
from app.workflow.decisions.types import coerce, jsonable
from app.workflow.language.feel import FeelError
from app.workflow.language.feel_functions import FUNCTIONS
from app.workflow.language.feel_values import compare, convert, equal, plain
from app.workflow.language.lexer import LanguageError

Outputs = dict[str, Any]


@dataclass(frozen=True, slots=True)
class DecisionResult:
    """What was decided and why.

    `outputs` is an object by output name; a list of them for COLLECT without aggregation, RULE ORDER and OUTPUT ORDER;
    None when no row matched and there are no defaults. `rows` are the numbers (from 1) of the rows that gave it,
    `row_ids` their ids, `inputs` the values that were tested, `required` the decisions taken before.
    """

    decision_id: str
    outputs: Outputs | list[Outputs] | None
    rows: tuple[int, ...]
    row_ids: tuple[str, ...]
    inputs: dict[str, Any] = field(default_factory=dict)
    annotations: tuple[str, ...] = ()
    required: tuple[DecisionResult, ...] = ()

    def why(self) -> dict[str, Any]:
        """All of it as JSON-able values, for the audit trail."""
        return {
            "decision": self.decision_id,
            "inputs": self.inputs,
            "rows": list(self.rows),
            "row_ids": list(self.row_ids),
            "annotations": [text for text in self.annotations if text],
            "outputs": self.outputs,
            "required": [result.why() for result in self.required],
        }


def evaluate(table: DecisionTable, names: Mapping[str, Any]) -> DecisionResult:
    """Take the decision, and first those it requires. DecisionError says which table, row and column does not work out."""
    return _evaluate(table, names, {})


def _evaluate(table: DecisionTable, names: Mapping[str, Any], done: dict[str, DecisionResult]) -> DecisionResult:
    for needed in table.requires:
        if needed.id not in done:
            done[needed.id] = _evaluate(needed, names, done)
    if table.requires:
        names = {**names, **_results(table.requires, done)}
    inputs = [_input(table, column, names) for column in table.inputs]
    matched = _matching(table, inputs, names)
    rows, outputs = _decide(table, matched, names)
    return DecisionResult(
        decision_id=table.id,
        outputs=outputs,
        rows=tuple(number for number, _ in rows),
        row_ids=tuple(rule.id for _, rule in rows),
        inputs=_shown(table, inputs),
        annotations=tuple(rule.annotation for _, rule in rows),
        required=tuple(done[needed.id] for needed in table.requires),
    )


def _results(tables: tuple[DecisionTable, ...], done: Mapping[str, DecisionResult]) -> dict[str, Any]:
    """Results of other decisions as FEEL sees them: a single output is its bare value, several are an object."""
    found: dict[str, Any] = {}
    for table in tables:
        outputs = done[table.id].outputs
        value: Any = outputs
        if len(table.outputs) == 1 and outputs is not None:
            name = table.outputs[0].name
            value = [entry[name] for entry in outputs] if isinstance(outputs, list) else outputs[name]
        # In a called process of another file the id has that file's name in front; its own expressions do not know that.
        for key in (table.id, table.id.rpartition("/")[2], table.name, table.variable):
            found[key] = value
    return found


def _input(table: DecisionTable, column: InputColumn, names: Mapping[str, Any]) -> Any:
    try:
        value = coerce(column.expression.evaluate(names), column.type)
        jsonable(value)  # A range cannot be tested, and could not be shown in the audit trail.
        return value
    except LanguageError as error:
        raise DecisionError(
            f"Decision “{table.name}”, input “{column.label}”: {error.message}", element_id=column.id
        ) from error


def _shown(table: DecisionTable, inputs: list[Any]) -> dict[str, Any]:
    """The tested values by column; a second column of the same label gets its number."""
    found: dict[str, Any] = {}
    for number, (column, value) in enumerate(zip(table.inputs, inputs, strict=True), 1):
        label = f"{column.label} ({number})" if column.label in found else column.label
        found[label] = jsonable(value)
    return found


def _matching(table: DecisionTable, inputs: list[Any], names: Mapping[str, Any]) -> list[tuple[int, Rule]]:
    found: list[tuple[int, Rule]] = []
    for number, rule in enumerate(table.rules, 1):
        if _matches(table, number, rule=rule, inputs=inputs, names=names):
            found.append((number, rule))
            if table.hit_policy == "FIRST":
                break
    return found


def _matches(table: DecisionTable, number: int, *, rule: Rule, inputs: list[Any], names: Mapping[str, Any]) -> bool:
    for column, test, value in zip(table.inputs, rule.tests, inputs, strict=True):
        try:
            if not test.matches(value, names):
                return False
        except FeelError as error:
            raise DecisionError(
                f"Decision “{table.name}”, row {number}, input “{column.label}”: {error.message}", element_id=rule.id
            ) from error
    return True


def _decide(
    table: DecisionTable, matched: list[tuple[int, Rule]], names: Mapping[str, Any]
) -> tuple[list[tuple[int, Rule]], Outputs | list[Outputs] | None]:
    if table.hit_policy == "UNIQUE" and len(matched) > 1:
        numbers = ", ".join(str(number) for number, _ in matched)
        raise DecisionError(
            f"Decision “{table.name}” allows one row to match, but rows {numbers} do.", element_id=table.id
        )
    results = [_outputs(table, number, rule=rule, names=names) for number, rule in matched]
    if not matched:
        return [], _without_match(table, names)
    match table.hit_policy:
        case "ANY":
            return matched, _agreeing(table, matched, results)
        case "PRIORITY":
            best = min(range(len(results)), key=lambda at: _rank(table, results[at]))
            return [matched[best]], results[best]
        case "OUTPUT ORDER":
            order = sorted(range(len(results)), key=lambda at: _rank(table, results[at]))
            return [matched[at] for at in order], [results[at] for at in order]
        case "RULE ORDER":
            return matched, results
        case "COLLECT":
            return matched, _aggregated(table, results) if table.aggregation else results
        case _:
            return matched[:1], results[0]


def _outputs(table: DecisionTable, number: int, *, rule: Rule, names: Mapping[str, Any]) -> Outputs:
    found: Outputs = {}
    for column, expression in zip(table.outputs, rule.outputs, strict=True):
        try:
            found[column.name] = jsonable(expression.evaluate(names)) if expression else None
        except LanguageError as error:
            raise DecisionError(
                f"Decision “{table.name}”, row {number}, output “{column.name}”: {error.message}", element_id=rule.id
            ) from error
    return found


def _without_match(table: DecisionTable, names: Mapping[str, Any]) -> Outputs | list[Outputs] | None:
    several = table.hit_policy in {"RULE ORDER", "OUTPUT ORDER"} or (
        table.hit_policy == "COLLECT" and not table.aggregation
    )
    if any(column.default for column in table.outputs):
        rule = Rule(table.id, (), tuple(column.default for column in table.outputs), "")
        outputs = _outputs(table, 0, rule=rule, names=names)
        return [outputs] if several else outputs
    if several:
        return []
    if table.aggregation:
        return {table.outputs[0].name: 0 if table.aggregation == "COUNT" else None}
    return None


def _agreeing(table: DecisionTable, matched: list[tuple[int, Rule]], results: list[Outputs]) -> Outputs:
    for (number, _), outputs in zip(matched, results, strict=True):
        if not equal(outputs, results[0]):
            raise DecisionError(
                f"Decision “{table.name}” wants all matching rows to agree, but rows {matched[0][0]} and {number} differ.",
                element_id=table.id,
            )
    return results[0]


def _rank(table: DecisionTable, outputs: Outputs) -> tuple[int, ...]:
    return tuple(_place(table, column, outputs[column.name]) for column in table.outputs if column.values)


def _place(table: DecisionTable, column: OutputColumn, value: Any) -> int:
    for place, allowed in enumerate(column.values):
        if equal(allowed, value):
            return place
    raise DecisionError(
        f"Decision “{table.name}” gave {value!r} for “{column.name}”, which is not in that column's list of values.",
        element_id=column.id,
    )


def _aggregated(table: DecisionTable, results: list[Outputs]) -> Outputs:
    column = table.outputs[0]
    if table.aggregation == "COUNT":
        return {column.name: len(results)}
    try:
        values = [convert(coerce(outputs[column.name], column.type)) for outputs in results]
        return {column.name: jsonable(plain(_FOLDS[str(table.aggregation)](values)))}
    except LanguageError as error:
        raise DecisionError(
            f"Decision “{table.name}”, output “{column.name}”: {error.message}", element_id=column.id
        ) from error


def _extreme(sign: int) -> Callable[[list[Any]], Any]:
    def choose(values: list[Any]) -> Any:
        best = values[0]
        for value in values:
            if value is None:
                raise LanguageError("A row gave null, which has no order among the others.")
            if compare(value, best) == sign:
                best = value
        return best

    return choose


_FOLDS: Mapping[str, Callable[[list[Any]], Any]] = {"SUM": FUNCTIONS["sum"][2], "MIN": _extreme(-1), "MAX": _extreme(1)}
