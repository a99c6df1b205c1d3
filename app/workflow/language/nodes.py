"""The pieces that a parsed expression is made of: closures over the names, with a limit on how deep they nest.

Each closure takes the mapping of names and returns a value; errors get the place of the sign that failed.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.workflow.language import operations as ops
from app.workflow.language.functions import Function
from app.workflow.language.lexer import LanguageError

Evaluate = Callable[[Mapping[str, Any]], Any]

MAX_HEIGHT = 100


class Node:
    """A parsed piece: its closure, how deep closures nest in it, and its value when it is a constant."""

    __slots__ = ("constant", "height", "run")

    def __init__(self, run: Evaluate, height: int, *, constant: bool = False) -> None:
        """LanguageError when closures would nest deeper than 100."""
        if height > MAX_HEIGHT:
            raise LanguageError("The expression is nested too deeply; split it into parts.")
        self.run = run
        self.height = height
        self.constant = constant


def constant_node(value: Any) -> Node:
    """A fixed value."""
    return Node(lambda _names: value, 1, constant=True)


def binary_node(function: Callable[[Any, Any], Any], left: Node, right: Node, *, position: int) -> Node:
    """Two operands joined by an operation; an error gets the place of the sign."""
    first, second = left.run, right.run

    def run(names: Mapping[str, Any]) -> Any:
        try:
            return function(first(names), second(names))
        except LanguageError as error:
            raise located(error, position) from None

    height = 1 + max(left.height, right.height)
    if right.constant:
        value = second({})

        def run_constant(names: Mapping[str, Any]) -> Any:
            try:
                return function(first(names), value)
            except LanguageError as error:
                raise located(error, position) from None

        return Node(run_constant, height)
    return Node(run, height)


def located(error: LanguageError, position: int) -> LanguageError:
    """The error with a place in the text, its own when it has one."""
    return error if error.position is not None else LanguageError(error.message, position)


def logic_node(parts: list[Node], *, stop_at: bool) -> Node:
    """`and` / `or` in a row: the first operand that decides, else the last one."""
    if len(parts) == 1:
        return parts[0]
    runs = tuple(part.run for part in parts)

    def run(names: Mapping[str, Any]) -> Any:
        value = None
        for part in runs:
            value = part(names)
            if bool(value) is stop_at:
                return value
        return value

    return Node(run, 1 + max(part.height for part in parts))


def field_node(owner: Node, name: str, *, position: int) -> Node:
    """`owner.name`."""
    run_owner = owner.run

    def run(names: Mapping[str, Any]) -> Any:
        value = run_owner(names)
        if type(value) is dict:
            return value.get(name)
        try:
            return ops.field(value, name)
        except LanguageError as error:
            raise located(error, position) from None

    return Node(run, owner.height + 1)


def call_node(name: str, function: Function, arguments: list[Node], *, position: int) -> Node:
    """A call of a listed function. LanguageError when the number of arguments is wrong."""
    least, most, target = function
    if not least <= len(arguments) <= most:
        wanted = str(least) if least == most else f"{least} to {most}"
        raise LanguageError(f"{name}(...) takes {wanted} value(s), not {len(arguments)}.", position)
    runs = tuple(argument.run for argument in arguments)

    def run(names: Mapping[str, Any]) -> Any:
        values = [argument(names) for argument in runs]
        try:
            return target(*values)
        except LanguageError as error:
            raise located(error, position) from None

    return Node(run, 1 + max((argument.height for argument in arguments), default=0))


def name_node(name: str, position: int) -> Node:
    """A variable; an unknown one is an error when it is read."""

    def run(names: Mapping[str, Any]) -> Any:
        try:
            return names[name]
        except KeyError:
            raise LanguageError(f"There is no variable called “{name}”.", position) from None

    return Node(run, 1)


def list_node(entries: list[Node]) -> Node:
    """A list of computed entries."""
    runs = tuple(entry.run for entry in entries)
    return Node(lambda names: [run(names) for run in runs], 1 + max((entry.height for entry in entries), default=0))
