"""How the palette finds: every typed word anywhere, or its letters in order, or the initials of Chinese names."""

from __future__ import annotations

from bisect import bisect_right
from functools import lru_cache
from typing import Final

# The first level of GB 2312 stands in the order of its readings: the code where each initial begins.
_INITIALS: Final = "abcdefghjklmnopqrstwxyz"
_BEGINS: Final = (
    0xB0A1, 0xB0C5, 0xB2C1, 0xB4EE, 0xB6EA, 0xB7A2, 0xB8C1, 0xB9FE, 0xBBF7, 0xBFA6, 0xC0AC, 0xC2E8, 0xC4C3, 0xC5B6,
    0xC5BE, 0xC6DA, 0xC8BB, 0xC8F6, 0xCBFA, 0xCDDA, 0xCEF4, 0xD1B9, 0xD4D1,
)  # fmt: skip
_END: Final = 0xD7F9
# Family names that are read otherwise than the character mostly is, or that stand beyond the first level.
_NAMES: Final = {
    "曾": "z",
    "单": "s",
    "解": "x",
    "仇": "q",
    "查": "z",
    "覃": "q",
    "闫": "y",
    "郝": "h",
    "冯": "f",
    "邓": "d",
}
EXACT, START, WORD, INSIDE, INITIALS, LETTERS = 0, 1, 2, 3, 4, 6


def initial(character: str) -> str:
    """Return the first letter of a common Chinese character's reading, the character itself of any other."""
    if character in _NAMES:
        return _NAMES[character]
    try:
        raw = character.encode("gb2312")
    except UnicodeEncodeError:
        return character
    code = int.from_bytes(raw, "big")
    return _INITIALS[bisect_right(_BEGINS, code) - 1] if len(raw) == 2 and _BEGINS[0] <= code <= _END else character


@lru_cache(maxsize=4096)
def initials(text: str) -> str:
    """Return a text with its Chinese characters as initials: 李伟 → lw."""
    return "".join(map(initial, text.lower()))


def rank(text: str, typed: str) -> int | None:
    """Return how well a text fits what was typed, 0 best; None when it does not."""
    text, typed = text.lower().strip(), typed.lower().strip()
    if not typed or text == typed:
        return EXACT
    if text.startswith(typed):
        return START
    ranks = [_rank_word(text, word) for word in typed.split()]
    return None if None in ranks else max(rank for rank in ranks if rank is not None)


def _rank_word(text: str, word: str) -> int | None:
    if any(part.startswith(word) for part in text.split()):
        return WORD
    if word in text:
        return INSIDE
    short = initials(text)
    if short != text and word in short:
        return INITIALS
    return LETTERS + _gaps(text, word) if len(word) > 1 and _gaps(text, word) >= 0 else None


def _gaps(text: str, word: str) -> int:
    """Return how many other letters stand between those of the word, -1 when they are not all there in order or far apart."""
    start = at = text.find(word[0])
    for letter in word[1:]:
        at = text.find(letter, at + 1)
        if at < 0:
            return -1
    gaps = at - start + 1 - len(word)
    return gaps if start >= 0 and gaps <= 2 * len(word) else -1
