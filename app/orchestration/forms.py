"""Forms of tasks and actions: what a process asks of a person, checked the same way for pages, API and command line."""

from __future__ import annotations

import math
from collections.abc import Mapping
from datetime import date
from typing import Any

from app.errors import Invalid
from app.orchestration import parties

MAX_TEXT = 20_000
YES = frozenset({"true", "on", "yes", "1"})


def read(form: Mapping[str, Any] | None, values: Mapping[str, Any]) -> dict[str, Any]:
    """Return the typed values of a form's visible fields. Raises Invalid with a sentence for each wrong field.

    Fields that the form does not have are dropped: nobody sets a process variable that the designer did not ask for.
    """
    if form is None:
        return {}
    typed: dict[str, Any] = {}
    wrong: dict[str, str] = {}
    for field in form.get("fields", ()):
        key = field["key"]
        if not is_shown(field, typed):
            typed[key] = None
            continue
        try:
            typed[key] = _value(field, values.get(key))
        except Invalid as error:
            wrong[key] = error.message
    if wrong:
        raise Invalid("form_incomplete", "Some fields need another look.", fields=wrong)
    return typed


def is_shown(field: Mapping[str, Any], values: Mapping[str, Any]) -> bool:
    """Tell whether a field is asked for, given the fields before it: `show_if` names a field and the values that show it."""
    condition = field.get("show_if")
    if not isinstance(condition, Mapping):
        return True
    wanted = condition.get("in", condition.get("equals"))
    actual = values.get(str(condition.get("field")))
    return actual in wanted if isinstance(wanted, list) else actual == wanted


def _value(field: Mapping[str, Any], given: Any) -> Any:
    kind = field.get("type", "text")
    if kind == "bool":
        return given if isinstance(given, bool) else str(given or "").lower() in YES
    if kind == "case_fields":
        return _changes(given, required=bool(field.get("required")))
    text = "" if given is None else str(given).strip()
    if not text:
        if field.get("required"):
            raise Invalid("required", "This is needed.")
        return None
    if len(text) > MAX_TEXT:
        raise Invalid("too_long", f"At most {MAX_TEXT} characters.")
    return _READERS.get(kind, _text)(field, text)


def _text(_field: Mapping[str, Any], text: str) -> str:
    return text


def _choice(field: Mapping[str, Any], text: str) -> str:
    options = [str(option["value"]) for option in field.get("options", ())]
    if text not in options:
        raise Invalid("not_offered", f"Choose one of: {', '.join(options)}.")
    return text


def _date(_field: Mapping[str, Any], text: str) -> str:
    try:
        return date.fromisoformat(text).isoformat()
    except ValueError:
        raise Invalid("bad_date", "Write the date as 2026-11-30.") from None


def _number(_field: Mapping[str, Any], text: str) -> float | int:
    try:
        number = float(text)
    except ValueError:
        raise Invalid("bad_number", "Write a number.") from None
    if not math.isfinite(number) or abs(number) > 1e15:
        raise Invalid("bad_number", "Write a number of ordinary size.")
    return int(number) if number.is_integer() else number


def _team(_field: Mapping[str, Any], text: str) -> str:
    parties.team_id(text)
    return text


def _user(_field: Mapping[str, Any], text: str) -> str:
    parties.user_id(text)
    return text


_READERS = {"choice": _choice, "date": _date, "number": _number, "team": _team, "user": _user}


def _changes(given: Any, *, required: bool) -> dict[str, Any]:
    """Field-by-field changes: a mapping, or lines of `name: value` as a page sends them."""
    if isinstance(given, Mapping):
        found = {str(key).strip(): value for key, value in given.items() if str(key).strip()}
    else:
        lines = [line.partition(":") for line in str(given or "").splitlines() if line.strip()]
        if any(not colon for _, colon, _ in lines):
            raise Invalid("bad_changes", "Write one change a line, as name: value.")
        found = {name.strip(): value.strip() for name, _, value in lines if name.strip()}
    if required and not found:
        raise Invalid("required", "Say what is to change, as name: value.")
    return found
