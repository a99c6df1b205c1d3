"""Makes a condition on cases of a tree. Every value is a bind parameter; what may be absent (NULL) is false, so that “-” is exact."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import Boolean, ColumnElement, and_, cast, exists, false, func, not_, or_, select, true
from sqlalchemy import Text as SqlText
from sqlalchemy.dialects.postgresql import TSQUERY

from app.cases import snoozing
from app.cases.beside import CaseTag, Tag, Watcher
from app.cases.filtering import custom, words
from app.cases.filtering.moments import day, span
from app.cases.filtering.scope import Scope
from app.cases.filtering.tree import Either, Every, Field, Node, Not, QueryError, Text
from app.cases.models import OPEN_STATES, Case, CaseStatus
from app.cases.queries import OPEN
from app.contacts.models import ContactPoint
from app.messaging.models import CaseText, Mention, Message
from app.search import query_text, query_tokens

Condition = ColumnElement[bool]
Said = Callable[[Any], list[Condition]]
_COLUMNS: dict[str, Any] = {
    "due": Case.due_at, "opened": Case.opened_at, "touched": Case.touched_at, "resolved": Case.resolved_at,
    "type": Case.type, "queue": Case.queue_key, "language": Case.language, "channel": Case.channel, "number": Case.number,
}  # fmt: skip


def condition(node: Node, scope: Scope) -> Condition:
    """Return the condition that holds for what a query asks; the caller adds what the viewer may see. Raises QueryError."""
    match node:
        case Every(nodes):
            return and_(true(), *_every(nodes, scope))
        case Either(nodes):
            return or_(false(), *_either(nodes, scope))
        case Not(inner):
            return not_(condition(inner, scope))
        case Text():
            return _holding(node)
        case Field():
            return _TESTS[words.kind_of(node.name).kind](node, scope)


def parted(node: Node, scope: Scope) -> tuple[list[Condition], Said | None]:
    """Return a query in two parts that must both hold: what the cases' own columns answer, and what their texts must say.

    The second part asks the texts of one case at a time; it is None when a query asks for no text, or only deeper inside.
    """
    nodes = node.nodes if isinstance(node, Every) else (node,)
    texts = [
        each for each in nodes if isinstance(each, Text) or (isinstance(each, Not) and isinstance(each.node, Text))
    ]
    others = [condition(each, scope) for each in nodes if each not in texts]
    return others, (lambda case: [_says(each, case) for each in texts]) if texts else None


def _says(node: Node, case: Any) -> Condition:
    """Ask the texts of one case. As a value, not as a join: only cases that are looked at anyway are asked."""
    if isinstance(node, Not):
        return not_(_says(node.node, case))
    wanted = _wanted([_query(node)])
    said = select(CaseText.search.bool_op("@@")(wanted)).where(CaseText.case_id == case.id).scalar_subquery()
    if _is_word(node):
        return func.coalesce(said, false(), type_=Boolean)
    together = (
        select(func.bool_or(Message.search.bool_op("@@")(wanted))).where(Message.case_id == case.id).scalar_subquery()
    )
    return and_(func.coalesce(said, false(), type_=Boolean), func.coalesce(together, false(), type_=Boolean))


def _every(nodes: Sequence[Node], scope: Scope) -> Iterator[Condition]:
    """Ask for all words at once, one question to the index; what must not be found goes along when something must."""
    words_ = [node for node in nodes if _is_word(node)]
    without = [node for node in nodes if words_ and isinstance(node, Not) and _is_word(node.node)]
    if words_:
        yield _said([*map(_query, words_), *(f"!{_query(node.node)}" for node in without)], " & ")
    yield from (condition(node, scope) for node in nodes if node not in words_ and node not in without)


def _either(nodes: Sequence[Node], scope: Scope) -> Iterator[Condition]:
    words_ = [node for node in nodes if _is_word(node)]
    if words_:
        yield _said(map(_query, words_), " | ")
    yield from (condition(node, scope) for node in nodes if node not in words_)


def _is_word(node: Node) -> bool:
    return isinstance(node, Text) and len(query_tokens(node.text)) == 1


def _query(node: Node) -> str:
    return query_text(node.text, whole=node.whole) if isinstance(node, Text) else ""


def _wanted(parts: Iterable[str], glue: str = " & ") -> Any:
    return cast(cast(glue.join(parts), SqlText), TSQUERY)


def _said(parts: Iterable[str], glue: str) -> Condition:
    return exists().where(CaseText.case_id == Case.id, CaseText.search.op("@@")(_wanted(parts, glue)))


def _holding(node: Text) -> Condition:
    """Return the condition for a text. Tokens that belong together (a phrase, the pairs of a Chinese word) stand in one message."""
    said = _said([_query(node)], "")
    if _is_word(node):
        return said
    return and_(said, exists().where(Message.case_id == Case.id, Message.search.op("@@")(_wanted([_query(node)]))))


def _among(column: Any, values: Iterable[Any]) -> Condition:
    made: Condition = column.in_(sorted(values))
    return made


def _text(test: Field, _scope: Scope) -> Condition:
    return _among(_COLUMNS[test.name], test.values)


def _choice(test: Field, scope: Scope) -> Condition:
    match test.name:
        case "status":
            found = Case.status.in_([CaseStatus(value) for value in test.values])
            # What is open is not archived: said so, it is found by the small indexes over what is open.
            return and_(OPEN, found) if set(test.values) <= set(OPEN_STATES) else found
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


def _skill(test: Field, scope: Scope) -> Condition:
    """A case is found by what whoever has it knows."""
    known = scope.skills()
    return _one_of(Case.assignee_id, test, known, own=("any", frozenset().union(*known.values())))


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


def _mention(test: Field, scope: Scope) -> Condition:
    """A case is found by the notes that stand on it now: one that is moved takes its mentions along."""
    noted = select(Message.case_id).join(Mention, Mention.message_id == Message.id)
    ids = named_ids(test, scope.users, own=("me", frozenset({scope.user_id})))
    mine = noted.where(Mention.user_id.in_(sorted(ids)))
    none = [~noted.where(Message.case_id == Case.id).exists()] if "none" in test.values else []
    return or_(false(), *([Case.id.in_(mine)] if ids else []), *none)


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
    still = [OPEN] if test.name == "due" else []  # what is archived has no time limit any more
    return or_(*(
        column.is_(None) if value == "none" else and_(*still, _present(column, and_(true(), *bounds(test, value, scope)(column))))
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
    if value.startswith("@"):
        fits = and_(ContactPoint.domain == value[1:], ContactPoint.domain != "")
    else:
        fits = ContactPoint.address == value
    return exists().where(ContactPoint.contact_id == Case.contact_id, fits)


_TESTS: dict[str, Callable[[Field, Scope], Condition]] = {
    "choice": _choice, "text": _text, "number": _text, "team": _team, "user": _user, "count": _count, "ahead": _moment,
    "ago": _moment, "from": _from, "tag": _tag, "skill": _skill, "mention": _mention,
    "custom": custom.condition,
}  # fmt: skip
