"""Reads and shows the values of custom fields, each kind in its own way. Pure."""

from __future__ import annotations

import unicodedata
from collections.abc import Callable, Sequence
from datetime import date
from decimal import Decimal, InvalidOperation
from typing import Any, NamedTuple, Protocol
from urllib.parse import urlsplit

from app.cases.fields.models import FieldKind
from app.errors import Invalid

MAX_TEXT, MAX_LONG, MAX_WORD = 500, 5_000, 200
MOST_NUMBER, PLACES = 10**13, 6
YES, NO = frozenset({"yes", "true", "1", "on", "是"}), frozenset({"no", "false", "0", "off", "否"})


class FieldLike(Protocol):
    """What reading a value needs to know of its field."""

    @property
    def kind(self) -> FieldKind:
        """What its values are."""

    @property
    def choices(self) -> Sequence[dict[str, Any]]:
        """What can be chosen, as value, name and name_zh."""


class Stored(NamedTuple):
    """A value as a row keeps it."""

    text: str | None = None
    word: str | None = None
    number: Decimal | None = None
    folded: str | None = None


def fold(text: str, *, most: int | None = MAX_WORD) -> str:
    """Return a text as texts of fields are compared: without case, its beginning only, or all of it (`most` None)."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())[:most]


def read(field: FieldLike, given: Any) -> tuple[Stored, ...]:
    """Return the rows of a value that was typed or sent; none for an empty one. Raises Invalid with a sentence for the person."""
    if field.kind is FieldKind.CHOICES:
        return _choices(field, given)
    if isinstance(given, (list, tuple)):
        given = given[-1] if given else ""
    typed = "" if given is None else ("yes" if given else "no") if isinstance(given, bool) else str(given).strip()
    if not typed:
        return ()
    if any(unicodedata.category(each) in {"Cc", "Cs"} and each not in "\r\n\t" for each in typed):
        raise Invalid("bad_text", "Remove the characters that cannot be shown.")
    return (_READERS[field.kind](field, typed),)


def show(kind: FieldKind, rows: Sequence[Stored]) -> Any:
    """Return a value as plain data: text, number, bool, ISO date, or a list of choices; None when it is not filled in."""
    if kind is FieldKind.CHOICES:
        return [row.text for row in rows]
    if not rows:
        return None
    number = rows[0].number
    if number is None:
        return rows[0].text
    match kind:
        case FieldKind.YES_NO:
            return bool(number)
        case FieldKind.DATE:
            return date.fromordinal(int(number)).isoformat()
        case FieldKind.INTEGER:
            return int(number)
    return int(number) if number == number.to_integral_value() else float(number)


def _choices(field: FieldLike, given: Any) -> tuple[Stored, ...]:
    if given is None or given == "":
        return ()
    wanted = given if isinstance(given, (list, tuple)) else [given]
    typed = dict.fromkeys(str(each).strip() for each in wanted)
    return tuple(_choice(field, each) for each in typed if each)


def _choice(field: FieldLike, typed: str) -> Stored:
    offered = [str(choice["value"]) for choice in field.choices]
    if typed not in offered:
        raise Invalid("not_offered", f"Choose one of: {', '.join(offered)}.")
    return Stored(typed, fold(typed))


def _said(typed: str) -> Stored:
    return Stored(typed, fold(typed), folded=fold(typed, most=None))


def _text(_field: FieldLike, typed: str) -> Stored:
    if len(typed) > MAX_TEXT or "\n" in typed:
        raise Invalid("too_long", f"Write one line of at most {MAX_TEXT} characters.")
    return _said(typed)


def _long_text(_field: FieldLike, typed: str) -> Stored:
    if len(typed) > MAX_LONG:
        raise Invalid("too_long", f"Write at most {MAX_LONG} characters.")
    return _said(typed)


def _link(field: FieldLike, typed: str) -> Stored:
    try:
        parts = urlsplit(typed)
    except ValueError:
        parts = urlsplit("")
    if parts.scheme not in {"http", "https"} or not parts.netloc or any(each.isspace() for each in typed):
        raise Invalid("bad_link", "Write a link that begins with https:// or http://.")
    return _text(field, typed)


def _decimal(_field: FieldLike, typed: str) -> Stored:
    try:
        number = Decimal(typed)
    except InvalidOperation:
        raise Invalid("bad_number", "Write a number such as 12.50.") from None
    if not number.is_finite() or abs(number) >= MOST_NUMBER or number != round(number, PLACES):
        raise Invalid("bad_number", "Write a number of ordinary size with at most 6 decimals.")
    return Stored(number=number)


def _integer(field: FieldLike, typed: str) -> Stored:
    stored = _decimal(field, typed)
    if stored.number != stored.number.to_integral_value():  # type: ignore[union-attr]
        raise Invalid("bad_number", "Write a whole number.")
    return stored


def _yes_no(_field: FieldLike, typed: str) -> Stored:
    if typed.casefold() not in YES | NO:
        raise Invalid("bad_answer", "Write yes or no.")
    return Stored(number=Decimal(typed.casefold() in YES))


def _date(_field: FieldLike, typed: str) -> Stored:
    try:
        return Stored(number=Decimal(date.fromisoformat(typed).toordinal()))
    except ValueError:
        raise Invalid("bad_date", "Write the date as 2026-11-30.") from None


_READERS: dict[FieldKind, Callable[[FieldLike, str], Stored]] = {
    FieldKind.TEXT: _text, FieldKind.LONG_TEXT: _long_text, FieldKind.INTEGER: _integer, FieldKind.DECIMAL: _decimal,
    FieldKind.YES_NO: _yes_no, FieldKind.DATE: _date, FieldKind.CHOICE: _choice, FieldKind.LINK: _link,
}  # fmt: skip
