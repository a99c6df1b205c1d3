"""Stores messages with their attachments. Messages are append-only; moving one to another case is recorded, not hidden."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NamedTuple

from sqlalchemy import select, update

from app import blobs, events
from app.clock import utcnow
from app.crypto import sha256
from app.db import is_known, json, known, later, new_id, remember, run, session
from app.errors import Conflict, NotFound
from app.messaging.models import Delivery, Direction, Message
from app.messaging.threading import Stored, add_participants, note_stored
from app.search import index_text
from channels.port import Attachment as File
from channels.port import InboundMessage

_FIND_INTERACTION = """select id from interactions
 where case_id = %(case)s and kind = %(kind)s and account_id is not distinct from %(account)s
   and contact_id is not distinct from %(contact)s order by id limit 1"""
_NEW_INTERACTION = """insert into interactions (id, case_id, account_id, contact_id, kind, subject, started_at)
 values (%(id)s, %(case)s, %(account)s, %(contact)s, %(kind)s, %(subject)s, %(now)s)"""
_NEW_MESSAGE = """insert into messages
 (id, interaction_id, case_id, direction, kind, contact_id, user_id, author, subject, text, full_text, html, sender,
  recipients, rfc_id, auto, reason, cause, problems, raw_digest, created_at, home_id, search)
 values (%(id)s, %(interaction_id)s, %(case_id)s, %(direction)s, %(kind)s, %(contact_id)s, %(user_id)s, %(author)s, %(subject)s,
  %(text)s, %(full_text)s, %(html)s, %(sender)s, %(recipients)s, %(rfc_id)s, %(auto)s, %(reason)s, %(cause)s,
  %(problems)s, %(raw_digest)s, %(created_at)s, %(home_id)s, %(tokens)s::tsvector)"""
_NEW_FILE = """insert into attachments (message_id, name, media_type, size, digest, content_id, is_inline)
 values (%(message_id)s, %(name)s, %(media_type)s, %(size)s, %(digest)s, %(content_id)s, %(is_inline)s)"""
_NO_VALUES: dict[str, Any] = {
    "user_id": None, "full_text": "", "html": "", "sender": "", "reason": "", "raw_digest": None, "home_id": None,
}  # fmt: skip


class ChainLink(NamedTuple):
    """A message of a case with the id that answers to it refer to."""

    id: int
    rfc_id: str
    direction: str


def begin(case_id: int) -> None:
    """Say that this case has just been opened: this unit of work knows all of its messages."""
    remember(("chain", case_id), [])


def chain(case_id: int) -> list[ChainLink] | None:
    """Return the messages of a case that was opened in this unit of work, newest first; None for other cases."""
    links: list[ChainLink] | None = known(("chain", case_id), list) if is_known(("chain", case_id)) else None
    return None if links is None else links[::-1]


def interaction_for(case_id: int, *, kind: str, account_id: int | None, contact_id: int | None, subject: str) -> int:
    """Return the interaction of a case with this contact on this account, made when there is none."""
    values = {
        "case": case_id, "kind": kind, "account": account_id, "contact": contact_id, "subject": subject[:300],
    }  # fmt: skip
    return known(("interaction", case_id, kind, account_id, contact_id), lambda: _find_interaction(values))


def _find_interaction(values: dict[str, Any]) -> int:
    is_new = is_known(("chain", values["case"]))
    found = None if is_new else run(_FIND_INTERACTION, values).fetchone()
    return int(found.id) if found else _make_interaction(values)


def _make_interaction(values: dict[str, Any]) -> int:
    made = new_id("interactions")
    later(_NEW_INTERACTION, {**values, "id": made, "now": utcnow()}, rank=3)
    return made


def new_interaction(case_id: int, *, kind: str, account_id: int | None, contact_id: int | None, subject: str) -> int:
    """Make an interaction and return its id."""
    values = {
        "case": case_id, "kind": kind, "account": account_id, "contact": contact_id, "subject": subject[:300],
    }  # fmt: skip
    made = _make_interaction(values)
    remember(("interaction", case_id, kind, account_id, contact_id), made)
    return made


def store_inbound(
    inbound: InboundMessage, *, case_id: int, interaction_id: int, kind: str, contact_id: int | None, author: str,
    reason: str, raw_digest: str, full_text: str = "", home_id: int | None = None,
) -> int:  # fmt: skip
    """Store a message that came in, with its files; returns its id. Records `message_received`.

    `home_id` is the case it was meant for when that is merged into `case_id`: its sender takes part in that one alone.
    """
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
        "problems": list(inbound.problems), "raw_digest": raw_digest, "cause": {}, "home_id": home_id,
    }  # fmt: skip
    message_id = _insert(values, author, inbound.sender.value)
    store_files(message_id, inbound.attachments)
    add_participants(home_id or case_id, [inbound.sender.value, *(a.value for a in (*inbound.reply_to, *inbound.cc))])
    events.record(
        "message_received", chain=f"case:{case_id}", message=message_id, channel=kind, contact=contact_id,
        sha256=raw_digest, why=reason, files=len(inbound.attachments), auto=str(inbound.auto),
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
    is_new = is_known(("chain", values["case_id"]))  # nobody else can write in a case that is not committed yet
    row = {
        **_NO_VALUES, **values, "id": new_id("messages", newest=not is_new), "direction": str(values["direction"]), "created_at": utcnow(),
        "recipients": json(values["recipients"]), "cause": json(values["cause"]), "problems": json(values["problems"]),
        "tokens": index_text(values["subject"], author, sender, values["text"]),
    }  # fmt: skip
    later(_NEW_MESSAGE, row, rank=4)
    if rfc_id := values["rfc_id"]:
        note_stored(rfc_id, Stored(row["id"], row["sender"], row["home_id"] or row["case_id"]))
        if is_new:
            links: list[ChainLink] = known(("chain", row["case_id"]), list)
            links.append(ChainLink(row["id"], rfc_id, row["direction"]))
    return int(row["id"])


def store_files(message_id: int, files: Sequence[File]) -> None:
    """Store attachments of a message."""
    for file in files:
        later(_NEW_FILE, {
            "message_id": message_id, "name": file.name, "media_type": file.media_type, "size": len(file.content),
            "digest": blobs.put(file.content), "content_id": file.content_id, "is_inline": file.inline,
        })  # fmt: skip


def attach_stored(message_id: int, files: Sequence[Mapping[str, Any]]) -> None:
    """Attach files whose bytes are in the blob store already (uploads to a draft)."""
    for file in files:
        later(_NEW_FILE, {
            "message_id": message_id, "name": file["name"], "media_type": file["media_type"], "size": file["size"],
            "digest": file["digest"], "content_id": "", "is_inline": False,
        })  # fmt: skip


def _parties(message: Message) -> list[str]:
    written_to = [pair[0] for part in ("to", "cc") for pair in message.recipients.get(part, ())]
    return [message.sender] if message.direction is Direction.IN else written_to


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
        .values(case_id=to_case, interaction_id=interaction_id, moved_from=origin, home_id=None)
        .execution_options(synchronize_session=False)
    )
    session().execute(
        update(Delivery)
        .where(Delivery.message_id == message_id)
        .values(case_id=to_case)
        .execution_options(synchronize_session=False)
    )
    add_participants(to_case, _parties(message))
    for chain, role in ((f"case:{origin}", "from"), (f"case:{to_case}", "to")):
        events.record("message_moved", chain=chain, message=message_id, origin=origin, target=to_case, side=role)
    return origin
