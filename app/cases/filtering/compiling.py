"""Makes a condition on cases of a tree. Every value is a bind parameter; what may be absent (NULL) is false, so that “-” is exact."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import ColumnElement, and_, cast, exists, false, func, not_, or_, select, true
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import TSQUERY

from app.cases import snoozing
from app.cases.beside import CaseTag, Tag, Watcher
from app.cases.filtering import words
from app.cases.filtering.moments import day, span
from app.cases.filtering.scope import Scope
from app.cases.filtering.tree import Either, Every, Field, Node, Not, QueryError, Text
from app.cases.models import Case, CaseStatus
from app.contacts.models import ContactPoint
from app.messaging.models import Message
from app.search import query_text

Condition = ColumnElement[bool]
_COLUMNS: dict[str, Any] = {
    "due": Case.due_at, "opened": Case.opened_at, "touched": Case.touched_at, "resolved": Case.resolved_at,
    "type": Case.type, "queue": Case.queue_key, "language": Case.language, "channel": Case.channel, "number": Case.number,
}  # fmt: skip


def condition(node: Node, scope: Scope) -> Condition:
    """Return the condition that holds for what a query asks; the caller adds what the viewer may see. Raises QueryError."""
    match node:
        case Every(nodes):
            return and_(true(), *(condition(each, scope) for each in nodes))
        case Either(nodes):
            return or_(false(), *(condition(each, scope) for each in nodes))
        case Not(inner):
            return not_(condition(inner, scope))
        case Text(text, whole):
            return _holding(text, whole=whole)
        case Field():
            return _TESTS[words.FIELDS[node.name].kind](node, scope)


def _holding(text: str, *, whole: bool) -> Condition:
    wanted = cast(cast(query_text(text, whole=whole), SqlText), TSQUERY)
    return Case.id.in_(select(Message.case_id).where(Message.search.op("@@")(wanted)))


def _among(column: Any, values: Iterable[Any]) -> Condition:
    made: Condition = column.in_(sorted(values))
    return made


def _text(test: Field, _scope: Scope) -> Condition:
    return _among(_COLUMNS[test.name], test.values)


def _choice(test: Field, scope: Scope) -> Condition:
    match test.name:
        case "status":
            return Case.status.in_([CaseStatus(value) for value in test.values])
        case "priority":
            return _among(Case.priority, priorities(test))
        case "is":
            return or_(*(_STATES[value](scope) for value in test.values))
    return _text(test, scope)


def priorities(test: Field) -> set[str]:
    """Return the priorities that fit a test of them."""
    ranks = {name: rank for rank, name in enumerate(words.PRIORITIES)}
    given = [ranks[value] for value in test.values]
    return {name for name, rank in ranks.items() if any(compare(test.op, rank, each) for each in given)}


def compare(op: str, left: Any, right: Any) -> Any:
    """Compare two values as an operator of the language says."""
    match op:
        case "<":
            return left < right
        case "<=":
            return left <= right
        case ">":
            return left > right
        case ">=":
            return left >= right
    return left == right


def _present(column: Any, made: Any) -> Condition:
    return and_(column.is_not(None), made)


_STATES: dict[str, Callable[[Scope], Condition]] = {
    "open": lambda _scope: Case.archived_at.is_(None),
    "archived": lambda _scope: Case.archived_at.is_not(None),
    "unread": lambda _scope: Case.is_unread.is_(True),
    "read": lambda _scope: Case.is_unread.is_(False),
    "chased": lambda _scope: Case.chase_count > 0,
    "breached": lambda scope: and_(Case.archived_at.is_(None), _present(Case.due_at, Case.due_at < scope.now)),
    "assigned": lambda _scope: Case.assignee_id.is_not(None),
    "unassigned": lambda _scope: Case.assignee_id.is_(None),
    "merged": lambda _scope: Case.merged_into.is_not(None),
    "snoozed": lambda _scope: snoozing.asleep(),
    "watched": lambda scope: exists().where(Watcher.case_id == Case.id, Watcher.user_id == scope.user_id),
}


def _team(test: Field, scope: Scope) -> Condition:
    return _one_of(Case.team_id, test, scope.teams, own=("mine", scope.team_ids))


def _user(test: Field, scope: Scope) -> Condition:
    return _one_of(Case.assignee_id, test, scope.users, own=("me", frozenset({scope.user_id})))


def _one_of(column: Any, test: Field, names: Any, *, own: tuple[str, frozenset[int]]) -> Condition:
    ids = named_ids(test, names, own=own)
    absent = [column.is_(None)] if "none" in test.values else []
    return or_(false(), _present(column, _among(column, ids)), *absent)


def named_ids(test: Field, names: Any, *, own: tuple[str, frozenset[int]]) -> set[int]:
    """Return the ids that the values of a test name; raises QueryError for a name that nobody has."""
    found: set[int] = set()
    for value in test.values:
        if value == own[0]:
            found |= own[1]
        elif value in names:
            found |= names[value]
        elif value != "none":
            raise QueryError(
                "query_no_name", f"There is no {test.name} “{value}”: write a name or key that exists, {own[0]} or none.",
                start=test.at[0], end=test.at[1],
            )  # fmt: skip
    return found


def _tag(test: Field, _scope: Scope) -> Condition:
    named = select(CaseTag.case_id).join(Tag, Tag.id == CaseTag.tag_id).where(Tag.folded.in_(test.values))
    none = [~exists().where(CaseTag.case_id == Case.id)] if "none" in test.values else []
    return or_(Case.id.in_(named), *none)


def _count(test: Field, _scope: Scope) -> Condition:
    return or_(*(_chased(test.op, value) for value in test.values))


def _chased(op: str, value: str) -> Condition:
    if value in {"yes", "no"}:
        return Case.chase_count > 0 if value == "yes" else Case.chase_count == 0
    made: Condition = compare(op, Case.chase_count, int(value))
    return made


def _moment(test: Field, scope: Scope) -> Condition:
    column = _COLUMNS[test.name]
    return or_(*(
        column.is_(None) if value == "none" else _present(column, and_(true(), *bounds(test, value, scope)(column)))
        for value in test.values
    ))  # fmt: skip


def bounds(test: Field, value: str, scope: Scope) -> Callable[[Any], list[Any]]:
    """Return what a time must fulfil, as a function of it. `opened>2d` is about its age: more than two days ago."""
    begin, end, op = _stretch(test, value, scope)
    match op:
        case "<":
            return lambda at: [at < begin]
        case "<=":
            return lambda at: [at < end]
        case ">":
            return lambda at: [at >= end]
        case ">=":
            return lambda at: [at >= begin]
    return lambda at: [at >= begin, at < end]


def _stretch(test: Field, value: str, scope: Scope) -> tuple[datetime, datetime, str]:
    if (named := day(value, scope)) is not None:
        return *named, test.op
    length = span(value) or timedelta()
    if test.op == ":":  # within that length from now
        edge = scope.now + length if words.FIELDS[test.name].kind == "ahead" else scope.now - length
        return min(edge, scope.now), max(edge, scope.now) + timedelta(microseconds=1), ":"
    if words.FIELDS[test.name].kind == "ahead":
        edge, op = scope.now + length, test.op
    else:
        edge, op = scope.now - length, test.op.translate(str.maketrans("<>", "><"))
    return edge, edge + timedelta(microseconds=1), op


def _from(test: Field, _scope: Scope) -> Condition:
    return or_(*(_writer(value) for value in test.values))


def _writer(value: str) -> Condition:
    if "@" not in value:
        return func.lower(Case.contact_name).contains(value, autoescape=True)
    address = func.lower(ContactPoint.address)
    fits = address.endswith(value, autoescape=True) if value.startswith("@") else ContactPoint.address == value
    of = select(ContactPoint.contact_id).where(fits)
    return _present(Case.contact_id, Case.contact_id.in_(of))


_TESTS: dict[str, Callable[[Field, Scope], Condition]] = {
    "choice": _choice, "text": _text, "number": _text, "team": _team, "user": _user, "count": _count, "ahead": _moment,
    "ago": _moment, "from": _from, "tag": _tag,
}  # fmt: skip
