"""Reads of the audit room that do not need a whole chain."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from typing import Any

from app.db import run

_MARKS = """select seq, at, hash from audit_events where chain = %(chain)s and kind = any(%(kinds)s) order by seq"""
_EVENTS = """select seq, kind, at, actor_name, cause, data, hash from audit_events
 where chain = %(chain)s and seq = any(%(seqs)s)"""


def marks(chain: str, kinds: Collection[str]) -> list[Any]:
    """Return `seq`, `at` and `hash` of the events of these kinds, in order: enough to know whether one was seen before."""
    return list(run(_MARKS, {"chain": chain, "kinds": sorted(kinds)}))


def events(chain: str, seqs: Sequence[int]) -> dict[int, Any]:
    """Return these events of a chain by number."""
    return {row.seq: row for row in run(_EVENTS, {"chain": chain, "seqs": list(seqs)})} if seqs else {}
