"""The values of FEEL and what its signs do to them.

Numbers are decimals of 34 digits, as FEEL wants; times are aware (UTC unless they say otherwise). Null goes through
arithmetic and comparison as null; kinds that do not fit together are an error instead of a silent null.
"""

from __future__ import annotations

import decimal
import math
import operator
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from decimal import Decimal
from typing import Any

from app.workflow.language.durations import Duration
from app.workflow.language.lexer import LanguageError
from app.workflow.language.operations import MAX_LIST, MAX_SCANNED, MAX_STRING

CONTEXT = decimal.Context(
    prec=34,
    rounding=decimal.ROUND_HALF_EVEN,
    Emin=-6143,
    Emax=6144,
    traps=[decimal.InvalidOperation, decimal.DivisionByZero, decimal.Overflow],
)
MAX_DIGITS = 40


@dataclass(frozen=True, slots=True)
class Range:
    """A stretch from `low` to `high`; an end is part of it when it is closed, and None is open without end."""

    low: Any
    high: Any
    low_closed: bool
    high_closed: bool

    def includes(self, value: Any) -> bool:
        """Whether the value lies in it; null never does."""
        if value is None:
            return False
        if self.low is not None:
            order = compare(value, self.low)
            if order < 0 or (order == 0 and not self.low_closed):
                return False
        if self.high is not None:
            order = compare(value, self.high)
            if order > 0 or (order == 0 and not self.high_closed):
                return False
        return True


def convert(value: Any) -> Any:
    """A value of the case as FEEL sees it; lists and objects are converted entry by entry when they are read."""
    if value is None or isinstance(value, (str, bool, Decimal)):
        return value
    if isinstance(value, int):
        if value.bit_length() > MAX_DIGITS * 4:
            raise LanguageError("The number is larger than FEEL can compute with.")
        return Decimal(value)
    if isinstance(value, float):
        if not math.isfinite(value):
            raise LanguageError("The number is not an ordinary one.")
        return Decimal(str(value))
    if isinstance(value, datetime):
        return value if value.tzinfo else value.replace(tzinfo=UTC)
    if isinstance(value, timedelta):
        return Duration(0, value)
    return list(value) if isinstance(value, tuple) else value


def plain(value: Any) -> Any:
    """The value as the case keeps it: whole numbers as int, others as float, lists and objects all through."""
    if isinstance(value, Decimal):
        if value == value.to_integral_value() and abs(value) < 2**63:
            return int(value)
        number = float(value)
        if not math.isfinite(number):
            raise LanguageError("The number grows beyond what can be stored.")
        return number
    if isinstance(value, (list, tuple)):
        return [plain(entry) for entry in value]
    if isinstance(value, Mapping):
        return {key: plain(entry) for key, entry in value.items()}
    return value


_KINDS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    (bool, "true or false"),
    (Decimal, "a number"),
    (str, "a text"),
    (datetime, "a date and time"),
    (date, "a date"),
    (time, "a time"),
    (list, "a list"),
    (Mapping, "an object"),
    (Range, "a range"),
)


def kind_of(value: Any) -> str:
    """The kind of a FEEL value in plain words; only values of the same kind can be compared."""
    if value is None:
        return "null"
    if isinstance(value, Duration):
        if value.months and value.delta:
            return "a duration of months and days together"
        return "a duration of months" if value.months else "a duration"
    return next((words for kind, words in _KINDS if isinstance(value, kind)), "a value of an unknown kind")


def equal(left: Any, right: Any, *, depth: int = 0) -> bool:
    """Whether two values are the same; different kinds never are."""
    if depth > 50:
        raise LanguageError("The values are nested too deeply to compare.")
    left, right = convert(left), convert(right)
    if isinstance(left, list) and isinstance(right, list):
        scanned(left)
        pairs = zip(left, right, strict=False)
        return len(left) == len(right) and all(equal(a, b, depth=depth + 1) for a, b in pairs)
    if isinstance(left, Mapping) and isinstance(right, Mapping):
        scanned(left)
        return left.keys() == right.keys() and all(equal(left[key], right[key], depth=depth + 1) for key in left)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return left == right
    return kind_of(left) == kind_of(right) and bool(left == right)


def compare(left: Any, right: Any) -> int:
    """-1, 0 or 1. LanguageError for values that have no order between them."""
    kind, other = kind_of(left), kind_of(right)
    if isinstance(left, Duration) and isinstance(right, Duration):
        return _compare_durations(left, right)
    if kind != other or isinstance(left, (bool, list, Mapping, Range)):
        raise LanguageError(f"Cannot compare {kind} with {other}.")
    try:
        return int(left > right) - int(left < right)
    except TypeError:
        raise LanguageError(f"Cannot compare {kind} with {other}.") from None


def _compare_durations(left: Duration, right: Duration) -> int:
    if not left.months and not right.months:
        return int(left.delta > right.delta) - int(left.delta < right.delta)
    if not left.delta and not right.delta:
        return int(left.months > right.months) - int(left.months < right.months)
    raise LanguageError(
        "Cannot compare a duration of months with one of days: how long a month is depends on the date."
    )


def ordering(accept: Callable[[int], bool]) -> Callable[[Any, Any], bool | None]:
    """A comparison sign that gives null when a side is null."""

    def test(left: Any, right: Any) -> bool | None:
        return None if left is None or right is None else accept(compare(left, right))

    return test


COMPARISONS: Mapping[str, Callable[[Any, Any], bool | None]] = {
    "=": equal,
    "==": equal,
    "!=": lambda left, right: not equal(left, right),
    "<": ordering(lambda order: order < 0),
    "<=": ordering(lambda order: order <= 0),
    ">": ordering(lambda order: order > 0),
    ">=": ordering(lambda order: order >= 0),
}


def matches(tested: Any, value: Any) -> bool:
    """Whether a value passes a test that is itself a value: equal to it, in the list, or in the range."""
    if isinstance(tested, Range):
        return tested.includes(value)
    if isinstance(tested, list):
        if isinstance(value, list) and equal(tested, value):
            return True
        return any(matches(convert(entry), value) for entry in scanned(tested))
    return equal(tested, value)


def scanned(entries: Any) -> Any:
    """The list or object itself when it is small enough to go through."""
    if len(entries) > MAX_SCANNED:
        raise LanguageError(f"A list of more than {MAX_SCANNED} entries is not gone through.")
    return entries


def _decimal(function: Callable[[Decimal, Decimal], Decimal], left: Any, right: Any, *, word: str) -> Any:
    if left is None or right is None:
        return None
    if not (isinstance(left, Decimal) and isinstance(right, Decimal)):
        raise LanguageError(f"Cannot {word} {kind_of(left)} and {kind_of(right)}.")
    try:
        return function(left, right)
    except decimal.DivisionByZero:
        raise LanguageError("Division by zero.") from None
    except decimal.DecimalException:
        raise LanguageError("The number grows beyond what can be computed with.") from None


def _is_time(value: Any) -> bool:
    return isinstance(value, (date, Duration))


def _shift(function: Callable[[Any, Any], Any], left: Any, right: Any, *, word: str) -> Any:
    if left is None or right is None:
        return None
    try:
        return convert(function(left, right))
    except (TypeError, ValueError, OverflowError):
        raise LanguageError(f"Cannot {word} {kind_of(left)} and {kind_of(right)}.") from None


def add(left: Any, right: Any) -> Any:
    """Sum of numbers, two texts joined, or a date moved by a duration."""
    if isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > MAX_STRING:
            raise LanguageError(f"The text grows beyond {MAX_STRING} characters.")
        return left + right
    if _is_time(left) or _is_time(right):
        return _shift(operator.add, left, right, word="add")
    return _decimal(CONTEXT.add, left, right, word="add")


def subtract(left: Any, right: Any) -> Any:
    """Difference of numbers, dates or durations, or a date moved back by a duration."""
    if _is_time(left) or _is_time(right):
        return _shift(operator.sub, left, right, word="subtract")
    return _decimal(CONTEXT.subtract, left, right, word="subtract")


def multiply(left: Any, right: Any) -> Any:
    """Product of numbers, or a duration so many times."""
    if isinstance(left, Decimal) and isinstance(right, Duration):
        left, right = right, left
    if isinstance(left, Duration) and isinstance(right, Decimal):
        return _times(left, right)
    return _decimal(CONTEXT.multiply, left, right, word="multiply")


def _times(duration: Duration, factor: Decimal) -> Duration:
    try:
        return Duration(int(duration.months * factor), duration.delta * float(factor))
    except OverflowError:
        raise LanguageError("The duration is longer than can be counted.") from None


def divide(left: Any, right: Any) -> Any:
    """Quotient of numbers. LanguageError for a division by zero."""
    return _decimal(CONTEXT.divide, left, right, word="divide")


def power(left: Any, right: Any) -> Any:
    """`left` to the power of `right`."""
    return _decimal(CONTEXT.power, left, right, word="raise")


def negate(value: Any) -> Any:
    """The number or duration with the other sign."""
    if value is None:
        return None
    if isinstance(value, Duration):
        return -value
    if not isinstance(value, Decimal):
        raise LanguageError(f"Cannot put a minus before {kind_of(value)}.")
    return CONTEXT.minus(value)


_MOMENT_FIELDS = ("year", "month", "day", "hour", "minute", "second")


def field(owner: Any, name: str) -> Any:
    """A field of an object (null when missing) or a part of a date, time or duration."""
    if owner is None:
        return None
    if isinstance(owner, Mapping):
        return convert(owner.get(name))
    if isinstance(owner, (date, time)) and name in _MOMENT_FIELDS and hasattr(owner, name):
        return Decimal(getattr(owner, name))
    if isinstance(owner, date) and name == "weekday":
        return Decimal(owner.isoweekday())
    if isinstance(owner, Duration) and (part := _duration_part(owner, name)) is not None:
        return Decimal(part)
    raise LanguageError(f"There is no .{name} of {kind_of(owner)}.")


def _duration_part(owner: Duration, name: str) -> int | None:
    backwards = owner.months < 0 or owner.delta < timedelta(0)
    years, months = divmod(abs(owner.months), 12)
    exact = abs(owner.delta)
    hours, rest = divmod(exact.seconds, 3600)
    minutes, seconds = divmod(rest, 60)
    parts = {
        "years": years,
        "months": months,
        "days": exact.days,
        "hours": hours,
        "minutes": minutes,
        "seconds": seconds,
    }
    return (-parts[name] if backwards else parts[name]) if name in parts else None


def index(container: Any, key: Any) -> Any:
    """Entry of a list, counted from 1, or from the end with a minus; null when there is none."""
    if container is None or key is None:
        return None
    entries = container if isinstance(container, list) else [container]
    if not isinstance(key, Decimal) or key != key.to_integral_value():
        raise LanguageError(f"An entry's number is a whole number, not {kind_of(key)}.")
    at = int(key) - 1 if key > 0 else int(key) + len(entries)
    return convert(entries[at]) if key and 0 <= at < len(entries) else None


def small_list(entries: list[Any]) -> list[Any]:
    """The list itself. LanguageError when it grows beyond what may be kept."""
    if len(entries) > MAX_LIST:
        raise LanguageError(f"The list grows beyond {MAX_LIST} entries.")
    return entries
