"""The straight way of a delivery, one statement to claim it and one to note it sent. What is out of the ordinary goes the long way."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Any

from app import blobs
from app.clock import utcnow
from app.db import json, run
from app.errors import Unavailable
from app.logs import log
from app.messaging import providers, recipients
from app.settings import settings
from channels.outcomes import ChannelError, HealthState, Receipt
from channels.port import Address, OutboundMessage
from channels.port import Attachment as File

# Queued for the first time, on a mailbox or widget that is in use and has no pace: everything else is decided row by row.
_CLAIM = """with free as (
  select d.id from deliveries d join channel_accounts a on a.id = d.account_id
  where d.id = %(id)s and d.state = 'queued' and d.attempts = 0 and d.due_at <= %(now)s
   and (d.lease_until is null or d.lease_until < %(now)s) and a.is_enabled and a.removed_at is null
   and a.kind in ('email', 'chat') and a.pace = '{}'
  for update of d skip locked
), claimed as (
  update deliveries d set state = 'sending', lease_until = %(until)s, fence = d.fence + 1, attempts = 1
  from free where d.id = free.id
  returning d.id, d.fence, d.case_id, d.message_id, d.account_id, d.key, d.headers, d.reason, d.outcomes)
select c.id, c.fence, c.case_id, c.message_id, c.account_id, c.key, c.headers, c.reason, c.outcomes,
  m.subject, m.text, m.html, m.rfc_id, m.recipients, a.kind, a.provider, a.config, a.secrets, a.version,
  a.outbound_health ->> 'state' as health, array(
   select jsonb_build_array(f.name, f.media_type, f.digest, f.content_id, f.is_inline)
   from attachments f where f.message_id = m.id order by f.id) as files
 from claimed c join messages m on m.id = c.message_id join channel_accounts a on a.id = c.account_id"""
_SENT = """update deliveries set state = 'sent', sent_at = %(now)s, provider_id = %(provider_id)s,
  outcomes = %(outcomes)s, lease_until = null
 where id = %(id)s and fence = %(fence)s returning id"""


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed delivery with all that is needed to send it without the database.

    `is_plain`: the first try, on an account that was well: when all recipients are taken there is nothing to decide.
    """

    id: int
    fence: int
    attempts: int
    case_id: int
    message_id: int
    account_id: int
    adapter: Any
    order: OutboundMessage
    is_plain: bool = False
    is_paced: bool = False  # its vendor tells later what became of it, and its account rests after failures


@dataclass(frozen=True, slots=True)
class _Account:
    """What opening an account needs of its row."""

    id: int
    kind: str
    provider: str
    config: dict[str, Any]
    secrets: str
    version: int


def claim(delivery_id: int) -> Job | None:
    """Claim a delivery that is tried for the first time; None leaves it to the long way. Raises what opening its account raises."""
    now = utcnow()
    until = now + timedelta(seconds=settings().lease_seconds)
    row = run(_CLAIM, {"id": delivery_id, "now": now, "until": until}).fetchone()
    if row is None:
        return None
    adapter = providers.adapter(
        _Account(row.account_id, row.kind, row.provider, row.config, row.secrets, row.version)
    )  # fmt: skip
    return Job(
        row.id, row.fence, 1, row.case_id, row.message_id, row.account_id, adapter,
        order(row, key=row.key, headers=row.headers, outcomes=row.outcomes, files=row.files),
        is_plain=not row.reason and not row.outcomes and row.health == HealthState.OK,
    )  # fmt: skip


def order(
    message: Any, *, key: str, headers: Mapping[str, Any], outcomes: recipients.Outcomes, files: Sequence[Sequence[Any]]
) -> OutboundMessage:
    """Return what the channel is told: the message's fields, and files as name, type, digest, content id, inline."""
    return OutboundMessage(
        except_for=recipients.settled(outcomes), to=_addresses(message.recipients, "to"),
        cc=_addresses(message.recipients, "cc"), subject=message.subject, text=message.text, html=message.html,
        message_id=message.rfc_id or "", idempotency_key=key, in_reply_to=headers.get("in_reply_to", ""),
        references=tuple(headers.get("references", ())), reply_token=headers.get("reply_token", ""),
        auto=bool(headers.get("auto")), automatic_reply=bool(headers.get("automatic_reply")),
        attachments=tuple(File(f[0], f[1], blobs.get(f[2]), f[3], f[4]) for f in files),
    )  # fmt: skip


def _addresses(named: Mapping[str, Any], part: str) -> tuple[Address, ...]:
    return tuple(Address(value, name) for value, name in named.get(part, ()))


def is_simple(job: Job, receipt: Receipt) -> bool:
    """Tell whether everybody has it and nothing is in doubt."""
    return job.is_plain and bool(receipt.accepted) and not receipt.refused and not receipt.in_doubt


def note_sent(job: Job, receipt: Receipt) -> bool:
    """Write that everybody has it; False when our claim was lost to another worker."""
    now = utcnow()
    outcomes = recipients.heard({}, receipt, at=now)
    values = {
        "id": job.id, "fence": job.fence, "now": now, "provider_id": receipt.provider_id, "outcomes": json(outcomes),
    }  # fmt: skip
    if run(_SENT, values).fetchone() is None:
        log().warning("late_write_refused", delivery=job.id, fence=job.fence)
        return False
    return True


COULD_NOT_OPEN = (Unavailable, ChannelError)
