"""What came by text message: which case it is for, what it asks for, and when to ask back.

A text has no subject, no thread and little room. It belongs to the case whose number it names, to the only open case of this
number, or to the one that was last written about. A verb that could mean several cases is asked back, once.
"""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app.cases import queries as case_queries
from app.cases import service as cases
from app.clock import utcnow
from app.contacts import consents
from app.contacts.service import Person
from app.db import json, run
from app.knowledge import service as knowledge
from app.messaging import outbox, threading
from app.messaging.threading import Threading
from app.orchestration import intents
from app.orchestration.intents import Intent
from channels.port import InboundMessage

KINDS = outbox.NUMBERED
#: So long a text that follows our last one may open an archived case again; later it is something new.
REOPENS = timedelta(hours=24)
ANSWERED_WITHIN = timedelta(hours=24)
MAX_CASES = 9
OPT_OUT, OPT_IN = "opt_out", "opt_in"
_NUMBER = re.compile(r"\bRB-\d{4}-\d{6,12}\b", re.IGNORECASE)
_CASES = """select c.id, c.number, c.subject, c.archived_at is null as is_open, max(m.id) as last_id,
  max(m.id) filter (where m.direction = 'out') as last_out, max(m.id) filter (where m.direction = 'in') as last_in,
  max(m.created_at) filter (where m.direction = 'out') as out_at
 from interactions i join messages m on m.interaction_id = i.id join cases c on c.id = m.case_id
 where i.account_id = %(account)s and m.direction <> 'note'
  and i.contact_id in (select id from contacts where id = %(person)s or head_id = %(person)s)
  and exists (select 1 from drives d join process_instances p on p.id = d.instance_id
   where d.case_id = c.id and p.status in ('waiting', 'faulted'))
 group by c.id order by max(m.id) desc limit %(limit)s"""
_ASK = """insert into asked_back (account_id, address, verb, words, text, choices, asked_at)
 values (%(account)s, %(address)s, %(verb)s, %(words)s, %(text)s, %(choices)s, %(now)s)"""
_ASKED = """update asked_back set answered_at = %(now)s where account_id = %(account)s and address = %(address)s
  and answered_at is null returning verb, words, text, choices, asked_at"""


@dataclass(frozen=True, slots=True)
class Heard:
    """What a text comes to: where it belongs, the verb it asks for with the words that go along, and what to ask back."""

    found: Threading
    intent: Intent | None = None
    text: str = ""
    choices: tuple[Any, ...] = ()  # the cases it may mean: ask which
    is_consent: bool = False  # STOP or START: no news for any process


def hear(account_id: int, kind: str, inbound: InboundMessage, contact: Person) -> Heard:
    """Understand a text; what it says of consent is kept."""
    known = _known_cases(account_id, contact)
    if (wish := inbound.raw.get("wish")) in (OPT_OUT, OPT_IN):
        consents.note(kind, inbound.sender.value, is_given=wish == OPT_IN, words=inbound.text, contact_id=contact.id)
        return Heard(_by_number(known), is_consent=True)
    asked = _asked(account_id, inbound)
    if asked is not None and (chosen := _chosen(asked.choices, inbound.text)) is not None:
        found = Threading(chosen["id"], f"asked back: the customer means {chosen['number']}")
        return Heard(found, Intent(asked.verb, asked.words), text=asked.text)
    intent, rest = intents.read_short(_NUMBER.sub(" ", inbound.text))
    named = _named(inbound, contact)
    if named is not None:
        return Heard(named, intent, text=rest)
    choices = _open(known) if intent is not None and asked is None and _is_unclear(known) else []
    return Heard(_by_number(known), intent, text=rest, choices=tuple(choices))


def _known_cases(account_id: int, contact: Person) -> list[Any]:
    values = {"account": account_id, "person": contact.person_id or contact.id, "limit": MAX_CASES}
    return list(run(_CASES, values))


def _open(known: Sequence[Any]) -> list[Any]:
    return [row for row in known if row.is_open]


def _by_number(known: Sequence[Any]) -> Threading:
    still = _open(known)
    if len(still) == 1:
        return Threading(still[0].id, "number: the only open case of this number")
    if still:
        last = max(still, key=lambda row: row.last_out or 0)
        return Threading(
            last.id, f"number: of {len(still)} open cases of this number the one that was last written about"
        )
    recent = [row for row in known if row.out_at is not None and row.out_at > utcnow() - REOPENS]
    if recent:
        return Threading(recent[0].id, "number: answers what was just sent about this case")
    return Threading(None, "new: no open case of this number")


def _is_unclear(known: Sequence[Any]) -> bool:
    """With several open cases, what we wrote since the customer last did says which one is meant, if that was one alone."""
    still = _open(known)
    if len(still) < 2:
        return False
    last_in = max(row.last_in or 0 for row in still)
    return sum(1 for row in still if (row.last_out or 0) > last_in) != 1


def _named(inbound: InboundMessage, contact: Person) -> Threading | None:
    """The case whose number stands in the text: only its own customer, or who takes part in it, may speak for it so."""
    numbers = [number.upper() for number in _NUMBER.findall(inbound.text)][:5]
    found = case_queries.ids_by_number(numbers) if numbers else {}
    for number in numbers:
        if number in found:
            case = cases.lock(found[number])
            mine = case.contact_id is not None and _same_person(case.contact_id, contact)
            if mine or threading.takes_part(case.id, inbound.sender.value):
                return Threading(case.id, f"case-number: {number} in the text")
            return Threading(None, "stranger: refers to a case in which the sender takes no part", case.id)
    return None


def _same_person(contact_id: int, contact: Person) -> bool:
    person = contact.person_id or contact.id
    found = run("select coalesce(head_id, id) as id from contacts where id = %(id)s", {"id": contact_id}).fetchone()
    return found is not None and bool(found.id == person)


# ---------------------------------------------------------------- asking back
def ask(account_id: int, inbound: InboundMessage, heard: Heard, case: Any) -> None:
    """Ask which case is meant; the answer is heard for a day, and asked for once."""
    assert heard.intent is not None  # noqa: S101 -- only a verb is asked back
    choices = [{"id": row.id, "number": row.number} for row in heard.choices]
    run(_ASK, {
        "account": account_id, "address": inbound.sender.value, "verb": heard.intent.verb, "words": heard.intent.words[:200],
        "text": heard.text[:2000], "choices": json(choices), "now": utcnow(),
    })  # fmt: skip
    listed = "\n".join(f"{place}) {row.number} {row.subject[:40]}" for place, row in enumerate(heard.choices, 1))
    filled = knowledge.fill("which_case.sms", case.language, {"text": listed})
    outgoing = outbox.Outgoing(
        case_id=case.id, case_number=case.number, account_id=account_id, contact_id=case.contact_id,
        to=[(inbound.sender.value, "")], subject="", text=filled.body, auto=True,
    )  # fmt: skip
    outbox.queue_auto(outgoing, inbound_auto="none", cause={"asked": heard.intent.verb})


def _asked(account_id: int, inbound: InboundMessage) -> Any:
    """Return the question that this may answer; it is answered by whatever comes, and not asked again."""
    row = run(_ASKED, {"account": account_id, "address": inbound.sender.value, "now": utcnow()}).fetchone()
    return row if row is not None and row.asked_at > utcnow() - ANSWERED_WITHIN else None


def _chosen(choices: Sequence[Mapping[str, Any]], text: str) -> Mapping[str, Any] | None:
    """Return the case that an answer names: by its place in the list, its number, or the last digits of that."""
    said = text.strip().rstrip(".)。）").strip()
    if said.isdecimal() and len(said) <= 2 and 1 <= int(said) <= len(choices):
        return choices[int(said) - 1]
    digits = "".join(c for c in said if c.isdecimal())
    fitting = [
        each
        for each in choices
        if each["number"] in said.upper() or (len(digits) >= 3 and each["number"].endswith(digits))
    ]
    return fitting[0] if len(fitting) == 1 else None
