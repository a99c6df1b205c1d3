"""Runs the betsy suite: 136 processes with the traces that a conforming engine leaves."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass
from datetime import datetime, timedelta
from pathlib import Path
from typing import Any

from lxml import etree

from app.workflow import running
from app.workflow.importing import ImportResult
from app.workflow.importing.upload import import_bpmn
from tools.conformance.world import World

_ERRORS = {"ERROR_DEPLOYMENT", "ERROR_RUNTIME", "ERROR_GENERIC", "ERROR_THROWN_ERROR_EVENT"}
_BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
_SPAN = timedelta(seconds=10)


@dataclass(frozen=True, slots=True)
class Verdict:
    """How a test ended: passed, refused at upload, or wrong."""

    word: str
    reason: str = ""


def run(path: Path, *, only: str = "") -> int:
    """Runs all tests of the folder; prints those not passed and the sums. Returns 1 when one is wrong."""
    tests = [t for t in json.loads((path / "expectations.json").read_text()) if only in t["name"]]
    counts: Counter[str] = Counter()
    for test in tests:
        verdict = _judge(test, (path / test["model"]).read_bytes())
        counts[verdict.word] += 1
        if verdict.word != "passed":
            print(f"{verdict.word:8} {test['group']}/{test['name']}: {verdict.reason}")
    print(f"passed {counts['passed']}, refused {counts['refused']}, wrong {counts['wrong']} of {len(tests)}")
    return 1 if counts["wrong"] else 0


def _judge(test: dict[str, Any], xml: bytes) -> Verdict:
    imported = import_bpmn(xml, trial=False, language="foreign")
    for case in test["cases"]:
        expected = sorted(case["expected_trace"])
        if imported.compiled is None:
            if expected in (["ERROR_DEPLOYMENT"], ["ERROR_GENERIC"]):
                continue
            return Verdict("refused", "; ".join(f.message for f in imported.findings if f.severity == "error"))
        found = sorted(_play(test, case, imported, _data_names(xml)))
        if not _same(expected, found):
            return Verdict("wrong", f"input {case['input']}: expected {expected}, found {found}")
    return Verdict("passed")


def _same(expected: list[str], found: list[str]) -> bool:
    if expected == ["ERROR_GENERIC"]:
        return any(entry in _ERRORS for entry in found)
    return expected == found


def _play(test: dict[str, Any], case: dict[str, Any], imported: ImportResult, names: list[str]) -> list[str]:
    variables: dict[str, Any] = {"testCaseNumber": 1, "integerVariable": case["integerVariable"]}
    if case["input"] is not None:
        variables["test"] = case["input"]
    scripts = Scripts(names)
    world = World(imported, scripts, variables)
    processes = [process.id for process in imported.processes]
    if case["startParallelProcess"]:
        world.begin("ParallelProcess")
    main = test["name"] if test["name"] in processes else next(name for name in processes if name != "ParallelProcess")
    world.begin(main)
    world.pass_time(max(timedelta(milliseconds=case["delay_ms"]), timedelta(seconds=70)))
    return world.trace + _endings(world)


def _endings(world: World) -> list[str]:
    found = []
    for projection in world.outcomes():
        # A token that waits for ever at a join is shown to the operator as "stuck"; nothing failed while running.
        if any(fault.code != "stuck" for fault in projection.faults):
            found.append("ERROR_RUNTIME")
        if (projection.outcome or "").startswith("error:"):
            found.append("ERROR_THROWN_ERROR_EVENT")
    return found


def _data_names(xml: bytes) -> list[str]:
    """The names under which a model's scripts find its data object or property."""
    root = etree.fromstring(xml)
    outputs = [element.get("id") or "" for element in root.iter(f"{_BPMN}dataOutput")]
    inputs = [element.get("id") or "" for element in root.iter(f"{_BPMN}dataInput")]
    properties = [element.get("id") or "" for element in root.iter(f"{_BPMN}property")]
    return [*outputs[:1], *inputs[:1]] if outputs else properties[:1]


class Scripts:
    """The meaning of the suite's script texts."""

    def __init__(self, names: list[str]) -> None:
        self.written = names[0] if names else "data"
        self.read = names[-1] if names else "data"
        self.spans: list[tuple[datetime, datetime]] = []

    def __call__(self, world: World, source: str, data: dict[str, Any]) -> dict[str, Any]:
        """Does what one script text says; returns the variables it set."""
        source = source.strip()
        if source.startswith("INCREMENT_INTEGER_VARIABLE"):
            if source.endswith("_AND_LOG"):
                world.trace.append("INCREMENT")
            return {"integerVariable": data.get("integerVariable", 0) + 1}
        if source == "SET_STRING_DATA":
            return {self.written: "String"}
        if source == "THROW_ERROR":
            raise running.BpmnError("ERR_CODE")
        self._note(world, source, data)
        return {}

    def _note(self, world: World, source: str, data: dict[str, Any]) -> None:
        if source.startswith("CREATE_TIMESTAMP_LOG"):
            self._span(world)
        elif source.startswith("SCRIPT_"):
            world.trace.append(source)
        elif source == "CREATE_MARKER_FILE":
            world.trace.append("MARKER_EXISTS")
        elif source == "LOG_DATA":
            if data.get(self.read) == "String":
                world.trace.append("DATA_CORRECT")
        elif source == "WAIT_TEN_SECONDS":
            world.clock += _SPAN
        elif source != "CREATE_LOG_FILE":
            raise running.StepFailed("unknown-script", source)

    def _span(self, world: World) -> None:
        """A span of ten seconds from now; that it overlaps another shows that neither waited for the other."""
        begin, end = world.clock, world.clock + _SPAN
        if any(begin < other_end and other_begin < end for other_begin, other_end in self.spans):
            world.trace.append("EXECUTION_PARALLEL")
        self.spans.append((begin, end))
