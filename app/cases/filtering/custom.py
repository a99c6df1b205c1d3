"""Custom fields in the query language: `field.contract_no:88213`, `field.visit<7d`, `field.colour:red`, `field.amount:none`.

What a value stands for depends on the field's kind, so it is read when the query is made into a condition, not when it is parsed.
"""

from __future__ import annotations

import operator
import random
from collections.abc import Callable, Mapping, Sequence
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import ColumnElement, and_, exists, or_, select

from app.cases.fields.kinds import NO, YES, fold, read
from app.cases.fields.models import CustomField, FieldKind, FieldValue
from app.cases.filtering.moments import day, span
from app.cases.filtering.scope import Scope
from app.cases.filtering.tree import Field, QueryError, is_plain, quoted
from app.cases.filtering.words import BEGIN
from app.cases.models import Case
from app.db import session
from app.errors import Invalid

TEXTS = (FieldKind.TEXT, FieldKind.LONG_TEXT, FieldKind.LINK)
CHOICES = (FieldKind.CHOICE, FieldKind.CHOICES)
NUMBERS = (FieldKind.INTEGER, FieldKind.DECIMAL)
DAYS = (FieldKind.DATE,)
_COMPARE: Mapping[str, Callable[[Any, Any], Any]] = {
    "=": operator.eq, "<": operator.lt, "<=": operator.le, ">": operator.gt, ">=": operator.ge,
}  # fmt: skip
_EXAMPLES = "2026-11-30, today, 7d or -1w"


class Said(NamedTuple):
    """What a case says in a field, as one row keeps it."""

    text: str | None
    number: Decimal | None


class Part(NamedTuple):
    """One thing that a value must fulfil: `has` a text, `is` a choice, or compare with a number."""

    op: str
    value: Any


def condition(test: Field, scope: Scope) -> ColumnElement[bool]:
    """Return the condition on `Case` for a test of a custom field. Raises QueryError for what it does not take."""
    field = _field(test, scope)
    own = (FieldValue.case_id == Case.id, FieldValue.field_id == field.id)
    made: list[ColumnElement[bool]] = []
    for value in test.values:
        if value == "none" and test.op == ":":
            made.append(~exists().where(*own))
        else:
            made.append(exists().where(*own, *(_holds(part) for part in parts(test, value, field, scope))))
    return or_(*made)


def _holds(part: Part) -> ColumnElement[bool]:
    if part.op == "has":
        return and_(FieldValue.folded.is_not(None), FieldValue.folded.contains(part.value, autoescape=True))
    if part.op == "is":
        return and_(FieldValue.word.is_not(None), FieldValue.word == part.value)
    made: ColumnElement[bool] = _COMPARE[part.op](FieldValue.number, part.value)
    return and_(FieldValue.number.is_not(None), made)


def fits(test: Field, said: Mapping[int, Sequence[Said]], scope: Scope) -> bool:
    """Answer in plain Python what `condition` asks the database, from what a case says by field."""
    field = _field(test, scope)
    there = said.get(field.id, ())
    return any(
        not there if value == "none" and test.op == ":" else any(_suits(each, test, value, field, scope) for each in there)
        for value in test.values
    )  # fmt: skip


def _suits(said: Said, test: Field, value: str, field: CustomField, scope: Scope) -> bool:
    for op, wanted in parts(test, value, field, scope):
        if op in {"has", "is"}:
            text = fold(said.text or "", most=None)
            if not (wanted in text if op == "has" else wanted == text):
                return False
        elif said.number is None or not _COMPARE[op](said.number, wanted):
            return False
    return True


def _field(test: Field, scope: Scope) -> CustomField:
    key = test.name.removeprefix(BEGIN)
    found = scope.field(key)
    if found is None:
        raise _wrong(test, f"There is no custom field “{key}”: choose one that is offered after {BEGIN}")
    return found


def _wrong(test: Field, message: str) -> QueryError:
    return QueryError("query_bad_value", message, start=test.at[0], end=test.at[1])


def parts(test: Field, value: str, field: CustomField, scope: Scope) -> tuple[Part, ...]:
    """Return what one value of a test asks of a field's value; all must hold. Raises QueryError."""
    if field.kind in NUMBERS:
        return (Part(_sign(test.op), _number(test, value, field)),)
    if field.kind in DAYS:
        return _days(test, value, scope)
    if test.op != ":":
        raise _wrong(test, f"{test.name} has no order: write {test.name}: and a value.")
    if field.kind in TEXTS:
        return (Part("has", fold(value, most=None)),)
    if field.kind in CHOICES:
        return (Part("is", _choice(test, value, field)),)
    if value.lower() not in YES | NO:
        raise _wrong(test, f"{test.name} is yes, no or none.")
    return (Part("=", Decimal(value.lower() in YES)),)


def _sign(op: str) -> str:
    return "=" if op == ":" else op


def _number(test: Field, value: str, field: CustomField) -> Decimal:
    try:
        [stored] = read(field, value) or (None,)
    except Invalid:
        stored = None
    if stored is None or stored.number is None:
        raise _wrong(test, f"“{value}” is no number that {test.name} could hold: write one such as 12, or none.")
    return stored.number


def _choice(test: Field, value: str, field: CustomField) -> str:
    wanted = fold(value)
    for choice in field.choices:
        if wanted in {fold(str(choice.get(name) or "")) for name in ("value", "name", "name_zh")}:
            return fold(str(choice["value"]))
    offered = ", ".join(str(choice["value"]) for choice in field.choices)
    raise _wrong(test, f"{test.name} cannot be “{value}”: it is one of {offered}, or none.")


def _days(test: Field, value: str, scope: Scope) -> tuple[Part, ...]:
    """A day that is named, or a length of time from today on: `7d` is within a week, `<7d` before that day, `-1w` a week ago."""
    today = Decimal(scope.now.astimezone(scope.zone).date().toordinal())
    named = day(value.lower(), scope)
    if named is not None:
        return (Part(_sign(test.op), Decimal(named[0].date().toordinal())),)
    length = span(value.lower())
    if length is None or length.seconds:
        raise _wrong(test, f"“{value}” is no day: write one such as {_EXAMPLES}.")
    edge = today + length.days
    if test.op == ":":
        return Part(">=", min(today, edge)), Part("<=", max(today, edge))
    return (Part(test.op, edge),)


def load(case_ids: Sequence[int]) -> dict[int, dict[int, list[Said]]]:
    """Return what cases say in custom fields: by case, then by field."""
    found: dict[int, dict[int, list[Said]]] = {}
    columns = (FieldValue.case_id, FieldValue.field_id, FieldValue.text, FieldValue.number)
    for case_id, field_id, text, number in session().execute(select(*columns).where(FieldValue.case_id.in_(case_ids))):
        found.setdefault(case_id, {}).setdefault(field_id, []).append(Said(text, number))
    return found


def some_term(chance: random.Random, fields: Sequence[CustomField], said: Sequence[Said]) -> str:
    """Return a random test of a random field, in values that occur (and some that do not)."""
    field = chance.choice(fields)
    name = f"{BEGIN}{field.key}"
    if chance.random() < 0.2:
        return f"{name}:none"
    op = chance.choice((":", "<", "<=", ">", ">="))
    if field.kind in NUMBERS:
        known = [str(int(each.number)) for each in said if each.number is not None] or ["1"]
        return f"{name}{op}{chance.choice(known)}"
    if field.kind in DAYS:
        return f"{name}{op}{chance.choice(('today', '7d', '-2w', '2026-11-30'))}"
    if field.kind in CHOICES:
        return f"{name}:{_written(chance.choice(field.choices)['value'])}"
    if field.kind is FieldKind.YES_NO:
        return f"{name}:{chance.choice(('yes', 'no'))}"
    words = [word for each in said if each.text for word in each.text.split()] or ["nothing"]
    word = chance.choice(words)
    return f"{name}:{_written(word[: chance.randint(1, len(word))])}"


def _written(value: str) -> str:
    return value if is_plain(value) else quoted(value)
