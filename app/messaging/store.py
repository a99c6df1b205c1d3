"""Stores messages with their attachments. Messages are append-only; moving one to another case is recorded, not hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from sqlalchemy import cast, func, insert, select, update
from sqlalchemy.dialects.postgresql import TSVECTOR

from app import blobs, events
from app.clock import utcnow
from app.crypto import sha256
from app.db import session
from app.errors import Conflict, NotFound
from app.messaging.models import Attachment, Delivery, Direction, Interaction, Message
from app.messaging.threading import add_participants
from app.search import index_tokens
from channels.port import Attachment as File
from channels.port import InboundMessage


def interaction_for(case_id: int, *, kind: str, account_id: int | None, contact_id: int | None, subject: str) -> int:
    """Return the interaction of a case with this contact on this account, made when there is none."""
    found = session().scalar(
        select(Interaction.id)
        .where(
            Interaction.case_id == case_id,
            Interaction.kind == kind,
            Interaction.account_id.is_not_distinct_from(account_id),
            Interaction.contact_id.is_not_distinct_from(contact_id),
        )
        .order_by(Interaction.id)
        .limit(1)
    )
    return found or new_interaction(case_id, kind=kind, account_id=account_id, contact_id=contact_id, subject=subject)


def new_interaction(case_id: int, *, kind: str, account_id: int | None, contact_id: int | None, subject: str) -> int:
    """Make an interaction and return its id."""
    row = session().execute(
        insert(Interaction)
        .values(
            case_id=case_id, kind=kind, account_id=account_id, contact_id=contact_id, subject=subject[:300],
            started_at=utcnow(),
        )
        .returning(Interaction.id)
    )  # fmt: skip
    return int(row.scalar_one())


def store_inbound(
    inbound: InboundMessage, *, case_id: int, interaction_id: int, kind: str, contact_id: int | None, author: str,
    reason: str, raw_digest: str, full_text: str = "",
) -> int:  # fmt: skip
    """Store a message that came in, with its files; returns its id. Records `message_received`."""
    new_text = inbound.new_text or inbound.text
    values = {
        "interaction_id": interaction_id, "case_id": case_id, "direction": Direction.IN, "kind": kind,
        "contact_id": contact_id, "author": author, "subject": inbound.subject[:1000], "text": new_text,
        "full_text": "" if full_text == new_text else full_text, "html": inbound.html,
        "sender": inbound.sender.value.lower(),
        "recipients": {
            "to": [[a.value, a.name] for a in inbound.to], "cc": [[a.value, a.name] for a in inbound.cc],
            "reply_to": [[a.value, a.name] for a in inbound.reply_to],
        },
        "rfc_id": inbound.external_id or None, "auto": str(inbound.auto), "reason": reason,
        "problems": list(inbound.problems), "raw_digest": raw_digest, "cause": {},
    }  # fmt: skip
    message_id = _insert(values, author, inbound.sender.value)
    store_files(message_id, inbound.attachments)
    add_participants(case_id, [inbound.sender.value, *(a.value for a in (*inbound.reply_to, *inbound.cc))])
    events.record(
        "message_received", chain=f"case:{case_id}", message=message_id, channel=kind, contact=contact_id,
        sha256=raw_digest, why=reason, files=len(inbound.attachments),
    )  # fmt: skip
    return message_id


def store_outbound(
    *, case_id: int, interaction_id: int, kind: str, direction: Direction, text: str, author: str,
    user_id: int | None, contact_id: int | None = None, subject: str = "", recipients: Mapping[str, Any] | None = None,
    rfc_id: str | None = None, auto: str = "none", cause: Mapping[str, Any] | None = None,
) -> int:  # fmt: skip
    """Store a reply or a note; returns its id. Records `message_written` or `note_written`."""
    values = {
        "interaction_id": interaction_id, "case_id": case_id, "direction": direction, "kind": kind,
        "contact_id": contact_id, "user_id": user_id, "author": author, "subject": subject[:1000], "text": text,
        "recipients": dict(recipients or {}), "rfc_id": rfc_id, "auto": auto, "cause": dict(cause or {}),
        "problems": [],
    }  # fmt: skip
    message_id = _insert(values, author, "")
    addressed = [pair[0] for part in ("to", "cc") for pair in (recipients or {}).get(part, ())]
    add_participants(case_id, addressed)
    events.record(
        "note_written" if direction is Direction.NOTE else "message_written", chain=f"case:{case_id}",
        message=message_id, channel=kind, sha256=sha256(text.encode()), auto=auto,
    )  # fmt: skip
    return message_id


def _insert(values: dict[str, Any], author: str, sender: str) -> int:
    tokens = index_tokens(values["subject"], author, sender, values["text"])
    search = cast(func.array_to_tsvector(tokens), TSVECTOR)
    statement = insert(Message).values(**values, search=search, created_at=utcnow()).returning(Message.id)
    return int(session().execute(statement).scalar_one())


def store_files(message_id: int, files: Sequence[File]) -> None:
    """Store attachments of a message."""
    rows = [
        {
            "message_id": message_id, "name": file.name, "media_type": file.media_type, "size": len(file.content),
            "digest": blobs.put(file.content), "content_id": file.content_id, "is_inline": file.inline,
        }
        for file in files
    ]  # fmt: skip
    if rows:
        session().execute(insert(Attachment), rows)


def attach_stored(message_id: int, files: Sequence[Mapping[str, Any]]) -> None:
    """Attach files whose bytes are in the blob store already (uploads to a draft)."""
    rows = [
        {
            "message_id": message_id, "name": file["name"], "media_type": file["media_type"], "size": file["size"],
            "digest": file["digest"], "content_id": "", "is_inline": False,
        }
        for file in files
    ]  # fmt: skip
    if rows:
        session().execute(insert(Attachment), rows)


def move_message(message_id: int, *, to_case: int, interaction_id: int) -> int:
    """Move a mis-threaded message to another case; returns the case it came from. Records `message_moved` on both chains.

    Raises NotFound, Conflict when it is there already.
    """
    message = session().scalar(select(Message).where(Message.id == message_id).with_for_update())
    if message is None:
        raise NotFound("message_unknown", "There is no such message.")
    origin = message.case_id
    if origin == to_case:
        raise Conflict("already_there", "The message belongs to this case already.")
    session().execute(
        update(Message)
        .where(Message.id == message_id)
        .values(case_id=to_case, interaction_id=interaction_id, moved_from=origin)
        .execution_options(synchronize_session=False)
    )
    add_participants(to_case, [message.sender])
    for chain, role in ((f"case:{origin}", "from"), (f"case:{to_case}", "to")):
        events.record("message_moved", chain=chain, message=message_id, origin=origin, target=to_case, side=role)
    return origin


def case_of_delivery(delivery_id: int) -> int:
    """Return the case that a delivery belongs to; raises NotFound."""
    found = session().scalar(select(Delivery.case_id).where(Delivery.id == delivery_id))
    if found is None:
        raise NotFound("delivery_unknown", "There is no such delivery.")
    return found
