"""The functions and methods an expression may call; there are no others, and none reaches outside its arguments."""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal, InvalidOperation
from typing import Any

from app.workflow.language.durations import Duration, parse_date, parse_duration
from app.workflow.language.lexer import LanguageError
from app.workflow.language.operations import (
    MAX_SCANNED,
    MAX_SEARCHED,
    MAX_STRING,
    capped,
    contains,
    equal,
    greater,
    is_number,
    kind_of,
    less,
)

Function = tuple[int, int, Callable[..., Any]]
ANY_NUMBER = 100


def _text(value: Any, name: str, *, limit: int = MAX_STRING) -> str:
    if not isinstance(value, str):
        raise LanguageError(f"{name} needs a text, not {kind_of(value)}.")
    if len(value) > limit:
        raise LanguageError(f"{name} takes a text of at most {limit} characters.")
    return value


def _number(value: Any, name: str) -> Any:
    if not is_number(value):
        raise LanguageError(f"{name} needs a number, not {kind_of(value)}.")
    return value


def _length(value: Any) -> int:
    if isinstance(value, (str, list, tuple, Mapping)):
        return len(value)
    raise LanguageError(f"len needs a text, a list or an object, not {kind_of(value)}.")


def is_empty(value: Any) -> bool:
    """Whether the value is null, an empty text, an empty list or an object without fields."""
    return value is None or (isinstance(value, (str, list, tuple, Mapping)) and len(value) == 0)


def _choose(better: Callable[[Any, Any], bool], name: str) -> Callable[..., Any]:
    def choose(*values: Any) -> Any:
        entries = values[0] if len(values) == 1 and isinstance(values[0], (list, tuple)) else values
        if not entries or len(entries) > MAX_SCANNED:
            raise LanguageError(f"{name} needs between 1 and {MAX_SCANNED} values.")
        best = entries[0]
        for value in entries[1:]:
            if better(value, best):
                best = value
        return best

    return choose


def _sum(values: Any) -> Any:
    if not isinstance(values, (list, tuple)) or len(values) > MAX_SCANNED:
        raise LanguageError(f"sum needs a list of at most {MAX_SCANNED} numbers.")
    total: Any = 0
    for value in values:
        total += _number(value, "sum")
    return capped(total)


def _round(value: Any, digits: Any = 0) -> Any:
    _number(value, "round")
    if type(digits) is not int or abs(digits) > 20:
        raise LanguageError("round needs a whole number of digits between -20 and 20.")
    return capped(round(value, digits) if digits else round(value))


def _whole(value: Any, *, name: str, function: Callable[[Any], int]) -> int:
    try:
        return int(capped(function(_number(value, name))))
    except (OverflowError, ValueError, InvalidOperation):
        raise LanguageError(f"{name} needs an ordinary number.") from None


def _int(value: Any) -> int:
    if isinstance(value, bool):
        return int(value)
    if isinstance(value, str):
        try:
            return int(capped(int(_text(value, "int", limit=40).strip())))
        except ValueError:
            raise LanguageError("int needs a text of digits, such as '42'.") from None
    return _whole(value, name="int", function=int)


def _float(value: Any) -> float:
    if isinstance(value, str):
        try:
            return float(capped(float(_text(value, "float", limit=40).strip())))
        except ValueError:
            raise LanguageError("float needs a text with a number, such as '4.2'.") from None
    return float(capped(float(_number(value, "float"))))


def to_text(value: Any) -> str:
    """A number, text, truth value, date or duration as text; LanguageError for lists and objects."""
    if isinstance(value, str):
        return _text(value, "str", limit=MAX_SEARCHED)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (datetime, date, Duration)):
        return value.isoformat()
    if isinstance(value, timedelta):
        return Duration(0, value).isoformat()
    if isinstance(value, (int, float, Decimal)):
        return str(capped(value))
    raise LanguageError(f"str cannot make a text of {kind_of(value)}.")


def _bool(value: Any) -> bool:
    if isinstance(value, str) and value.strip().lower() in {"true", "false"}:
        return value.strip().lower() == "true"
    return bool(value)


def _search(method: Callable[[str, str], Any], name: str) -> Callable[[Any, Any], Any]:
    def search(text: Any, part: Any) -> Any:
        return method(_text(text, name, limit=MAX_SEARCHED), _text(part, name, limit=MAX_SEARCHED))

    return search


def _change(method: Callable[[str], str], name: str) -> Callable[[Any], str]:
    def change(text: Any) -> str:
        return str(capped(method(_text(text, name))))

    return change


def _replace(whole: Any, part: Any, other: Any) -> str:
    text, old, new = _text(whole, "replace"), _text(part, "replace"), _text(other, "replace")
    count = text.count(old)
    if len(text) + count * (len(new) - len(old)) > MAX_STRING:
        raise LanguageError(f"The text grows beyond {MAX_STRING} characters.")
    return text.replace(old, new)


def _substring(text: Any, start: Any, end: Any = None) -> str:
    if type(start) is not int or not (end is None or type(end) is int):
        raise LanguageError("substring needs whole numbers.")
    return _text(text, "substring", limit=MAX_SEARCHED)[max(start, 0) : end if end is None else max(end, 0)]


def _split(text: Any, separator: Any = ",") -> list[str]:
    if not _text(separator, "split"):
        raise LanguageError("split needs a separator of at least one character.")
    return list(capped([part.strip() for part in _text(text, "split").split(separator)]))


def _join(values: Any, separator: Any = ",") -> str:
    if not isinstance(values, (list, tuple)) or len(values) > MAX_SCANNED:
        raise LanguageError(f"join needs a list of at most {MAX_SCANNED} entries.")
    total = 0
    parts = []
    for value in values:
        parts.append(to_text(value))
        total += len(parts[-1]) + len(_text(separator, "join"))
        if total > MAX_STRING:
            raise LanguageError(f"The text grows beyond {MAX_STRING} characters.")
    return str(separator).join(parts)


def _get(value: Any, key: Any, default: Any = None) -> Any:
    if not isinstance(value, Mapping) or not isinstance(key, str):
        raise LanguageError("get needs an object and the name of a field.")
    return value.get(key, default)


def _date(value: Any) -> datetime:
    if isinstance(value, datetime):
        return value
    return parse_date(_text(value, "date"))


def _duration(value: Any) -> Duration:
    if isinstance(value, Duration):
        return value
    return parse_duration(_text(value, "duration"))


def _coalesce(*values: Any) -> Any:
    return next((value for value in values if value is not None), None)


FUNCTIONS: Mapping[str, Function] = {
    "len": (1, 1, _length),
    "size": (1, 1, _length),
    "count": (1, 1, _length),
    "empty": (1, 1, is_empty),
    "min": (1, ANY_NUMBER, _choose(less, "min")),
    "max": (1, ANY_NUMBER, _choose(greater, "max")),
    "sum": (1, 1, _sum),
    "abs": (1, 1, lambda value: abs(_number(value, "abs"))),
    "round": (1, 2, _round),
    "floor": (1, 1, lambda value: _whole(value, name="floor", function=math.floor)),
    "ceil": (1, 1, lambda value: _whole(value, name="ceil", function=math.ceil)),
    "int": (1, 1, _int),
    "float": (1, 1, _float),
    "str": (1, 1, to_text),
    "bool": (1, 1, _bool),
    "lower": (1, 1, _change(str.lower, "lower")),
    "upper": (1, 1, _change(str.upper, "upper")),
    "trim": (1, 1, _change(str.strip, "trim")),
    "contains": (2, 2, contains),
    "startswith": (2, 2, _search(str.startswith, "startswith")),
    "endswith": (2, 2, _search(str.endswith, "endswith")),
    "find": (2, 2, _search(str.find, "find")),
    "replace": (3, 3, _replace),
    "substring": (2, 3, _substring),
    "split": (1, 2, _split),
    "join": (1, 2, _join),
    "get": (2, 3, _get),
    "date": (1, 1, _date),
    "duration": (1, 1, _duration),
    "coalesce": (1, ANY_NUMBER, _coalesce),
}

METHODS: Mapping[str, Function] = {
    **{
        name: FUNCTIONS[name]
        for name in (
            "contains",
            "startswith",
            "endswith",
            "find",
            "lower",
            "upper",
            "trim",
            "replace",
            "substring",
            "split",
            "size",
            "get",
        )
    },
    "startsWith": FUNCTIONS["startswith"],
    "endsWith": FUNCTIONS["endswith"],
    "indexOf": FUNCTIONS["find"],
    "toLowerCase": FUNCTIONS["lower"],
    "toUpperCase": FUNCTIONS["upper"],
    "strip": FUNCTIONS["trim"],
    "length": FUNCTIONS["len"],
    "isEmpty": FUNCTIONS["empty"],
    "equals": (2, 2, equal),
    "equalsIgnoreCase": (
        2,
        2,
        lambda left, right: _text(left, "equalsIgnoreCase").casefold() == _text(right, "equalsIgnoreCase").casefold(),
    ),
    "containsKey": (2, 2, contains),
}
"""Called as `value.name(...)`; the value is the first argument."""
