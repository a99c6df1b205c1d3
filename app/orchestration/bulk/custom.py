"""Bulk action on a custom field: one value for it."""

from __future__ import annotations

from typing import Any

from app.cases.fields import keeping, kinds, values
from app.errors import Invalid
from app.identity.policy import Viewer
from app.orchestration.bulk.kinds import Done, Kind, Params, Turn, changed_since


def _read(_viewer: Viewer, given: Params) -> dict[str, Any]:
    """Take `key` of a field and its `value`; an empty one clears it."""
    key = str(given.get("key") or "").strip()
    if not key:
        raise Invalid("field_missing", "Choose the field.", fields={"key": "required"})
    field, value = keeping.get(key), given.get("value")
    if field.retired_at is not None:
        raise Invalid("field_retired", "This field is not in use any more.", fields={"key": "retired"})
    kinds.read(field, value)
    return {"key": field.key, "value": value if value is not None else ""}


def _set(turn: Turn) -> Done:
    changes = _change(turn, turn.params["value"])
    return Done(bool(changes), {"changes": changes})


def _change(turn: Turn, value: Any) -> dict[str, Any]:
    try:
        return values.change(turn.case, {turn.params["key"]: value})
    except Invalid as error:  # of one field: its own sentence says more than that of all
        raise Invalid(error.code, next(iter(error.fields.values()), error.message)) from error


def _undo(turn: Turn) -> bool:
    [(key, change)] = turn.before["changes"].items()
    if values.plain(turn.case).get(key) != change["to"]:
        raise changed_since(key)
    before = change["from"]
    return bool(_change(turn, "" if before is None else before))


KINDS = (Kind("custom", _read, _set, _undo, "undo_all"),)
