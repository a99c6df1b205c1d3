"""The files of the shipped processes: drawn completely, in two languages, with every form and text they name."""

from __future__ import annotations

import inspect
from itertools import pairwise
from pathlib import Path
from typing import Any

import orjson
import pytest
from lxml import etree

from app import bootstrap
from app.orchestration.forms import _READERS
from app.orchestration.world import CAPABILITIES
from tests.processes.driving import ROOT

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
OURS = "{urn:ringback:bpmn:1}"
DI = "{http://www.omg.org/spec/BPMN/20100524/DI}"
DC = "{http://www.omg.org/spec/DD/20100524/DC}"
WAYPOINT = "{http://www.omg.org/spec/DD/20100524/DI}waypoint"
PROCESSES = sorted(ROOT.glob("*/process.bpmn"))
FORMS = sorted(ROOT.glob("*/forms/*.json"))
FIELD_TYPES = set(_READERS) | {"text", "textarea", "bool", "case_fields"}
Box = tuple[float, float, float, float]


def _name(path: Path) -> str:
    return f"{path.parent.name if path.suffix == '.bpmn' else path.parent.parent.name}-{path.stem}"


@pytest.mark.parametrize("path", PROCESSES, ids=_name)
def test_everything_is_drawn(path: Path) -> None:
    tree = etree.parse(path)
    drawn = {node.get("bpmnElement") for node in tree.iter(f"{DI}BPMNShape", f"{DI}BPMNEdge")}
    process = tree.find(f"{BPMN}process")
    assert process is not None
    kinds = ("Event", "Task", "Gateway", "subProcess", "sequenceFlow")
    wanted = {node.get("id") for node in process.iter() if str(node.tag).endswith(kinds)}
    assert wanted == drawn


@pytest.mark.parametrize("path", PROCESSES, ids=_name)
def test_every_name_has_a_chinese_one(path: Path) -> None:
    bare = [
        node.get("id")
        for node in etree.parse(path).iter()
        if node.get("name") and str(node.tag).startswith(BPMN) and not str(node.tag).endswith("}message")
        and node.find(f"{BPMN}extensionElements/{OURS}label[@lang='zh']") is None
    ]  # fmt: skip
    assert not bare


@pytest.mark.parametrize("path", PROCESSES, ids=_name)
def test_boxes_do_not_overlap_and_lines_do_not_cross(path: Path) -> None:
    tree = etree.parse(path)
    boxes = {
        str(shape.get("bpmnElement")): _box(shape.find(f"{DC}Bounds"))
        for shape in tree.iter(f"{DI}BPMNShape")
        if shape.get("isExpanded") is None and not _is_boundary(tree, shape.get("bpmnElement"))
    }
    names = sorted(boxes)
    assert not [(a, b) for a in names for b in names if a < b and _meet(boxes[a], boxes[b])]
    flows = {str(edge.get("bpmnElement")): _segments(edge) for edge in tree.iter(f"{DI}BPMNEdge")}
    ends = {node.get("id"): {node.get("sourceRef"), node.get("targetRef")} for node in tree.iter(f"{BPMN}sequenceFlow")}
    assert not [
        (a, b) for a in flows for b in flows
        if a < b and any(_cross(one, two) for one in flows[a] for two in flows[b])
    ]  # fmt: skip
    assert not [
        (flow, box) for flow, lines in flows.items() for box in names
        if box not in ends[flow] and any(_meet(_around(line), boxes[box]) for line in lines)
    ]  # fmt: skip


def _box(bounds: Any) -> Box:
    x, y, w, h = (float(bounds.get(key)) for key in ("x", "y", "width", "height"))
    return x, y, x + w, y + h


def _is_boundary(tree: Any, element: str | None) -> bool:
    return tree.find(f".//{BPMN}boundaryEvent[@id='{element}']") is not None


def _meet(one: Box, two: Box) -> bool:
    return one[0] < two[2] and two[0] < one[2] and one[1] < two[3] and two[1] < one[3]


def _segments(edge: Any) -> list[Box]:
    points = [(float(p.get("x")), float(p.get("y"))) for p in edge.iter(WAYPOINT)]
    lines = [(*a, *b) for a, b in pairwise(points)]
    assert all(x0 == x1 or y0 == y1 for x0, y0, x1, y1 in lines), f"{edge.get('bpmnElement')} is not square"
    return lines


def _around(line: Box) -> Box:
    x0, y0, x1, y1 = line
    return min(x0, x1) - 0.1, min(y0, y1) - 0.1, max(x0, x1) + 0.1, max(y0, y1) + 0.1


def _cross(one: Box, two: Box) -> bool:
    """Whether a level and an upright line cross; lines that join on their way to the same place do not."""
    if (one[1] == one[3]) == (two[1] == two[3]):
        return False
    level, upright = (one, two) if one[1] == one[3] else (two, one)
    left, right = sorted((level[0], level[2]))
    top, bottom = sorted((upright[1], upright[3]))
    return left < upright[0] < right and top < level[1] < bottom


@pytest.mark.parametrize("path", PROCESSES, ids=_name)
def test_every_text_that_is_sent_exists_in_both_languages(path: Path) -> None:
    folder = ROOT.parent / "templates"
    named: set[str] = set()
    for entry in etree.parse(path).iter(f"{OURS}input"):
        value = str(entry.get("value"))
        if entry.get("name") == "template":
            named |= {part for part in value.split("'")[1::2] if part != "cancelled"} if "${" in value else {value}
    missing = [f"{key}.{lang}" for key in named for lang in ("en", "zh") if not (folder / f"{key}.{lang}.txt").exists()]
    assert named
    assert not missing


@pytest.mark.parametrize("path", FORMS, ids=_name)
def test_forms_keep_to_their_schema(path: Path) -> None:
    form = orjson.loads(path.read_bytes())
    assert form["key"] == path.stem
    seen: dict[str, dict[str, Any]] = {}
    for entry in (form | {"label": form["title"], "type": "text", "key": "title of the form"}, *form["fields"]):
        assert set(entry["label"]) == {"en", "zh"}
        assert entry["type"] in FIELD_TYPES
        assert entry["key"] not in seen
        for option in entry.get("options", ()):
            assert set(option["label"]) == {"en", "zh"}
        assert bool(entry.get("options")) == (entry["type"] == "choice")
        if condition := entry.get("show_if"):
            offered = [option["value"] for option in seen[condition["field"]]["options"]]
            assert set(condition.get("in", [condition.get("equals")])) <= set(offered)
        seen[entry["key"]] = entry


def test_the_guide_lists_every_capability_with_its_inputs() -> None:
    bootstrap.metadata()
    guide = (ROOT.parents[1] / "docs" / "processes.md").read_text(encoding="utf-8")
    rows = {line.split("`")[1]: line for line in guide.splitlines() if line.startswith("| `") and line.count("|") == 5}
    assert set(CAPABILITIES) <= set(rows)
    for name, function in CAPABILITIES.items():
        kinds = inspect.signature(function).parameters.values()
        inputs = [p.name for p in kinds if p.kind is inspect.Parameter.KEYWORD_ONLY]
        assert not [key for key in inputs if f"`{key}`" not in rows[name].split("|")[2]], name
