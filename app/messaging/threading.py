"""Decides which case a message belongs to, and says why. A claim counts only when its sender takes part in that case.

Order: signed reply token, In-Reply-To and References, case number in the subject. Nothing else, nothing guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass

from app.db import later, run
from app.messaging import reply_tokens
from channels.port import InboundMessage

_NUMBER = re.compile(r"\bRB-\d{4}-\d{6,12}\b", re.IGNORECASE)
MAX_REFERENCES = 30
MAX_TOKENS = 20
CaseByNumber = Callable[[Iterable[str]], dict[str, int]]


@dataclass(frozen=True, slots=True)
class Threading:
    """Where a message belongs: `case_id` None is a new case; `mentions` is a case it refers to without a right to."""

    case_id: int | None
    reason: str
    mentions: int | None = None


def find(message: InboundMessage, *, case_by_number: CaseByNumber) -> Threading:
    """Return the case of an inbound message, with the reason as `rule: detail`."""
    sender = message.sender.value.lower()
    proven = reply_tokens.proven_case(message.reply_tokens[:MAX_TOKENS], sender)
    if proven is not None and (found := case_by_number([proven])):
        return Threading(found[proven], "reply-token: our signed reply address, made for this sender")
    mentions: int | None = None
    for case_id, reason in _unsigned_claims(message, case_by_number):
        if takes_part(case_id, sender):
            return Threading(case_id, reason)
        mentions = mentions or case_id
    if mentions is not None:
        return Threading(None, "stranger: refers to a case in which the sender takes no part", mentions)
    return Threading(None, "new: refers to no case")


def _unsigned_claims(message: InboundMessage, case_by_number: CaseByNumber) -> Iterator[tuple[int, str]]:
    ids = [message.in_reply_to, *reversed(message.references)]
    wanted = [rfc_id for rfc_id in dict.fromkeys(ids) if rfc_id][:MAX_REFERENCES]
    if wanted:
        rows = run("select rfc_id, case_id from messages where rfc_id = any(%(ids)s)", {"ids": wanted}, settled=False)
        known = {row.rfc_id: row.case_id for row in rows}
        for rfc_id in wanted:
            if rfc_id in known:
                yield known[rfc_id], f"references: answers {rfc_id[:200]}"
    numbers = [number.upper() for number in _NUMBER.findall(message.subject)][:5]
    if numbers:
        found = case_by_number(numbers)
        for number in numbers:
            if number in found:
                yield found[number], f"case-number: {number} in the subject"


def takes_part(case_id: int, address: str) -> bool:
    """Tell whether an address wrote in this case or was written to."""
    found = run(
        "select 1 from participants where case_id = %(case)s and address = %(address)s",
        {"case": case_id, "address": address.lower()},
    )
    return found.fetchone() is not None


def add_participants(case_id: int, addresses: Iterable[str]) -> None:
    """Note who takes part in a case."""
    for address in sorted({a.lower() for a in addresses if a}):
        later(
            "insert into participants (case_id, address) select * from jsonb_to_recordset(%(rows)s)"
            " as r (case_id bigint, address text) on conflict do nothing",
            {"case_id": case_id, "address": address},
        )
