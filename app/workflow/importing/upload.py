"""The door for uploads: guards and compiles a file in a child with limits, so that no file can hang or flood the desk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import replace
from hashlib import sha256
from typing import Literal

from app.workflow.importing import guard, isolated, scripts
from app.workflow.importing.compile import compile_document
from app.workflow.importing.report import Finding, ImportResult, Report


def import_bpmn(
    xml: bytes,
    *,
    dmn: Mapping[str, bytes] | None = None,
    known_capabilities: Collection[str] | None = None,
    trial: bool = True,
    language: Literal["starlark", "foreign"] = "starlark",
    calls_out: bool = False,
) -> ImportResult:
    """Reads an uploaded BPMN file and tells everything that is wrong with it. Never raises for bad input.

    `dmn` holds decision files by name; `known_capabilities` are those the desk offers (None: not checked). With
    `trial` the work is done in a child process of 2 s and 512 MB that also starts the process once; without it the
    file must be our own. Scripts are checked as Starlark unless their host says that they are `foreign`. With
    `calls_out` the caller looks for called processes that are not in the file; else they are errors.
    """
    digest = sha256(xml).hexdigest()
    tables = dict(dmn or {})
    report = Report()
    if not guard.admit(xml, report) or not all(_table_admitted(name, tables[name], report) for name in tables):
        return _draft(report.findings, digest)
    if trial:
        result = isolated.compile_isolated(xml, digest=digest, dmn=tables, known_capabilities=known_capabilities)
    else:
        root = guard.parse_tree(xml, report)
        if root is None:
            return _draft(report.findings, digest)
        result = compile_document(root, report, digest=digest, dmn=tables, known_capabilities=known_capabilities)
    more = scripts.check(result) if language == "starlark" else []
    return _with(result, more if calls_out else [*more, *_missing(result)])


def _missing(result: ImportResult) -> list[Finding]:
    return [
        Finding(
            element_id, "error", "call", f"The called process '{called}' is not in the file. Upload both in one file."
        )
        for element_id, called in result.calls
    ]


def _table_admitted(name: str, content: bytes, report: Report) -> bool:
    problems = Report()
    if guard.admit(content, problems):
        return True
    for finding in problems.findings:
        report.error(None, finding.code, f"{name}: {finding.message}")
    return False


def _draft(findings: list[Finding], digest: str) -> ImportResult:
    return ImportResult(tuple(findings), False, (), None, digest)


def _with(result: ImportResult, more: list[Finding]) -> ImportResult:
    """The result with further findings; an error among them makes it a draft."""
    findings = tuple(sorted((*result.findings, *more), key=lambda finding: _ORDER[finding.severity]))
    stopped = any(finding.severity == "error" for finding in findings)
    return replace(
        result,
        findings=findings,
        executable=result.executable and not stopped,
        compiled=None if stopped else result.compiled,
    )


_ORDER = {"error": 0, "warning": 1, "info": 2}
