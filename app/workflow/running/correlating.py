"""Which of several that wait for a message it is meant for: by a condition at the event, and by the process's correlation keys."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.workflow.language.lexer import LanguageError
from app.workflow.running import expressions, variables
from app.workflow.running.graph import Node
from app.workflow.running.tokens import Instance, Token


def is_meant(inst: Instance, token: Token, name: str, payload: Mapping[str, Any]) -> bool:
    """True when nothing at this wait says that the message is for somebody else."""
    when = token.node.raw.get("match")
    if when is not None and not _holds(inst, token, when, payload):
        return False
    return all(_agrees(inst, token, key, name, payload) for key in _keys(inst, token.node))


def note(inst: Instance, token: Token, name: str, payload: Mapping[str, Any]) -> None:
    """The first message of a key that comes or goes says which values all others must have."""
    for key in _keys(inst, token.node):
        values = _values(key, name, payload)
        if values is not None and "bound" not in key:
            _kept(token).setdefault(key["id"], values)


def _keys(inst: Instance, node: Node) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = inst.graph.nodes[node.process_id].raw.get("correlation", [])
    return found


def _kept(token: Token) -> dict[str, Any]:
    """The key values of the process that a token runs in."""
    here = token
    while "root" not in here.internal_data:
        here = here.parent
    kept: dict[str, Any] = here.internal_data.setdefault("keys", {})
    return kept


def _holds(inst: Instance, token: Token, when: str, payload: Mapping[str, Any]) -> bool:
    try:
        return expressions.holds(when, variables.with_names(variables.visible(inst, token), message=dict(payload)))
    except LanguageError:
        return False


def _agrees(inst: Instance, token: Token, key: Mapping[str, Any], name: str, payload: Mapping[str, Any]) -> bool:
    values = _values(key, name, payload)
    if values is None:
        return True
    bound = key.get("bound")
    if bound is None:
        kept = _kept(token).get(key["id"])
        return kept is None or kept == values
    names = variables.visible(inst, token)
    return all(_value(path, names) == values.get(part) for part, path in bound.items())


def _values(key: Mapping[str, Any], name: str, payload: Mapping[str, Any]) -> dict[str, Any] | None:
    """The key's values in a message; None when this message does not carry all of the key."""
    names = variables.with_names(payload, message=dict(payload))
    values = {part: _value(paths[name], names) for part, paths in key["paths"].items() if name in paths}
    whole = len(values) == len(key["paths"]) and None not in values.values()
    return values if whole or (values and "bound" in key) else None


def _value(path: str, names: Mapping[str, Any]) -> Any:
    try:
        return expressions.evaluate(path, names)
    except LanguageError:
        return None
