"""Ad-hoc sub-processes: every activity without an incoming flow is done once, side by side or one after the other."""

from __future__ import annotations

from app.workflow.running import expressions, variables
from app.workflow.running.errors import StepFailed
from app.workflow.running.flow import emptied
from app.workflow.running.graph import behaviour
from app.workflow.running.scopes import open_scope
from app.workflow.running.tokens import HOOKS, STARTED, Instance, Token


@behaviour("adHoc")
def run_adhoc(inst: Instance, token: Token) -> bool | None:
    """Opens the scope with all of its activities, or with the first."""
    token.become(STARTED)
    node = token.node
    firsts = [inst.graph.nodes[name] for name in node.raw.get("implicit", [])]
    if not firsts:
        return True
    if node.raw.get("ordering") == "Sequential":
        token.internal_data["left"] = [first.id for first in firsts[1:]]
        open_scope(inst, token, node, start=firsts[0])
    else:
        open_scope(inst, token, node, start=firsts[0])
        for first in firsts[1:]:
            inst.spawn(token, first)
    return None


def _met(inst: Instance, token: Token) -> bool:
    condition = token.node.raw.get("completion")
    return condition is not None and expressions.holds(condition, variables.visible(inst, token))


def progress(inst: Instance, token: Token) -> None:
    """Looks at the completion condition each time a part of the scope is done."""
    if not _met(inst, token):
        return
    token.internal_data.pop("left", None)
    if token.node.raw.get("cancel_remaining", True):
        for child in token.live_children():
            if child.internal_data.get("sub") != "boundary":
                inst.cancel_token(child)
        inst.go_on(token)


@emptied("adHoc")
def end_adhoc(inst: Instance, token: Token) -> None:
    """Goes on with the next activity, or ends when the condition holds or everything is done."""
    left = token.internal_data.get("left")
    condition = token.node.raw.get("completion")
    if (condition is None and not left) or (condition is not None and _met(inst, token)):
        inst.go_on(token)
    elif left:
        inst.spawn(token, inst.graph.nodes[left.pop(0)])
    else:
        raise StepFailed("adhoc", "All activities are done, but the completion condition does not hold.")


HOOKS["adhoc_progress"] = progress
