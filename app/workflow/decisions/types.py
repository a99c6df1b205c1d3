"""The types a column may declare, and bringing a case's value to them: JSON knows no dates, FEEL does."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import date, time, timedelta
from typing import Any

from app.workflow.language import feel_functions
from app.workflow.language.durations import Duration
from app.workflow.language.feel_values import convert, kind_of, plain
from app.workflow.language.lexer import LanguageError

_NAMES: Mapping[str, str] = {
    "string": "string",
    "number": "number",
    "integer": "number",
    "int": "number",
    "long": "number",
    "double": "number",
    "float": "number",
    "decimal": "number",
    "boolean": "boolean",
    "date": "date",
    "time": "time",
    "datetime": "date and time",
    "date and time": "date and time",
    "daytimeduration": "duration",
    "yearmonthduration": "duration",
    "duration": "duration",
    "days and time duration": "duration",
    "years and months duration": "duration",
    "any": "",
    "": "",
}


def known_type(name: str) -> str | None:
    """Our word for a declared type, an empty text for any type, None for one we don't know."""
    return _NAMES.get(name.strip().split(":")[-1].strip().lower())


def _boolean(value: Any) -> Any:
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    return value


def _number(value: Any) -> Any:
    return plain(feel_functions.FUNCTIONS["number"][2](value)) if isinstance(value, str) and value.strip() else value


_COERCIONS: Mapping[str, Callable[[Any], Any]] = {
    "number": _number,
    "boolean": _boolean,
    "date": feel_functions.FUNCTIONS["date"][2],
    "time": feel_functions.FUNCTIONS["time"][2],
    "date and time": feel_functions.FUNCTIONS["date and time"][2],
    "duration": feel_functions.FUNCTIONS["duration"][2],
}
_WANTED: Mapping[str, tuple[str, ...]] = {
    "string": ("a text",),
    "number": ("a number",),
    "boolean": ("true or false",),
}


def coerce(value: Any, declared: str) -> Any:
    """The value as the declared type: ISO texts become dates, digits become numbers. Null and lists stay as they are.

    LanguageError when the value is of another kind.
    """
    if value is None or isinstance(value, list) or not declared:
        return value
    value = plain(_COERCIONS.get(declared, _same)(convert(value)))
    kind = kind_of(convert(value))
    wanted = _WANTED.get(declared)
    if wanted and kind not in wanted:
        raise LanguageError(f"It wants {wanted[0]}, but got {kind}.")
    return value


def _same(value: Any) -> Any:
    return value


def jsonable(value: Any) -> Any:
    """A FEEL result as the case keeps it: dates, times and durations become ISO 8601 texts. LanguageError for ranges."""
    if isinstance(value, (date, time, Duration)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return Duration(0, value).isoformat()
    if isinstance(value, list):
        return [jsonable(entry) for entry in value]
    if isinstance(value, Mapping):
        return {key: jsonable(entry) for key, entry in value.items()}
    if value is None or isinstance(value, (str, bool, int, float)):
        return value
    raise LanguageError("A range cannot be a result; write a value.")
