"""Asks the decision tables that belong to a process."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.workflow import decisions
from app.workflow.running.errors import StepFailed
from app.workflow.running.graph import Definition


def decide(graph: Definition, ref: str, names: Mapping[str, Any]) -> Any:
    """The outputs of a decision for these names. Raises StepFailed for an unknown decision, DecisionError for bad input."""
    table = _tables(graph).get(ref)
    if table is None:
        raise StepFailed("unknown-decision", f"The decision '{ref}' was not uploaded with the process.")
    return decisions.evaluate(table, names).outputs


def _tables(graph: Definition) -> dict[str, decisions.DecisionTable]:
    found: dict[str, decisions.DecisionTable] | None = graph.memo.get("decisions")
    if found is None:
        found = {}
        for compiled in graph.decisions:
            found.update(decisions.from_compiled(compiled).decisions)
        graph.memo["decisions"] = found
    return found
