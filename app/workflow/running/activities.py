"""What activities do: user tasks, scripts, capabilities, decisions; with loops, boundaries and data around them."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.workflow.importing.kinds import ACTIVITIES
from app.workflow.running import correlating, deciding, listening, loops, timing, variables
from app.workflow.running.errors import StepFailed
from app.workflow.running.graph import BEHAVIOURS, Behaviour, behaviour
from app.workflow.running.tokens import WAITING, Instance, Token


def around(inner: Behaviour) -> Behaviour:
    """Wraps what an activity does in what all activities have: start quantity, boundaries, loops and data inputs."""

    def run(inst: Instance, token: Token) -> bool | None:
        node, internal = token.node, token.internal_data
        if "inst" not in internal:
            if node.start_quantity > 1 and not _gathered(inst, token):
                return None
            if node.boundaries:
                listening.arm_boundaries(inst, token)
            if node.loop is not None:
                return loops.begin(inst, token)
        for source, target in node.raw.get("data_in", ()):
            token.data[target] = variables.snapshot(token).get(source)
        return inner(inst, token)

    return run


def _gathered(inst: Instance, token: Token) -> bool:
    """True when enough tokens have come for the activity to start; the others are used up."""
    if token.internal_data.get("gathered"):
        return True
    token.become(WAITING)
    others = [
        other
        for other in token.parent.live_children()
        if other.node is token.node and other is not token and other.internal_data.get("gathering")
    ]
    token.internal_data["gathering"] = True
    if len(others) + 1 < token.node.start_quantity:
        return False
    for other in others:
        inst.remove(other)
    token.internal_data["gathered"] = token.internal_data.pop("gathering")
    return True


def wrap_activities() -> None:
    """Puts the wrapper around every kind of activity, once all kinds are registered."""
    for kind in ACTIVITIES:
        BEHAVIOURS[kind] = around(BEHAVIOURS[kind])


@behaviour("task")
def run_task(_inst: Instance, _token: Token) -> bool | None:
    """A task without a type does nothing."""
    return True


@behaviour("userTask", "manualTask")
def run_user_task(inst: Instance, token: Token) -> bool | None:
    """Waits for a person. Who that may be is settled now."""
    raw, internal = token.node.raw, token.internal_data
    if any(key in raw for key in ("teams", "users", "due", "sla")):
        _settle_people(raw, internal, variables.visible(inst, token))
    internal["open"] = True
    return None


def _settle_people(raw: Mapping[str, Any], internal: dict[str, Any], names: Mapping[str, Any]) -> None:
    for key in ("teams", "users"):
        values = raw.get(key)
        if values:
            internal[key] = _people(values, names)
    due, sla = raw.get("due"), raw.get("sla")
    if due:
        internal["due"] = [timing.iso_text(variables.resolve(due[0], names)), due[1]]
    if sla:
        internal["sla"] = [sla[0], timing.iso_text(variables.resolve(sla[1], names)), sla[2]]


def _people(values: list[str], names: Mapping[str, Any]) -> list[str]:
    people: list[str] = []
    for value in values:
        found = variables.resolve(value, names)
        if isinstance(found, (list, tuple)):
            people.extend(str(name) for name in found)
        elif found not in (None, ""):
            people.append(str(found))
    return people


@behaviour("scriptTask")
def run_script(inst: Instance, token: Token) -> bool | None:
    """Runs the script in the host's sandbox and keeps the variables it set."""
    hidden = inst.host.names()
    given = {**variables.snapshot(token), **hidden}
    result = inst.host.run_script(token.node.raw.get("script", ""), dict(given))
    changed = {
        name: value
        for name, value in result.items()
        if name not in hidden and (name not in given or given[name] != value)
    }
    variables.write(token, variables.clean(changed))
    return True


@behaviour("serviceTask")
def run_service(inst: Instance, token: Token) -> bool | None:
    """Calls the capability."""
    call_capability(inst, token)
    return True


@behaviour("sendTask")
def run_send(inst: Instance, token: Token) -> bool | None:
    """Calls the capability, or lets a message leave."""
    if token.node.raw.get("capability"):
        call_capability(inst, token)
    else:
        name, values = token.node.raw["message"], variables.snapshot(token)
        correlating.note(inst, token, name, values)
        inst.host.throw_message(name, values, inst.at(token))
    return True


def call_capability(inst: Instance, token: Token) -> None:
    """Calls the host's capability with evaluated inputs and keeps the outputs that the diagram names."""
    call = token.node.raw.get("capability")
    if not call:
        raise StepFailed("no-capability", "This step names no capability; say in the diagram what it should call.")
    names = variables.visible(inst, token)
    inputs = {entry["name"]: variables.resolve(entry["value"], names) for entry in call.get("inputs", ())}
    outputs = variables.clean(dict(inst.host.call_capability(call["name"], inputs, inst.at(token)) or {}))
    mapped = {entry["variable"]: outputs.get(entry["name"]) for entry in call.get("outputs", ())}
    if mapped:
        variables.write(token, mapped)


@behaviour("businessRuleTask")
def run_decision(inst: Instance, token: Token) -> bool | None:
    """Evaluates the decision table that was uploaded along, and keeps its outputs and which rows matched."""
    call = token.node.raw.get("decision")
    if not call:
        raise StepFailed("no-decision", "This step names no decision; say in the diagram which table it should ask.")
    outcome = deciding.decide(inst.graph, call["ref"], variables.visible(inst, token))
    variables.write(token, variables.clean({call["result"]: outcome}))
    return True
