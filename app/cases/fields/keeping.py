"""The custom fields of the desk: made, changed, retired. Values are never lost: a key and a kind stay, and nothing is deleted."""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Any

from sqlalchemy import select

from app import events
from app.cases.fields.kinds import fold
from app.cases.fields.models import CustomField, FieldKind
from app.clock import utcnow
from app.db import session
from app.errors import Conflict, Invalid, NotFound

MAX_NAME, MAX_HELP, MAX_CHOICES, MOST = 120, 300, 100, 200
MAX_POSITION = 9_999
_KEY = re.compile(r"[a-z][a-z0-9_]{0,39}")
CHOSEN = (FieldKind.CHOICE, FieldKind.CHOICES)


def fields(*, retired: bool = False) -> list[CustomField]:
    """Return the fields in their order, those that are retired too when asked for."""
    query = select(CustomField).order_by(CustomField.position, CustomField.name)
    return list(session().scalars(query if retired else query.where(CustomField.retired_at.is_(None))))


def find(key: str) -> CustomField | None:
    """Return a field, or None."""
    return session().scalar(select(CustomField).where(CustomField.key == key))


def get(key: str) -> CustomField:
    """Return a field; raises NotFound."""
    found = find(key)
    if found is None:
        raise NotFound("field_unknown", "There is no such field.")
    return found


def make(key: str, *, kind: str, **facts: Any) -> CustomField:
    """Make a field. Records `custom_field_saved`. Raises Invalid, and Conflict when the key is taken; see `change` for `facts`."""
    if not _KEY.fullmatch(key):
        raise Invalid(
            "bad_key", "Write a key of a-z, 0-9 and _ that begins with a letter.", fields={"key": "not a key"}
        )
    if kind not in set(FieldKind):
        raise Invalid("bad_kind", f"The kind is one of {', '.join(FieldKind)}.", fields={"kind": "unknown"})
    there = session().scalars(select(CustomField.key)).all()
    if key in there:
        raise Conflict("key_taken", f"There is a {key} already: choose another key.", fields={"key": "taken"})
    if len(there) >= MOST:
        raise Conflict("too_many_fields", f"A desk has at most {MOST} fields.")
    row = CustomField(key=key, kind=FieldKind(kind), name=key, choices=[])
    _fill(row, **facts)
    session().add(row)
    return _saved(row)


def change(row: CustomField, *, version: int | None = None, **facts: Any) -> CustomField:
    """Change a field's `name`, `name_zh`, `help`, `choices`, `case_type`, `position` and `is_retired`. Records `custom_field_saved`.

    Key and kind stay, for stored values and processes count on them. Raises Invalid, and Conflict when it is no longer that version.
    """
    if version is not None and row.version != version:
        raise Conflict("changed_meanwhile", "Somebody has changed this since you opened it: look at it again.")
    _fill(row, **facts)
    return _saved(row)


def _fill(
    row: CustomField, *, name: str, name_zh: str = "", help: str = "",
    choices: Sequence[dict[str, Any]] = (), case_type: str = "", position: int = 0, is_retired: bool = False,
) -> None:  # fmt: skip
    row.name = _line(name, "name", MAX_NAME, is_needed=True)
    row.name_zh = _line(name_zh, "name_zh", MAX_NAME)
    row.help = _line(help, "help", MAX_HELP)
    row.case_type = _line(case_type, "case_type", MAX_NAME)
    row.choices = _choices(choices) if row.kind in CHOSEN else []
    if not 0 <= position <= MAX_POSITION:
        raise Invalid("bad_position", f"Write a number from 0 to {MAX_POSITION}.", fields={"position": "not a place"})
    row.position = position
    row.retired_at = (row.retired_at or utcnow()) if is_retired else None


def _line(text: str, name: str, most: int, *, is_needed: bool = False) -> str:
    text = " ".join(text.split())
    if is_needed and not text:
        raise Invalid("name_missing", "Give it a name.", fields={name: "required"})
    if len(text) > most:
        raise Invalid("too_long", f"Write at most {most} characters.", fields={name: "too long"})
    return text


def _choices(given: Sequence[dict[str, Any]]) -> list[dict[str, Any]]:
    made: dict[str, dict[str, Any]] = {}
    for choice in given:
        value = _line(str(choice.get("value", "")), "choices", MAX_NAME)
        if not value:
            continue
        if fold(value) in made or "," in value:
            raise Invalid(
                "bad_choices", f"“{value}” stands there twice or holds a comma: write each value once, without commas.",
                fields={"choices": "twice"},
            )  # fmt: skip
        names = {key: _line(str(choice.get(key) or ""), "choices", MAX_NAME) for key in ("name", "name_zh")}
        made[fold(value)] = {"value": value, **names, "name": names["name"] or value}
    if not made:
        raise Invalid("choices_missing", "Write what can be chosen, one choice a line.", fields={"choices": "required"})
    if len(made) > MAX_CHOICES:
        raise Invalid("too_many_choices", f"A field has at most {MAX_CHOICES} choices.", fields={"choices": "too many"})
    return list(made.values())


def _saved(row: CustomField) -> CustomField:
    session().flush()
    events.record(
        "custom_field_saved", chain=f"custom-field:{row.id}", key=row.key, name=row.name, kind_of_value=str(row.kind),
        choices=[choice["value"] for choice in row.choices], case_type=row.case_type, retired=row.retired_at is not None,
    )  # fmt: skip
    return row
