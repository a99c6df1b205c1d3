"""Collecting every problem of a decision file while it is read."""

from __future__ import annotations

from typing import Literal

from app.workflow.decisions.model import DecisionFinding

MAX_FINDINGS = 200


class Findings:
    """What was found so far; after 200 entries only the count of errors goes on."""

    def __init__(self) -> None:
        """Nothing found yet."""
        self._found: list[DecisionFinding] = []
        self.errors = 0

    def error(self, element_id: str | None, code: str, message: str) -> None:
        """Something that stands in the way of using the decision."""
        self.errors += 1
        self._add(element_id, code, message=message, severity="error")

    def warning(self, element_id: str | None, code: str, message: str) -> None:
        """Something that works but is probably not meant."""
        self._add(element_id, code, message=message, severity="warning")

    def _add(self, element_id: str | None, code: str, *, message: str, severity: Literal["error", "warning"]) -> None:
        if len(self._found) < MAX_FINDINGS:
            self._found.append(DecisionFinding(element_id, severity, code, message))
        elif len(self._found) == MAX_FINDINGS:
            text = f"There are more than {MAX_FINDINGS} problems; repair these first."
            self._found.append(DecisionFinding(None, "error", "too-many-problems", text))

    def all(self) -> tuple[DecisionFinding, ...]:
        """Everything found, in the order of the file."""
        return tuple(self._found)
