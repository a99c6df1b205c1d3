"""Mis-threaded messages: moved to another case or a new one, and back. The target's process hears of them."""

from __future__ import annotations

from typing import Any

from app.cases import service as cases
from app.contacts import queries as contacts
from app.errors import Conflict, NotFound
from app.messaging import store
from app.messaging.models import Message
from app.messaging.queries import get_message
from app.orchestration import driving


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
    contact = contacts.get(message.contact_id)
    if contact is None:
        raise NotFound("contact_unknown", "The sender of this message is not known.")
    case = cases.open_case(
        subject=message.subject or message.text[:120], channel=message.kind, contact_id=contact.id,
        contact_name=contact.name, account_id=origin.account_id, preview=message.text, language=origin.language,
        auto=message.auto, queue_key=origin.queue_key, team_id=origin.team_id,
    )  # fmt: skip
    interaction = store.new_interaction(
        case.id, kind=message.kind, account_id=origin.account_id, contact_id=contact.id, subject=message.subject
    )
    store.move_message(message.id, to_case=case.id, interaction_id=interaction)
    driving.start_case(case, message=_names(message))
    cases.announce(origin, change="message")
    return case.id


def _names(message: Message) -> dict[str, Any]:
    return {
        "id": message.id, "subject": message.subject, "text": message.text[:4000], "from": message.sender,
        "channel": message.kind, "auto": message.auto, "by": "customer",
    }  # fmt: skip
