"""Turns a BPMN document into findings and, where nothing stands against it, into the compiled form."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import orjson
import zstandard

from app.workflow.importing import checks, normalise, reader, strange, tables
from app.workflow.importing.draft import Draft
from app.workflow.importing.kinds import FORMAT
from app.workflow.importing.report import ImportResult, Report
from app.workflow.importing.xml import BPMN, Element, local

#: Keys that only the checks need.
_READ_ONLY = frozenset({"gateway_type", "for_compensation", "link_catch", "global"})


def compile_document(
    root: Element,
    report: Report,
    *,
    digest: str,
    dmn: Mapping[str, bytes],
    known_capabilities: Collection[str] | None = None,
) -> ImportResult:
    """Everything an import tells about a document that passed the guard."""
    draft = Draft(report)
    if root.tag != f"{{{BPMN}}}definitions":
        report.error(
            None,
            "not-bpmn",
            f"The file is XML, but not BPMN 2.0: it begins with '{local(root)}'. Export the diagram as BPMN 2.0.",
        )
        return _result(draft, digest, compiled=None)
    reader.read(root, draft)
    normalise.normalise(draft, root)
    checks.check(draft)
    strange.note_strangers(draft, root)
    tables.read_tables(draft, dmn)
    _check_capabilities(draft, known_capabilities)
    wanted = _processes_to_run(draft)
    _soften(draft, wanted)
    draft.calls = [call for call in draft.calls if draft.nodes[call[0]]["process"] in wanted]
    return _result(draft, digest, compiled=None if report.has_errors() else _pack(draft, wanted))


def _check_capabilities(draft: Draft, known: Collection[str] | None) -> None:
    if known is None:
        return
    for raw in draft.nodes.values():
        call = raw.get("capability")
        if call and call["name"] not in known:
            draft.report.error(
                raw["id"],
                "unknown-capability",
                f"'{call['name']}' is not a capability of this desk. Choose one of: {', '.join(sorted(known)) or 'none'}.",
            )


def _processes_to_run(draft: Draft) -> set[str]:
    """The processes marked executable and all that they call. None is marked: all, with a finding."""
    wanted = [process.id for process in draft.processes if process.is_executable]
    if not draft.processes:
        draft.report.error(
            None, "no-process", "The file holds no process, only other diagrams. It is kept as a drawing."
        )
    elif not wanted:
        wanted = [process.id for process in draft.processes]
        draft.report.error(
            wanted[0],
            "not-executable",
            "No process of the file is marked as executable. Tick 'executable' on the one that shall run.",
        )
    found: set[str] = set()
    queue = list(wanted)
    while queue:
        name = queue.pop()
        if name in found:
            continue
        found.add(name)
        queue.extend(
            raw["called"] for raw in draft.nodes.values() if raw["process"] == name and raw.get("called") in draft.nodes
        )
    return found


def _soften(draft: Draft, wanted: set[str]) -> None:
    """What is wrong in a process that is only drawn beside an executable one does not stop the other."""
    if all(process.id in wanted for process in draft.processes):
        return
    owner = {raw["id"]: raw["process"] for raw in draft.nodes.values()}
    owner.update({flow["id"]: owner.get(flow["scope"], "") for flow in draft.flows})
    draft.report.findings = [
        finding
        if finding.severity != "error"
        or owner.get(finding.element_id or "", "") in wanted
        or finding.element_id not in owner
        else type(finding)(
            finding.element_id, "info", finding.code, f"{finding.message} (Its process is not marked as executable.)"
        )
        for finding in draft.report.findings
    ]


def _pack(draft: Draft, wanted: set[str]) -> bytes:
    nodes = [
        {key: value for key, value in raw.items() if key not in _READ_ONLY and value not in (None, "", [])}
        for raw in draft.nodes.values()
        if raw["process"] in wanted
    ]
    names = {raw["id"] for raw in nodes}
    flows = [{k: v for k, v in flow.items() if k != "scope"} for flow in draft.flows if flow["src"] in names]
    processes = [{"id": p.id, "name": p.name} for p in draft.processes if p.id in wanted]
    compiled: dict[str, Any] = {
        "v": FORMAT,
        "processes": processes,
        "nodes": nodes,
        "flows": flows,
        "decisions": draft.decisions,
    }
    return zstandard.ZstdCompressor(level=9).compress(orjson.dumps(compiled))


def _result(draft: Draft, digest: str, *, compiled: bytes | None) -> ImportResult:
    order = {"error": 0, "warning": 1, "info": 2}
    findings = tuple(sorted(dict.fromkeys(draft.report.findings), key=lambda finding: order[finding.severity]))
    return ImportResult(
        findings=findings,
        executable=compiled is not None,
        processes=tuple(draft.processes),
        compiled=compiled,
        digest=digest,
        capabilities=frozenset(draft.capabilities),
        decisions=frozenset(draft.decision_refs),
        forms=frozenset(draft.forms),
        actions=tuple(draft.actions),
        calls=tuple(draft.calls),
        scripts=tuple((raw["id"], raw["script"]) for raw in draft.nodes.values() if raw.get("script")),
        labels={raw["id"]: raw["labels"] for raw in draft.nodes.values() if raw.get("labels")},
    )
