"""Mis-threaded messages: moved to another case or a new one, and back. The target's process hears of them.

Splitting moves several at once into a case of their own; it is undone by merging that one back.
"""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

from app import events
from app.cases import linking
from app.cases import service as cases
from app.cases.models import Case
from app.contacts import queries as contacts
from app.errors import Conflict, Invalid, NotFound
from app.messaging import carrying, store
from app.messaging.models import Direction, Message
from app.messaging.queries import get_message, messages_of
from app.orchestration import driving

MAX_SPLIT = 200


def _movable(message_id: int) -> Message:
    message = get_message(message_id)
    if str(message.direction) != "in":
        raise Conflict("not_movable", "Only messages that came in can be moved.")
    return message


def move_to_case(message_id: int, target_id: int) -> int:
    """Move a message to another case and let that case's process hear of it; returns the case id."""
    message = _movable(message_id)
    for case_id in sorted({message.case_id, target_id}):
        cases.lock(case_id)
    target = cases.lock(target_id)
    interaction = store.interaction_for(
        target.id, kind=message.kind, account_id=target.account_id, contact_id=message.contact_id,
        subject=message.subject,
    )  # fmt: skip
    origin = store.move_message(message.id, to_case=target.id, interaction_id=interaction)
    cases.message_added(target, direction="in", preview=message.text)
    cases.announce(cases.lock(origin), change="message")
    driving.deliver(target.id, "customer_message", _names(message))
    return target.id


def move_to_new_case(message_id: int) -> int:
    """Open a new case for a mis-threaded message and start its process; returns the new case's id."""
    message = _movable(message_id)
    origin = cases.lock(message.case_id)
    case = _open_for(message, origin, subject=message.subject or message.text[:120])
    _carry(message, case, origin)
    driving.start_case(case, message=_names(message))
    cases.announce(origin, change="message")
    return case.id


def _open_for(message: Message, origin: Case, *, subject: str) -> Case:
    contact = contacts.get(message.contact_id)
    if contact is None:
        raise NotFound("contact_unknown", "The sender of this message is not known.")
    return cases.open_case(
        subject=subject, channel=message.kind, contact_id=contact.id, contact_name=contact.name,
        account_id=origin.account_id, preview=message.text, language=origin.language, auto=message.auto,
        queue_key=origin.queue_key, team_id=origin.team_id,
    )  # fmt: skip


def _carry(message: Message, case: Case, origin: Case) -> None:
    interaction = store.interaction_for(
        case.id, kind=message.kind, account_id=origin.account_id, contact_id=message.contact_id, subject=message.subject
    )
    store.move_message(message.id, to_case=case.id, interaction_id=interaction)


@dataclass(frozen=True, slots=True)
class Split:
    """What a split is about: the messages that go, oldest first, and the one from the customer that opens the new case."""

    messages: tuple[Message, ...]
    opening: Message
    subject: str


def plan_split(case: Case, message_ids: Collection[int], *, subject: str = "") -> Split:
    """Tell which messages a split would take. Raises Invalid, or Conflict when the case is closed or merged."""
    cases.check_standing(case)
    if case.archived_at is not None:
        raise Conflict("case_closed", "A closed case is not split.")
    if len(message_ids) > MAX_SPLIT:
        raise Invalid("too_many_messages", f"At most {MAX_SPLIT} messages go at once.", fields={"message": "too many"})
    chosen = messages_of(case.id, message_ids)
    if not chosen:
        raise Invalid("messages_missing", "Choose the messages that go.", fields={"message": "required"})
    if len(chosen) < len(set(message_ids)):
        raise Invalid("not_in_case", "Choose messages of this case.", fields={"message": "not in this case"})
    opening = next((message for message in chosen if message.direction is Direction.IN), None)
    if opening is None:
        raise Invalid("nobody_wrote", "Choose at least one message from the customer.", fields={"message": "required"})
    if carrying.counts(case.id)[0] <= sum(message.direction is Direction.IN for message in chosen):
        raise Invalid("nothing_left", "Leave at least one message from the customer.", fields={"message": "too many"})
    return Split(chosen, opening, subject.strip() or opening.subject or opening.text[:120])


def split(case_id: int, message_ids: Collection[int], *, subject: str = "") -> Case:
    """Make messages of a case a new one, whose process starts; returns it. Records `case_split` on both chains.

    Undone by merging the new case into the one it comes from. Raises Invalid, Conflict, NotFound.
    """
    origin = cases.lock(case_id)
    plan = plan_split(origin, message_ids, subject=subject)
    case = _open_for(plan.opening, origin, subject=plan.subject)
    for message in plan.messages:
        _carry(message, case, origin)
    for one, other, side in ((origin, case, "into"), (case, origin, "from")):
        events.record(
            "case_split", chain=cases.chain_of(one.id), other=other.number, side=side,
            messages=[message.id for message in plan.messages],
        )  # fmt: skip
    linking.note_split(case, origin)
    driving.start_case(case, message=_names(plan.opening))
    cases.announce(origin, change="message")
    return case


def _names(message: Message) -> dict[str, Any]:
    return {
        "id": message.id, "subject": message.subject, "text": message.text[:4000], "from": message.sender,
        "channel": message.kind, "auto": message.auto, "by": "customer",
    }  # fmt: skip
