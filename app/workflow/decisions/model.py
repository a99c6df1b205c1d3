"""What a decision file holds once it is read: tables with their columns and rules, and what was found wrong."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal

from app.workflow.language.feel import FeelExpression, UnaryTests

HIT_POLICIES = ("UNIQUE", "FIRST", "PRIORITY", "ANY", "COLLECT", "RULE ORDER", "OUTPUT ORDER")
AGGREGATIONS = ("SUM", "MIN", "MAX", "COUNT")
ORDERED_BY_VALUES = ("PRIORITY", "OUTPUT ORDER")


class DecisionError(Exception):
    """A decision that cannot be taken: the table and the values at hand do not fit, or rules contradict each other."""

    def __init__(self, message: str, *, element_id: str | None = None) -> None:
        """Keep the sentence and the id of the table, column or cell it is about."""
        super().__init__(message)
        self.message = message
        self.element_id = element_id


@dataclass(frozen=True, slots=True)
class DecisionFinding:
    """One problem of a decision file: where it is, how bad it is, and a sentence that says what to do."""

    element_id: str | None
    severity: Literal["error", "warning", "info"]
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class InputColumn:
    """What one column tests: an expression over the case's names."""

    id: str
    label: str
    expression: FeelExpression
    type: str


@dataclass(frozen=True, slots=True)
class OutputColumn:
    """One result: its name, the values it may have in their order of importance, and its value when no rule matches."""

    id: str
    name: str
    type: str
    values: tuple[Any, ...]
    values_text: str
    default: FeelExpression | None


@dataclass(frozen=True, slots=True)
class Rule:
    """One row: a test for each input column and an expression for each output column (None gives null)."""

    id: str
    tests: tuple[UnaryTests, ...]
    outputs: tuple[FeelExpression | None, ...]
    annotation: str


@dataclass(frozen=True, slots=True)
class DecisionTable:
    """A decision that can be taken. A literal expression is a table of one row without tests."""

    id: str
    name: str
    variable: str
    hit_policy: str
    aggregation: str | None
    inputs: tuple[InputColumn, ...]
    outputs: tuple[OutputColumn, ...]
    rules: tuple[Rule, ...]
    requires: tuple[DecisionTable, ...] = ()


@dataclass(frozen=True, slots=True)
class DecisionModel:
    """A decision file: everything found wrong in it, and the decisions that can be taken, by id."""

    findings: tuple[DecisionFinding, ...] = ()
    decisions: dict[str, DecisionTable] = field(default_factory=dict)

    @property
    def executable(self) -> bool:
        """Whether nothing in it stands in the way of using it."""
        return not any(finding.severity == "error" for finding in self.findings)
