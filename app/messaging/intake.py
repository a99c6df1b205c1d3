"""The edge: stores raw envelopes. Its caller commits and only then acknowledges; nothing is parsed here."""

from __future__ import annotations

import re
import secrets
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import func, or_, select, update

from app import blobs, doorbell
from app.clock import utcnow
from app.crypto import sha256
from app.db import json, run, session
from app.messaging.models import Envelope, EnvelopeState
from app.settings import settings
from channels.port import RawEnvelope

INGEST_JOB = "ingest"
MAX_ATTEMPTS = 3
#: A number that a vendor's webhook names as the sender, in a form, a query or JSON.
_NUMBER = re.compile(rb"\b(?:from|sender)\W{1,5}(?:%2B|\+)?(\d{4,15})", re.IGNORECASE)
_FROM = re.compile(rb"^from:[^\n]*?([\w.+%=-]+@[\w.-]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An envelope under lease, with its bytes; `fence` must still hold when the result is written."""

    id: int
    account_id: int
    kind: str
    external_id: str
    digest: str
    fence: int
    attempts: int
    received_at: datetime
    meta: dict[str, Any]
    raw: bytes


@dataclass(frozen=True, slots=True)
class Settled:
    """What the work on an envelope came to."""

    envelope: Claimed
    state: EnvelopeState
    reason: str = ""
    message_id: int | None = None


_STORE = """insert into envelopes
 (account_id, external_id, digest, order_key, meta, received_at, state, reason, error, attempts, fence)
 select account_id, external_id, digest, order_key, meta, received_at, 'received', '', '', 0, 0
 from jsonb_to_recordset(%(rows)s) as r (account_id bigint, external_id text, digest text, order_key text, meta jsonb,
  received_at timestamptz)
 on conflict do nothing returning id"""
_CLAIM = """with wanted as (
  select e.id from envelopes e
  where e.state = 'received' and (e.lease_until is null or e.lease_until < %(now)s)
   and (%(only)s::bigint[] is null or e.id = any(%(only)s)) and not exists (
    select 1 from envelopes earlier
    where earlier.order_key = e.order_key and earlier.id < e.id and earlier.state = 'received')
  order by e.id limit %(limit)s for update skip locked
), claimed as (
  update envelopes e set lease_until = %(until)s, fence = e.fence + 1, attempts = e.attempts + 1
  from wanted where e.id = wanted.id
  returning e.id, e.account_id, e.external_id, e.digest, e.fence, e.attempts, e.received_at, e.meta)
select c.id, c.account_id, a.kind, c.external_id, c.digest, c.fence, c.attempts, c.received_at, c.meta, b.content
from claimed c join channel_accounts a on a.id = c.account_id join blobs b on b.digest = c.digest order by c.id"""
_SETTLE = """update envelopes e
 set state = r.state, reason = r.reason, message_id = r.message_id, error = '', lease_until = null, done_at = %(now)s
 from unnest(%(ids)s::bigint[], %(fences)s::bigint[], %(states)s::text[], %(reasons)s::text[], %(messages)s::bigint[])
   as r (id, fence, state, reason, message_id)
 where e.id = r.id and e.fence = r.fence and e.state = 'received' returning e.id"""


def accept(account_id: int, items: Sequence[RawEnvelope]) -> list[int]:
    """Store envelopes, each once per account and external id, and ring for the new ones; returns their ids."""
    if not items:
        return []
    rows = [_row(account_id, item) for item in items]
    fresh = sorted(row.id for row in run(_STORE, {"rows": json(rows)}))
    for envelope_id in fresh:
        doorbell.ring(INGEST_JOB, envelope_id)
    return fresh


def _row(account_id: int, item: RawEnvelope) -> dict[str, Any]:
    digest = blobs.put(item.raw)
    external = item.external_id or digest
    if not settings().dedupe:  # the negative control of the recovery tests
        external = f"{external}/{secrets.token_hex(8)}"
    return {
        "account_id": account_id, "external_id": external, "digest": digest,
        "order_key": _order_key(item), "meta": {**item.meta, "problem": item.problem},
        "received_at": item.received_at,
    }  # fmt: skip


def _order_key(item: RawEnvelope) -> str:
    """Name the sender as well as can be told without parsing: what one sender sent is worked on in order."""
    sender = str(item.meta.get("mail_from") or "")
    if not sender and (found := _FROM.search(item.raw[:16_384]) or _NUMBER.search(item.raw[:16_384])):
        sender = found[1].decode("ascii", "replace")
    return sender.lower()[:200] or sha256(item.raw)[:16]


def claim(*, limit: int, only: Collection[int] | None = None) -> list[Claimed]:
    """Claim waiting envelopes (`only` these), oldest first; one whose sender has an earlier one in work waits for it."""
    now = utcnow()
    until = now + timedelta(seconds=settings().lease_seconds)
    values = {"now": now, "until": until, "limit": limit, "only": None if only is None else list(only)}
    return [Claimed(*row) for row in run(_CLAIM, values)]


def settle(results: Sequence[Settled]) -> bool:
    """Write what the work on these envelopes came to; False when a lease was lost to another worker meanwhile."""
    done = run(_SETTLE, {
        "now": utcnow(), "ids": [r.envelope.id for r in results], "fences": [r.envelope.fence for r in results],
        "states": [str(r.state) for r in results], "reasons": [r.reason for r in results],
        "messages": [r.message_id for r in results],
    }, settled=False)  # fmt: skip
    return len(done.fetchall()) == len(results)


def give_back(claimed: Claimed, error: str) -> bool:
    """After a failure: try again later, or mark as failed after the third time. True while it will be tried again."""
    again = claimed.attempts < MAX_ATTEMPTS
    session().execute(
        update(Envelope)
        .where(Envelope.id == claimed.id, Envelope.fence == claimed.fence)
        .values(
            state=EnvelopeState.RECEIVED if again else EnvelopeState.FAILED,
            lease_until=utcnow() + timedelta(seconds=2 * claimed.attempts) if again else None,
            error=error[:2000],
            done_at=None if again else utcnow(),
        )
        .execution_options(synchronize_session=False)
    )
    return again


def replay(envelope_id: int) -> None:
    """Let a failed or dropped envelope be worked on once more."""
    session().execute(
        update(Envelope)
        .where(Envelope.id == envelope_id, Envelope.state.in_([EnvelopeState.FAILED, EnvelopeState.DROPPED]))
        .values(state=EnvelopeState.RECEIVED, attempts=0, lease_until=None, done_at=None)
        .execution_options(synchronize_session=False)
    )
    doorbell.ring(INGEST_JOB, envelope_id)


def waiting(*, limit: int) -> list[int]:
    """Return envelopes that nobody works on: what a lost ring has left behind."""
    now = utcnow()
    return list(
        session().scalars(
            select(Envelope.id)
            .where(
                Envelope.state == EnvelopeState.RECEIVED,
                or_(Envelope.lease_until.is_(None), Envelope.lease_until < now),
            )
            .order_by(Envelope.id)
            .limit(limit)
        )
    )


def oldest_waiting_seconds() -> float:
    """Return how long the oldest unprocessed envelope has waited, in seconds; 0 when there is none."""
    oldest = session().scalar(select(func.min(Envelope.received_at)).where(Envelope.state == EnvelopeState.RECEIVED))
    return 0.0 if oldest is None else max(0.0, (utcnow() - oldest).total_seconds())
