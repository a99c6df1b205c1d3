"""What an import tells: findings with their element, the processes in the file, and the compiled form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from typing import Any, Literal

Severity = Literal["error", "warning", "info"]


@dataclass(frozen=True, slots=True)
class Finding:
    """One problem of an uploaded file: where it is, how bad it is, and a sentence that says what to do."""

    element_id: str | None
    severity: Severity
    code: str
    message: str


@dataclass(frozen=True, slots=True)
class ActionSpec:
    """A button that a message catch event puts on the screen of a case."""

    verb: str
    roles: tuple[str, ...]
    label: str
    label_zh: str
    form: str | None
    element_id: str
    message_name: str


@dataclass(frozen=True, slots=True)
class StartKind:
    """One way to start a process: without a trigger, or by a named message, signal, timer or condition."""

    kind: Literal["none", "message", "signal", "timer", "conditional"]
    name: str
    element_id: str


@dataclass(frozen=True, slots=True)
class ProcessInfo:
    """A process found in the file."""

    id: str
    name: str
    is_executable: bool
    starts: tuple[StartKind, ...]


@dataclass(frozen=True, slots=True)
class ImportResult:
    """The outcome of an import. `compiled` is None when a finding of severity error stands against running it."""

    findings: tuple[Finding, ...]
    executable: bool
    processes: tuple[ProcessInfo, ...]
    compiled: bytes | None
    digest: str
    capabilities: frozenset[str] = frozenset()
    decisions: frozenset[str] = frozenset()
    forms: frozenset[str] = frozenset()
    actions: tuple[ActionSpec, ...] = ()
    #: Call activities with the process that each calls, where that is not in the file.
    calls: tuple[tuple[str, str], ...] = ()
    #: Element and text of every script that will run.
    scripts: tuple[tuple[str, str], ...] = ()
    #: Names of elements in other languages: {"handle": {"zh": "处理"}}.
    labels: Mapping[str, Mapping[str, str]] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """Collects findings while a file is read, so that a designer sees all of them at once."""

    findings: list[Finding] = field(default_factory=list)

    def error(self, element_id: str | None, code: str, message: str) -> None:
        """Notes a problem that stops the process from running."""
        self.findings.append(Finding(element_id, "error", code, message))

    def warning(self, element_id: str | None, code: str, message: str) -> None:
        """Notes something that runs, though perhaps not as the designer meant it."""
        self.findings.append(Finding(element_id, "warning", code, message))

    def info(self, element_id: str | None, code: str, message: str) -> None:
        """Notes something that was understood or added on the designer's behalf."""
        self.findings.append(Finding(element_id, "info", code, message))

    def has_errors(self) -> bool:
        """True when at least one finding stops the process from running."""
        return any(finding.severity == "error" for finding in self.findings)


def action_from_dict(raw: Mapping[str, Any]) -> ActionSpec:
    """Restores an action from its JSON form."""
    return ActionSpec(**{**raw, "roles": tuple(raw["roles"])})
