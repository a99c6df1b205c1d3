"""Waiting for events: subscriptions of catch events, boundaries, gateways and event sub-processes, and their firing."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

from app.workflow.language.lexer import LanguageError
from app.workflow.running import expressions, timing, variables
from app.workflow.running.flow import move, settle
from app.workflow.running.graph import Flow, Node, behaviour
from app.workflow.running.tokens import STARTED, WAITING, Instance, Token

#: Kinds of events that a token actively waits for; errors, escalations, cancels and compensations look up instead.
WAITED = frozenset({"message", "signal", "timer", "conditional"})


def subscribe(inst: Instance, token: Token) -> None:
    """Makes a token wait for the events of its node; timers start to run now."""
    names: Mapping[str, Any] | None = None
    waits: list[dict[str, Any] | None] = []
    for event in token.node.events:
        entry: dict[str, Any] = {}
        if event["t"] == "timer":
            names = names if names is not None else variables.visible(inst, token)
            schedule = timing.plan(event, names=names, host=inst.host)
            inst.watch(schedule.due)
            entry = timing.to_dict(schedule)
        waits.append(entry)
    token.internal_data["wait"] = waits
    token.become(WAITING)


def _subscription(inst: Instance, parent: Token, node: Node, *, role: str) -> Token:
    token = inst.place(parent, node)
    token.internal_data["sub"] = role
    subscribe(inst, token)
    return token


def arm_boundaries(inst: Instance, host: Token) -> None:
    """Starts listening at the boundary events of an activity, once."""
    if host.internal_data.get("armed"):
        return
    host.internal_data["armed"] = True
    for node in host.node.boundaries:
        arm_boundary(inst, host, node)


def arm_boundary(inst: Instance, host: Token, node: Node) -> None:
    """Starts listening at one boundary event of an activity."""
    if any(event["t"] in WAITED for event in node.events):
        _subscription(inst, host, node, role="boundary")


def arm_event_subprocess(inst: Instance, scope: Token, node: Node) -> None:
    """Starts listening at the start event of an event sub-process."""
    start = inst.graph.nodes[node.raw["start"]]
    if any(event["t"] in WAITED for event in start.events):
        _subscription(inst, scope, start, role="start")


@behaviour("catch", "receiveTask")
def run_catch(inst: Instance, token: Token) -> bool | None:
    """Waits for its events."""
    subscribe(inst, token)
    return None


@behaviour("eventGateway")
def run_event_gateway(inst: Instance, token: Token) -> bool | None:
    """Waits at all catch events behind the gateway at once; the first that fires wins."""
    token.become(STARTED)
    for flow in token.node.outgoing:
        arm_branch(inst, token, flow)
    return None


def arm_branch(inst: Instance, token: Token, flow: Flow) -> None:
    """Starts listening at one catch event behind an event gateway."""
    branch = _subscription(inst, token, inst.graph.nodes[flow.target], role="gateway")
    branch.internal_data["via"] = flow.id


def waiting(inst: Instance, kinds: frozenset[str]) -> Iterator[tuple[Token, int, dict[str, Any], dict[str, Any]]]:
    """Every open wait for events of these kinds: token, index of the event, its definition, what was remembered."""
    for token in list(inst.tasks.values()):
        waits = token.internal_data.get("wait")
        if waits is None or token.state != WAITING:
            continue
        for index, entry in enumerate(waits):
            event = token.node.events[index]
            if entry is not None and event["t"] in kinds and token.id in inst.tasks:
                yield token, index, event, entry


def wait_token(token: Token, index: int) -> str:
    """The name of one wait: the token's id, with a number behind it for the further ones of an event that has several."""
    return token.id if index == 0 else f"{token.id}#{index}"


def interrupting(token: Token) -> bool:
    """True when the firing of this wait ends something that runs."""
    role = token.internal_data.get("sub")
    return role is None or role == "gateway" or token.node.interrupting


def fire(inst: Instance, token: Token, index: int, payload: Mapping[str, Any] | None = None) -> None:
    """Lets an event happen to a token that waits for it; nothing when it has been heard by now."""
    waits = token.internal_data.get("wait")
    if waits is None or waits[index] is None:
        return
    if payload:
        variables.write(token, payload)
    event, entry = token.node.events[index], waits[index]
    if token.node.parallel_multiple:
        waits[index] = None
        if any(other is not None for other in waits):
            return
    again = None
    if event["t"] == "timer":
        again = timing.following(timing.from_dict(entry), event=event, host=inst.host)
        if again is not None:
            inst.watch(again.due)
    role = token.internal_data.get("sub")
    if role is None:
        _fire_catch(inst, token, index, again)
    elif role == "gateway":
        _fire_gateway(inst, token)
    else:
        _fire_subscription(inst, token, index, again)


def _fire_catch(inst: Instance, token: Token, index: int, again: timing.Schedule | None) -> None:
    if again is None:
        del token.internal_data["wait"]
        inst.go_on(token)
        return
    token.internal_data["wait"][index] = timing.to_dict(again)
    inst.record(token, "completed")
    move(inst, token.parent, token, token.node.outgoing)


def _fire_gateway(inst: Instance, token: Token) -> None:
    gateway, node, via = token.parent, token.node, token.internal_data["via"]
    scope = gateway.parent
    flow = next(flow for flow in gateway.node.outgoing if flow.id == via)
    inst.record(gateway, "completed")
    inst.record_flow(gateway, flow.id, flow.name)
    inst.remove(gateway)
    arrived = inst.place(scope, node)
    inst.record(arrived, "entered")
    inst.go_on(arrived)


def _fire_subscription(inst: Instance, token: Token, index: int, again: timing.Schedule | None) -> None:
    node, host, role = token.node, token.parent, token.internal_data["sub"]
    if not node.interrupting:
        _rearm(inst, token, index, again)
    if role == "boundary":
        fire_boundary(inst, host, node)
    else:
        fire_event_subprocess(inst, host, node)


def _rearm(inst: Instance, token: Token, index: int, again: timing.Schedule | None) -> None:
    if token.node.parallel_multiple:
        subscribe(inst, token)
    elif again is not None:
        token.internal_data["wait"][index] = timing.to_dict(again)
    elif token.node.events[index]["t"] == "timer":
        token.internal_data["wait"][index] = None
        if not any(entry is not None for entry in token.internal_data["wait"]):
            inst.remove(token)


def fire_boundary(inst: Instance, host: Token, node: Node) -> None:
    """Goes on from a boundary event, ending the activity it sits on unless it is non-interrupting."""
    scope = host.parent
    arrived = inst.place(scope, node)
    inst.record(arrived, "entered")
    if node.interrupting:
        inst.cancel_token(host)
    inst.go_on(arrived)


def fire_event_subprocess(inst: Instance, scope: Token, start: Node) -> None:
    """Starts an event sub-process in its scope, ending everything else there unless it is non-interrupting."""
    node = inst.graph.nodes[start.scope_id or ""]
    if start.interrupting:
        for child in scope.live_children():
            if child.internal_data.get("sub") != "boundary":
                inst.cancel_token(child)
    token = inst.spawn(scope, node)
    token.internal_data["start"] = start.id


def check_conditions(inst: Instance) -> bool:
    """Fires conditional events whose condition has become true since it was last looked at."""
    fired = False
    for token, index, event, entry in waiting(inst, frozenset({"conditional"})):
        value = _is_true(inst, token, event["expr"])
        before, entry["was"] = entry.get("was", False), value
        if value and not before:
            fire(inst, token, index)
            fired = True
    return fired


def _is_true(inst: Instance, token: Token, text: str) -> bool:
    try:
        return expressions.holds(text, variables.visible(inst, token))
    except LanguageError:
        # A name that is not set yet: the condition does not hold so far.
        return False


def stop_scope(inst: Instance, scope: Token) -> None:
    """Ends everything inside a scope, and so the scope."""
    for child in scope.live_children():
        if child.internal_data.get("sub") != "boundary":
            inst.cancel_token(child)
    settle(inst, scope)
