"""Evaluates the conditions, assignments and counts of a process with the desk's own expression language."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.workflow.language.expressions import compile_expression, compile_template


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression. Raises ExpressionError."""
    return compile_expression(text).evaluate(names)


def holds(text: str, names: Mapping[str, Any]) -> bool:
    """Whether a condition is true. Raises ExpressionError, also when it gives anything but true, false or null."""
    return compile_expression(text).is_true(names)


def resolve(value: str, names: Mapping[str, Any]) -> Any:
    """A literal of the diagram, or the value of `${...}`, `#{...}` or `=...` in it."""
    if "{" not in value and not value.lstrip().startswith("="):
        return value
    return compile_template(value).evaluate(names)
