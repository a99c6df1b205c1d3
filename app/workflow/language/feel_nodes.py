"""The pieces that FEEL texts are made of: closures over the names, and tests of one input."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from app.workflow.language import feel_values as values
from app.workflow.language.lexer import LanguageError
from app.workflow.language.nodes import Node, located

Test = Callable[[Any, Mapping[str, Any]], bool]

INPUT = "?"


def any_of(tests: list[Test]) -> Test:
    """Passes when one of the tests does."""
    if len(tests) == 1:
        return tests[0]
    return lambda value, names: any(test(value, names) for test in tests)


def three_valued(parts: list[Node], *, decides: bool) -> Node:
    """`and` / `or` over true, false and null: the deciding value, else null when anything was unknown."""
    if len(parts) == 1:
        return parts[0]
    runs = tuple(part.run for part in parts)

    def run(names: Mapping[str, Any]) -> bool | None:
        unknown = False
        for part in runs:
            value = part(names)
            if not isinstance(value, bool):
                unknown = True
            elif value == decides:
                return decides
        return None if unknown else not decides

    return Node(run, 1 + max(part.height for part in parts))


def wrapped(function: Callable[..., Any], *nodes: Node, position: int) -> Node:
    """A function of some pieces; an error gets the place."""
    runs = tuple(node.run for node in nodes)

    def run(names: Mapping[str, Any]) -> Any:
        found = [part(names) for part in runs]
        try:
            return function(*found)
        except LanguageError as error:
            raise located(error, position) from None

    return Node(run, 1 + max(node.height for node in nodes))


def value_test(node: Node, position: int) -> Test:
    """A cell that names a value: passes what is equal to it, in its list or in its range."""
    run = node.run

    def test(value: Any, names: Mapping[str, Any]) -> bool:
        try:
            wanted = run(names)
            # A cell that is a condition on other names passes when it is true, whatever kind the input is.
            if isinstance(wanted, bool) and not isinstance(value, bool) and not node.constant:
                return wanted
            return values.matches(wanted, value)
        except LanguageError as error:
            raise located(error, position) from None

    return test


def input_test(node: Node, position: int) -> Test:
    """A cell that is a condition on `?`."""
    run = node.run

    def test(value: Any, names: Mapping[str, Any]) -> bool:
        result = run({**names, INPUT: value})
        if result is None or isinstance(result, bool):
            return result is True
        try:
            return values.matches(result, value)
        except LanguageError as error:
            raise located(error, position) from None

    return test


def between(value: Any, low: Any, high: Any) -> bool | None:
    """Whether the value lies between both, ends included; null when one is null."""
    if value is None or low is None or high is None:
        return None
    return values.compare(value, low) >= 0 and values.compare(value, high) <= 0


def variable(name: str, position: int) -> Node:
    """A name of the case; an unknown one is an error when it is read."""

    def run(names: Mapping[str, Any]) -> Any:
        try:
            return values.convert(names[name])
        except KeyError:
            raise LanguageError(f"There is no variable called “{name}”.", position) from None
        except LanguageError as error:
            raise located(error, position) from None

    return Node(run, 1)


def sign_test(function: Callable[[Any, Any], bool | None], node: Node, *, position: int, asks_input: bool) -> Test:
    """A cell that begins with a comparison sign."""
    run = node.run

    def test(value: Any, names: Mapping[str, Any]) -> bool:
        try:
            return function(value, run({**names, INPUT: value} if asks_input else names)) is True
        except LanguageError as error:
            raise located(error, position) from None

    return test
