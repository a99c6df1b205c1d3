"""Proves the language right: the same query is answered by the database and, row by row, by plain Python, and the two are compared.

It shares with `compiling` only what names and times stand for; how rows are found is written a second time here. The full text is cut
anew from the stored messages, so an index that has fallen behind its messages shows as well.
"""

from __future__ import annotations

import random
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import select

from app.cases.beside import CaseTag, Snooze, Tag, Watcher
from app.cases.fields import keeping
from app.cases.filtering import custom, words
from app.cases.filtering.compiling import bounds, compare, condition, named_ids
from app.cases.filtering.reading import parse
from app.cases.filtering.scope import Scope
from app.cases.filtering.tree import Either, Every, Field, Node, Not, Text, printed
from app.cases.models import Case
from app.contacts.models import ContactPoint
from app.db import session
from app.messaging.models import Mention, Message
from app.search import index_tokens, is_prefix, query_tokens

_READ = (
    Case.id, Case.number, Case.status, Case.type, Case.priority, Case.queue_key, Case.team_id, Case.assignee_id, Case.contact_id,
    Case.contact_name, Case.channel, Case.language, Case.is_unread, Case.chase_count, Case.opened_at, Case.touched_at, Case.due_at,
    Case.resolved_at, Case.archived_at, Case.merged_into,
)  # fmt: skip
_TIMES = {"due": "due_at", "opened": "opened_at", "touched": "touched_at", "resolved": "resolved_at"}


@dataclass(frozen=True, slots=True)
class Plain:
    """One case as plain values, with the tokens of each of its messages and the kinds and addresses of its contact."""

    row: Any
    messages: tuple[frozenset[str], ...]
    addresses: tuple[tuple[str, str], ...]
    tags: frozenset[str] = frozenset()
    watchers: frozenset[int] = frozenset()
    mentioned: frozenset[int] = frozenset()
    is_asleep: bool = False
    fields: Mapping[int, Sequence[custom.Said]] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class Drift:
    """A query that the database and plain Python answer differently: cases that only one of them found."""

    query: str
    only_database: tuple[int, ...]
    only_plain: tuple[int, ...]


def load(case_ids: Sequence[int] | None = None) -> list[Plain]:
    """Return cases (all, or those named) as plain values."""
    these = select(*_READ) if case_ids is None else select(*_READ).where(Case.id.in_(list(case_ids)))
    rows = session().execute(these).all()
    ids = [row.id for row in rows]
    contacts = {row.contact_id for row in rows if row.contact_id}
    said: dict[int, list[frozenset[str]]] = {}
    texts = select(Message.case_id, Message.subject, Message.author, Message.sender, Message.text)
    for message in session().execute(texts.where(Message.case_id.in_(ids))):
        said.setdefault(message.case_id, []).append(frozenset(index_tokens(*message[1:])))
    points: dict[int, list[tuple[str, str]]] = {}
    for point in session().execute(
        select(ContactPoint.contact_id, ContactPoint.kind, ContactPoint.address).where(
            ContactPoint.contact_id.in_(contacts)
        )
    ):
        points.setdefault(point.contact_id, []).append((point.kind, point.address))
    beside = _Beside.load(ids)
    return [
        Plain(
            row, tuple(said.get(row.id, ())), tuple(points.get(row.contact_id, ())), frozenset(beside.tags.get(row.id, ())),
            frozenset(beside.watchers.get(row.id, ())),
            frozenset(beside.mentioned.get(row.id, ())), row.id in beside.asleep, beside.fields.get(row.id, {}),
        )
        for row in rows
    ]  # fmt: skip


@dataclass(frozen=True, slots=True)
class _Beside:
    """What stands beside cases: tags, watchers, who sleeps, what custom fields say."""

    tags: dict[int, set[str]]
    watchers: dict[int, set[int]]
    mentioned: dict[int, set[int]]
    asleep: set[int]
    fields: Mapping[int, Mapping[int, Sequence[custom.Said]]]

    @classmethod
    def load(cls, ids: Sequence[int]) -> _Beside:
        tags: dict[int, set[str]] = {}
        watchers: dict[int, set[int]] = {}
        named = select(CaseTag.case_id, Tag.folded).join(Tag, Tag.id == CaseTag.tag_id).where(CaseTag.case_id.in_(ids))
        for case_id, tag in session().execute(named):
            tags.setdefault(case_id, set()).add(tag)
        for case_id, user_id in session().execute(
            select(Watcher.case_id, Watcher.user_id).where(Watcher.case_id.in_(ids))
        ):
            watchers.setdefault(case_id, set()).add(user_id)
        noted = select(Message.case_id, Mention.user_id).join(Mention, Mention.message_id == Message.id)
        mentioned: dict[int, set[int]] = {}
        for case_id, user_id in session().execute(noted.where(Message.case_id.in_(ids))):
            mentioned.setdefault(case_id, set()).add(user_id)
        asleep = select(Snooze.case_id).where(Snooze.case_id.in_(ids), Snooze.ended_at.is_(None))
        return cls(tags, watchers, mentioned, set(session().scalars(asleep)), custom.load(ids))


def holds(node: Node, case: Plain, scope: Scope) -> bool:
    """Return whether a case is what a query asks for."""
    match node:
        case Every(nodes):
            return all(holds(each, case, scope) for each in nodes)
        case Either(nodes):
            return any(holds(each, case, scope) for each in nodes)
        case Not(inner):
            return not holds(inner, case, scope)
        case Text(text, whole):
            return any(_said(query_tokens(text), message, whole=whole) for message in case.messages)
        case Field(name):
            is_custom = name.startswith(words.BEGIN)
            return custom.fits(node, case.fields, scope) if is_custom else _fits(node, case, scope)


def _said(wanted: list[str], message: frozenset[str], *, whole: bool) -> bool:
    *before, last = wanted
    if any(token not in message for token in before):
        return False
    return last in message or (not whole and is_prefix(last) and any(token.startswith(last) for token in message))


def _fits(test: Field, case: Plain, scope: Scope) -> bool:
    row = case.row
    match test.name:
        case "team":
            own = ("mine", scope.team_ids)
            return _named(row.team_id, test, named_ids(test, scope.teams, own=own))
        case "assignee" | "skill" | "mentions":
            return _person(test, case, scope)
        case "is":
            return any(_state(value, case, scope) for value in test.values)
        case "tag" | "from":
            return any(_tagged(value, case) if test.name == "tag" else _wrote(value, case) for value in test.values)
        case "chased":
            return any(_chased(test.op, value, row.chase_count) for value in test.values)
        case "priority":
            ranks = words.PRIORITIES
            return any(compare(test.op, ranks.index(row.priority), ranks.index(value)) for value in test.values)
        case "due" | "opened" | "touched" | "resolved":
            return any(_when(test, value, getattr(row, _TIMES[test.name]), scope) for value in test.values)
    column = "queue_key" if test.name == "queue" else test.name
    return str(getattr(row, column)) in test.values


def _person(test: Field, case: Plain, scope: Scope) -> bool:
    if test.name != "skill":
        ids = named_ids(test, scope.users, own=("me", frozenset({scope.user_id})))
        if test.name == "assignee":
            return _named(case.row.assignee_id, test, ids)
        return bool(case.mentioned & ids) or ("none" in test.values and not case.mentioned)
    known = scope.skills()
    return _named(case.row.assignee_id, test, named_ids(test, known, own=("any", frozenset().union(*known.values()))))


def _named(given: int | None, test: Field, ids: set[int]) -> bool:
    return "none" in test.values if given is None else given in ids


def _state(value: str, case: Plain, scope: Scope) -> bool:
    row = case.row
    is_open = row.archived_at is None
    return {
        "open": is_open, "archived": not is_open, "unread": row.is_unread, "read": not row.is_unread,
        "chased": row.chase_count > 0, "assigned": row.assignee_id is not None, "unassigned": row.assignee_id is None,
        "merged": row.merged_into is not None, "snoozed": case.is_asleep, "watched": scope.user_id in case.watchers,
        "breached": is_open and row.due_at is not None and row.due_at < scope.now,
    }[value] is True  # fmt: skip


def _tagged(value: str, case: Plain) -> bool:
    return value in case.tags or (value == "none" and not case.tags)


def _wrote(value: str, case: Plain) -> bool:
    if "@" not in value:
        return value in case.row.contact_name.lower()
    if value.startswith("@"):
        return any(kind == "email" and address.rpartition("@")[2] == value[1:] for kind, address in case.addresses)
    return any(address == value for _kind, address in case.addresses)


def _chased(op: str, value: str, count: int) -> bool:
    if value in {"yes", "no"}:
        return (count > 0) is (value == "yes")
    return bool(compare(op, count, int(value)))


def _when(test: Field, value: str, at: Any, scope: Scope) -> bool:
    if value == "none" or at is None:
        return value == "none" and at is None
    return all(bool(part) for part in bounds(test, value, scope)(at))


def check(queries: Iterable[Node], cases: Sequence[Plain], scope: Scope) -> list[Drift]:
    """Return the queries that are answered differently over these cases."""
    ids = [case.row.id for case in cases]
    drifts = []
    for node in queries:
        found = set(session().scalars(select(Case.id).where(Case.id.in_(ids), condition(node, scope))))
        expected = {case.row.id for case in cases if holds(node, case, scope)}
        if found != expected:
            only = (tuple(sorted(found - expected)), tuple(sorted(expected - found)))
            drifts.append(Drift(printed(node), *only))
    return drifts


def some_queries(count: int, cases: Sequence[Plain], scope: Scope, *, seed: int) -> list[Node]:
    """Return random queries whose values occur in these cases (and some that do not)."""
    chance = random.Random(seed)  # noqa: S311 -- for variety, not for secrets
    vocabulary = sorted({token for case in cases for message in case.messages for token in message}) or ["nothing"]
    there = [said for case in cases for each in case.fields.values() for said in each]
    known = [each for each in keeping.fields(retired=True) if scope.field(each.key) is not None]
    own = [custom.some_term(chance, known, there) for _ in range(count if known else 0)]
    return [_some(chance, vocabulary, cases, scope, own=own, depth=0) for _ in range(count)]


def _some(
    chance: random.Random, vocabulary: list[str], cases: Sequence[Plain], scope: Scope, *, own: list[str], depth: int
) -> Node:  # fmt: skip
    kind = chance.random()
    if depth < 3 and kind < 0.5:
        parts = [_some(chance, vocabulary, cases, scope, own=own, depth=depth + 1) for _ in range(chance.randint(2, 3))]
        glue = chance.choice((" ", " or "))
        return parse(chance.choice(("", "-")) + "(" + glue.join(f"({printed(part)})" for part in parts) + ")")
    if own and chance.random() < 0.25:
        return parse(chance.choice(own))
    return parse(_term(chance, vocabulary, cases, scope))


def _term(chance: random.Random, vocabulary: list[str], cases: Sequence[Plain], scope: Scope) -> str:
    row = chance.choice(cases).row if cases else None
    name = chance.choice(("text", "text", *words.FIELDS))
    kind = words.FIELDS.get(name)
    op = chance.choice(words.COMPARED) if kind and kind.ordered else ":"
    if kind is None:
        token = chance.choice(vocabulary)
        return f'"{token}"' if chance.random() < 0.5 else f'"{token[: chance.randint(1, len(token))]}"'
    match kind.kind:
        case "choice":
            value = chance.choice(kind.values)
        case "count":
            value = str(chance.randint(0, 3))
        case "ahead" | "ago":
            value = chance.choice(("4h", "30min", "2d", "1w", "-1d", "0h", "today", "yesterday"))
        case "team":
            value = chance.choice(("none", "mine", *scope.teams))
        case "user" | "mention":
            value = chance.choice(("none", "me", *scope.users))
        case "skill":
            value = chance.choice(("none", "any", *scope.skills()))
        case "tag":
            value = chance.choice(("none", *(tag for case in cases for tag in case.tags)))
        case "from":
            value = chance.choice(("@example.org", row.contact_name if row and row.contact_name else "dana"))
        case _:
            column = "queue_key" if name == "queue" else name
            value = str(getattr(row, column, "")) or "none"
    return printed(Field(name, op, (value,)))
