"""Decides which case a message belongs to, and says why. A claim counts only when its sender takes part in that case.

Order: the visitor's own chat, signed reply token, In-Reply-To and References, case number in the subject. Nothing else, nothing guessed.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from typing import NamedTuple

from app.db import is_known, known, later, remember, run
from app.messaging import reply_tokens
from app.messaging.chats import visitors
from channels.port import InboundMessage

_NUMBER = re.compile(r"\bRB-\d{4}-\d{6,12}\b", re.IGNORECASE)
MAX_REFERENCES = 30
MAX_TOKENS = 20
CaseByNumber = Callable[[Iterable[str]], dict[str, int]]


# While a case is merged into another, its messages stand there, but answers to them still belong to it.
_WITH_ID = """select rfc_id, id, sender, coalesce(home_id, case_id) as case_id from messages
 where rfc_id = any(%(ids)s) order by id"""
_PART = """select p.case_id, p.address from participants p
 join unnest(%(cases)s::bigint[], %(addresses)s::text[]) as asked (case_id, address) using (case_id, address)"""
_NEW_PART = """insert into participants (case_id, address) select * from jsonb_to_recordset(%(rows)s)
 as r (case_id bigint, address text) on conflict do nothing"""


class Stored(NamedTuple):
    """A stored message under the id that its sender's program gave it."""

    id: int
    sender: str
    case_id: int


@dataclass(frozen=True, slots=True)
class Threading:
    """Where a message belongs: `case_id` None is a new case; `mentions` is a case it refers to without a right to."""

    case_id: int | None
    reason: str
    mentions: int | None = None


def find(message: InboundMessage, *, case_by_number: CaseByNumber) -> Threading:
    """Return the case of an inbound message, with the reason as `rule: detail`."""
    sender = message.sender.value.lower()
    chat = visitors.of_thread(message.thread_key) if message.thread_key else None
    if chat is not None and chat.case_id is not None:
        return Threading(chat.case_id, "chat: the chat that this visitor's browser is in")
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
    wanted = answered(message)
    if wanted:
        look_up(wanted)
        for rfc_id in wanted:
            for stored in with_id(rfc_id)[-1:]:
                yield stored.case_id, f"references: answers {rfc_id[:200]}"
    numbers = [number.upper() for number in _NUMBER.findall(message.subject)][:5]
    if numbers:
        found = case_by_number(numbers)
        for number in numbers:
            if number in found:
                yield found[number], f"case-number: {number} in the subject"


def answered(message: InboundMessage) -> list[str]:
    """Return the ids of the messages that this one answers, nearest first."""
    ids = [message.in_reply_to, *reversed(message.references)]
    return [rfc_id for rfc_id in dict.fromkeys(ids) if rfc_id][:MAX_REFERENCES]


def look_up(rfc_ids: Iterable[str]) -> None:
    """Read the messages with these ids with one statement: this unit of work will ask for each."""
    found: dict[str, list[Stored]] = {i: [] for i in rfc_ids if not is_known(("messages", i))}
    if not found:
        return
    for row in run(_WITH_ID, {"ids": list(found)}):
        found[row.rfc_id].append(Stored(row.id, row.sender, row.case_id))
    for rfc_id, messages in found.items():
        remember(("messages", rfc_id), messages)


def with_id(rfc_id: str) -> list[Stored]:
    """Return the messages with this id, oldest first: an id that a sender chose may come twice."""
    look_up([rfc_id])
    return known(("messages", rfc_id), list)


def note_stored(rfc_id: str, message: Stored) -> None:
    """Let this unit of work know of a message that it is about to store."""
    if is_known(("messages", rfc_id)):
        with_id(rfc_id).append(message)


def look_up_parts(pairs: Iterable[tuple[int, str]]) -> None:
    """Find out with one statement which of these addresses take part in which of these cases."""
    asked = [pair for pair in pairs if not is_known(("takes part", *pair))]
    if not asked:
        return
    cases, addresses = [pair[0] for pair in asked], [pair[1] for pair in asked]
    found = {(row.case_id, row.address) for row in run(_PART, {"cases": cases, "addresses": addresses})}
    for pair in asked:
        remember(("takes part", *pair), pair in found)


def takes_part(case_id: int, address: str) -> bool:
    """Tell whether an address wrote in this case or was written to."""
    normal = address.lower()
    look_up_parts([(case_id, normal)])
    return known(("takes part", case_id, normal), lambda: False)


def add_participants(case_id: int, addresses: Iterable[str]) -> None:
    """Note who takes part in a case."""
    for address in sorted({a.lower() for a in addresses if a}):
        remember(("takes part", case_id, address), True)
        later(_NEW_PART, {"case_id": case_id, "address": address}, rank=5)
