"""What a query is once it is read, and how it is written again."""

from __future__ import annotations

import re
from dataclasses import dataclass, field

from app.errors import Invalid

_PLAIN_VALUE = re.compile(r"[\w.@+*-]+")


class QueryError(Invalid):
    """A query that cannot be read; `start` and `end` are the characters that it is about."""

    def __init__(self, code: str, message: str, *, start: int, end: int) -> None:
        """Keep the sentence and the place."""
        super().__init__(code, message, fields={"q": message})
        self.start = start
        self.end = max(end, start)
        self.at = (self.start, self.end)


@dataclass(frozen=True, slots=True)
class Text:
    """Words that one message of the case holds; `whole`: as they stand, the last one not as the beginning of a word."""

    text: str
    whole: bool = False
    at: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Field:
    """A field of the case against values, of which one must fit."""

    name: str
    op: str
    values: tuple[str, ...]
    at: tuple[int, int] = field(default=(0, 0), compare=False)


@dataclass(frozen=True, slots=True)
class Not:
    """What must not hold."""

    node: Node


@dataclass(frozen=True, slots=True)
class Every:
    """What must hold together; without parts it always holds."""

    nodes: tuple[Node, ...]


@dataclass(frozen=True, slots=True)
class Either:
    """Of what one must hold."""

    nodes: tuple[Node, ...]


Node = Text | Field | Not | Every | Either


def printed(node: Node) -> str:
    """Return the query as text; reading it gives the same tree."""
    match node:
        case Text(text, whole):
            return quoted(text) if whole else text
        case Field(name, op, values):
            return f"{name}{op}{','.join(value if is_plain(value) else quoted(value) for value in values)}"
        case Not(inner):
            return f"-{_inside(inner)}"
        case Every(nodes):
            return " ".join(_inside(each) if isinstance(each, Every | Either) else printed(each) for each in nodes)
        case Either(nodes):
            return " or ".join(_inside(each) if isinstance(each, Either) else printed(each) for each in nodes)


def _inside(node: Node) -> str:
    return f"({printed(node)})" if isinstance(node, Every | Either) else printed(node)


def is_plain(value: str) -> bool:
    """Return whether a value needs no quotes."""
    return _PLAIN_VALUE.fullmatch(value) is not None


def quoted(text: str) -> str:
    """Return a text in quotes."""
    return '"' + text.replace("\\", "\\\\").replace('"', '\\"') + '"'
