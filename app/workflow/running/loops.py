"""Standard loops and multi-instance activities: a body token whose children are the single rounds."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.workflow.importing.kinds import MAX_INSTANCES
from app.workflow.running import expressions, variables
from app.workflow.running.errors import StepFailed
from app.workflow.running.tokens import HOOKS, STARTED, Instance, Token


def begin(inst: Instance, body: Token) -> bool | None:
    """Starts the rounds of an activity. True when there are none."""
    loop = body.node.loop or {}
    body.become(STARTED)
    if loop["type"] == "standard":
        body.internal_data["loop"] = {"done": 0}
        if loop.get("before") and not _again(inst, body, loop):
            return True
        _round(inst, body, 0)
        return None
    return _begin_multi(inst, body, loop)


def _begin_multi(inst: Instance, body: Token, loop: Mapping[str, Any]) -> bool | None:
    items = _items(inst, body, loop)
    state: dict[str, Any] = {"done": 0, "total": len(items) if items is not None else _cardinality(inst, body, loop)}
    if items is not None and loop.get("sequential"):
        state["items"] = items
    if loop.get("output"):
        state["out"] = [None] * state["total"]
    body.internal_data["loop"] = state
    if state["total"] == 0:
        _write_result(body)
        return True
    for index in range(1 if loop.get("sequential") else state["total"]):
        _round(inst, body, index, item=items[index] if items is not None else None)
    return None


def _items(inst: Instance, body: Token, loop: Mapping[str, Any]) -> list[Any] | None:
    if not loop.get("input"):
        return None
    value = expressions.evaluate(loop["input"], variables.visible(inst, body))
    if isinstance(value, Mapping):
        value = list(value.values())
    if not isinstance(value, (list, tuple)):
        raise StepFailed("loop", f"The collection '{loop['input']}' must be a list, but it is {type(value).__name__}.")
    return _within_limit(list(value))


def _within_limit(items: list[Any]) -> list[Any]:
    if len(items) > MAX_INSTANCES:
        raise StepFailed("loop", f"At most {MAX_INSTANCES} instances may run; the collection has {len(items)} items.")
    return items


def _cardinality(inst: Instance, body: Token, loop: Mapping[str, Any]) -> int:
    value = expressions.evaluate(loop["cardinality"], variables.visible(inst, body))
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MAX_INSTANCES:
        raise StepFailed(
            "loop", f"The number of instances must be a whole number from 0 to {MAX_INSTANCES}, not {value!r}."
        )
    return value


def _round(inst: Instance, body: Token, index: int, *, item: Any = None) -> None:
    token = inst.spawn(body, body.node)
    token.internal_data["inst"] = index
    token.data["loopCounter"] = index
    loop = body.node.loop or {}
    if loop.get("item") and item is not None:
        token.data[loop["item"]] = item
    if loop.get("output_item"):
        token.data.setdefault(loop["output_item"], None)


def instance_done(inst: Instance, token: Token) -> None:
    """One round is over: collects its output, then starts the next one or completes the activity."""
    body = token.parent
    loop, state = body.node.loop or {}, body.internal_data["loop"]
    if loop.get("output"):
        state["out"][token.internal_data["inst"]] = expressions.evaluate(
            loop["output_item"], variables.visible(inst, token)
        )
    finished = _finished(inst, token, loop, state)
    inst.record(token, "completed")
    state["done"] += 1
    inst.remove(token)
    if finished:
        _end(inst, body)
    elif loop["type"] == "standard" or loop.get("sequential"):
        items = state.get("items")
        _round(inst, body, state["done"], item=items[state["done"]] if items is not None else None)


def _finished(inst: Instance, token: Token, loop: Mapping[str, Any], state: Mapping[str, Any]) -> bool:
    done = state["done"] + 1
    if loop["type"] == "standard":
        return not _again(inst, token.parent, loop, done=done)
    if done >= state["total"]:
        return True
    if not loop.get("until"):
        return False
    active = sum(not child.is_subscription for child in token.parent.live_children()) - 1
    names = variables.with_names(
        variables.visible(inst, token),
        nrOfInstances=state["total"],
        nrOfCompletedInstances=done,
        nrOfActiveInstances=active,
        numberOfInstances=state["total"],
        numberOfCompletedInstances=done,
    )
    return expressions.holds(loop["until"], names)


def _again(inst: Instance, body: Token, loop: Mapping[str, Any], *, done: int = 0) -> bool:
    maximum = loop.get("maximum")
    if maximum is not None and done >= maximum:
        return False
    if loop.get("condition") is None:
        return maximum is not None
    names = variables.with_names(variables.visible(inst, body), loopCounter=done)
    return expressions.holds(loop["condition"], names)


def _end(inst: Instance, body: Token) -> None:
    for child in body.live_children():
        if not child.is_subscription:
            inst.cancel_token(child)
    _write_result(body)
    inst.go_on(body)


def _write_result(body: Token) -> None:
    loop, state = body.node.loop or {}, body.internal_data["loop"]
    if loop.get("output"):
        variables.write(body, {loop["output"]: state["out"]})


HOOKS["instance_done"] = instance_done
