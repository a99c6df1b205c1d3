"""The functions that FEEL texts may call; an unknown one is refused when the text is read.

Null given for a text or number comes back as null, as FEEL wants.
"""

from __future__ import annotations

import decimal
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from app.workflow.language.durations import Duration, is_date, parse_date, parse_duration
from app.workflow.language.feel_values import CONTEXT, add, compare, convert, equal, kind_of, plain, scanned, small_list
from app.workflow.language.functions import Function
from app.workflow.language.lexer import LanguageError
from app.workflow.language.operations import MAX_SEARCHED, MAX_STRING

MANY = 100
Row = tuple[str, int, int, Callable[..., Any]]


def _text(value: Any, name: str) -> str:
    if not isinstance(value, str):
        raise LanguageError(f"{name} needs a text, not {kind_of(value)}.")
    if len(value) > MAX_SEARCHED:
        raise LanguageError(f"{name} takes a text of at most {MAX_SEARCHED} characters.")
    return value


def _on_texts(name: str, function: Callable[..., Any]) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        if any(value is None for value in values):
            return None
        return convert(function(*(_text(value, name) for value in values)))

    return call


def _whole(value: Any, name: str) -> int:
    if not isinstance(value, Decimal) or value != value.to_integral_value() or abs(value) > 10**9:
        raise LanguageError(f"{name} needs a whole number, not {kind_of(value)}.")
    return int(value)


def _substring(text: Any, start: Any, length: Any = None) -> Any:
    if text is None or start is None:
        return None
    whole, first = _text(text, "substring"), _whole(start, "substring")
    begin = first - 1 if first > 0 else max(len(whole) + first, 0)
    end = None if length is None else begin + max(_whole(length, "substring"), 0)
    return whole[begin:end] if first else None


def _number(text: Any) -> Any:
    if text is None or isinstance(text, Decimal):
        return text
    try:
        value = Decimal(_text(text, "number")[:60].strip())
    except decimal.InvalidOperation:
        raise LanguageError("number needs a text with a number, such as “4.2”.") from None
    if not value.is_finite() or abs(value.adjusted()) > 60:
        raise LanguageError("number needs an ordinary number.")
    return value


def _string(value: Any) -> Any:
    if value is None or isinstance(value, str):
        return value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, (date, time, Duration)):
        return value.isoformat().replace("+00:00", "Z")
    if isinstance(value, Decimal):
        return str(plain(value))
    raise LanguageError(f"string cannot make a text of {kind_of(value)}.")


def _on_number(name: str, function: Callable[[Decimal], Decimal]) -> Callable[[Any], Any]:
    def call(value: Any) -> Any:
        if value is None or isinstance(value, (Decimal, Duration)):
            return None if value is None else _computed(function, value)
        raise LanguageError(f"{name} needs a number, not {kind_of(value)}.")

    return call


def _computed(function: Callable[..., Decimal], *values: Any) -> Decimal:
    try:
        return function(*values)
    except (ArithmeticError, TypeError, AttributeError):
        raise LanguageError("The number grows beyond what can be computed with.") from None


def _rounded(rounding: str) -> Callable[[Decimal], Decimal]:
    return lambda value: value.to_integral_value(rounding=rounding)


def _scale(value: Any, digits: Any) -> Any:
    if value is None or digits is None:
        return None
    places = _whole(digits, "decimal")
    if not isinstance(value, Decimal) or abs(places) > 30:
        raise LanguageError("decimal needs a number and between -30 and 30 digits.")
    return _computed(lambda number: CONTEXT.quantize(number, Decimal(1).scaleb(-places)), value)


def _scale_half_up(value: Any, digits: Any) -> Any:
    if value is None or digits is None:
        return None
    places = _whole(digits, "round half up")
    if not isinstance(value, Decimal) or abs(places) > 30:
        raise LanguageError("round half up needs a number and between -30 and 30 digits.")
    return _computed(lambda number: number.quantize(Decimal(1).scaleb(-places), decimal.ROUND_HALF_UP), value)


def _modulo(left: Any, right: Any) -> Any:
    if left is None or right is None:
        return None
    if not (isinstance(left, Decimal) and isinstance(right, Decimal)) or right == 0:
        raise LanguageError("modulo needs two numbers, the second not zero.")
    quotient = _computed(lambda a, b: CONTEXT.divide(a, b).to_integral_value(rounding=decimal.ROUND_FLOOR), left, right)
    return _computed(lambda a, b: CONTEXT.subtract(a, CONTEXT.multiply(b, quotient)), left, right)


def _entries(values: tuple[Any, ...]) -> list[Any]:
    found = values[0] if len(values) == 1 and isinstance(values[0], list) else list(values)
    return [convert(entry) for entry in scanned(found)]


def _best(name: str, sign: int) -> Callable[..., Any]:
    def call(*values: Any) -> Any:
        best: Any = None
        for entry in _entries(values):
            if entry is None:
                return None
            if best is None or compare(entry, best) == sign:
                best = entry
        return best

    call.__name__ = name
    return call


def _sum(*values: Any) -> Any:
    total: Any = None
    for entry in _entries(values):
        if not isinstance(entry, (Decimal, Duration)):
            raise LanguageError(f"sum needs numbers or durations, not {kind_of(entry)}.")
        total = entry if total is None else add(total, entry)
    return total


def _mean(*values: Any) -> Any:
    total = _sum(*values)
    if not isinstance(total, Decimal):
        return None
    return CONTEXT.divide(total, Decimal(len(_entries(values))))


def _list(value: Any, name: str) -> list[Any]:
    if not isinstance(value, list):
        raise LanguageError(f"{name} needs a list, not {kind_of(value)}.")
    return list(scanned(value))


def _any(*values: Any) -> Any:
    entries = _entries(values)
    return True if True in entries else None if None in entries else False


def _all(*values: Any) -> Any:
    entries = _entries(values)
    return False if False in entries else None if None in entries else True


def _negation(value: Any) -> Any:
    return None if value is None or not isinstance(value, bool) else not value


def _date(*parts: Any) -> Any:
    if any(part is None for part in parts):
        return None
    if len(parts) == 3:
        year, month, day = (_whole(part, "date") for part in parts)
        return _made(lambda: date(year, month, day), "date")
    value = parts[0]
    if len(parts) == 1 and isinstance(value, datetime):
        return value.date()
    if len(parts) == 1 and isinstance(value, date):
        return value
    if len(parts) != 1 or not isinstance(value, str):
        raise LanguageError("date needs a text like “2026-01-31”, a date and time, or year, month and day.")
    return parse_date(value).date()


def _time(*parts: Any) -> Any:
    if any(part is None for part in parts):
        return None
    if len(parts) == 3:
        hour, minute, second = (_whole(part, "time") for part in parts)
        return _made(lambda: time(hour, minute, second), "time")
    value = parts[0]
    if len(parts) == 1 and isinstance(value, datetime):
        return value.timetz()
    if len(parts) == 1 and isinstance(value, time):
        return value
    if len(parts) != 1 or not isinstance(value, str) or not is_date(f"2000-01-01T{value}"):
        raise LanguageError("time needs a text like “09:30:00”, a date and time, or hour, minute and second.")
    # A time without offset stays without, so that it can be compared with others written that way.
    moment = parse_date(f"2000-01-01T{value}", zone=None)
    return moment.timetz() if moment.tzinfo else moment.time()


def _date_and_time(*parts: Any) -> Any:
    if any(part is None for part in parts):
        return None
    value = parts[0]
    if len(parts) == 2:
        day = _date(value)
        clock = _time(parts[1])
        return convert(datetime.combine(day, clock))
    if isinstance(value, datetime):
        return value
    if isinstance(value, date):
        return datetime.combine(value, time(), tzinfo=UTC)
    return parse_date(_text(value, "date and time"))


def _made(make: Callable[[], Any], name: str) -> Any:
    try:
        return make()
    except (ValueError, OverflowError):
        raise LanguageError(f"{name}: there is no such day or time.") from None


def _duration(value: Any) -> Any:
    if value is None or isinstance(value, Duration):
        return value
    return parse_duration(_text(value, "duration"))


def _months_between(start: Any, end: Any) -> Any:
    if start is None or end is None:
        return None
    if not (isinstance(start, date) and isinstance(end, date)):
        raise LanguageError("years and months duration needs two dates.")
    months = (end.year - start.year) * 12 + end.month - start.month
    if months > 0 and end.day < start.day:
        months -= 1
    elif months < 0 and end.day > start.day:
        months += 1
    return Duration(months, timedelta(0))


_DAYS = ("Monday", "Tuesday", "Wednesday", "Thursday", "Friday", "Saturday", "Sunday")


def _day_of_week(value: Any) -> Any:
    if value is None:
        return None
    if not isinstance(value, date):
        raise LanguageError(f"day of week needs a date, not {kind_of(value)}.")
    return _DAYS[value.weekday()]


def _before(part: str, whole: str) -> str:
    return whole.partition(part)[0] if part and part in whole else ""


def _after(part: str, whole: str) -> str:
    return whole.partition(part)[2]


def _joined(values: Any, separator: Any = "") -> Any:
    texts = [_text(entry, "string join") for entry in _list(values, "string join") if entry is not None]
    if sum(map(len, texts)) + len(_text(separator, "string join")) * len(texts) > MAX_STRING:
        raise LanguageError(f"The text grows beyond {MAX_STRING} characters.")
    return str(separator).join(texts)


def _shortened(text: str) -> str:
    if len(text) > MAX_STRING:
        raise LanguageError(f"The text grows beyond {MAX_STRING} characters.")
    return text


_TABLE: tuple[Row, ...] = (
    ("contains", 2, 2, _on_texts("contains", lambda text, part: part in text)),
    ("starts with", 2, 2, _on_texts("starts with", str.startswith)),
    ("ends with", 2, 2, _on_texts("ends with", str.endswith)),
    ("upper case", 1, 1, _on_texts("upper case", lambda text: _shortened(text).upper())),
    ("lower case", 1, 1, _on_texts("lower case", lambda text: _shortened(text).lower())),
    ("trim", 1, 1, _on_texts("trim", str.strip)),
    ("string length", 1, 1, _on_texts("string length", len)),
    ("substring", 2, 3, _substring),
    ("substring before", 2, 2, _on_texts("substring before", lambda text, part: _before(part, text))),
    ("substring after", 2, 2, _on_texts("substring after", lambda text, part: _after(part, text))),
    ("string join", 1, 2, _joined),
    ("string", 1, 1, _string),
    ("number", 1, 1, _number),
    ("abs", 1, 1, _on_number("abs", abs)),
    ("floor", 1, 1, _on_number("floor", _rounded(decimal.ROUND_FLOOR))),
    ("ceiling", 1, 1, _on_number("ceiling", _rounded(decimal.ROUND_CEILING))),
    ("round half up", 2, 2, _scale_half_up),
    ("decimal", 2, 2, _scale),
    ("modulo", 2, 2, _modulo),
    ("min", 1, MANY, _best("min", -1)),
    ("max", 1, MANY, _best("max", 1)),
    ("sum", 1, MANY, _sum),
    ("mean", 1, MANY, _mean),
    ("count", 1, 1, lambda value: Decimal(len(_list(value, "count")))),
    ("list contains", 2, 2, lambda value, item: any(equal(e, item) for e in _list(value, "list contains"))),
    ("concatenate", 1, MANY, lambda *lists: small_list([e for each in lists for e in _list(each, "concatenate")])),
    ("append", 2, MANY, lambda value, *items: small_list([*_list(value, "append"), *items])),
    ("any", 1, MANY, _any),
    ("all", 1, MANY, _all),
    ("not", 1, 1, _negation),
    ("date", 1, 3, _date),
    ("time", 1, 3, _time),
    ("date and time", 1, 2, _date_and_time),
    ("duration", 1, 1, _duration),
    ("years and months duration", 2, 2, _months_between),
    ("day of week", 1, 1, _day_of_week),
    ("is defined", 1, 1, lambda value: value is not None),
)


FUNCTIONS: Mapping[str, Function] = {name: (least, most, function) for name, least, most, function in _TABLE}


def at_literal(text: str) -> Any:
    """The value of `@"..."`: a date, date and time, time or duration, told by its form. LanguageError otherwise."""
    if text[:1] in {"P", "-"}:
        return parse_duration(text)
    if "T" in text or (" " in text and is_date(text)):
        return parse_date(text)
    return _time(text) if ":" in text[:3] else _date(text)
