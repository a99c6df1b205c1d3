"""Processes, sub-processes, called processes and event sub-processes: what a scope opens with and how it ends."""

from __future__ import annotations

from app.workflow.running import compensation, listening, variables
from app.workflow.running.errors import StepFailed
from app.workflow.running.flow import emptied, has_work, settle
from app.workflow.running.graph import Node, behaviour
from app.workflow.running.tokens import STARTED, Instance, Token


def open_scope(inst: Instance, scope: Token, node: Node, *, start: Node | None = None) -> None:
    """Arms the event sub-processes of a scope and brings a token to where it begins."""
    for event in node.event_subprocesses:
        listening.arm_event_subprocess(inst, scope, event)
    for first in [start] if start is not None else starts(node, inst):
        inst.spawn(scope, first)


def starts(node: Node, inst: Instance) -> list[Node]:
    """Where a scope begins: its plain start event, or the elements that no flow leads to."""
    inner = inst.graph.inner(node)
    plain = [child for child in inner if child.kind == "start" and not child.events]
    if plain:
        return plain
    return [inst.graph.nodes[name] for name in node.raw.get("implicit", [])]


@behaviour("process")
def run_process(_inst: Instance, _token: Token) -> bool | None:
    """The root never runs by itself."""
    return None


@behaviour("subProcess", "transaction")
def run_subprocess(inst: Instance, token: Token) -> bool | None:
    """Opens the scope; it completes when nothing moves inside."""
    token.become(STARTED)
    open_scope(inst, token, token.node)
    return None if has_work(token) else True


@behaviour("callActivity")
def run_call(inst: Instance, token: Token) -> bool | None:
    """Opens the called process inside this token, with variables of its own."""
    node = token.node
    called = inst.graph.nodes.get(node.raw["called"])
    if called is None:
        raise StepFailed("unknown-process", f"The called process '{node.raw['called']}' is not in the file.")
    token.data = _handed_in(inst, token)
    token.internal_data["root"] = True
    token.become(STARTED)
    open_scope(inst, token, called)
    return None if has_work(token) else True


def _handed_in(inst: Instance, token: Token) -> dict[str, object]:
    inputs = token.node.raw.get("inputs")
    if not inputs:
        return variables.snapshot(token)
    names = variables.visible(inst, token)
    return {entry["name"]: variables.resolve(entry["value"], names) for entry in inputs}


@emptied("subProcess", "transaction")
def end_subprocess(inst: Instance, token: Token) -> None:
    """A sub-process is done when nothing moves inside it; a cancelled transaction leaves through its boundary."""
    if not compensation.end_cancelled(inst, token):
        inst.go_on(token)


@emptied("callActivity")
def end_call(inst: Instance, token: Token) -> None:
    """Hands the variables of the called process back, then goes on."""
    result = token.data
    token.internal_data.pop("root", None)
    outputs = token.node.raw.get("outputs")
    token.data = {}
    if outputs:
        result = {entry["variable"]: result.get(entry["name"]) for entry in outputs}
    variables.write(token.parent, result)
    inst.go_on(token)


@behaviour("eventSubProcess")
def run_event_subprocess(inst: Instance, token: Token) -> bool | None:
    """Runs on from the start event that fired."""
    token.become(STARTED)
    start = inst.graph.nodes[token.internal_data["start"]]
    for event in token.node.event_subprocesses:
        listening.arm_event_subprocess(inst, token, event)
    inst.spawn(token, start)
    return None


@emptied("eventSubProcess")
def end_event_subprocess(inst: Instance, token: Token) -> None:
    """An event sub-process has no flows out; its scope may be done with it."""
    inst.record(token, "completed")
    scope = token.parent
    inst.remove(token)
    if "compensates" in token.internal_data:
        compensation.compensated(inst, token.internal_data["compensates"])
    settle(inst, scope)


@emptied("process")
def end_process(inst: Instance, token: Token) -> None:
    """The instance is done."""
    if inst.status == "waiting":
        inst.status = "completed"
    inst.record(token, "completed")
    for child in token.live_children():
        inst.cancel_token(child)
