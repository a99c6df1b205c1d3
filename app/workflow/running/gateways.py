"""Gateways: which flows are taken, and when a join lets go."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.workflow.running import expressions, variables
from app.workflow.running.errors import StepFailed
from app.workflow.running.flow import CHOOSERS, settle
from app.workflow.running.graph import Definition, Flow, Node, behaviour
from app.workflow.running.tokens import READY, WAITING, Instance, Token

JOINS = frozenset({"parallel", "inclusive", "complex"})


def _holds(flow: Flow, names: Mapping[str, Any]) -> bool:
    return flow.condition is None or expressions.holds(flow.condition, names)


def _default_or_fail(node: Node) -> list[Flow]:
    chosen = [flow for flow in node.outgoing if flow.id == node.default]
    if not chosen:
        raise StepFailed(
            "no-flow", f"No flow out of '{node.title or node.id}' has a condition that holds, and none is the default."
        )
    return chosen


def choose_one(inst: Instance, token: Token) -> list[Flow]:
    """Exclusive: the first flow whose condition holds, in the order of the file, or the default."""
    node = token.node
    if not node.condition_flows:
        return node.outgoing[:1]
    names = variables.visible(inst, token)
    for flow in node.outgoing:
        if flow.id != node.default and _holds(flow, names):
            return [flow]
    return _default_or_fail(node)


def choose_several(inst: Instance, token: Token) -> list[Flow]:
    """Inclusive: every flow whose condition holds, or the default."""
    node = token.node
    if not node.condition_flows:
        return node.outgoing
    names = variables.visible(inst, token)
    return [f for f in node.outgoing if f.id != node.default and _holds(f, names)] or _default_or_fail(node)


def choose_all(_inst: Instance, token: Token) -> list[Flow]:
    """Parallel: every flow, whatever is written on it."""
    return token.node.outgoing


CHOOSERS.update(
    exclusive=choose_one,
    inclusive=choose_several,
    complex=choose_several,
    parallel=choose_all,
)


@behaviour("exclusive")
def run_exclusive(_inst: Instance, _token: Token) -> bool | None:
    """Lets every token through."""
    return True


def _arrived(token: Token) -> dict[str, list[Token]]:
    """The tokens that wait at the same join in the same scope, by the flow they came on, oldest first."""
    found: dict[str, list[Token]] = {}
    for other in token.parent.live_children():
        if other.node is token.node and (other.state == WAITING or other is token):
            found.setdefault(other.internal_data.get("via", ""), []).append(other)
    return found


@behaviour("parallel")
def run_parallel(inst: Instance, token: Token) -> bool | None:
    """Waits for one token on each incoming flow, and takes exactly one of each."""
    node = token.node
    if len(node.incoming) < 2:
        return True
    token.become(WAITING)
    arrived = _arrived(token)
    if len(arrived) < len(node.incoming):
        return None
    _take(inst, token, arrived)
    token.become(READY)
    return True


def _take(inst: Instance, token: Token, arrived: Mapping[str, list[Token]]) -> None:
    """Uses up the oldest token of each other flow, together with this one."""
    for tokens in arrived.values():
        if token not in tokens:
            inst.remove(tokens[0])


def take_waiting(inst: Instance, token: Token) -> None:
    """When an operator lets a token through a join, those that wait there with it go along: one of each flow."""
    if token.node.kind in JOINS and token.state == WAITING:
        _take(inst, token, _arrived(token))


@behaviour("inclusive")
def run_inclusive(_inst: Instance, token: Token) -> bool | None:
    """A join waits until no other token can still arrive; that is looked at when nothing else moves."""
    return True if len(token.node.incoming) < 2 else None


@behaviour("complex")
def run_complex(inst: Instance, token: Token) -> bool | None:
    """A join lets go once its activation condition holds; later tokens of the same round are taken in silence."""
    node = token.node
    if len(node.incoming) < 2:
        return True
    token.become(WAITING)
    fired = token.parent.internal_data.setdefault("fired", [])
    if node.id in fired:
        scope = token.parent
        inst.remove(token)
        settle(inst, scope)
        return None
    condition = node.raw.get("activation")
    if condition is None:
        return None
    arrived = _arrived(token)
    count = sum(len(tokens) for tokens in arrived.values())
    names = variables.with_names(variables.visible(inst, token), activationCount=count, **_per_flow(node, arrived))
    if not expressions.holds(condition, names):
        return None
    for tokens in arrived.values():
        for other in tokens:
            if other is not token:
                inst.remove(other)
    fired.append(node.id)
    token.become(READY)
    return True


def _per_flow(node: Node, arrived: Mapping[str, list[Token]]) -> dict[str, int]:
    return {flow.id: len(arrived.get(flow.id, ())) for flow in node.incoming}


def release_joins(inst: Instance) -> bool:
    """Lets go of inclusive and complex joins that no token can reach any more. Looked at when nothing is ready."""
    released = _reset_complex(inst)
    for token in list(inst.tasks.values()):
        if token.id not in inst.tasks or token.state != WAITING or token.is_subscription:
            continue
        if token.node.kind in {"inclusive", "complex"} and _release(inst, token):
            released = True
    return released


def _release(inst: Instance, token: Token) -> bool:
    arrived = _arrived(token)
    if _awaited(inst.graph, token, arrived):
        return False
    _take(inst, token, arrived)
    inst.go_on(token)
    return True


def _awaited(graph: Definition, token: Token, arrived: Mapping[str, Any]) -> bool:
    """True when another token of the scope can still come in on an empty flow, and not also on one that is taken."""
    node = token.node
    empty = [flow for flow in node.incoming if flow.id not in arrived]
    taken = [flow for flow in node.incoming if flow.id in arrived]
    for other in token.parent.live_children():
        if other.is_subscription or other.node is node:
            continue
        name = other.node.id
        if any(name in upstream(graph, node, f) for f in empty) and not any(
            name in upstream(graph, node, f) for f in taken
        ):
            return True
    return False


def upstream(graph: Definition, join: Node, flow: Flow) -> frozenset[str]:
    """The nodes from which a token can come to this flow without passing the join."""
    key = ("upstream", flow.id)
    found: frozenset[str] | None = graph.memo.get(key)
    if found is None:
        found = graph.memo[key] = _walk_back(graph, join, flow)
    return found


def _walk_back(graph: Definition, join: Node, flow: Flow) -> frozenset[str]:
    seen: set[str] = set()
    queue = [flow.source]
    while queue:
        name = queue.pop()
        if name in seen or name == join.id:
            continue
        seen.add(name)
        node = graph.nodes[name]
        queue.extend(incoming.source for incoming in node.incoming)
        if node.kind == "boundary":
            queue.append(node.raw["host"])
    return frozenset(seen)


def _reset_complex(inst: Instance) -> bool:
    for scope in list(inst.tasks.values()):
        for name in list(scope.internal_data.get("fired", ())):
            node = inst.graph.nodes[name]
            reach = frozenset[str]().union(*(upstream(inst.graph, node, flow) for flow in node.incoming))
            if not any(t.node.id in reach for t in scope.live_children() if not t.is_subscription):
                scope.internal_data["fired"].remove(name)
    return False
