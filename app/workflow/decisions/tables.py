"""Reading one decision's content: its columns and rules, each cell checked at once."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from lxml import etree

from app.workflow.decisions.compiled import allowed_values
from app.workflow.decisions.findings import Findings
from app.workflow.decisions.model import (
    AGGREGATIONS,
    HIT_POLICIES,
    ORDERED_BY_VALUES,
    DecisionTable,
    InputColumn,
    OutputColumn,
    Rule,
)
from app.workflow.decisions.types import jsonable, known_type
from app.workflow.decisions.xml import child, children, local_name, text_of
from app.workflow.language.feel import FeelExpression, UnaryTests, parse_expression, parse_unary_tests
from app.workflow.language.feel_values import equal
from app.workflow.language.lexer import LanguageError

MAX_COLUMNS = 60
MAX_CELLS = 20_000

_BARE_NAME = re.compile(r"[^\W\d]\w*")
_LITERALS = frozenset({"true", "false", "null"})
Read = TypeVar("Read")


@dataclass
class Budget:
    """What all decisions of a file share: its default expression language, and how many cells were read."""

    language: str
    cells: int = 0


class _Reader:
    """Reads the cells of one decision and notes what is wrong with them."""

    def __init__(self, findings: Findings, budget: Budget, *, owner: str) -> None:
        self.findings = findings
        self.budget = budget
        self.owner = owner

    def cell(self, element: etree._Element, parse: Callable[[str], Read], *, where: str) -> Read | None:
        """The parsed content of a cell; None and a finding when it cannot be read."""
        language = element.get("expressionLanguage", "") or self.budget.language
        element_id = element.get("id") or self.owner
        if language and "feel" not in language.lower():
            text = f"{where} is written in {language[:80]}; only FEEL can be used in decisions."
            self.findings.error(element_id, "expression-language", text)
            return None
        return self.parsed(text_of(element), parse, element_id=element_id, where=where)

    def parsed(self, text: str, parse: Callable[[str], Read], *, element_id: str, where: str) -> Read | None:
        """The parsed text; None and a finding when it cannot be read."""
        self.budget.cells += 1
        if self.budget.cells > MAX_CELLS:
            return None
        try:
            return parse(text)
        except LanguageError as error:
            shown = " ".join(text[:60].split())
            self.findings.error(element_id, "feel", f"{where} (“{shown}”): {error}")
            return None


def read_table(
    element: etree._Element, boxed: etree._Element, *, findings: Findings, budget: Budget
) -> DecisionTable | None:
    """The decision table of a decision element; None when its columns cannot be read. Problems go to `findings`."""
    decision_id = element.get("id", "")
    reader = _Reader(findings, budget, owner=boxed.get("id") or decision_id)
    input_parts, output_parts = list(children(boxed, "input")), list(children(boxed, "output"))
    if len(input_parts) > MAX_COLUMNS or len(output_parts) > MAX_COLUMNS:
        findings.error(reader.owner, "too-many-columns", f"A decision table may have {MAX_COLUMNS} columns of a kind.")
        return None
    name = element.get("name") or decision_id
    variable = _variable_name(element) or name
    inputs = [_input(reader, part, number) for number, part in enumerate(input_parts, 1)]
    outputs = _outputs(reader, output_parts, fallback=variable)
    policy, aggregation = _hit_policy(boxed, reader, outputs=outputs)
    rules = _rules(reader, boxed, inputs=inputs, outputs=outputs)
    if None in inputs or None in outputs:
        return None
    return DecisionTable(
        id=decision_id,
        name=name,
        variable=variable,
        hit_policy=policy,
        aggregation=aggregation,
        inputs=tuple(column for column in inputs if column),
        outputs=tuple(column for column in outputs if column),
        rules=tuple(rules),
    )


def read_literal(
    element: etree._Element, literal: etree._Element, *, findings: Findings, budget: Budget
) -> DecisionTable | None:
    """A decision that is one expression, as a table of one row without tests."""
    decision_id = element.get("id", "")
    reader = _Reader(findings, budget, owner=decision_id)
    expression = reader.cell(literal, parse_expression, where="The expression")
    if expression is None:
        return None
    name = element.get("name") or decision_id
    variable = _variable_name(element) or name
    row_id = literal.get("id") or decision_id
    return DecisionTable(
        id=decision_id,
        name=name,
        variable=variable,
        hit_policy="UNIQUE",
        aggregation=None,
        inputs=(),
        outputs=(OutputColumn(row_id, variable, "", (), "", None),),
        rules=(Rule(row_id, (), (expression,), ""),),
    )


def _variable_name(element: etree._Element) -> str:
    variable = child(element, "variable")
    return "" if variable is None else variable.get("name", "")


def _type(part: etree._Element | None) -> str:
    # A type that the file defines for itself has no JSON form of its own: anything goes.
    return "" if part is None else known_type(part.get("typeRef", "")) or ""


def _input(reader: _Reader, part: etree._Element, number: int) -> InputColumn | None:
    label = part.get("label") or f"column {number}"
    expression = child(part, "inputExpression")
    if expression is None or not text_of(expression):
        text = f"Input “{label}” does not say what it tests; write an expression, such as the name of a variable."
        reader.findings.error(part.get("id") or reader.owner, "no-input-expression", text)
        return None
    parsed = reader.cell(expression, parse_expression, where=f"Input “{label}”")
    if parsed is None:
        return None
    return InputColumn(part.get("id") or reader.owner, part.get("label") or parsed.text, parsed, _type(expression))


def _outputs(reader: _Reader, parts: list[etree._Element], *, fallback: str) -> list[OutputColumn | None]:
    if not parts:
        reader.findings.error(reader.owner, "no-output", "The table has no output column; add one.")
    found: list[OutputColumn | None] = []
    names: set[str] = set()
    for number, part in enumerate(parts, 1):
        name = part.get("name") or (fallback if len(parts) == 1 else "")
        if not name or name in names:
            problem = f"shares its name “{name}” with another" if name else "has no name"
            text = f"Output column {number} {problem}; give each output column its own name."
            reader.findings.error(part.get("id") or reader.owner, "output-name", text)
            found.append(None)
            continue
        names.add(name)
        found.append(_output(reader, part, name))
    return found


def _output(reader: _Reader, part: etree._Element, name: str) -> OutputColumn | None:
    listed, default = child(part, "outputValues"), child(part, "defaultOutputEntry")
    values: tuple[Any, ...] | None = ()
    if listed is not None and text_of(listed):
        values = reader.cell(listed, allowed_values, where=f"The list of values of output “{name}”")
    expression = None
    if default is not None and text_of(default):
        expression = reader.cell(default, parse_expression, where=f"The default of output “{name}”")
        if expression is None:
            return None
    if values is None:
        return None
    column_id = part.get("id") or reader.owner
    return OutputColumn(column_id, name, _type(part), values, text_of(listed), expression)


def _hit_policy(
    boxed: etree._Element, reader: _Reader, *, outputs: list[OutputColumn | None]
) -> tuple[str, str | None]:
    policy, aggregation = boxed.get("hitPolicy", "UNIQUE"), boxed.get("aggregation") or None
    error, warning = reader.findings.error, reader.findings.warning
    if policy not in HIT_POLICIES:
        error(
            reader.owner,
            "hit-policy",
            f"The hit policy {policy[:40]} is unknown; choose one of {', '.join(HIT_POLICIES)}.",
        )
    if policy in ORDERED_BY_VALUES and not any(column.values for column in outputs if column):
        text = f"The hit policy {policy} needs the list of values of an output column, the most important first."
        error(reader.owner, "no-output-values", text)
    if aggregation and policy != "COLLECT":
        warning(
            reader.owner,
            "aggregation",
            f"The aggregation {aggregation[:20]} has no effect with the hit policy {policy}.",
        )
        return policy, None
    if aggregation and aggregation not in AGGREGATIONS:
        error(
            reader.owner,
            "aggregation",
            f"The aggregation {aggregation[:20]} is unknown; choose SUM, MIN, MAX or COUNT.",
        )
    if aggregation and len(outputs) > 1:
        error(reader.owner, "aggregation", f"The aggregation {aggregation} needs a table with one output column.")
    return policy, aggregation


def _rules(
    reader: _Reader,
    boxed: etree._Element,
    *,
    inputs: list[InputColumn | None],
    outputs: list[OutputColumn | None],
) -> list[Rule]:
    found: list[Rule] = []
    for number, part in enumerate(children(boxed, "rule"), 1):
        rule = _rule(reader, part, number, inputs=inputs, outputs=outputs)
        if rule:
            found.append(rule)
        if reader.budget.cells > MAX_CELLS:
            reader.findings.error(
                reader.owner, "too-many-cells", f"A file may hold {MAX_CELLS} cells; split the table."
            )
            break
    if child(boxed, "rule") is None:
        reader.findings.warning(
            reader.owner, "no-rules", "The table has no rows, so it never decides anything; add rows."
        )
    return found


def _rule(
    reader: _Reader,
    part: etree._Element,
    number: int,
    *,
    inputs: list[InputColumn | None],
    outputs: list[OutputColumn | None],
) -> Rule | None:
    rule_id = part.get("id") or f"{reader.owner}-row-{number}"
    tested, given = list(children(part, "inputEntry")), list(children(part, "outputEntry"))
    if len(tested) != len(inputs) or len(given) != len(outputs):
        text = (
            f"Row {number} has {len(tested)} input and {len(given)} output cells; "
            f"the table has {len(inputs)} input and {len(outputs)} output columns."
        )
        reader.findings.error(rule_id, "row-length", text)
        return None
    tests = [_input_cell(reader, cell, column, row=number) for cell, column in zip(tested, inputs, strict=True)]
    results = [_output_cell(reader, cell, column, row=number) for cell, column in zip(given, outputs, strict=True)]
    return Rule(rule_id, tuple(test for test in tests if test), tuple(results), _annotation(part))


def _input_cell(reader: _Reader, cell: etree._Element, column: InputColumn | None, *, row: int) -> UnaryTests | None:
    label = column.label if column else "?"
    if column and column.type == "string":
        _warn_of_bare_name(reader, cell, where=f"Row {row}, input “{label}”")
    return reader.cell(cell, parse_unary_tests, where=f"Row {row}, input “{label}”")


def _output_cell(
    reader: _Reader, cell: etree._Element, column: OutputColumn | None, *, row: int
) -> FeelExpression | None:
    if not text_of(cell) or text_of(cell) == "-":
        return None
    where = f"Row {row}, output “{column.name if column else '?'}”"
    expression = reader.cell(cell, parse_expression, where=where)
    if expression and column:
        if column.type == "string":
            _warn_of_bare_name(reader, cell, where=where)
        if column.values:
            _check_allowed(reader, cell, column=column, expression=expression, where=where)
    return expression


def _warn_of_bare_name(reader: _Reader, cell: etree._Element, *, where: str) -> None:
    text = text_of(cell)
    if _BARE_NAME.fullmatch(text) and text not in _LITERALS:
        sentence = f"{where}: {text[:60]} is read as the name of a variable; if you mean a text, put it in quotes."
        reader.findings.warning(cell.get("id") or reader.owner, "bare-name", sentence)


def _check_allowed(
    reader: _Reader, cell: etree._Element, *, column: OutputColumn, expression: FeelExpression, where: str
) -> None:
    try:
        value = jsonable(expression.evaluate({}))
    except LanguageError:
        return  # It depends on variables of the case, so it is checked when the decision is taken.
    if not any(equal(value, allowed) for allowed in column.values):
        sentence = (
            f"{where}: {expression.text[:60]} is not in the column's list of values ({column.values_text[:100]})."
        )
        reader.findings.error(cell.get("id") or reader.owner, "value-not-allowed", sentence)


def _annotation(part: etree._Element) -> str:
    described = [text_of(entry) for entry in children(part, "annotationEntry")]
    description = next(
        (
            "".join(map(str, entry.itertext())).strip()
            for entry in part.iterchildren()
            if local_name(entry) == "description"
        ),
        "",
    )
    return " · ".join(text for text in (description, *described) if text)[:1_000]
