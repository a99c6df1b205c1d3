"""Asks the decision tables that belong to a process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.workflow import decisions
from app.workflow.running.errors import StepFailed
from app.workflow.running.graph import Definition


def decide(graph: Definition, ref: str, names: Mapping[str, Any]) -> Any:
    """The outputs of a decision for these names. Raises StepFailed for an unknown decision, DecisionError for bad input."""
    key = ("decision", ref)
    table = graph.memo.get(key)
    if table is None:
        raw = graph.decisions.get(ref)
        if raw is None:
            raise StepFailed("unknown-decision", f"The decision '{ref}' was not uploaded with the process.")
        table = graph.memo[key] = decisions.from_compiled(raw)
    return decisions.evaluate(table, names).outputs
