"""Which words of a query are rare, by what PostgreSQL's statistics say of the texts of all cases.

A rare word is found by the index over texts, a common one by looking through the list in its order. Statistics name the commonest
words with the share of cases that hold them; they are read once in a while, for they only choose the way, never what is found.
"""

from __future__ import annotations

import time
from bisect import bisect_left
from dataclasses import dataclass
from itertools import takewhile

from app.cases.filtering.tree import Every, Node, Text
from app.db import run, when_bound
from app.search import is_prefix, query_tokens

#: A page of 50 is found among the first 4,000 cases when more than one of 80 holds the word.
SHARE = 1 / 80
#: Fewer letters of a word begin too many words that no statistics name.
TELLING = 4
KEPT_SECONDS = 600.0
_READ = """select most_common_elems::text::text[] as words, most_common_elem_freqs as shares from pg_stats
 where schemaname = current_schema() and tablename = 'case_texts' and attname = 'search'"""


@dataclass(frozen=True, slots=True)
class Shares:
    """The commonest words in order, each with the share of cases that hold it."""

    told: tuple[tuple[str, float], ...]

    def of_word(self, word: str) -> float:
        """Return the share of cases that hold a word; 0 when it is not among the commonest."""
        place = bisect_left(self.told, (word,))
        return self.told[place][1] if place < len(self.told) and self.told[place][0] == word else 0.0

    def of_beginning(self, letters: str) -> float:
        """Return at most what share of cases holds a common word that begins so."""
        found = takewhile(lambda pair: pair[0].startswith(letters), self.told[bisect_left(self.told, (letters,)) :])
        return sum(share for _word, share in found)


class _Kept:
    """What was read last, and until when it counts."""

    until = 0.0
    shares: Shares | None = None


_kept = _Kept()


def forget() -> None:
    """Read the statistics anew when they are asked for next."""
    _kept.until = 0.0


when_bound(forget)


def is_rare(node: Node) -> bool:
    """Whether some word that every case found must hold stands in few cases; False also when nothing is known of it."""
    nodes = node.nodes if isinstance(node, Every) else (node,)
    texts = [each for each in nodes if isinstance(each, Text)]
    shares = _shares() if texts else None
    return shares is not None and any(_is_rare(each, shares) for each in texts)


def _is_rare(text: Text, shares: Shares) -> bool:
    *before, last = query_tokens(text.text)
    if any(shares.of_word(token) < SHARE for token in before):
        return True
    if text.whole or not is_prefix(last):
        return shares.of_word(last) < SHARE
    return len(last) >= TELLING and shares.of_beginning(last) < SHARE


def _shares() -> Shares | None:
    """Return the share of cases by word, of the commonest words; None where they do not reach down to SHARE or are not known."""
    if time.monotonic() > _kept.until:
        row = run(_READ).fetchone()
        # Behind the shares stand their least and greatest, and the share of what is empty.
        told = [] if row is None or not row.words else sorted(zip(row.words, row.shares, strict=False))
        reaches = bool(told) and min(share for _word, share in told) < SHARE
        _kept.shares = Shares(tuple(told)) if reaches else None
        _kept.until = time.monotonic() + KEPT_SECONDS
    return _kept.shares
