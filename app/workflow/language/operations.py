"""What the signs of the expression language do to values, with a cap on the size of every result.

Each operation refuses kinds that do not fit together instead of guessing.
"""

from __future__ import annotations

import math
import operator
from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Any

from app.workflow.language.durations import Duration
from app.workflow.language.lexer import LanguageError

MAX_STRING = 65_536
MAX_SEARCHED = 100_000
MAX_LIST = 1_000
MAX_SCANNED = 2_000
MAX_INT_BITS = 128

_NUMBERS = (int, float, Decimal)
_KINDS: tuple[tuple[tuple[type, ...], str], ...] = (
    ((bool,), "true or false"),
    ((int, float, Decimal), "a number"),
    ((str,), "a text"),
    ((list, tuple), "a list"),
    ((Mapping,), "an object with fields"),
    ((datetime,), "a date and time"),
    ((date,), "a date"),
    ((Duration, timedelta), "a duration"),
)


def kind_of(value: object) -> str:
    """The kind of a value in plain words, for error messages."""
    if value is None:
        return "nothing (null)"
    for types, words in _KINDS:
        if isinstance(value, types):
            return words
    return "a value of an unknown kind"


def is_number(value: object) -> bool:
    """Whether the value counts as a number; true and false do not."""
    return isinstance(value, _NUMBERS) and not isinstance(value, bool)


def capped(value: Any) -> Any:
    """The value itself when it is small enough to carry on with; LanguageError otherwise."""
    if isinstance(value, int):
        if value.bit_length() > MAX_INT_BITS:
            raise LanguageError("The number grows beyond 38 digits.")
    elif isinstance(value, float):
        if not math.isfinite(value):
            raise LanguageError("The number grows beyond what can be computed with.")
    elif isinstance(value, str):
        if len(value) > MAX_STRING:
            raise LanguageError(f"The text grows beyond {MAX_STRING} characters.")
    elif isinstance(value, list) and len(value) > MAX_LIST:
        raise LanguageError(f"The list grows beyond {MAX_LIST} entries.")
    return value


def _numbers(left: Any, right: Any, word: str) -> tuple[Any, Any]:
    if not (is_number(left) and is_number(right)):
        raise LanguageError(f"Cannot {word} {kind_of(left)} and {kind_of(right)}.")
    if isinstance(left, int):
        capped(left)
    if isinstance(right, int):
        capped(right)
    if isinstance(left, Decimal) and isinstance(right, float):
        return left, Decimal(str(right))
    if isinstance(right, Decimal) and isinstance(left, float):
        return Decimal(str(left)), right
    return left, right


def _arithmetic(function: Callable[[Any, Any], Any], left: Any, right: Any, *, word: str) -> Any:
    left, right = _numbers(left, right, word)
    try:
        return capped(function(left, right))
    except ZeroDivisionError:
        raise LanguageError("Division by zero.") from None
    except ArithmeticError:
        raise LanguageError("The number grows beyond what can be computed with.") from None


def _is_time(value: object) -> bool:
    return isinstance(value, (date, timedelta, Duration))


def _shift(function: Callable[[Any, Any], Any], left: Any, right: Any, *, word: str) -> Any:
    left = left.as_timedelta() if isinstance(left, Duration) and not left.months else left
    right = right.as_timedelta() if isinstance(right, Duration) and not right.months else right
    try:
        return function(left, right)
    except (TypeError, ValueError, OverflowError):
        raise LanguageError(f"Cannot {word} {kind_of(left)} and {kind_of(right)}.") from None


def add(left: Any, right: Any) -> Any:
    """Sum of numbers, two texts or two lists joined, or a time moved by a duration."""
    if isinstance(left, str) and isinstance(right, str):
        if len(left) + len(right) > MAX_STRING:
            raise LanguageError(f"The text grows beyond {MAX_STRING} characters.")
        return left + right
    if isinstance(left, (list, tuple)) and isinstance(right, (list, tuple)):
        if len(left) + len(right) > MAX_LIST:
            raise LanguageError(f"The list grows beyond {MAX_LIST} entries.")
        return [*left, *right]
    if _is_time(left) or _is_time(right):
        return _shift(operator.add, left, right, word="add")
    if isinstance(left, str) or isinstance(right, str):
        raise LanguageError(
            f"Cannot add {kind_of(left)} and {kind_of(right)}; use str(...) to make a text of a number."
        )
    return _arithmetic(operator.add, left, right, word="add")


def subtract(left: Any, right: Any) -> Any:
    """Difference of numbers or times, or a time moved back by a duration."""
    if _is_time(left) or _is_time(right):
        return _shift(operator.sub, left, right, word="subtract")
    return _arithmetic(operator.sub, left, right, word="subtract")


def multiply(left: Any, right: Any) -> Any:
    """Product of numbers; a text times a whole number repeats it."""
    if isinstance(left, str) and type(right) is int:
        if len(left) * max(right, 0) > MAX_STRING:
            raise LanguageError(f"The text grows beyond {MAX_STRING} characters.")
        return left * right
    return _arithmetic(operator.mul, left, right, word="multiply")


def divide(left: Any, right: Any) -> Any:
    """Quotient of numbers, with decimals."""
    return _arithmetic(operator.truediv, left, right, word="divide")


def floor_divide(left: Any, right: Any) -> Any:
    """Quotient of numbers, rounded down."""
    return _arithmetic(operator.floordiv, left, right, word="divide")


def modulo(left: Any, right: Any) -> Any:
    """Remainder of a division."""
    return _arithmetic(operator.mod, left, right, word="divide")


def power(left: Any, right: Any) -> Any:
    """`left` to the power of `right`; refused before computing when the result would be huge."""
    left, right = _numbers(left, right, "raise")
    if isinstance(left, int) and isinstance(right, int) and left.bit_length() * abs(right) > MAX_INT_BITS * 2:
        raise LanguageError("The number grows beyond 38 digits.")
    result = _arithmetic(operator.pow, left, right, word="raise")
    if isinstance(result, complex):
        raise LanguageError("A negative number has no such root.")
    return result


def negate(value: Any) -> Any:
    """The number with the other sign."""
    if isinstance(value, (Duration, timedelta)):
        return -value
    if not is_number(value):
        raise LanguageError(f"Cannot put a minus before {kind_of(value)}.")
    return capped(-value)


def equal(left: Any, right: Any) -> bool:
    """Whether both are the same; different kinds never are, and true is not 1."""
    if isinstance(left, bool) is not isinstance(right, bool):
        return False
    if isinstance(left, timedelta) is not isinstance(right, timedelta):
        left, right = _plain_duration(left), _plain_duration(right)
    try:
        return bool(left == right)
    except (RecursionError, ArithmeticError):
        raise LanguageError("The values are nested too deeply to compare.") from None


def not_equal(left: Any, right: Any) -> bool:
    """Whether they differ."""
    return not equal(left, right)


def _plain_duration(value: Any) -> Any:
    return value.as_timedelta() if isinstance(value, Duration) and not value.months else value


def _comparer(function: Callable[[Any, Any], Any]) -> Callable[[Any, Any], bool]:
    def compare(left: Any, right: Any) -> bool:
        kind = type(left)
        if kind is not type(right) or kind not in (int, float, str):
            left, right = _comparable(left, right)
        try:
            return bool(function(left, right))
        except (TypeError, ArithmeticError):
            raise LanguageError(f"Cannot compare {kind_of(left)} with {kind_of(right)}.") from None

    return compare


def _comparable(left: Any, right: Any) -> tuple[Any, Any]:
    left, right = _plain_duration(left), _plain_duration(right)
    same = (
        (is_number(left) and is_number(right))
        or (isinstance(left, str) and isinstance(right, str))
        or (isinstance(left, datetime) and isinstance(right, datetime))
        or (type(left) is date and type(right) is date)
        or (isinstance(left, timedelta) and isinstance(right, timedelta))
    )
    if not same:
        raise LanguageError(f"Cannot compare {kind_of(left)} with {kind_of(right)}.")
    return left, right


less = _comparer(operator.lt)
less_equal = _comparer(operator.le)
greater = _comparer(operator.gt)
greater_equal = _comparer(operator.ge)


def contains(container: Any, item: Any) -> bool:
    """Whether a text holds another, a list an entry, or an object a field."""
    if isinstance(container, str):
        if not isinstance(item, str):
            raise LanguageError(f"A text cannot contain {kind_of(item)}.")
        if len(container) > MAX_SEARCHED:
            raise LanguageError(f"A text of more than {MAX_SEARCHED} characters is not searched.")
        return item in container
    if isinstance(container, (list, tuple)):
        if len(container) > MAX_SCANNED:
            raise LanguageError(f"A list of more than {MAX_SCANNED} entries is not searched.")
        # Most searches find nothing: let the interpreter say so, and be exact (true is not 1) only about a find.
        if isinstance(item, (str, int, float)) and item not in container:
            return False
        return any(equal(entry, item) for entry in container)
    if isinstance(container, Mapping):
        return isinstance(item, str) and item in container
    raise LanguageError(f"Cannot look for something in {kind_of(container)}.")


def index(container: Any, key: Any) -> Any:
    """Entry of a list (from 0, or from the end with a minus), character of a text, field of an object (null when missing)."""
    if isinstance(container, Mapping):
        if not isinstance(key, str):
            raise LanguageError(f"A field's name is a text, not {kind_of(key)}.")
        return container.get(key)
    if container is None:
        return None
    if not isinstance(container, (list, tuple, str)):
        raise LanguageError(f"Cannot take an entry of {kind_of(container)}.")
    if type(key) is not int:
        raise LanguageError(f"An entry's number is a whole number, not {kind_of(key)}.")
    try:
        return container[key]
    except IndexError:
        raise LanguageError(
            f"There is no entry {key}: the {'text' if isinstance(container, str) else 'list'} has {len(container)}."
        ) from None


def field(container: Any, name: str) -> Any:
    """Field of an object; null when the field is missing or there is no object."""
    if type(container) is dict:
        return container.get(name)
    if container is None:
        return None
    if isinstance(container, Mapping):
        return container.get(name)
    raise LanguageError(f"Cannot read .{name} of {kind_of(container)}: only objects have fields.")
