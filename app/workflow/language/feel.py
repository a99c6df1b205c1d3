"""FEEL, the language of decision tables: tests of one input, and expressions.

A text is read once into closures and kept. Names are those of the case, unknown ones are an error; `?` is the tested input.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any

from app.workflow.language.feel_nodes import Test
from app.workflow.language.feel_parser import read_expression, read_tests
from app.workflow.language.feel_values import convert, plain
from app.workflow.language.lexer import MAX_TEXT, LanguageError
from app.workflow.language.nodes import Evaluate

__all__ = ["FeelError", "FeelExpression", "UnaryTests", "evaluate", "matches", "parse_expression", "parse_unary_tests"]

_CACHE_SIZE = 8_192


class FeelError(LanguageError):
    """The FEEL text cannot be read, or cannot be computed with the values at hand."""


class FeelExpression:
    """A read expression; safe to share between threads and cases."""

    __slots__ = ("_evaluate", "text")

    def __init__(self, text: str, run: Evaluate) -> None:
        """The text and what was read from it."""
        self.text = text
        self._evaluate = run

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """The value: numbers as int or float, dates and durations as objects. FeelError; nothing else is raised."""
        return _guarded(lambda: plain(self._evaluate(names)))


class UnaryTests:
    """A read cell of a decision table."""

    __slots__ = ("_test", "text")

    def __init__(self, text: str, test: Test) -> None:
        """The text and what was read from it."""
        self.text = text
        self._test = test

    def matches(self, value: Any, names: Mapping[str, Any]) -> bool:
        """Whether the input passes. FeelError when the value and the test do not fit together."""
        return bool(_guarded(lambda: self._test(convert(value), names)))


def _guarded(work: Callable[[], Any]) -> Any:
    try:
        return work()
    except LanguageError as error:
        raise FeelError(error.message, error.position) from None
    except (RecursionError, MemoryError, TypeError, ValueError, ArithmeticError, KeyError) as error:
        raise FeelError(f"The text cannot be computed with these values: {error}.") from error


def _read(reader: Callable[[str], Any], text: str) -> Any:
    try:
        return reader(text)
    except LanguageError as error:
        raise FeelError(error.message, error.position) from None
    except RecursionError:
        raise FeelError("The text is nested too deeply; split it into parts.") from None


def _check_length(text: str) -> None:
    if len(text) > MAX_TEXT:
        raise FeelError(f"The text has {len(text)} characters; at most {MAX_TEXT} are allowed.")


def parse_unary_tests(text: str) -> UnaryTests:
    """Read a cell such as `-`, `"high","low"`, `[1..5]`, `< 10` or `not("a")`; empty is the same as `-`. FeelError."""
    _check_length(text)
    return _tests(text)


@lru_cache(maxsize=_CACHE_SIZE)
def _tests(text: str) -> UnaryTests:
    return UnaryTests(text, _read(read_tests, text))


def parse_expression(text: str) -> FeelExpression:
    """Read an expression. FeelError names the place of what is wrong."""
    _check_length(text)
    return _expression(text)


@lru_cache(maxsize=_CACHE_SIZE)
def _expression(text: str) -> FeelExpression:
    return FeelExpression(text, _read(read_expression, text))


def matches(test: UnaryTests | str, value: Any, names: Mapping[str, Any]) -> bool:
    """Whether the input passes the test. FeelError."""
    return (parse_unary_tests(test) if isinstance(test, str) else test).matches(value, names)


def evaluate(text: str, names: Mapping[str, Any]) -> Any:
    """The value of an expression. FeelError."""
    return parse_expression(text).evaluate(names)
