"""Takes called processes of other files into the compiled form of their caller, so that a version says all of what it runs.

Every name of the other file gets its key and version in front (`billing@3/check`): nothing can collide, and what happened in the
called process is found again in its own diagram.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import orjson
import zstandard

from app.workflow.importing.draft import Raw

MAX_NODES = 20_000
MAX_COMPILED = 64 * 1024 * 1024
_NAMES = ("id", "scope", "process", "host", "handler", "start", "default", "called", "form")


@dataclass(frozen=True, slots=True)
class Called:
    """A published process that is called: what to put before its names, its id, and its compiled file."""

    prefix: str
    process_id: str
    compiled: bytes


def unpack(compiled: bytes) -> dict[str, Any]:
    """The JSON form of a compiled file of our own."""
    found: dict[str, Any] = orjson.loads(
        zstandard.ZstdDecompressor().decompress(compiled, max_output_size=MAX_COMPILED)
    )
    return found


def begins_plainly(called: Called) -> bool:
    """Whether the process can be called: it has a plain start event, or begins where no flow leads."""
    raw = unpack(called.compiled)
    nodes = [node for node in raw["nodes"] if called.process_id in (node["id"], node.get("scope"))]
    return any(node.get("implicit") or (node["kind"] == "start" and not node.get("events")) for node in nodes)


def link(compiled: bytes, called: Mapping[str, Called]) -> bytes | None:
    """The compiled form with all called files in it, by the id that calls them; None when it grows too large."""
    main = unpack(compiled)
    own = {node["id"] for node in main["nodes"]}
    for node in main["nodes"]:
        if node["kind"] == "callActivity" and node["called"] not in own and node["called"] in called:
            node["called"] = called[node["called"]].prefix + called[node["called"]].process_id
    for one in {each.prefix: each for each in called.values()}.values():
        raw = unpack(one.compiled)
        main["nodes"] += [_renamed(node, one.prefix) for node in raw["nodes"]]
        main["flows"] += [_renamed_flow(flow, one.prefix) for flow in raw["flows"]]
        main["decisions"] += [_renamed_decisions(model, one.prefix) for model in raw["decisions"]]
    if len(main["nodes"]) > MAX_NODES:
        return None
    return zstandard.ZstdCompressor(level=9).compress(orjson.dumps(main))


def _renamed(node: Raw, prefix: str) -> Raw:
    new = {**node, **{name: prefix + node[name] for name in _NAMES if node.get(name)}}
    if "implicit" in node:
        new["implicit"] = [prefix + name for name in node["implicit"]]
    if "events" in node:
        new["events"] = [
            {**event, "ref": prefix + event["ref"]} if event.get("ref") else event for event in node["events"]
        ]
    if "decision" in node:
        new["decision"] = {**node["decision"], "ref": prefix + node["decision"]["ref"]}
    if "action" in node:
        action = {**node["action"], "element_id": prefix + node["action"]["element_id"]}
        new["action"] = {**action, "form": prefix + action["form"]} if action.get("form") else action
    return new


def _renamed_flow(flow: Raw, prefix: str) -> Raw:
    return {**flow, **{name: prefix + flow[name] for name in ("id", "src", "dst")}}


def _renamed_decisions(model: Raw, prefix: str) -> Raw:
    """Tables are asked by id; what a required table gives is read by its name, which stays."""
    return {
        **model,
        "decisions": [
            {**table, "id": prefix + table["id"], "requires": [prefix + needed for needed in table["requires"]]}
            for table in model["decisions"]
        ],
    }
