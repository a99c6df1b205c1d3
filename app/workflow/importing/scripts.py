"""Checks the scripts of a process in the script sandbox, before any of them runs."""

from __future__ import annotations

from app.workflow.importing.report import Finding, ImportResult
from app.workflow.language import scripting


def check(result: ImportResult) -> list[Finding]:
    """What is wrong with the scripts of a process, each with its element."""
    return [
        Finding(element_id, "error", "script", f"The script cannot run: {problem}")
        for element_id, source in result.scripts
        for problem in scripting.check_script(source)
    ]
