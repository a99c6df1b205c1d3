"""The process while it is being read: nodes and flows as plain JSON, plus what the report will tell about them."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from app.workflow.importing.report import ActionSpec, ProcessInfo, Report
from app.workflow.importing.xml import Element

Raw = dict[str, Any]


@dataclass(slots=True)
class Catalogue:
    """What a file declares beside its processes: messages, signals, errors, escalations, shared event definitions."""

    messages: dict[str, str] = field(default_factory=dict)
    signals: dict[str, str] = field(default_factory=dict)
    errors: dict[str, str | None] = field(default_factory=dict)
    escalations: dict[str, str | None] = field(default_factory=dict)
    definitions: dict[str, Element] = field(default_factory=dict)
    global_tasks: dict[str, Element] = field(default_factory=dict)
    operations: dict[str, tuple[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Draft:
    """Everything read so far."""

    report: Report
    catalogue: Catalogue = field(default_factory=Catalogue)
    nodes: dict[str, Raw] = field(default_factory=dict)
    flows: list[Raw] = field(default_factory=list)
    elements: dict[str, Element] = field(default_factory=dict)
    processes: list[ProcessInfo] = field(default_factory=list)
    lanes: dict[str, tuple[str, str]] = field(default_factory=dict)
    references: dict[str, str] = field(default_factory=dict)
    capabilities: set[str] = field(default_factory=set)
    decisions: list[Raw] = field(default_factory=list)
    decision_refs: set[str] = field(default_factory=set)
    forms: set[str] = field(default_factory=set)
    actions: list[ActionSpec] = field(default_factory=list)
    calls: list[tuple[str, str]] = field(default_factory=list)
    counter: int = 0

    def fresh_id(self, prefix: str) -> str:
        """An id for an element that has none."""
        while True:
            self.counter += 1
            name = f"{prefix}_{self.counter}"
            if name not in self.nodes:
                return name

    def data_name(self, reference: str) -> str:
        """The variable behind a data reference: the data object a reference points to, or the id itself."""
        return self.references.get(reference, reference)
