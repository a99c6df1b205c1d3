"""Moves tokens: one step at a time, along flows, out of scopes that are done; a step that fails becomes a fault."""

from __future__ import annotations

from collections.abc import Callable

from app.workflow.decisions import DecisionError
from app.workflow.language.lexer import LanguageError
from app.workflow.language.scripting import ScriptError
from app.workflow.running import expressions, variables
from app.workflow.running.errors import BpmnError, DataError, StepFailed, passing
from app.workflow.running.graph import Flow
from app.workflow.running.tokens import ERROR, HOOKS, MAX_LEVEL, READY, STARTED, Instance, Token

Emptied = Callable[[Instance, Token], None]

Chooser = Callable[[Instance, Token], list[Flow]]

#: How the flows out of a node are chosen, where it is not as for activities.
CHOOSERS: dict[str, Chooser] = {}
#: What happens to a scope token whose last inner token has gone, by kind of node.
EMPTIED: dict[str, Emptied] = {}


def emptied(*kinds: str) -> Callable[[Emptied], Emptied]:
    """Registers what becomes of a scope of these kinds when nothing moves in it any more."""

    def register(function: Emptied) -> Emptied:
        for kind in kinds:
            EMPTIED[kind] = function
        return function

    return register


def step(inst: Instance, token: Token) -> None:
    """Runs one token once. Whatever goes wrong becomes a caught BPMN error or a fault; StepAborted passes through."""
    if _beyond_limits(inst, token):
        return
    try:
        phase = token.internal_data.get("phase")
        if phase == "leave":
            token.complete()
        elif phase == "end":
            del token.internal_data["phase"]
            token.become(STARTED)
            settle(inst, token)
        else:
            token.run()
    except passing():
        raise
    except BpmnError as error:
        token.become(READY)
        if not HOOKS["throw_error"](inst, token, error.code, str(error)):
            fail(inst, token, code="uncaught-error", message=_uncaught(error))
    except Exception as error:
        if token.id not in inst.tasks:
            # The token had gone before the failure: whatever failed belongs to nobody who could retry it.
            raise
        fail(inst, token, code=_code(error), message=_sentence(error))


def _beyond_limits(inst: Instance, token: Token) -> bool:
    """Stops a process that splits or nests without end before it floods the machine."""
    if len(inst.tasks) > inst.max_tokens:
        message = f"More than {inst.max_tokens} tokens are open at once; the process splits too often."
        fail(inst, token, code="too-many-tokens", message=message)
        return True
    if token.level > MAX_LEVEL:
        message = f"Scopes and called processes are nested more than {MAX_LEVEL} deep; a process may be calling itself."
        fail(inst, token, code="too-deep", message=message)
        return True
    return False


def _uncaught(error: BpmnError) -> str:
    return f"The step threw the error '{error.code}' ({error}), and nothing in the process catches it."


_CODES: dict[type[Exception], str] = {
    ScriptError: "script",
    DecisionError: "decision",
    LanguageError: "expression",
    DataError: "data",
}


def _code(error: Exception) -> str:
    if isinstance(error, StepFailed):
        return error.code
    for kind, code in _CODES.items():
        if isinstance(error, kind):
            return code
    return f"internal:{type(error).__name__}"


def _sentence(error: Exception) -> str:
    return str(error) or type(error).__name__


def fail(inst: Instance, token: Token, *, code: str, message: str) -> None:
    """Turns a token into a fault that waits for an operator."""
    token.become(ERROR)
    token.internal_data["fault"] = {"code": code, "message": message[:2000]}
    inst.record(token, "faulted")


def leave(inst: Instance, token: Token) -> None:
    """Takes a token whose node is done out along its flows. A loop's instance reports to its loop instead."""
    token.internal_data["phase"] = "leave"
    if "inst" in token.internal_data:
        HOOKS["instance_done"](inst, token)
        return
    node = token.node
    if node.manual:
        # The person's work is done, even if no way on is found now.
        _note_done(inst, token)
    flows = CHOOSERS.get(node.kind, choose)(inst, token)
    _write_outputs(token)
    _note_done(inst, token)
    scope = token.parent
    if node.compensation is not None or node.is_scope:
        HOOKS["remember"](inst, token)
    inst.remove(token)
    for _ in range(node.completion_quantity):
        move(inst, scope, token, flows)
    if "compensates" in token.internal_data:
        HOOKS["compensated"](inst, token.internal_data["compensates"])
    settle(inst, scope)


def _note_done(inst: Instance, token: Token) -> None:
    if "done" not in token.internal_data:
        token.internal_data["done"] = True
        inst.record(token, "completed")


def _write_outputs(token: Token) -> None:
    for source, target in token.node.raw.get("data_out", ()):
        names = variables.snapshot(token)
        if source in names:
            variables.write(token.parent, {target: names[source]})


def choose(inst: Instance, token: Token) -> list[Flow]:
    """The flows out of an activity or event: all whose condition holds, or the default. StepFailed when none is left."""
    node = token.node
    if not node.condition_flows:
        return node.outgoing
    names = variables.visible(inst, token)
    conditional = [
        flow
        for flow in node.outgoing
        if flow.condition is not None and flow.id != node.default and expressions.holds(flow.condition, names)
    ]
    # The default stands in for the conditional flows; those without a condition are taken in any case.
    chosen = [
        flow
        for flow in node.outgoing
        if (flow.id == node.default and not conditional)
        or (flow.id != node.default and (flow.condition is None or flow in conditional))
    ]
    if not chosen:
        raise StepFailed(
            "no-flow", f"No flow out of '{node.title or node.id}' has a condition that holds, and none is the default."
        )
    return chosen


def move(inst: Instance, scope: Token, token: Token, flows: list[Flow]) -> None:
    """Brings a new token to the end of each flow."""
    nodes = inst.graph.nodes
    for flow in flows:
        inst.record_flow(token, flow.id, flow.name)
        inst.spawn(scope, nodes[flow.target], via=flow.id)


def has_work(scope: Token) -> bool:
    """True while something inside a scope can still go on or is waited for."""
    return any(not child.is_subscription for child in scope.live_children())


def settle(inst: Instance, scope: Token | None) -> None:
    """Ends a scope when nothing moves inside it any more."""
    if scope is None or scope.id not in inst.tasks:
        return
    if has_work(scope):
        if scope.node.kind == "adHoc":
            HOOKS["adhoc_progress"](inst, scope)
        return
    try:
        EMPTIED[scope.node.kind](inst, scope)
    except (StepFailed, DataError, LanguageError) as error:
        scope.internal_data["phase"] = "end"
        fail(inst, scope, code=_code(error), message=_sentence(error))


def reopen(token: Token) -> None:
    """Clears a fault so that the step can be run or left again."""
    token.internal_data.pop("fault", None)


HOOKS["leave"] = leave
