"""Imports every diagram of a folder: each must be accepted, kept byte for byte, and given a to-do list."""

from __future__ import annotations

from hashlib import sha256
from pathlib import Path

from app.workflow.importing import import_bpmn


def run(path: Path, *, only: str = "") -> int:
    """Imports all `.bpmn` files; prints what stands against running each. Returns 1 when one is not accepted."""
    files = sorted(file for file in path.rglob("*.bpmn") if only in file.name)
    accepted = 0
    for file in files:
        xml = file.read_bytes()
        result = import_bpmn(xml)
        good = bool(result.processes) or any(finding.code == "no-process" for finding in result.findings)
        good = good and result.digest == sha256(xml).hexdigest() and (result.executable or bool(result.findings))
        accepted += good
        print(
            f"{file.name}: {'executable' if result.executable else 'draft'}, digest {result.digest[:16]}, {'accepted' if good else 'NOT ACCEPTED'}"
        )
        for finding in result.findings:
            if finding.severity != "info":
                print(f"    {finding.severity:7} {finding.element_id or '-'}: {finding.message}")
    print(f"accepted {accepted} of {len(files)}")
    return 0 if accepted == len(files) else 1
