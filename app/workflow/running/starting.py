"""Begins an instance: at the plain start, or at the start event, receive task or gateway branch that a message names."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

from app.workflow.running import correlating, listening, scopes
from app.workflow.running.errors import UnknownProcess
from app.workflow.running.graph import Definition, Node
from app.workflow.running.tokens import MAX_TOKENS, STARTED, Instance
from app.workflow.running.types import Host


def begin(
    graph: Definition,
    process_id: str | None,
    data: dict[str, Any],
    *,
    host: Host,
    message: str | None,
    element_id: str | None = None,
    max_tokens: int = MAX_TOKENS,
) -> Instance:
    """An instance with its first tokens ready."""
    node = graph.process(process_id)
    triggered = message is not None or element_id is not None
    firsts = _named(graph, node, message, element_id) if triggered else None
    if triggered and not firsts:
        raise UnknownProcess(f"Nothing in the process '{node.id}' is started by '{message or element_id}'.")
    inst = Instance(graph, host, max_tokens=max_tokens)
    root = inst.place(None, node, state=STARTED)
    root.data = data
    root.internal_data["root"] = True
    inst.task_tree = root
    inst.record(root, "entered")
    if message is not None:
        correlating.note(inst, root, message, data)
    for event in node.event_subprocesses:
        listening.arm_event_subprocess(inst, root, event)
    for first in firsts or _plain(inst, node):
        if triggered and first.kind != "start":
            # The message has arrived already: the element that waits for it is done.
            arrived = inst.place(root, first)
            inst.record(arrived, "entered")
            inst.go_on(arrived)
        else:
            inst.spawn(root, first)
    return inst


def _plain(inst: Instance, node: Node) -> list[Node]:
    firsts = scopes.starts(node, inst)
    if not firsts:
        timed = {"timer", "conditional"}
        firsts = [n for n in inst.graph.inner(node) if n.kind == "start" and n.events and n.events[0]["t"] in timed]
    if not firsts:
        raise UnknownProcess(f"The process '{node.id}' can only be started by a message or signal; name it.")
    return firsts


def _named(graph: Definition, node: Node, message: str | None, element_id: str | None) -> list[Node]:
    found = [
        trigger
        for trigger in _triggers(graph, node)
        if element_id in (None, trigger.id) and (message is None or _hears(trigger, message))
    ]
    return found[:1]


def _hears(trigger: Node, name: str) -> bool:
    return any(event["t"] in {"message", "signal"} and event["name"] == name for event in trigger.events)


def _triggers(graph: Definition, node: Node) -> Iterator[Node]:
    for child in graph.inner(node):
        if child.kind == "start" or child.raw.get("instantiate"):
            if child.kind == "eventGateway":
                yield from (graph.nodes[flow.target] for flow in child.outgoing)
            else:
                yield child
