"""What people said of being written to at one of their addresses: STOP takes the consent back, START gives it again."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.clock import utcnow
from app.contacts.service import chain_of
from app.db import run
from app.events import record

_NOTE = """insert into consents (kind, address, is_given, words, changed_at) values (%(kind)s, %(address)s, %(given)s, %(words)s, %(now)s)
 on conflict (kind, address) do update set is_given = excluded.is_given, words = excluded.words, changed_at = excluded.changed_at
 where consents.is_given <> excluded.is_given returning 1"""
_REFUSED = """select address, words, changed_at from consents
 where kind = %(kind)s and address = any(%(addresses)s) and not is_given"""
MAX_WORDS = 60


def note(kind: str, address: str, *, is_given: bool, words: str, contact_id: int) -> None:
    """Keep what somebody said. Records `consent_given` or `consent_withdrawn` on the contact's chain when it is news."""
    values = {"kind": kind, "address": address, "given": is_given, "words": words[:MAX_WORDS], "now": utcnow()}
    if run(_NOTE, values).fetchone() is not None:
        name = "consent_given" if is_given else "consent_withdrawn"
        record(name, chain=chain_of(contact_id), channel=kind, address=address, words=words[:MAX_WORDS])


def refused(kind: str, addresses: Sequence[str]) -> list[Any]:
    """Return `address`, `words` and `changed_at` of those who do not want to be written to this way."""
    return list(run(_REFUSED, {"kind": kind, "addresses": list(addresses)})) if addresses else []
