"""Compensation: remembers what completed and can be undone, and runs the handlers in reverse order, one by one.

A record is `{"node": id}` for an activity with a handler, or `{"node": id, "inner": [...]}` for a sub-process.
"""

from __future__ import annotations

from typing import Any

from app.workflow.running import listening
from app.workflow.running.flow import settle
from app.workflow.running.graph import Node
from app.workflow.running.tokens import HOOKS, WAITING, Instance, Token

Record = dict[str, Any]


def remember(inst: Instance, token: Token) -> None:
    """Notes on the scope that this activity completed and can be undone."""
    node = token.node
    inner: list[Record] = token.internal_data.get("undo", [])
    if node.compensation is None and not inner and _event_handler(inst, node) is None:
        return
    record: Record = {"node": node.id}
    if inner:
        record["inner"] = inner
    token.parent.internal_data.setdefault("undo", []).append(record)


def _event_handler(inst: Instance, node: Node) -> Node | None:
    for event in node.event_subprocesses:
        if any(e["t"] == "compensate" for e in inst.graph.nodes[event.raw["start"]].events):
            return event
    return None


def throw(inst: Instance, token: Token, ref: str | None) -> bool:
    """Starts to undo what the scope remembers (one activity with `ref`). True when there is nothing to undo."""
    scope = token.parent
    while ref is None and "undo" not in scope.internal_data and scope.node.kind == "eventSubProcess" and scope.parent:
        scope = scope.parent
    records = scope.internal_data.get("undo", [])
    wanted = [r for r in records if ref is None or r["node"] == ref]
    scope.internal_data["undo"] = [r for r in records if r not in wanted]
    return _begin(inst, scope, token, wanted)


def undo(inst: Instance, scope: Token, *, waiter: Token) -> None:
    """Undoes all that a scope remembers on behalf of `waiter`, which is told when it is done."""
    records = scope.internal_data.pop("undo", [])
    if _begin(inst, scope, waiter, records):
        settle(inst, scope)


def _begin(inst: Instance, scope: Token, waiter: Token, records: list[Record]) -> bool:
    if not records:
        return True
    waiter.internal_data["undoing"] = {"scope": scope.id, "left": records}
    if waiter is not scope:
        waiter.become(WAITING)
    _next(inst, waiter)
    return False


def _next(inst: Instance, waiter: Token) -> None:
    """Starts the handler of the newest record left, or tells the waiter that all is undone."""
    work = waiter.internal_data["undoing"]
    scope = inst.tasks[work["scope"]]
    while work["left"]:
        record = work["left"].pop()
        node = inst.graph.nodes[record["node"]]
        handler = node.compensation or _event_handler(inst, node)
        if handler is None:
            work["left"].extend(record.get("inner", []))
            continue
        token = inst.spawn(scope, handler)
        token.internal_data["compensates"] = waiter.id
        if handler.kind == "eventSubProcess":
            token.internal_data["start"] = handler.raw["start"]
            token.internal_data["undo"] = record.get("inner", [])
        return
    waiter.internal_data.pop("undoing")
    if waiter is not scope:
        inst.enqueue(waiter)


def compensated(inst: Instance, waiter_id: str) -> None:
    """A handler is done; goes on with the next."""
    waiter = inst.tasks.get(waiter_id)
    if waiter is not None and "undoing" in waiter.internal_data:
        _next(inst, waiter)


def end_cancelled(inst: Instance, transaction: Token) -> bool:
    """Leaves a cancelled transaction through its cancel boundary, once all is undone. False when it was not cancelled."""
    if "cancelling" not in transaction.internal_data:
        return False
    for node in transaction.node.boundaries:
        if any(event["t"] == "cancel" for event in node.events):
            listening.fire_boundary(inst, transaction, node)
            return True
    scope = transaction.parent
    inst.cancel_token(transaction)
    settle(inst, scope)
    return True


HOOKS["remember"] = remember
HOOKS["compensated"] = compensated
