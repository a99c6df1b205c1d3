"""What agents write on a case: replies to the customer and internal notes."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from app.cases import service as cases
from app.cases.models import Case
from app.contacts import queries as contacts
from app.errors import Conflict, Invalid
from app.identity import queries as people
from app.knowledge import filling
from app.messaging import accounts, drafts, outbox, queries
from app.messaging.models import Direction
from app.orchestration import driving, mentioning, reaching, sharing, standing

Parties = Sequence[tuple[str, str]]
VERB = "reply"


def reply(
    case_id: int, *, user_id: int, author: str, text: str, to: Parties | None = None, cc: Parties = (),
    subject: str = "", files: Sequence[Mapping[str, Any]] = (), seen_message_id: int | None = None,
    writers: Sequence[int] = (), channel: str = "", in_quiet_hours: bool = False,
) -> int:  # fmt: skip
    """Send a person's words to the customer (or to `to`); returns the message id. Records `message_written`.

    The draft is dropped and the process is told, if it waits for a reply. Raises Conflict when the customer wrote after
    `seen_message_id`, when another reply waits to go out or the reply is a colleague's; Invalid without text or recipient,
    or with blanks that are not filled in; NotFound, Unavailable.
    """
    case = cases.lock(case_id)
    cases.check_standing(case)
    standing.check_free(case, user_id)
    check_still_current(case_id, seen_message_id)
    filling.check_filled(text)
    return send(
        case, user_id=user_id, author=author, text=text, to=to, cc=cc, subject=subject, files=files, writers=writers,
        channel=channel, in_quiet_hours=in_quiet_hours,
    )  # fmt: skip


def send(
    case: Case, *, user_id: int, author: str, text: str, to: Parties | None, cc: Parties = (), subject: str = "",
    files: Sequence[Mapping[str, Any]] = (), keep_draft: bool = False, writers: Sequence[int] = (), goes_on: bool = False,
    channel: str = "", in_quiet_hours: bool = False,
) -> int:  # fmt: skip
    """Queue a reply on a locked case on which all has been checked; returns the message id. Records `message_written`.

    One that `goes_on` with the answer before it is no news for the process.

    Colleagues who wrote in it (`writers`) are named in the message's cause.
    """
    kind = channel or case.channel
    if kind in outbox.NUMBERED or kind != case.channel:
        way = reaching.route(case, kind, to=to, in_quiet_hours=in_quiet_hours)
        outgoing = replace(
            reaching.outgoing(case, way, text=text), cc=cc, files=files, subject=subject.strip() or _subject(case)
        )
    else:
        outgoing = outbox.Outgoing(
            case_id=case.id, case_number=case.number, account_id=_account(case), contact_id=case.contact_id,
            to=to or customer(case), cc=cc, subject=subject.strip() or _subject(case), text=text, files=files,
        )  # fmt: skip
    message_id = outbox.queue(outgoing, author=author, user_id=user_id, cause=_written_by(writers, user_id))
    cases.note_reply(case)
    cases.message_added(case, direction="out", preview="")
    if not keep_draft and drafts.discard(case.id, user_id):
        sharing.tell(case)
    if not goes_on:
        driving.deliver(case.id, VERB, {"by": "agent", "id": message_id, "text": text[:4000], "channel": kind})
    return message_id


def note(case_id: int, *, user_id: int, author: str, text: str, files: Sequence[Mapping[str, Any]] = ()) -> int:
    """Write an internal note; returns its message id. Whom it mentions (`@login`, `@team`) is told; the draft is dropped.

    Records `note_written`. Raises Invalid, NotFound.
    """
    case = cases.lock(case_id)
    message_id = add_note(case, user_id=user_id, author=author, text=text, files=files)
    if drafts.discard(case_id, user_id):
        sharing.tell(case)
    return message_id


def add_note(case: Case, *, user_id: int, author: str, text: str, files: Sequence[Mapping[str, Any]] = ()) -> int:
    """Write a note on a locked case and tell whom it mentions; a draft stays. Records `note_written`. Raises Invalid."""
    cases.check_standing(case)
    message_id = outbox.add_note(
        case_id=case.id, kind=case.channel, account_id=case.account_id, contact_id=case.contact_id, text=text,
        author=author, user_id=user_id, files=files,
    )  # fmt: skip
    cases.message_added(case, direction="note", preview="")
    mentioning.tell(case, message_id, text=text, user_id=user_id, author=author)
    return message_id


def _written_by(writers: Sequence[int], user_id: int) -> dict[str, Any]:
    if set(writers) <= {user_id}:
        return {}
    names = people.user_names(writers)
    return {"writers": [names[each] for each in writers if each in names]}


def check_still_current(case_id: int, seen_message_id: int | None) -> None:
    """Raise Conflict when the customer was heard, or written to by a person, after this message; None does not ask."""
    if seen_message_id is None:
        return
    since = queries.messages_since(case_id, seen_message_id)
    fresh = [m for m in since if m.direction is not Direction.NOTE and queries.asks_to_be_read(m)]
    if fresh:
        raise Conflict(
            "stale_reply",
            f"{len(fresh)} new message(s) came in or went out since you began to write. Read them, then send.",
            newest=fresh[-1].id,
        )


def _account(case: Case) -> int:
    if case.account_id is not None:
        return case.account_id
    usable = accounts.accounts(kind=case.channel, enabled=True)
    if not usable:
        raise Invalid("no_account", f"No account of the channel {case.channel} is switched on to send through.")
    return usable[0].id


def elsewhere(message_id: int, *, channel: str, user_id: int, author: str) -> int:
    """Send the words of a message that did not arrive on another channel; returns the new message id.

    Raises NotFound, Conflict when it is on its way, Invalid when the customer has no address there.
    """
    message = queries.get_message(message_id)
    if message.kind == channel or not queries.has_failed(message_id):
        raise Conflict("not_failed", "This message is not waiting for a decision.")
    case = cases.lock(message.case_id)
    cases.check_standing(case)
    return send(
        case, user_id=user_id, author=author, text=message.text, to=None, channel=channel, goes_on=True, keep_draft=True
    )


def customer(case: Case, channel: str = "") -> Parties:
    """Return the customer's address on a channel, the case's own without a name; raises Invalid without one."""
    if channel and channel != case.channel:
        return [(reaching.route(case, channel).address, case.contact_name)]
    found = contacts.addresses(case.contact_id) if case.contact_id is not None else []
    address = next((point.address for point in found if point.kind == case.channel), None)
    if address is None:
        raise Invalid(
            "nobody_to_write_to", "The case has no customer address: say who gets it.", fields={"to": "required"}
        )
    return [(address, case.contact_name if case.contact_name != address else "")]


def _subject(case: Case) -> str:
    return case.subject if case.subject.lower().startswith("re:") else f"Re: {case.subject}"
