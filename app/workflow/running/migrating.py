"""Moves an instance to another version of its process: every open token stays where it is, or goes to the element that is named for it.

What listens beside them follows the new version: boundary events and event sub-processes that are new there begin to listen,
those that are gone stop, and timers that run keep the time they were given.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Any

from app.workflow.importing.kinds import ACTIVITIES
from app.workflow.running import codec, gateways, listening
from app.workflow.running.errors import StateError
from app.workflow.running.graph import Definition, Node, definition
from app.workflow.running.run import Run
from app.workflow.running.tokens import ERROR, Instance, Token
from app.workflow.running.types import Host

#: Processes of other files are bound with their version, `billing@3/pay`: in another version of the caller it may be a later one.
_BOUND = re.compile(r"@\d+/")


@dataclass(frozen=True, slots=True)
class Place:
    """An open token: where it would stand in the other version, and what keeps it from standing there (empty: nothing)."""

    element_id: str
    name: str
    kind: str
    target_id: str
    problem: str


class NoPlace(StateError):
    """A token cannot stand anywhere in the other version."""

    def __init__(self, place: Place) -> None:
        super().__init__(f"'{place.name or place.element_id}': {place.problem}")
        self.place = place


@dataclass(frozen=True, slots=True)
class Element:
    """An element that can hold a token."""

    name: str
    kind: str
    form: str = ""


def elements(compiled: bytes, *, digest: str) -> dict[str, Element]:
    """What can hold a token in a version, by id."""
    nodes = definition(compiled, digest=digest).nodes.values()
    return {
        node.id: Element(node.title, node.kind, node.raw.get("form") or "")
        for node in nodes
        if node.kind not in {"process", "start"}
    }


class _Atlas:
    """Which element of the new version stands for which of the old one."""

    def __init__(self, new: Definition, mapping: Mapping[str, str], *, process_id: str | None) -> None:
        self.new, self.mapping = new, mapping
        self.process_id = process_id or new.processes[0]
        self._bound = {_BOUND.sub("/", name): name for name in new.nodes if _BOUND.search(name)}

    def name(self, old: str) -> str:
        """The id that stands for an old one, whether or not there is such an element."""
        if old in self.mapping:
            return self.mapping[old]
        if old in self.new.nodes:
            return old
        return self._bound.get(_BOUND.sub("/", old), old)

    def node(self, old: Node) -> Node | None:
        """The element that stands for an old one."""
        found = self.new.nodes.get(self.name(old.id))
        if found is None and old.kind == "process" and old.scope_id is None:
            return self.new.nodes.get(self.process_id)
        return found


def places(
    run: Run, compiled: bytes, *, digest: str, process_id: str | None = None, mapping: Mapping[str, str] | None = None
) -> list[Place]:
    """What becomes of each open token in the other version; the instance can be moved when none has a problem."""
    atlas = _Atlas(definition(compiled, digest=digest), mapping or {}, process_id=process_id)
    found: dict[str, Place] = {}
    for token in run.tokens():
        if token.is_subscription or token.node.kind == "process":
            continue
        target = atlas.node(token.node)
        problem = _problem(token, target, atlas)
        told = found.get(token.node.id)
        if told is None or (problem and not told.problem):
            found[token.node.id] = Place(
                token.node.id, token.node.title, token.node.kind, target.id if target else "", problem
            )
    return list(found.values())


def migrate(
    run: Run, compiled: bytes, *, digest: str, host: Host, process_id: str | None = None,
    mapping: Mapping[str, str] | None = None,
) -> Run:  # fmt: skip
    """The same instance in the other version. Raises NoPlace when a token has none there."""
    for place in places(run, compiled, digest=digest, process_id=process_id, mapping=mapping):
        if place.problem:
            raise NoPlace(place)
    new = definition(compiled, digest=digest)
    atlas = _Atlas(new, mapping or {}, process_id=process_id)
    heard = {token.id: _heard(token) for token in run.tokens() if not token.is_subscription}
    raw = codec.unpack(run.save())
    raw["d"] = digest
    raw["t"] = [_moved(entry, run.token(entry[0]), atlas) for entry in _kept(raw["t"], run, atlas)]
    moved = codec.restore(new, codec.pack(raw), host)
    for token in list(moved.tasks.values()):
        if not token.is_subscription:
            _listen(moved, token, {atlas.name(name) for name in heard[token.id]})
    return Run(moved)


# ------------------------------------------------------------------ what stands in the way


def _problem(token: Token, new: Node | None, atlas: _Atlas) -> str:
    old = token.node
    if new is None:
        return "The new version has no such element."
    # A step that is stuck has done nothing yet: another kind of step may take its place and be tried instead.
    other_kind = new.kind != old.kind and not (token.state == ERROR and {old.kind, new.kind} <= ACTIVITIES)
    checks = (
        (other_kind, "It is of another kind in the new version."),
        (_scope(token, atlas) != new.scope_id, "It stands inside another sub-process in the new version."),
        (_waits(new) != _waits(old) or new.parallel_multiple != old.parallel_multiple,
         "It waits for something else in the new version."),
        (_rounds(new) != _rounds(old), "It is done another number of times in the new version."),
        (_called(new) != _called(old), "It calls another process in the new version."),
        (_lost_flow(token, new), "The flow on which it came is not in the new version."),
        (_lost_undo(token, atlas), "What was done inside it could not be undone in the new version."),
        (_lost_rest(token, atlas), "An activity that is left to do inside it is not in the new version."),
    )  # fmt: skip
    return next((sentence for fails, sentence in checks if fails), "")


def _scope(token: Token, atlas: _Atlas) -> str | None:
    """The element of the new version inside which the token would stand."""
    scope = token.node.scope_id
    found = atlas.node(token.workflow.graph.nodes[scope]) if scope else None
    return found.id if found else None


def _waits(node: Node) -> list[tuple[str, Any]]:
    """The kinds of events in their order; a timer may have another time, it counts from the next round on."""
    return [(event["t"], event.get("name")) for event in node.events]


def _rounds(node: Node) -> tuple[Any, Any]:
    loop = node.loop or {}
    return loop.get("type"), loop.get("sequential")


def _called(node: Node) -> str:
    return _BOUND.sub("/", node.raw.get("called") or "")


def _lost_flow(token: Token, new: Node) -> bool:
    via = token.internal_data.get("via")
    return bool(via) and new.kind in gateways.JOINS and via not in {flow.id for flow in new.incoming}


def _lost_undo(token: Token, atlas: _Atlas) -> bool:
    return any(atlas.name(name) not in atlas.new.nodes for name in _undone(token.internal_data.get("undo", [])))


def _undone(records: list[dict[str, Any]]) -> Iterator[str]:
    for record in records:
        yield record["node"]
        yield from _undone(record.get("inner", []))


def _lost_rest(token: Token, atlas: _Atlas) -> bool:
    named = [*token.internal_data.get("left", ()), *filter(None, [token.internal_data.get("start")])]
    return any(atlas.name(name) not in atlas.new.nodes for name in named)


# ------------------------------------------------------------------ the move


def _kept(entries: list[list[Any]], run: Run, atlas: _Atlas) -> Iterator[list[Any]]:
    """Leaves out what listens to something that the new version does not have there."""
    for entry in entries:
        token = run.token(entry[0])
        if not token.is_subscription or _still_listens(token, atlas):
            yield entry


def _still_listens(token: Token, atlas: _Atlas) -> bool:
    new, around = atlas.node(token.node), atlas.node(token.parent.node)
    if new is None or around is None or _waits(new) != _waits(token.node):
        return False
    role = token.internal_data["sub"]
    if role == "boundary":
        return new in around.boundaries
    if role == "gateway":
        return any(flow.id == token.internal_data["via"] and flow.target == new.id for flow in around.outgoing)
    return any(event.raw["start"] == new.id for event in _inside(around, atlas.new).event_subprocesses)


def _inside(node: Node, graph: Definition) -> Node:
    """The process that a call activity opens; any other element itself."""
    return graph.nodes[node.raw["called"]] if node.kind == "callActivity" else node


def _moved(entry: list[Any], token: Token, atlas: _Atlas) -> list[Any]:
    target = atlas.node(token.node)
    if target is None:  # `places` has looked at every token already
        raise StateError(f"The new version has no element for '{token.node.id}'.")
    token_id, parent, _node, state, data, internal = entry
    return [token_id, parent, target.id, state, data, _renamed(internal, atlas)]


def _renamed(internal: dict[str, Any], atlas: _Atlas) -> dict[str, Any]:
    changed = dict(internal)
    if "start" in internal:
        changed["start"] = atlas.name(internal["start"])
    if "left" in internal:
        changed["left"] = [atlas.name(name) for name in internal["left"]]
    if "undo" in internal:
        changed["undo"] = [_renamed_record(record, atlas) for record in internal["undo"]]
    return changed


def _renamed_record(record: dict[str, Any], atlas: _Atlas) -> dict[str, Any]:
    inner = {"inner": [_renamed_record(one, atlas) for one in record["inner"]]} if "inner" in record else {}
    return {**record, "node": atlas.name(record["node"]), **inner}


def _heard(token: Token) -> set[str]:
    """What the old version has around a token, listening or not: what has fired there once does not begin anew."""
    node = token.node
    inside = _inside(node, token.workflow.graph)
    around = {boundary.id for boundary in node.boundaries} | {event.raw["start"] for event in inside.event_subprocesses}
    return around | ({flow.target for flow in node.outgoing} if node.kind == "eventGateway" else set())


def _listen(inst: Instance, token: Token, known: set[str]) -> None:
    """Lets events listen that the old version did not have around this token."""
    node = token.node
    if node.kind in ACTIVITIES and _is_armed(token):
        token.internal_data["armed"] = True
        for boundary in node.boundaries:
            if boundary.id not in known:
                listening.arm_boundary(inst, token, boundary)
    if (node.is_scope or node.kind == "callActivity") and "loop" not in token.internal_data:
        for event in _inside(node, inst.graph).event_subprocesses:
            if event.raw["start"] not in known:
                listening.arm_event_subprocess(inst, token, event)
    if node.kind == "eventGateway":
        for flow in node.outgoing:
            if flow.target not in known:
                listening.arm_branch(inst, token, flow)


def _is_armed(token: Token) -> bool:
    """A round of a loop has no boundaries of its own, and a step that is stuck or gathers gets them when it runs."""
    internal = token.internal_data
    return "inst" not in internal and "gathering" not in internal and ("armed" in internal or token.state != ERROR)
