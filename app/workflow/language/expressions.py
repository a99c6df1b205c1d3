"""The expression language of conditions, timers, loops and capability inputs.

A text is parsed by `app.workflow.language.parser` into plain Python closures: no Python code is ever made from it.
Unknown names are an error; missing fields of an object are null, and so is a field of null.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from typing import Any

from app.workflow.language.durations import is_date, is_duration, is_time_literal
from app.workflow.language.functions import to_text
from app.workflow.language.lexer import MAX_TEXT, LanguageError
from app.workflow.language.nodes import Evaluate
from app.workflow.language.operations import MAX_STRING, kind_of
from app.workflow.language.parser import parse

__all__ = [
    "Expression",
    "ExpressionError",
    "Template",
    "compile_expression",
    "compile_template",
    "is_date_literal",
    "is_duration_literal",
    "is_expression",
    "is_time_literal",
]

is_duration_literal = is_duration
is_date_literal = is_date

_CACHE_SIZE = 4_096


class ExpressionError(LanguageError):
    """The expression cannot be read, or cannot be computed with the values at hand."""


class Expression:
    """A read and checked expression; safe to share between threads and cases."""

    __slots__ = ("_evaluate", "names", "text")

    def __init__(self, text: str, evaluate: Evaluate, names: frozenset[str]) -> None:
        """`names` are the top-level names that the expression reads."""
        self.text = text
        self.names = names
        self._evaluate = evaluate

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """The value for these names. ExpressionError says what does not fit; nothing else is raised."""
        try:
            return self._evaluate(names)
        except ExpressionError:
            raise
        except LanguageError as error:
            raise ExpressionError(error.message, error.position) from error
        except (RecursionError, MemoryError, TypeError, ValueError, ArithmeticError, KeyError, IndexError) as error:
            raise ExpressionError(f"The expression cannot be computed with these values: {error}.") from error

    def is_true(self, names: Mapping[str, Any]) -> bool:
        """The value as a yes or no: null counts as no; ExpressionError for anything but true, false and null."""
        value = self.evaluate(names)
        if value is None:
            return False
        if not isinstance(value, bool):
            raise ExpressionError(f"A condition must give true or false; {self.text[:80]!r} gave {kind_of(value)}.")
        return value


def compile_expression(text: str) -> Expression:
    """Read an expression; the same text is read once and then kept.

    Accepts `${...}`, `#{...}` and a leading `=` around it. ExpressionError names the place of what is wrong.
    """
    if len(text) > MAX_TEXT:
        raise ExpressionError(f"The expression has {len(text)} characters; at most {MAX_TEXT} are allowed.")
    return _compile(text)


@lru_cache(maxsize=_CACHE_SIZE)
def _compile(text: str) -> Expression:
    try:
        evaluate, names = parse(text)
    except LanguageError as error:
        raise ExpressionError(error.message, error.position) from None
    except RecursionError:
        raise ExpressionError("The expression is nested too deeply.") from None
    return Expression(text, evaluate, names)


_OPENING = re.compile(r"[$#]\{")


def is_expression(text: str) -> bool:
    """Whether a text that may be literal holds something to compute: `${...}`, `#{...}` or a leading `=`."""
    return _OPENING.search(text) is not None or text.lstrip().startswith("=")


class Template:
    """A literal text with `${...}` in it."""

    __slots__ = ("_parts", "names")

    def __init__(self, parts: tuple[str | Expression, ...]) -> None:
        """Literal pieces and expressions in their order."""
        self._parts = parts
        self.names: frozenset[str] = frozenset().union(*(part.names for part in parts if isinstance(part, Expression)))

    def evaluate(self, names: Mapping[str, Any]) -> Any:
        """The value of a lone `${...}` as it is; otherwise the text with each expression's value put in. ExpressionError."""
        if len(self._parts) == 1:
            only = self._parts[0]
            return only if isinstance(only, str) else only.evaluate(names)
        try:
            text = "".join(part if isinstance(part, str) else to_text(part.evaluate(names)) for part in self._parts)
        except ExpressionError:
            raise
        except LanguageError as error:
            raise ExpressionError(error.message, error.position) from error
        if len(text) > MAX_STRING:
            raise ExpressionError(f"The text grows beyond {MAX_STRING} characters.")
        return text


def compile_template(text: str) -> Template:
    """Read an input's value: literal text, `${expression}`, or a mixture. A leading `=` makes all of it an expression.

    ExpressionError when an expression in it cannot be read.
    """
    if len(text) > MAX_STRING:
        raise ExpressionError(f"The value has {len(text)} characters; at most {MAX_STRING} are allowed.")
    return _compile_template(text)


@lru_cache(maxsize=_CACHE_SIZE)
def _compile_template(text: str) -> Template:
    if text.lstrip().startswith("="):
        return Template((compile_expression(text),))
    parts: list[str | Expression] = []
    position = 0
    while match := _OPENING.search(text, position):
        if match.start() > position:
            parts.append(text[position : match.start()])
        end = _closing(text, match.end())
        parts.append(compile_expression(text[match.end() : end]))
        position = end + 1
    if position < len(text) or not parts:
        parts.append(text[position:])
    return Template(tuple(parts))


_PIECE = re.compile(r'"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\'|[{}]', re.DOTALL)


def _closing(text: str, start: int) -> int:
    depth = 1
    for piece in _PIECE.finditer(text, start):
        depth += {"{": 1, "}": -1}.get(piece.group(), 0)
        if depth == 0:
            return piece.start()
    raise ExpressionError("The opening ${ is never closed by }.", start - 2)
