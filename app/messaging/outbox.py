"""Queues what leaves: a message and its delivery are written together, in the transaction that decided to send."""

from __future__ import annotations

import secrets
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import insert

from app import doorbell, events, schedule
from app.clock import utcnow
from app.db import is_known, json, known, later, lock, new_id, remember, run, session, unlearn
from app.errors import Invalid, Unavailable
from app.messaging import reply_tokens, store
from app.messaging.accounts import get as get_account
from app.messaging.accounts import is_own, mailbox_of
from app.messaging.models import ChannelAccount, Direction, Mention
from channels.email.reply_token import make_message_id

DELIVER_JOB = "deliver"
AUTO_CAP = 3
AUTO_WINDOW = timedelta(hours=1)
MAX_TEXT = 200_000
MAX_REFERENCES = 20
#: Kinds that carry plain text to a number.
NUMBERED = frozenset({"sms"})


# The newest messages of the case, and however old it is the one that is answered: the given one, or the last to come in.
_CHAIN = """select id, rfc_id, direction from (
  (select id, rfc_id, direction from messages where case_id = %(case)s and rfc_id is not null
   order by id desc limit %(limit)s)
  union
  (select id, rfc_id, direction from messages where case_id = %(case)s and rfc_id is not null
     and (id = %(answers)s::bigint or (%(answers)s::bigint is null and direction = 'in'))
   order by id desc limit 1)
 ) found order by id desc"""
_NEW_DELIVERY = """insert into deliveries
 (id, message_id, account_id, case_id, key, state, reason, detail, attempts, fence, provider_id, due_at, headers, created_at)
 values (%(id)s, %(message)s, %(account)s, %(case)s, %(key)s, 'queued', %(reason)s, '', 0, 0, '', %(due)s, %(headers)s, %(now)s)"""
_COUNT_AUTO = """select address, count(*) as sent from auto_mails
 where address = any(%(addresses)s) and sent_at > %(since)s group by address"""
_FORGET_AUTO = "delete from auto_mails where sent_at < %(before)s"
_NEW_AUTO = "insert into auto_mails (address, sent_at) values (%(address)s, %(now)s)"


@dataclass(frozen=True, slots=True)
class Outgoing:
    """What is to be sent about a case, to whom (`to`, `cc`: pairs of address and name), through which account."""

    case_id: int
    case_number: str
    account_id: int
    contact_id: int | None
    to: Sequence[tuple[str, str]]
    subject: str
    text: str
    cc: Sequence[tuple[str, str]] = ()
    auto: bool = False
    answers: int | None = None
    files: Sequence[Mapping[str, Any]] = ()
    not_before: datetime | None = None  # quiet hours end then


def queue(
    outgoing: Outgoing, *, author: str, user_id: int | None = None, cause: Mapping[str, Any] | None = None
) -> int:
    """Write the message and its delivery; rings after commit. Returns the message id. Records `message_written`.

    Raises Invalid without text or recipient, Unavailable when the account is switched off.
    """
    _check(outgoing)
    account = get_account(outgoing.account_id)
    if not account.is_enabled:
        raise Unavailable("account_off", f"The account {account.name} is switched off; nothing can be sent through it.")
    if account.kind in NUMBERED:
        return _queue_text(outgoing, account, author=author, user_id=user_id, cause=cause)
    parent, references = _parent(outgoing)
    token = reply_tokens.issue(outgoing.case_number, outgoing.to[0][0])
    rfc_id = make_message_id(secrets.token_hex(12), domain=account.address.rpartition("@")[2], token=token)
    interaction = store.interaction_for(
        outgoing.case_id, kind=account.kind, account_id=account.id, contact_id=outgoing.contact_id,
        subject=outgoing.subject,
    )  # fmt: skip
    message_id = store.store_outbound(
        case_id=outgoing.case_id, interaction_id=interaction, kind=account.kind, direction=Direction.OUT,
        text=outgoing.text, author=author, user_id=user_id, contact_id=outgoing.contact_id,
        subject=outgoing.subject, recipients={"to": list(map(list, outgoing.to)), "cc": list(map(list, outgoing.cc))},
        rfc_id=rfc_id, auto="auto" if outgoing.auto else "none", cause=cause,
    )  # fmt: skip
    store.attach_stored(message_id, outgoing.files)
    headers = {
        "in_reply_to": parent, "references": references, "auto": outgoing.auto,
        "automatic_reply": outgoing.auto and bool(parent),
        "reply_token": token,
    }  # fmt: skip
    _queue_delivery(message_id, outgoing, account=account, headers=headers)
    return message_id


def _queue_text(
    outgoing: Outgoing, account: ChannelAccount, *, author: str, user_id: int | None, cause: Mapping[str, Any] | None
) -> int:
    """A message to a number: plain text to one person, without subject, copies, files, and ids that answers refer to."""
    if outgoing.files or outgoing.cc or len(outgoing.to) != 1:
        raise Invalid(
            "text_only",
            "A text message goes to one number and carries no files and no copies.",
            fields={"to": "one number"},
        )
    interaction = store.interaction_for(
        outgoing.case_id, kind=account.kind, account_id=account.id, contact_id=outgoing.contact_id, subject=""
    )
    message_id = store.store_outbound(
        case_id=outgoing.case_id, interaction_id=interaction, kind=account.kind, direction=Direction.OUT,
        text=outgoing.text, author=author, user_id=user_id, contact_id=outgoing.contact_id,
        recipients={"to": list(map(list, outgoing.to)), "cc": []}, auto="auto" if outgoing.auto else "none", cause=cause,
    )  # fmt: skip
    _queue_delivery(message_id, outgoing, account=account, headers={"auto": outgoing.auto})
    return message_id


def _check(outgoing: Outgoing) -> None:
    if not outgoing.text.strip():
        raise Invalid("text_missing", "Write something before you send.", fields={"text": "required"})
    if len(outgoing.text) > MAX_TEXT:
        raise Invalid("text_too_long", f"A message may have {MAX_TEXT} characters.", fields={"text": "too long"})
    if not outgoing.to:
        raise Invalid("recipient_missing", "Say who gets it.", fields={"to": "required"})


def _parent(outgoing: Outgoing) -> tuple[str, list[str]]:
    """Return what this answers (the given message, else the last inbound one) and the chain of references."""
    rows = store.chain(outgoing.case_id)
    if rows is None:
        wanted = {"case": outgoing.case_id, "answers": outgoing.answers, "limit": MAX_REFERENCES}
        rows = [store.ChainLink(*row) for row in run(_CHAIN, wanted)]
    chain = [row.rfc_id for row in rows]
    if outgoing.answers is not None:
        answered = next((row.rfc_id for row in rows if row.id == outgoing.answers), "")
    else:
        answered = next((row.rfc_id for row in rows if row.direction == Direction.IN), "")
    references = [rfc_id for rfc_id in reversed(chain) if rfc_id != answered]
    return answered, [*references, answered] if answered else references


def _queue_delivery(
    message_id: int, outgoing: Outgoing, *, account: ChannelAccount, headers: Mapping[str, Any]
) -> None:
    delivery = new_id("deliveries")
    due = outgoing.not_before
    later(_NEW_DELIVERY, {
        "due": due or utcnow(), "reason": "quiet_hours" if due else "",
        "id": delivery, "message": message_id, "account": account.id, "case": outgoing.case_id, "key": secrets.token_hex(12),
        "now": utcnow(), "headers": json(dict(headers)),
    }, rank=5)  # fmt: skip
    if due is None:
        doorbell.ring(DELIVER_JOB, delivery)
    else:
        schedule.set_timer(f"deliver:{delivery}", due, job=DELIVER_JOB, ref=delivery)


def may_send_auto(address: str) -> bool:
    """Tell whether one more automatic mail to this mailbox, however it is spelled, is within the hourly cap, and count it if so."""
    mailbox = mailbox_of(address)
    if lock(lock_name(mailbox)):
        unlearn(("auto mails", mailbox))
    count_auto([mailbox])
    sent = known(("auto mails", mailbox), int)
    if sent >= AUTO_CAP:
        return False
    remember(("auto mails", mailbox), sent + 1)
    later(_NEW_AUTO, {"address": mailbox, "now": utcnow()})
    return True


def lock_name(address: str) -> str:
    """Return the name under which whoever writes to this address automatically locks it."""
    return f"auto:{mailbox_of(address)}"


def count_auto(addresses: Iterable[str]) -> None:
    """Count with one statement what went to these addresses within the hour: this unit of work will ask."""
    asked = [box for box in {mailbox_of(a) for a in addresses} if not is_known(("auto mails", box))]
    if not asked:
        return
    rows = run(_COUNT_AUTO, {"addresses": asked, "since": utcnow() - AUTO_WINDOW})
    found = {row.address: row.sent for row in rows}
    for mailbox in asked:
        remember(("auto mails", mailbox), found.get(mailbox, 0))


def forget_old_counts() -> None:
    """Remove what the hourly cap does not count any more."""
    run(_FORGET_AUTO, {"before": utcnow() - AUTO_WINDOW})


def queue_auto(outgoing: Outgoing, *, inbound_auto: str, cause: Mapping[str, Any]) -> int | None:
    """Queue an automatic message unless that could feed a loop; None when it was held back.

    Records `auto_mail_held` with the reason: the other side is automatic, the address is ours, or the hourly cap is reached.
    """
    if why := _held_back(outgoing, inbound_auto):
        events.record("auto_mail_held", chain=f"case:{outgoing.case_id}", why=why, subject=outgoing.subject[:200])
        return None
    return queue(outgoing, author="Ringback", cause=cause)


def _held_back(outgoing: Outgoing, inbound_auto: str) -> str:
    if inbound_auto != "none":
        return f"the other side is automatic ({inbound_auto})"
    addresses = [address for address, _ in (*outgoing.to, *outgoing.cc)]
    if any(map(is_own, addresses)):
        return "the address is one of ours"
    if not all(map(may_send_auto, addresses)):
        return f"{AUTO_CAP} automatic messages within an hour"
    return ""


def note_mentions(message_id: int, users: Iterable[int]) -> None:
    """Keep whom a note mentions, so that a query finds it."""
    rows = [{"message_id": message_id, "user_id": each} for each in users]
    if rows:
        session().execute(insert(Mention), rows)


def add_note(
    *, case_id: int, kind: str, account_id: int | None, contact_id: int | None, text: str, author: str,
    user_id: int | None, files: Sequence[Mapping[str, Any]] = (), cause: Mapping[str, Any] | None = None,
) -> int:  # fmt: skip
    """Write an internal note on a case; returns its message id. Records `note_written`."""
    if not text.strip():
        raise Invalid("text_missing", "Write something before you save.", fields={"text": "required"})
    interaction = store.interaction_for(case_id, kind=kind, account_id=account_id, contact_id=contact_id, subject="")
    message_id = store.store_outbound(
        case_id=case_id, interaction_id=interaction, kind=kind, direction=Direction.NOTE, text=text[:MAX_TEXT],
        author=author, user_id=user_id, cause=cause,
    )  # fmt: skip
    store.attach_stored(message_id, files)
    return message_id
