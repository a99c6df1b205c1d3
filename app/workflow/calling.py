"""Processes that call processes of other files: each call is bound to the version that is published when its caller is uploaded."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import Any

from sqlalchemy import select

from app.db import session
from app.workflow.importing import Finding, ImportResult
from app.workflow.importing.linking import Called, begins_plainly, link
from app.workflow.models import ProcessDefinition

SEPARATOR = "/"


@dataclass(frozen=True, slots=True)
class Bound:
    """An import with what it calls: `versions` holds the definition behind each prefix (`billing@3`), `digests` its content."""

    result: ImportResult
    versions: dict[str, int] = field(default_factory=dict)
    digests: dict[str, str] = field(default_factory=dict)


def bind(result: ImportResult) -> Bound:
    """Find the published versions of the processes that a file calls and take them in; what is missing becomes a finding."""
    if not result.calls:
        return Bound(result)
    found: dict[str, Called] = {}
    versions: dict[str, int] = {}
    digests: dict[str, str] = {}
    labels = dict(result.labels)
    findings: list[Finding] = []
    for element_id, called in result.calls:
        row = _published(called)
        finding = _finding(element_id, called, row)
        findings.append(finding)
        if row is not None and finding.severity != "error":
            name = f"{row.key}@{row.version}"
            found[called] = _called(row)
            versions[name], digests[name] = row.id, row.digest
            labels.update({f"{name}{SEPARATOR}{id_}": texts for id_, texts in row.facts.get("labels", {}).items()})
    return Bound(replace(_linked(result, findings, found), labels=labels), versions, digests)


def _published(called: str) -> ProcessDefinition | None:
    """The process of that key, or else the one whose diagram has that id, when only one has."""
    query = select(ProcessDefinition).where(ProcessDefinition.is_published)
    row = session().scalar(query.where(ProcessDefinition.key == called))
    if row is not None:
        return row
    rows = session().scalars(query.where(ProcessDefinition.process_id == called).limit(2)).all()
    return rows[0] if len(rows) == 1 else None


def _called(row: ProcessDefinition) -> Called:
    return Called(f"{row.key}@{row.version}{SEPARATOR}", row.process_id, bytes(row.compiled or b""))


def _finding(element_id: str, called: str, row: ProcessDefinition | None) -> Finding:
    if row is None:
        return Finding(
            element_id,
            "error",
            "call",
            f"The called process '{called}' is neither in the file nor published in the desk under this key or id. Publish it first.",
        )
    if not begins_plainly(_called(row)):
        return Finding(element_id, "error", "call", f"The called process '{called}' has no plain start event.")
    return Finding(
        element_id,
        "info",
        "call",
        f"This calls version {row.version} of the process {row.key}. Upload this file again to call a later one.",
    )


def _linked(result: ImportResult, findings: list[Finding], found: dict[str, Called]) -> ImportResult:
    stopped = any(finding.severity == "error" for finding in findings)
    code = link(result.compiled, found) if result.compiled is not None and not stopped else None
    if result.compiled is not None and not stopped and code is None:
        findings = [
            *findings,
            Finding(None, "error", "call", "With all that it calls the process is too large. Call less of it."),
        ]
    order = {"error": 0, "warning": 1, "info": 2}
    every = sorted((*result.findings, *findings), key=lambda finding: order[finding.severity])
    return replace(result, findings=tuple(every), compiled=code, executable=code is not None)


def owner(versions: dict[str, Any], name: str) -> tuple[int, str] | None:
    """Return the called definition that a name such as `billing@3/check` is of, and the name in it; None for the caller's own."""
    prefix, separator, rest = name.partition(SEPARATOR)
    found = versions.get(prefix) if separator else None
    return (int(found), rest) if found is not None else None
