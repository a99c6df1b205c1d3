"""The end of a reply: standard signatures and the lines that phones add.

Decided: what stands after a line of its own `--` (or a short block after another divider), and what a phone or an app
adds by itself, is not part of the reply. A name or a greeting without a divider is: the sender typed it.
"""

from __future__ import annotations

from channels.email.quotes import sieve, words

_LIKELY_LINES = 10  # a signature after a divider that could mean something else has at most so many lines
_LIKELY_WIDTH = 90
_AFTER_CHAPTERS = frozenset(("--", "---"))
_WIDTH = 300


def without_signature(lines: list[str]) -> list[str]:
    """`lines` up to the signature and without lines of phones. All of them when nothing would be left."""
    kept = [line for line in lines[: _divider(lines)] if not (sieve.may_be_phone(line) and is_mobile(line))]
    return kept if any(line.strip() for line in kept) else lines


def is_mobile(line: str) -> bool:
    """Whether a phone or an app wrote this line by itself."""
    bare = line[:_WIDTH].replace("\xa0", " ").strip()
    if not 6 <= len(bare) <= 200 or not words.MOBILE.match(bare) or _is_sentence(bare):
        return False
    if bare.isascii() or not any("\u3040" <= letter <= "\u9fff" for letter in bare):
        return True
    return bool(words.CJK_DEVICE.search(bare)) and len(bare) <= 60 and bare[-1] not in "？?，,、"


def _is_sentence(bare: str) -> bool:
    """Whether somebody goes on after the first words, as in `Sent from my desk, which is easier`."""
    plain = bare.partition("<")[0].partition("http")[0]
    return (", " in plain and not words.EXCUSE.search(plain)) or len(plain.split()) > 14 or plain.rstrip().endswith("?")


def _divider(lines: list[str]) -> int:
    """The index of the line that divides off the signature; the number of lines when there is none."""
    begun = False
    seen: set[str] = set()
    for index, line in enumerate(lines):
        if not line:
            continue
        if begun and "--" in line[:4] and words.SIGNATURE_SURE.match(line):
            return index
        bare = line[:_WIDTH].strip()
        if begun and bare[:1] in sieve.DASHES and words.SIGNATURE_LIKELY.match(bare):
            # Several dividers divide chapters.
            if (
                (not seen or bare in _AFTER_CHAPTERS)
                and bare not in seen
                and _looks_signed(lines, index + 1, sure=bare[:2] == "--")
            ):
                return index
            seen.add(bare)
        begun = begun or bool(bare)
    return len(lines)


def _looks_signed(lines: list[str], start: int, *, sure: bool) -> bool:
    """Whether the rest is a short block of short lines, and after a divider that is not made for it, no sentences."""
    filled = 0
    for line in lines[start:]:
        filled += bool(line.strip())
        if filled > _LIKELY_LINES or len(line) > _LIKELY_WIDTH or (not sure and words.SENTENCE.match(line.strip())):
            return False
    return True
