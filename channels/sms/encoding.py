"""How a text fits into text messages: the GSM alphabet or UCS-2, how many segments, how much is left in the last one.

A segment holds 160 GSM characters alone and 153 in a chain, or 70 and 67 UCS-2 units. What takes two places (`€` in GSM,
an emoji in UCS-2) is never cut in two.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass
from enum import StrEnum

GSM_BASIC = (
    "@£$¥èéùìòÇ\nØø\rÅåΔ_ΦΓΛΩΠΨΣΘΞ\x1bÆæßÉ !\"#¤%&'()*+,-./0123456789:;<=>?"
    "¡ABCDEFGHIJKLMNOPQRSTUVWXYZÄÖÑÜ§¿abcdefghijklmnopqrstuvwxyzäöñüà"
)
GSM_EXTENSION = {
    "\f": 0x0A, "^": 0x14, "{": 0x28, "}": 0x29, "\\": 0x2F,
    "[": 0x3C, "~": 0x3D, "]": 0x3E, "|": 0x40, "€": 0x65,
}  # fmt: skip
ESCAPE = 0x1B
_BASIC = {char: code for code, char in enumerate(GSM_BASIC) if code != ESCAPE}
_EXTENDED = {code: char for char, code in GSM_EXTENSION.items()}
# What typing aids put into texts, and letters that Unicode does not take apart.
_SIMPLER = str.maketrans(
    {
        **dict.fromkeys("‘’‚‛′`´", "'"),
        **dict.fromkeys("“”„‟″«»", '"'),
        **dict.fromkeys("‐‑‒–—―−", "-"),
        **dict.fromkeys("\t\u00a0\u2002\u2003\u2007\u2009\u202f", " "),
        **dict.fromkeys("\u200b\u200c\u200d\u2060\ufeff\u00ad\ufe0f", ""),
        "…": "...",
        "•": "*",
        "·": ".",
        "©": "(c)",
        "®": "(r)",
        "×": "x",
        "÷": "/",
        "‹": "<",
        "›": ">",
        "Œ": "OE",
        "œ": "oe",
        "Ł": "L",
        "ł": "l",
        "Đ": "D",
        "đ": "d",
        "Ð": "D",
        "ð": "d",
        "ı": "i",
        "ħ": "h",
        "Þ": "Th",
        "þ": "th",
        "ẞ": "SS",
        "¢": "c",
        "₤": "£",
    }
)


class Encoding(StrEnum):
    """The alphabet of a message. One character outside the GSM alphabet makes the whole message UCS-2."""

    GSM, UCS2 = "gsm", "ucs2"


LIMITS = {Encoding.GSM: (160, 153), Encoding.UCS2: (70, 67)}  # alone, in a chain


@dataclass(frozen=True, slots=True)
class Measure:
    """What a text costs: `used` and `left` count septets or UCS-2 units, `left` those of the last segment."""

    encoding: Encoding
    segments: int
    used: int
    left: int


def normal(text: str) -> str:
    """Return the text as it is sent: composed letters, one newline character."""
    return unicodedata.normalize("NFC", text.replace("\r\n", "\n").replace("\r", "\n"))


def encoding_of(text: str) -> Encoding:
    """Return the smallest alphabet that holds every character."""
    is_gsm = all(char in _BASIC or char in GSM_EXTENSION for char in text)
    return Encoding.GSM if is_gsm else Encoding.UCS2


def split(text: str) -> list[str]:
    """Return the text in the pieces that its segments carry; nothing for an empty text."""
    whole = normal(text)
    encoding = encoding_of(whole)
    alone, chained = LIMITS[encoding]
    if not whole:
        return []
    return [whole] if _units(whole, encoding) <= alone else _filled(whole, encoding, chained)


def measure(text: str) -> Measure:
    """Count what a text costs, as the network counts it."""
    pieces = split(text)
    encoding = encoding_of(normal(text))
    room = LIMITS[encoding][len(pieces) > 1]
    sizes = [_units(piece, encoding) for piece in pieces]
    return Measure(encoding, len(pieces), sum(sizes), room - sizes[-1] if sizes else room)


def simplified(text: str) -> str:
    """Return the text in GSM letters (“é à” kept, “ç” as c, curly quotes straight), or unchanged where that cannot be."""
    whole = normal(text)
    simple = "".join(map(_simple, whole))
    return simple if encoding_of(simple) is Encoding.GSM else whole


def encode_gsm(text: str) -> bytes:
    """Return one byte for each septet. Raises ValueError for what the alphabet has not."""
    found = bytearray()
    for char in text:
        if char in GSM_EXTENSION:
            found += bytes((ESCAPE, GSM_EXTENSION[char]))
        elif char in _BASIC:
            found.append(_BASIC[char])
        else:
            raise ValueError(f"{char!r} is not in the GSM alphabet")
    return bytes(found)


def decode_gsm(septets: bytes) -> str:
    """Read one byte for each septet; what means nothing becomes U+FFFD."""
    found, escaped = [], False
    for code in septets:
        if escaped:
            # A phone that lacks an extension shows the basic letter.
            found.append(_EXTENDED.get(code) or _basic(code))
            escaped = False
        elif code == ESCAPE:
            escaped = True
        else:
            found.append(_basic(code))
    return "".join(found)


def _basic(code: int) -> str:
    return GSM_BASIC[code] if code < len(GSM_BASIC) and code != ESCAPE else "\ufffd"


def _simple(char: str) -> str:
    if char in _BASIC or char in GSM_EXTENSION:
        return char
    bare = char.translate(_SIMPLER)
    return "".join(part for part in unicodedata.normalize("NFKD", bare) if not unicodedata.combining(part))


def _units(text: str, encoding: Encoding) -> int:
    return sum(_width(char, encoding) for char in text)


def _width(char: str, encoding: Encoding) -> int:
    is_double = char in GSM_EXTENSION if encoding is Encoding.GSM else ord(char) > 0xFFFF
    return 2 if is_double else 1


def _filled(text: str, encoding: Encoding, room: int) -> list[str]:
    pieces: list[str] = []
    start = used = 0
    for place, char in enumerate(text):
        width = _width(char, encoding)
        if used + width > room:
            pieces.append(text[start:place])
            start, used = place, 0
        used += width
    return [*pieces, text[start:]]
