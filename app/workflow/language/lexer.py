"""Cutting the text of a small language into tokens: numbers, quoted text, names and signs.

Owns the limits on text length and the one error type that names a place in the text.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager
from typing import NamedTuple

MAX_TEXT = 4_000
MAX_TOKENS = 1_000
MAX_DIGITS = 34
MAX_NESTING = 30
MAX_CALLS = 30


class LanguageError(Exception):
    """Something is wrong with a piece of designer's text; `position` counts characters from 0."""

    def __init__(self, message: str, position: int | None = None) -> None:
        """Keep the sentence and, where it is known, the place in the text."""
        self.message = message
        self.position = position
        super().__init__(message if position is None else f"{message} (at character {position + 1})")


class Token(NamedTuple):
    """One word of the text: `kind` is number, string, name, sign, at (FEEL date literal) or end."""

    kind: str
    text: str
    position: int


_ESCAPES = {"n": "\n", "t": "\t", "r": "\r", "b": "\b", "f": "\f", "/": "/", "\\": "\\", '"': '"', "'": "'"}
_ESCAPE = re.compile(r"\\(u[0-9a-fA-F]{4}|.)", re.DOTALL)


def make_pattern(signs: tuple[str, ...]) -> re.Pattern[str]:
    """The scanner of a language whose signs are these, the longest first."""
    escaped = "|".join(re.escape(sign) for sign in sorted(signs, key=len, reverse=True))
    return re.compile(
        r"(?P<space>\s+)"
        r"|(?P<number>(?:\d+(?:\.\d+)?|\.\d+)(?:[eE][+-]?\d+)?)"
        r'|(?P<string>"(?:[^"\\]|\\.)*"|\'(?:[^\'\\]|\\.)*\')'
        r"|(?P<name>[^\W\d]\w*)"
        rf"|(?P<sign>{escaped})",
        re.DOTALL,
    )


def tokenize(text: str, pattern: re.Pattern[str]) -> list[Token]:
    """Cut `text` into tokens, with an `end` token last.

    Raises LanguageError for a text over 4,000 characters, a character the language does not know,
    an unfinished quotation or a number of more than 34 digits.
    """
    if len(text) > MAX_TEXT:
        raise LanguageError(f"The text has {len(text)} characters; at most {MAX_TEXT} are allowed.")
    tokens: list[Token] = []
    position = 0
    while position < len(text):
        match = pattern.match(text, position)
        if match is None:
            raise _unknown(text, position)
        kind = match.lastgroup or "sign"
        if kind != "space":
            tokens.append(_token(kind, match.group(), position))
        position = match.end()
    if len(tokens) > MAX_TOKENS:
        raise LanguageError(f"The text has {len(tokens)} words and signs; at most {MAX_TOKENS} are allowed.")
    tokens.append(Token("end", "", len(text)))
    return tokens


def _token(kind: str, text: str, position: int) -> Token:
    if kind == "number" and len(text) > MAX_DIGITS:
        raise LanguageError(f"A number may have at most {MAX_DIGITS} digits.", position)
    if kind == "string":
        return Token(kind, _unquote(text, position), position)
    return Token(kind, text, position)


def _unquote(text: str, position: int) -> str:
    body = text[1:-1]
    if "\\" not in body:
        return body

    def replace(match: re.Match[str]) -> str:
        code = match.group(1)
        if code[0] == "u" and len(code) > 1:
            return chr(int(code[1:], 16))
        if code not in _ESCAPES:
            raise LanguageError(f"Unknown escape \\{code} in quoted text; write \\\\ for a backslash.", position)
        return _ESCAPES[code]

    plain = _ESCAPE.sub(replace, body)
    # Two \u escapes may be the halves of one character; a half alone cannot be stored as UTF-8.
    return plain.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


def _unknown(text: str, position: int) -> LanguageError:
    if text[position] in "\"'":
        return LanguageError(f"The quotation that opens with {text[position]} is never closed.", position)
    return LanguageError(f"The character {text[position]!r} has no meaning here.", position)


class Cursor:
    """A place in a list of tokens, with the steps that every parser here takes, and the limit on nesting."""

    def __init__(self, tokens: list[Token]) -> None:
        """Stand before the first token."""
        self.tokens = tokens
        self.at = 0
        self.depth = 0
        self.calls = 0

    @property
    def token(self) -> Token:
        """The token that comes next."""
        return self.tokens[self.at]

    def advance(self) -> Token:
        """Take the next token."""
        token = self.tokens[self.at]
        self.at += 1
        return token

    def accept(self, *texts: str) -> Token | None:
        """Take the next token when it is a sign or word of these; None otherwise."""
        token = self.token
        if token.kind in {"sign", "name"} and token.text in texts:
            self.at += 1
            return token
        return None

    def expect(self, text: str) -> None:
        """Take the sign or word; LanguageError when something else stands there."""
        if not self.accept(text):
            raise LanguageError(f"Expected {text} here, found {self.found()}.", self.token.position)

    def found(self) -> str:
        """What stands here, for a message."""
        return "the end" if self.token.kind == "end" else f"“{self.token.text[:40]}”"

    def count_call(self) -> None:
        """One more function or search, whose time depends on the values. LanguageError beyond 30 of them."""
        self.calls += 1
        if self.calls > MAX_CALLS:
            raise LanguageError(
                f"At most {MAX_CALLS} functions and searches may stand in one text.", self.token.position
            )

    @contextmanager
    def nested(self) -> Iterator[None]:
        """One level deeper. LanguageError beyond 30 levels, so that no text exhausts the stack."""
        self.depth += 1
        if self.depth > MAX_NESTING:
            raise LanguageError("The text is nested too deeply; split it into parts.", self.token.position)
        yield
        self.depth -= 1
