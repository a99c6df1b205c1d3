"""Completes a query while it is typed: fields first, then the values of the field that the cursor stands behind."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass

from app.cases.filtering import words
from app.cases.filtering.tree import is_plain, quoted

MOST = 12
_QUOTES, _BRACKETS = '"“”', "()（）"
_FIELD = re.compile(r"((?:(?i:field)|字段)\.[A-Za-z0-9_]+|[^\W\d]\w*)(<=|>=|≤|≥|:|：|<|＜|>|＞)")
_TIMES = {
    "ahead": ("1h", "4h", "1d", "1w", "today", "tomorrow", "none"),
    "ago": ("1h", "4h", "1d", "1w", "today", "yesterday"),
}


@dataclass(frozen=True, slots=True)
class Choice:
    """What can stand here: the text to put in, and what it stands for."""

    text: str
    hint: str = ""


@dataclass(frozen=True, slots=True)
class Completion:
    """Choices for the characters from `start` to `end` of the query."""

    start: int
    end: int
    choices: tuple[Choice, ...] = ()


#: The values of a field that lie in the desk's rows (teams, users, queues, tags, types), as value and name, by how they begin.
Values = Callable[[str, str], Iterable[tuple[str, str]]]


def complete(text: str, place: int, values: Values, *, chinese: bool = False) -> Completion:
    """Return what the term before the cursor may become; nothing while it is plain words that no field begins with."""
    place = max(0, min(place, len(text)))
    start = _term(text[:place])
    term = text[start:place]
    test = _FIELD.match(term)
    name = words.name_of(test[1]) if test else None
    if test is None:
        return Completion(start, place, _fields(term, values, chinese=chinese))
    if name is None:
        return Completion(place, place)
    begin = start + max(test.end(), term.rfind(",") + 1, term.rfind("，") + 1)
    typed = text[begin:place].lstrip(_QUOTES).lower()
    return Completion(begin, place, _values(name, typed, values, chinese=chinese))


def _term(text: str) -> int:
    """Return where the last term of a text begins, behind its minus."""
    start, is_quoted = 0, False
    for at, character in enumerate(text):
        if character in _QUOTES:
            is_quoted = not is_quoted
        elif not is_quoted and (character.isspace() or character in _BRACKETS):
            start = at + 1
    return start + len(text[start:]) - len(text[start:].lstrip("-"))


def _fields(term: str, values: Values, *, chinese: bool) -> tuple[Choice, ...]:
    typed = term.lower()
    own = _own_names(words.FIELD_NAMES)
    meant = dict.fromkeys(real for name, real in words.FIELD_NAMES.items() if name.startswith(typed))
    standard = [
        Choice(f"{own.get(real, real) if chinese else real}:", real if chinese else own.get(real, "")) for real in meant
    ]
    begin = words.BEGIN_ZH if chinese else words.BEGIN
    found = [Choice(f"{begin}{key}:", name) for key, name in values(words.BEGIN, _custom(typed))]
    return tuple(standard + found)[: 2 * MOST if not typed else MOST]


def _custom(typed: str) -> str:
    """Return how the key or name of a custom field begins: of `field.con` it is `con`, of `fie` nothing yet."""
    for begin in (words.BEGIN, words.BEGIN_ZH):
        if typed.startswith(begin):
            return typed.removeprefix(begin)
        if typed and begin.startswith(typed):
            return ""
    return typed


def _own_names(names: dict[str, str]) -> dict[str, str]:
    """Return the first Chinese name of each word."""
    found: dict[str, str] = {}
    for name, real in names.items():
        if not name.isascii():
            found.setdefault(real, name)
    return found


def _values(name: str, typed: str, values: Values, *, chinese: bool) -> tuple[Choice, ...]:
    kind = words.kind_of(name)
    known = words.VALUE_NAMES.get(name, {})
    own = _own_names(known)
    fixed: Sequence[str] = kind.values or _TIMES.get(kind.kind, ()) or tuple(dict.fromkeys(known.values()))
    choices = [
        Choice(own.get(value, value) if chinese else value, value if chinese and value in own else own.get(value, ""))
        for value in fixed
        if value.startswith(typed) or own.get(value, "").startswith(typed)
    ]
    choices += [
        Choice(value if is_plain(value) else quoted(value), hint if hint != value else "")
        for value, hint in values(name, typed)
    ]
    return tuple(choices[:MOST])
