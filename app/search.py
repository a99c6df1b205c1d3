"""Full text without a language: words as they stand, Chinese, Japanese and Korean text as overlapping pairs of characters.

PostgreSQL's own parsers don't cut Chinese; pairs find every text that holds the searched words, with few strangers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable
from itertools import pairwise

_CHARACTERS = r"\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff"
_PIECE = re.compile(rf"[{_CHARACTERS}]+|[^\W_]+(?:[.@_-][^\W_]+)*")
_CJK = re.compile(rf"[{_CHARACTERS}]")
_PART = re.compile(r"[^\W_]+")
_MARKS = re.compile("[" + "".join(chr(c) for c in range(0x300, 0x1E945) if unicodedata.combining(chr(c))) + "]+")
_ACCENTED = re.compile(rf"[^\x00-\x7f{_CHARACTERS}]")
MAX_TEXT = 60_000
MAX_TOKENS = 4_000
MAX_WORD = 60
MAX_WANTED = 24


def _plain(text: str) -> str:
    text = text[:MAX_TEXT]
    if not _ACCENTED.search(text):  # letters without accents and Chinese are plain already
        return text.lower() if text.isascii() else unicodedata.normalize("NFC", text).casefold()
    folded = unicodedata.normalize("NFKD", text).casefold()
    return unicodedata.normalize("NFC", _MARKS.sub("", folded))


def _cjk(piece: str, *, whole: bool) -> Iterable[str]:
    if len(piece) > 1:
        yield from map("".join, pairwise(piece))
    if len(piece) == 1 or whole:
        yield from piece


def _word(piece: str) -> Iterable[str]:
    yield piece[:MAX_WORD]
    if not piece.isalnum():
        yield from (part[:MAX_WORD] for part in _PART.findall(piece))


def index_tokens(*texts: str) -> list[str]:
    """Return the distinct tokens under which these texts are found, at most MAX_TOKENS."""
    found: dict[str, None] = {}
    for text in texts:
        # Most words of a text stand in it many times: what is cut further are distinct pieces only.
        for piece in dict.fromkeys(_PIECE.findall(_plain(text))):
            if piece.isascii() and piece.isalnum() and len(piece) <= MAX_WORD:
                found[piece] = None
            else:
                found.update(dict.fromkeys(_cjk(piece, whole=True) if _CJK.match(piece) else _word(piece)))
            if len(found) >= MAX_TOKENS:
                return list(found)[:MAX_TOKENS]
    return list(found)


def index_text(*texts: str) -> str:
    """Return these texts' tokens as PostgreSQL reads a tsvector; no token holds a quote or a backslash."""
    return "'" + "' '".join(tokens) + "'" if (tokens := index_tokens(*texts)) else ""


def query_tokens(text: str) -> list[str]:
    """Return the tokens that a text must hold to be found by what a person typed, in its order."""
    wanted: list[str] = []
    for match in _PIECE.finditer(_plain(text[:400])):
        piece = match[0]
        wanted.extend(_cjk(piece, whole=False) if _CJK.match(piece) else [piece[:MAX_WORD]])
    return wanted


def is_prefix(token: str) -> bool:
    """Return whether the last token of what was typed may be the beginning of a word: Chinese has no words to begin."""
    return not _CJK.match(token)


def query_text(text: str, *, whole: bool = False) -> str:
    """Return a tsquery (all words, the last one by prefix unless `whole`) for what a person typed; empty when it asks nothing."""
    wanted = query_tokens(text)[:MAX_WANTED]
    if not wanted:
        return ""
    quoted = ["'" + token.replace("\\", "\\\\").replace("'", "''") + "'" for token in wanted]
    if not whole and is_prefix(wanted[-1]):
        quoted[-1] += ":*"
    return " & ".join(quoted)
