"""Takes an uploaded BPMN file apart: guards, reads, reports every problem at once, and compiles what can run."""

from __future__ import annotations

from app.workflow.importing.report import ActionSpec, Finding, ImportResult, ProcessInfo, StartKind
from app.workflow.importing.upload import import_bpmn

__all__ = ["ActionSpec", "Finding", "ImportResult", "ProcessInfo", "StartKind", "import_bpmn"]
