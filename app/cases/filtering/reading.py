"""Reads a query: tokens with their places, then a tree. Whatever is typed, the answer is a tree or a QueryError."""

from __future__ import annotations

import difflib
import re
import unicodedata
from collections.abc import Iterable
from dataclasses import dataclass

from app.cases.filtering import words
from app.cases.filtering.moments import EXAMPLES, is_moment
from app.cases.filtering.tree import Either, Every, Field, Node, Not, QueryError, Text
from app.cases.tags import fold
from app.search import MAX_WANTED, query_tokens

MAX_QUERY, MAX_TERMS, MAX_DEPTH = 1_000, 60, 20
MAX_COUNT = 9
_OPEN, _CLOSE, _QUOTES = "(（", ")）", '"“”'
_FIELD = re.compile(r"((?:(?i:field)|字段)\.[A-Za-z0-9_]+|[^\W\d]\w*)(<=|>=|≤|≥|:|：|<|＜|>|＞)(?!//)")
_OPS = {"：": ":", "＜": "<", "＞": ">", "≤": "<=", "≥": ">="}
_WORD = re.compile(r"[^\s()（）\"“”]+")
_VALUE = re.compile(r"[^\s()（）\"“”,，]+")
_STRING = re.compile(r'["“”]((?:[^"“”\\]|\\.)*)["“”]', re.DOTALL)
_COMMA = re.compile("[,，]")
_SPACE = re.compile(r"\s*")
_NUMBER = re.compile(r"[A-Za-z]{2}-\d{4}-\d{1,9}", re.ASCII)


def parse(text: str) -> Node:
    """Return the tree of a query; raises QueryError, which says where and what to do. An empty query is `Every(())`."""
    if len(text) > MAX_QUERY:
        raise QueryError(
            "query_too_long", f"A query has at most {MAX_QUERY} characters: shorten it.", start=MAX_QUERY, end=len(text)
        )
    for place, character in enumerate(text):
        if unicodedata.category(character) in {"Cc", "Cs"} and not character.isspace():
            raise QueryError(
                "query_bad_character", "This character cannot be searched for: remove it.", start=place, end=place + 1
            )
    reader = _Reader(text)
    reader.space()
    if reader.is_done():
        return Every(())
    node = reader.either(0)
    if not reader.is_done():
        raise reader.error("query_parenthesis", "No parenthesis is open here: remove this one, or put “(” before.")
    return node


@dataclass(slots=True)
class _Reader:
    text: str
    place: int = 0
    terms: int = 0

    def is_done(self) -> bool:
        return self.place >= len(self.text)

    def sees(self, characters: str) -> bool:
        return not self.is_done() and self.text[self.place] in characters

    def space(self) -> None:
        found = _SPACE.match(self.text, self.place)
        self.place = found.end() if found else self.place

    def error(self, code: str, message: str, *, start: int | None = None, end: int | None = None) -> QueryError:
        first = self.place if start is None else start
        return QueryError(code, message, start=first, end=end if end is not None else min(first + 1, len(self.text)))

    def keyword(self, known: tuple[str, ...]) -> bool:
        """Step over one of these words, when it stands here alone."""
        found = _WORD.match(self.text, self.place)
        if found is None or found[0] not in known:
            return False
        self.place = found.end()
        self.space()
        return True

    def either(self, depth: int) -> Node:
        nodes = [self.together(depth)]
        while self.keyword(words.OR_WORDS):
            nodes.append(self.together(depth))
        flat = [part for node in nodes for part in (node.nodes if isinstance(node, Either) else (node,))]
        return flat[0] if len(flat) == 1 else Either(tuple(flat))

    def together(self, depth: int) -> Node:
        start, nodes = self.place, list[Node]()
        while not self.is_done() and not self.sees(_CLOSE):
            if nodes and self.keyword(words.AND_WORDS):
                continue
            before = self.place
            if self.keyword(words.AND_WORDS):
                raise self.error(
                    "query_term_missing",
                    "Something to search for is missing before this word, or put it in quotes.",
                    start=before,
                )
            if self.keyword(words.OR_WORDS):
                self.place = before
                break
            nodes.append(self.term(depth))
            self.space()
        if not nodes:
            raise self.error(
                "query_term_missing", "Something to search for is missing here: write a word, a field such as status:open, or put "
                "the word before it in quotes.", start=min(start, max(len(self.text) - 1, 0)),
            )  # fmt: skip
        flat = [part for node in nodes for part in (node.nodes if isinstance(node, Every) else (node,))]
        return flat[0] if len(flat) == 1 else Every(tuple(flat))

    def term(self, depth: int) -> Node:
        if depth > MAX_DEPTH:
            raise self.error(
                "query_too_deep", f"Parentheses and “-” stand at most {MAX_DEPTH} deep: make the query simpler."
            )
        if self.sees("-") or self._is_not():
            self._step_over_not()
            return Not(self.term(depth + 1))
        if self.sees(_OPEN):
            return self._group(depth)
        self.terms += 1
        if self.terms > MAX_TERMS:
            raise self.error("query_too_long", f"A query has at most {MAX_TERMS} terms: make it simpler.")
        if self.sees(_QUOTES):
            start = self.place
            return self._text(self._string(), start, whole=True)
        return self._field_or_word()

    def _is_not(self) -> bool:
        found = _WORD.match(self.text, self.place)
        return found is not None and found[0] in words.NOT_WORDS

    def _step_over_not(self) -> None:
        start = self.place
        if not self.keyword(words.NOT_WORDS):
            self.place += 1
        if self.is_done() or self.text[self.place].isspace() or self.sees(_CLOSE):
            raise self.error(
                "query_term_missing",
                "What must not be found is missing: write it right after “-”, as in -status:open.",
                start=start,
            )

    def _group(self, depth: int) -> Node:
        start = self.place
        self.place += 1
        self.space()
        node = self.either(depth + 1)
        if not self.sees(_CLOSE):
            raise self.error(
                "query_parenthesis",
                "This parenthesis is never closed: put “)” after what belongs together.",
                start=start,
            )
        self.place += 1
        return node

    def _string(self) -> str:
        found = _STRING.match(self.text, self.place)
        if found is None:
            raise self.error(
                "query_quotes", 'These quotes are never closed: put a second “"” at their end.', end=len(self.text)
            )
        self.place = found.end()
        return re.sub(r"\\(.)", r"\1", found[1], flags=re.DOTALL)

    def _text(self, text: str, start: int, *, whole: bool) -> Text:
        tokens = query_tokens(text)
        if not tokens:
            raise self.error(
                "query_nothing",
                "There is no letter or digit to search for here: remove this.",
                start=start,
                end=self.place,
            )
        if len(tokens) > MAX_WANTED:
            raise self.error(
                "query_too_long",
                f"These are too many words at once: use at most {MAX_WANTED}.",
                start=start,
                end=self.place,
            )
        return Text(text, whole, (start, self.place))

    def _field_or_word(self) -> Node:
        start = self.place
        if found := _FIELD.match(self.text, start):
            return self._test(found, start)
        word = _WORD.match(self.text, start)
        if word is None:  # pragma: no cover -- every other character begins something else
            raise self.error("query_bad_character", "This character cannot stand here: remove it.")
        self.place = word.end()
        if _NUMBER.fullmatch(word[0]):
            return Field("number", ":", (word[0].upper(),), (start, self.place))
        return self._text(word[0], start, whole=False)

    def _test(self, found: re.Match[str], start: int) -> Field:
        name = words.name_of(found[1])
        op = _OPS.get(found[2], found[2])
        if name is None:
            wrong = _no_field(found[1])
            raise self.error(wrong.code, wrong.message, start=start, end=found.end(1))
        if op != ":" and not words.kind_of(name).ordered:
            raise self.error(
                "query_no_order",
                f"{name} has no order: write {name}: and a value.",
                start=found.start(2),
                end=found.end(2),
            )
        self.place = found.end()
        values = [self._value(name, op)]
        while comma := _COMMA.match(self.text, self.place):
            self.place = comma.end()
            values.append(self._value(name, op))
        if len(values) > 1 and op != ":":
            raise self.error(
                "query_one_value",
                "A comparison takes one value: write the others apart, with “or”.",
                start=start,
                end=self.place,
            )
        return Field(name, op, tuple(dict.fromkeys(values)), (start, self.place))

    def _value(self, name: str, op: str) -> str:
        start = self.place
        if self.sees(_QUOTES):
            value = self._string()
        else:
            found = _VALUE.match(self.text, start)
            value = found[0] if found else ""
            self.place = found.end() if found else start
        if not value.strip():
            raise self.error("query_value_missing", f"A value is missing: write it right after {name}{op}", start=start)
        try:
            return _checked(name, op, value.strip())
        except Wrong as wrong:
            raise self.error(wrong.code, wrong.message, start=start, end=self.place) from None


class Wrong(Exception):
    """A value that a field does not take: code and sentence, without the place."""

    def __init__(self, code: str, message: str) -> None:
        """Keep both."""
        super().__init__(message)
        self.code = code
        self.message = message


def _near(typed: str, known: Iterable[str]) -> str:
    return next(iter(difflib.get_close_matches(typed.lower(), list(known), n=1)), "")


def _no_field(typed: str) -> Wrong:
    if near := _near(typed, words.FIELD_NAMES):
        return Wrong(
            "query_no_field",
            f"There is no field “{typed}”: did you mean {near}? To search for the text, put it in quotes.",
        )
    known = ", ".join(words.FIELDS)
    return Wrong(
        "query_no_field", f"There is no field “{typed}”: known are {known}. To search for the text, put it in quotes."
    )


def _no_value(name: str, typed: str) -> Wrong:
    values = words.FIELDS[name].values
    if near := _near(typed, values):
        return Wrong("query_bad_value", f"{name} cannot be “{typed}”: did you mean {near}?")
    return Wrong("query_bad_value", f"{name} cannot be “{typed}”: it is one of {', '.join(values)}.")


def _checked(name: str, op: str, value: str) -> str:
    """Return a value in its own form; raises Wrong with the sentence for the person."""
    value = words.VALUE_NAMES.get(name, {}).get(value, value)
    kind = words.kind_of(name)
    match kind.kind:
        case "custom":
            return "none" if value == "无" else value
        case "choice":
            if value.lower() not in kind.values:
                raise _no_value(name, value)
            return value.lower()
        case "count":
            return _count(op, value)
        case "ahead" | "ago":
            return _moment(name, op, value)
        case "tag":
            return fold(value)
        case "number" | "team" | "user" | "mention" | "skill" | "from":
            return value.upper() if kind.kind == "number" else value.lower()
    return value


def _count(op: str, value: str) -> str:
    if op == ":" and value.lower() in {"yes", "no"}:
        return value.lower()
    if not (value.isascii() and value.isdigit() and len(value) < MAX_COUNT):
        raise Wrong("query_bad_value", "Write yes, no or a number here, as in chased:yes or chased>=2.")
    return str(int(value))


def _moment(name: str, op: str, value: str) -> str:
    low = value.lower()
    if op == ":" and low == "none" and name in {"due", "resolved"}:
        return low
    if not is_moment(low):
        raise Wrong("query_bad_time", f"“{value}” is no time: write one such as {EXAMPLES}.")
    return low
