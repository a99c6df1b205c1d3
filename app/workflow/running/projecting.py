"""What is open in an instance: tasks, timers, subscriptions and faults, as the rows beside it will show them."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import datetime
from functools import cache
from typing import Any, cast

from app.workflow.importing.report import ActionSpec, action_from_dict
from app.workflow.running import gateways, listening, variables
from app.workflow.running.graph import Node
from app.workflow.running.tokens import ERROR, READY, WAITING, Instance, Token
from app.workflow.running.types import OpenFault, OpenTask, OpenTimer, Projection, Status, Subscription

_WAITED = frozenset({"message", "signal", "timer"})


def project(inst: Instance) -> Projection:
    """Everything that is open. A process in which nothing can move any more shows a fault at the join it waits at."""
    tasks = tuple(_task(token) for token in inst.tasks.values() if is_open_task(token))
    timers, subscriptions = _waits(inst)
    faults = tuple(_fault(token) for token in inst.tasks.values() if token.state == ERROR)
    if inst.status == "waiting" and not (tasks or timers or subscriptions or faults):
        faults = tuple(_stuck(inst))
    status = "faulted" if faults and inst.status == "waiting" else inst.status
    return Projection(cast(Status, status), tasks, timers, subscriptions, faults, inst.outcome)


def is_open_task(token: Token) -> bool:
    """True for a user or manual task that a person can complete now."""
    return token.state == WAITING and "open" in token.internal_data


def _task(token: Token) -> OpenTask:
    raw, internal = token.node.raw, token.internal_data
    due = internal.get("due")
    sla = internal.get("sla")
    return OpenTask(
        token=token.id,
        element_id=token.node.id,
        name=token.node.title,
        lane=raw.get("lane"),
        candidate_teams=tuple(internal.get("teams", ())),
        candidate_users=tuple(internal.get("users", ())),
        form=raw.get("form"),
        due=(due[0], due[1]) if due else None,
        data=variables.snapshot(token),
        lane_id=raw.get("lane_id"),
        sla=(sla[0], sla[1], sla[2]) if sla else None,
        labels=raw.get("labels", {}),
    )


def _waits(inst: Instance) -> tuple[tuple[OpenTimer, ...], tuple[Subscription, ...]]:
    timers: list[OpenTimer] = []
    subscriptions: list[Subscription] = []
    for token, index, event, entry in listening.waiting(inst, _WAITED):
        name = listening.wait_token(token, index)
        node, ends = token.node, listening.interrupting(token)
        if event["t"] == "timer":
            due = datetime.fromisoformat(entry["due"])
            timers.append(OpenTimer(name, node.id, node.title, due, ends, entry["left"]))
        else:
            subscriptions.append(
                Subscription(name, node.id, node.title, event["name"], event["t"], _action(node), ends)
            )
    return tuple(timers), tuple(subscriptions)


@cache
def _action(node: Node) -> ActionSpec | None:
    raw: dict[str, Any] | None = node.raw.get("action")
    return action_from_dict(raw) if raw else None


def _fault(token: Token) -> OpenFault:
    fault = token.internal_data["fault"]
    return OpenFault(token.id, token.node.id, token.node.title, fault["code"], fault["message"])


def _stuck(inst: Instance) -> Iterator[OpenFault]:
    if any(token.state == READY or "wait" in token.internal_data for token in inst.tasks.values()):
        return
    told: set[tuple[str | None, str]] = set()
    for token in inst.tasks.values():
        node, place = token.node, (token.parent_id, token.node.id)
        gathers = node.kind in gateways.JOINS or "gathering" in token.internal_data
        if token.state == WAITING and gathers and place not in told:
            told.add(place)
            message = f"The process waits at '{node.title or node.id}' for a path that nothing can take any more."
            yield OpenFault(token.id, node.id, node.title, "stuck", message)
