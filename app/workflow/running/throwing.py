"""Throw and end events: messages, signals, errors, escalations, cancel, terminate; and who catches them."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from app.workflow.running import compensation, correlating, listening, variables
from app.workflow.running.activities import call_capability
from app.workflow.running.flow import settle
from app.workflow.running.graph import Node, behaviour
from app.workflow.running.tokens import HOOKS, READY, STARTED, Instance, Token

Throw = Callable[[Instance, Token, dict[str, Any]], bool]


@behaviour("start", "boundary")
def run_start(_inst: Instance, _token: Token) -> bool | None:
    """A start event lets its token go on."""
    return True


@behaviour("throw", "end")
def run_throw(inst: Instance, token: Token) -> bool | None:
    """Throws each of the event's definitions in turn. A compensation holds the token until its handlers are done."""
    node = token.node
    if node.kind == "end" and token.parent.node.kind == "process":
        inst.outcome = node.id
    if node.raw.get("capability"):
        call_capability(inst, token)
        return True
    for event in node.events[token.internal_data.get("thrown", 0) :]:
        token.internal_data["thrown"] = token.internal_data.get("thrown", 0) + 1
        if not THROWS[event["t"]](inst, token, event):
            return None
    return True


def _payload(inst: Instance, token: Token, event: dict[str, Any]) -> dict[str, Any]:
    inputs = event.get("payload") or []
    names = variables.visible(inst, token)
    return (
        {entry["name"]: variables.resolve(entry["value"], names) for entry in inputs}
        if inputs
        else variables.snapshot(token)
    )


def throw_message(inst: Instance, token: Token, event: dict[str, Any]) -> bool:
    """Hands a message to the host."""
    values = _payload(inst, token, event)
    correlating.note(inst, token, event["name"], values)
    inst.host.throw_message(event["name"], values, inst.at(token))
    return True


def throw_signal(inst: Instance, token: Token, event: dict[str, Any]) -> bool:
    """Tells everyone who listens in this instance, then the host. False when the thrower itself was ended by it."""
    payload = event.get("payload")
    values = _payload(inst, token, event) if payload else {}
    broadcast(inst, event["name"], values)
    inst.host.throw_signal(event["name"], values, inst.at(token))
    return token.id in inst.tasks


def broadcast(inst: Instance, name: str, payload: dict[str, Any]) -> int:
    """Fires every wait for this signal that was there when it was thrown; returns how many."""
    heard = [
        (token, index)
        for token, index, event, _ in listening.waiting(inst, frozenset({"signal"}))
        if event["name"] == name
    ]
    count = 0
    for token, index in heard:
        if token.id in inst.tasks:
            listening.fire(inst, token, index, payload)
            count += 1
    return count


def throw_error_event(inst: Instance, token: Token, event: dict[str, Any]) -> bool:
    """Ends the throwing token; whoever catches the error goes on. Uncaught, it ends the whole instance."""
    code = event.get("code")
    if not throw_error(inst, token, code, event.get("name") or ""):
        root = inst.task_tree
        inst.outcome = f"error:{code or ''}"
        for child in root.live_children():
            inst.cancel_token(child)
        settle(inst, root)
    return False


def throw_error(inst: Instance, token: Token, code: str | None, message: str) -> bool:
    """Finds who catches an error: from the inside out, and at one level a matching code before a catch-all."""
    found = find_catcher(inst, token, kind="error", code=code)
    if found is None:
        return False
    catcher, node = found
    variables.write(catcher, {"error": {"code": code or "", "message": message}})
    _go(inst, catcher, node)
    return True


def throw_escalation(inst: Instance, token: Token, event: dict[str, Any]) -> bool:
    """Tells the nearest catcher. The thrower goes on unless it was ended by it; nobody need listen."""
    found = find_catcher(inst, token, kind="escalation", code=event.get("code"))
    if found is not None:
        _go(inst, *found)
    return token.id in inst.tasks


def _go(inst: Instance, catcher: Token, node: Node) -> None:
    if node.kind == "boundary":
        listening.fire_boundary(inst, catcher, node)
    else:
        listening.fire_event_subprocess(inst, catcher, node)


def find_catcher(inst: Instance, token: Token, *, kind: str, code: str | None) -> tuple[Token, Node] | None:
    """The token and the event node that catch an error or escalation thrown at `token`."""
    below: Token | None = None
    here: Token | None = token
    while here is not None:
        candidates = _handlers(inst, here, below) if below is not None else []
        found = _match(candidates, kind, code)
        if found is None and "inst" not in here.internal_data:
            found = _match(here.node.boundaries, kind, code)
        if found is not None:
            return here, found
        if kind == "escalation" and here.node.kind == "callActivity":
            return None
        below, here = here, here.parent
    return None


def _handlers(inst: Instance, scope: Token, below: Token) -> list[Node]:
    """Start events of the event sub-processes of a scope, but not of the one the throw came from."""
    node = scope.node
    if "loop" in scope.internal_data:
        # Each round is a scope of its own; the body around them has no handlers.
        return []
    if node.kind == "callActivity":
        node = inst.graph.nodes[node.raw["called"]]
    return [inst.graph.nodes[event.raw["start"]] for event in node.event_subprocesses if event is not below.node]


def _match(nodes: list[Node], kind: str, code: str | None) -> Node | None:
    catch_all: Node | None = None
    for node in nodes:
        for event in node.events:
            if event["t"] != kind:
                continue
            if event.get("code") is None:
                catch_all = catch_all or node
            elif event["code"] == code:
                return node
    return catch_all


def throw_terminate(inst: Instance, token: Token, _event: dict[str, Any]) -> bool:
    """Ends everything in the token's scope at once."""
    scope = token.parent
    inst.record(token, "completed")
    inst.remove(token)
    listening.stop_scope(inst, scope)
    return False


def throw_cancel(inst: Instance, token: Token, _event: dict[str, Any]) -> bool:
    """Ends a transaction: undoes what it had done, then leaves through its cancel boundary."""
    scope = token.parent
    while scope.node.kind != "transaction":
        scope = scope.parent
    inst.record(token, "completed")
    for child in scope.live_children():
        if child.internal_data.get("sub") != "boundary":
            inst.cancel_token(child)
    scope.internal_data["cancelling"] = True
    scope.become(STARTED)
    compensation.undo(inst, scope, waiter=scope)
    return False


def throw_compensate(inst: Instance, token: Token, event: dict[str, Any]) -> bool:
    """Undoes completed activities of the scope, newest first; the token waits for it."""
    return compensation.throw(inst, token, event.get("ref"))


def throw_nothing(_inst: Instance, token: Token, _event: dict[str, Any]) -> bool:
    """A link or plain event only passes the token on."""
    return bool(token.state == READY)


THROWS: dict[str, Throw] = {
    "message": throw_message,
    "signal": throw_signal,
    "error": throw_error_event,
    "escalation": throw_escalation,
    "terminate": throw_terminate,
    "cancel": throw_cancel,
    "compensate": throw_compensate,
    "link": throw_nothing,
}
HOOKS["throw_error"] = throw_error
