"""Long messages that come in parts: joined by their reference, in any order, repeated or with parts missing. Pure functions.

The desk stores each part as it comes and asks here whether the message is whole, should wait, or is given up and shown
with gaps.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from channels.sms.encoding import decode_gsm

WAIT = timedelta(minutes=30)
GAP = "[…]"
MAX_PARTS = 255
_CONCAT_8, _CONCAT_16 = 0x00, 0x08


@dataclass(frozen=True, slots=True)
class Part:
    """One part: which message it belongs to (`reference`, per sender and receiver), which of how many, and its bytes."""

    reference: str
    number: int  # from 1
    count: int
    coding: str  # gsm | ucs2 | utf8 | binary
    content: bytes
    received_at: datetime
    sender: str = ""
    to: str = ""

    def as_json(self) -> dict[str, Any]:
        """Return what goes into the `raw` of an InboundMessage under `part`."""
        kept = {"reference": self.reference, "number": self.number, "count": self.count, "coding": self.coding}
        return {**kept, "hex": self.content.hex()}


@dataclass(frozen=True, slots=True)
class Joined:
    """What the parts say so far: `text` with gaps, which parts are `missing`, and whether it `is_due` to be shown."""

    text: str
    missing: tuple[int, ...]
    is_due: bool


def read_udh(udh: bytes) -> tuple[str, int, int] | None:
    """Return reference, number and count from a user data header; None when the message stands alone."""
    place, end = 1, min(len(udh), 1 + udh[0]) if udh else 0
    while place + 2 <= end:
        element, size = udh[place], udh[place + 1]
        value = udh[place + 2 : place + 2 + size]
        found = _concatenation(element, value)
        if found:
            return found
        place += 2 + size
    return None


def write_udh(reference: int, number: int, count: int) -> bytes:
    """Return the header of one part with an 8-bit reference."""
    return bytes((5, _CONCAT_8, 3, reference % 256, count, number))


def part_of(raw: Mapping[str, Any], *, received_at: datetime, sender: str = "", to: str = "") -> Part | None:
    """Return the part that an InboundMessage's `raw` describes; None when it is a whole message."""
    found = raw.get("part")
    if not isinstance(found, Mapping):
        return None
    try:
        number, count, content = int(found["number"]), int(found["count"]), bytes.fromhex(str(found["hex"]))
    except (KeyError, ValueError, TypeError):
        return None
    if not 1 <= number <= count <= MAX_PARTS:
        return None
    return Part(
        str(found.get("reference", "")), number, count, str(found.get("coding", "")), content, received_at, sender, to
    )


def key_of(part: Part) -> tuple[str, str, str, int]:
    """Return what all parts of one message have in common. References come round again: see `join`."""
    return part.sender, part.to, part.reference, part.count


def join(parts: Iterable[Part], *, now: datetime, wait: timedelta = WAIT) -> Joined:
    """Join parts with one key. The first of each number counts; later ones are repeats."""
    first: dict[int, Part] = {}
    for part in sorted(parts, key=lambda each: each.received_at):
        first.setdefault(part.number, part)
    if not first:
        return Joined("", (), is_due=False)
    known = next(iter(first.values()))
    missing = tuple(number for number in range(1, known.count + 1) if number not in first)
    oldest = min(part.received_at for part in first.values())
    return Joined(_text(first, known.count), missing, is_due=not missing or now - oldest >= wait)


def groups(parts: Iterable[Part], *, wait: timedelta = WAIT) -> list[list[Part]]:
    """Sort parts into messages: by key, and apart where a reference is used again later than `wait`."""
    found: dict[tuple[str, str, str, int], list[list[Part]]] = {}
    for part in sorted(parts, key=lambda each: each.received_at):
        mine = found.setdefault(key_of(part), [])
        if not mine or part.received_at - mine[-1][0].received_at > wait:
            mine.append([])
        mine[-1].append(part)
    return [group for each in found.values() for group in each]


def decode(content: bytes, coding: str) -> str:
    """Return the text of the bytes of a message or part."""
    if coding == "gsm":
        return decode_gsm(content)
    if coding == "ucs2":
        # UTF-16 in practice: emoji are sent as surrogate pairs.
        return content.decode("utf-16-be", "replace")
    return content.decode("utf-8", "replace") if coding == "utf8" else content.hex(" ")


def _text(parts: Mapping[int, Part], count: int) -> str:
    """Join neighbours as bytes first: phones cut characters in two."""
    found: list[str] = []
    run: list[Part] = []
    for number in range(1, count + 2):
        part = parts.get(number)
        if part is not None and (not run or run[-1].coding == part.coding):
            run.append(part)
            continue
        if run:
            found.append(decode(b"".join(each.content for each in run), run[0].coding))
        if part is None and number <= count:
            found.append(GAP)
        run = [part] if part is not None else []
    return "".join(found)


def _concatenation(element: int, value: bytes) -> tuple[str, int, int] | None:
    if element == _CONCAT_8 and len(value) == 3:
        reference, count, number = value
    elif element == _CONCAT_16 and len(value) == 4:
        reference, count, number = int.from_bytes(value[:2]), value[2], value[3]
    else:
        return None
    return (str(reference), number, count) if 1 <= number <= count else None
