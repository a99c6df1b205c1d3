"""What cases say in custom fields. A merged case keeps its own values: they rest with it and are there when it is taken apart."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Any, NamedTuple

from sqlalchemy import and_, delete, insert, or_, select

from app import events
from app.cases import service as cases
from app.cases.fields import kinds
from app.cases.fields.models import CustomField, FieldKind, FieldValue
from app.cases.models import Case
from app.db import session
from app.errors import Conflict, Invalid


class Facts(NamedTuple):
    """What showing a field needs to know of it."""

    key: str
    name: str
    name_zh: str
    help: str
    kind: FieldKind
    choices: list[dict[str, Any]]


class Shown(NamedTuple):
    """A field of a case with its value; one that is not open (retired, or of another type) takes no new one."""

    field: CustomField | Facts
    value: Any
    is_open: bool


class Filled(NamedTuple):
    """What a case says in a field, for the column of a list; choices as value, name and Chinese name."""

    key: str
    kind: FieldKind
    value: Any


def of_case(case_id: int, case_type: str) -> list[Shown]:
    """Return the fields of a case in their order: those that its type has, and those that hold a value all the same."""
    joined = select(CustomField, FieldValue).outerjoin(
        FieldValue, and_(FieldValue.field_id == CustomField.id, FieldValue.case_id == case_id)
    )
    is_open = and_(CustomField.retired_at.is_(None), CustomField.case_type.in_(("", case_type)))
    rows = session().execute(
        joined.where(or_(is_open, FieldValue.case_id.is_not(None))).order_by(
            CustomField.position, CustomField.name, FieldValue.place
        )
    )
    found: dict[int, tuple[CustomField, list[kinds.Stored]]] = {}
    for field, value in rows:
        stored = found.setdefault(field.id, (field, []))[1]
        if value is not None:
            stored.append(kinds.Stored(value.text, value.word, value.number))
    return [
        Shown(field, kinds.show(field.kind, stored), field.retired_at is None and field.case_type in {"", case_type})
        for field, stored in found.values()
    ]


def gathered(rows: Iterable[Mapping[str, Any]]) -> tuple[Shown, ...]:
    """Return the fields of a case out of rows that another statement has read along, one for each value."""
    found: dict[str, tuple[Mapping[str, Any], list[kinds.Stored]]] = {}
    for row in rows:
        stored = found.setdefault(row["key"], (row, []))[1]
        if row["filled"]:
            stored.append(kinds.Stored(row["text"], number=Decimal(row["number"]) if row["number"] else None))
    return tuple(_shown(row, stored) for row, stored in found.values())


def _shown(row: Mapping[str, Any], stored: list[kinds.Stored]) -> Shown:
    kind = FieldKind(row["kind"])
    facts = Facts(row["key"], row["name"], row["name_zh"], row["help"], kind, row["choices"])
    return Shown(facts, kinds.show(kind, stored), row["open"])


def plain(case: Case) -> dict[str, Any]:
    """Return the values of a case by key; None, or an empty list, for what is not filled in."""
    return {shown.field.key: shown.value for shown in of_case(case.id, case.type)}


def of_cases(case_ids: Iterable[int], keys: Iterable[str]) -> dict[int, tuple[Filled, ...]]:
    """Return what cases say in some fields, in one statement, as hashable values; cases that say nothing are left out."""
    wanted = [
        CustomField.key,
        CustomField.kind,
        CustomField.choices,
        FieldValue.case_id,
        FieldValue.text,
        FieldValue.number,
    ]
    rows = session().execute(
        select(*wanted)
        .join(FieldValue, FieldValue.field_id == CustomField.id)
        .where(CustomField.key.in_(list(keys)), FieldValue.case_id.in_(list(case_ids)))
        .order_by(FieldValue.case_id, CustomField.key, FieldValue.place)
    )
    found: dict[int, dict[str, list[Any]]] = {}
    for row in rows:
        found.setdefault(row.case_id, {}).setdefault(row.key, []).append(row)
    return {case_id: tuple(_filled(key, said) for key, said in fields.items()) for case_id, fields in found.items()}


def _filled(key: str, rows: list[Any]) -> Filled:
    kind = FieldKind(rows[0].kind)
    shown = kinds.show(kind, [kinds.Stored(row.text, number=row.number) for row in rows])
    if kind not in {FieldKind.CHOICE, FieldKind.CHOICES}:
        return Filled(key, kind, shown)
    named = {choice["value"]: (choice["name"], choice["name_zh"]) for choice in rows[0].choices}
    return Filled(key, kind, tuple((row.text, *named.get(row.text, (row.text, ""))) for row in rows))


def change(case: Case, given: Mapping[str, Any]) -> dict[str, Any]:
    """Set fields of a locked case by key; an empty value clears one. Records `case_fields_changed` with what differs, and returns it.

    Raises Invalid with a sentence per field; Conflict when the case is merged into another or archived.
    """
    cases.check_standing(case)
    if case.archived_at is not None:
        raise Conflict("case_archived", "This case is archived: reopen it before you change its fields.")
    known = {shown.field.key: shown for shown in of_case(case.id, case.type)}
    fresh, wrong = _read(known, given)
    if wrong:
        raise Invalid("fields_wrong", "Some fields need another look.", fields=wrong)
    changes = {}
    for key, stored in fresh.items():
        field, before, _ = known[key]
        changes[key] = {"from": before, "to": kinds.show(field.kind, stored)}
        _store(case.id, key, stored)
    if changes:
        events.record("case_fields_changed", chain=cases.chain_of(case.id), changes=changes)
        cases.announce(case, change="fields")
    return changes


def _read(
    known: Mapping[str, Shown], given: Mapping[str, Any]
) -> tuple[dict[str, tuple[kinds.Stored, ...]], dict[str, str]]:
    fresh: dict[str, tuple[kinds.Stored, ...]] = {}
    wrong: dict[str, str] = {}
    for key, value in given.items():
        shown = known.get(key)
        if shown is None:
            wrong[key] = "This case has no such field."
        elif not _is_same(shown, value):
            if not shown.is_open:
                wrong[key] = "This field is not in use any more."
                continue
            try:
                stored = kinds.read(shown.field, value)
            except Invalid as error:
                wrong[key] = error.message
                continue
            if kinds.show(shown.field.kind, stored) != shown.value:
                fresh[key] = stored
    return fresh, wrong


def _is_same(shown: Shown, given: Any) -> bool:
    """What stands there already may stay, also a choice that is no longer offered."""
    return bool(given == shown.value) or (isinstance(shown.value, str) and [shown.value] == given)


def _store(case_id: int, key: str, stored: tuple[kinds.Stored, ...]) -> None:
    field_id = session().scalars(select(CustomField.id).where(CustomField.key == key)).one()
    session().execute(delete(FieldValue).where(FieldValue.case_id == case_id, FieldValue.field_id == field_id))
    rows = [
        {"case_id": case_id, "field_id": field_id, "place": place, **each._asdict()}
        for place, each in enumerate(stored)
    ]
    if rows:
        session().execute(insert(FieldValue), rows)
