"""Full text without a language: words as they stand, Chinese, Japanese and Korean text as overlapping pairs of characters.

PostgreSQL's own parsers don't cut Chinese; pairs find every text that holds the searched words, with few strangers.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterable

_PIECE = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]+|[^\W_]+(?:[.@_-][^\W_]+)*")
_CJK = re.compile(r"[\u3040-\u30ff\u3400-\u4dbf\u4e00-\u9fff\uac00-\ud7af\uf900-\ufaff]")
_PART = re.compile(r"[^\W_]+")
MAX_TEXT = 60_000
MAX_TOKENS = 4_000
MAX_WORD = 60


def _plain(text: str) -> str:
    folded = unicodedata.normalize("NFKD", text[:MAX_TEXT]).casefold()
    return unicodedata.normalize("NFC", "".join(c for c in folded if not unicodedata.combining(c)))


def _cjk(piece: str, *, whole: bool) -> Iterable[str]:
    if len(piece) > 1:
        yield from (piece[i : i + 2] for i in range(len(piece) - 1))
    if len(piece) == 1 or whole:
        yield from piece


def _word(piece: str) -> Iterable[str]:
    yield piece[:MAX_WORD]
    parts = _PART.findall(piece)
    if len(parts) > 1:
        yield from (part[:MAX_WORD] for part in parts)


def index_tokens(*texts: str) -> list[str]:
    """Return the distinct tokens under which these texts are found, at most MAX_TOKENS."""
    found: dict[str, None] = {}
    for text in texts:
        for match in _PIECE.finditer(_plain(text)):
            piece = match[0]
            tokens = _cjk(piece, whole=True) if _CJK.match(piece) else _word(piece)
            found.update(dict.fromkeys(tokens))
            if len(found) >= MAX_TOKENS:
                return list(found)[:MAX_TOKENS]
    return list(found)


def query_text(text: str) -> str:
    """Return a tsquery (all words, the last one by prefix) for what a person typed; empty when there is nothing to search."""
    wanted: list[str] = []
    for match in _PIECE.finditer(_plain(text[:400])):
        piece = match[0]
        wanted.extend(_cjk(piece, whole=False) if _CJK.match(piece) else [piece[:MAX_WORD]])
    if not wanted:
        return ""
    quoted = ["'" + token.replace("\\", "\\\\").replace("'", "''") + "'" for token in wanted[:24]]
    if not _CJK.match(wanted[-1]):
        quoted[-1] += ":*"
    return " & ".join(quoted)
