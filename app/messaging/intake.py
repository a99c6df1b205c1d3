"""The edge: stores raw envelopes. Its caller commits and only then acknowledges; nothing is parsed here."""

from __future__ import annotations

import re
import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, exists, func, or_, select, update
from sqlalchemy.dialects.postgresql import insert
from sqlalchemy.orm import aliased

from app import blobs, doorbell
from app.clock import utcnow
from app.crypto import sha256
from app.db import session
from app.messaging.models import Envelope, EnvelopeState
from app.settings import settings
from channels.port import RawEnvelope

INGEST_JOB = "ingest"
MAX_ATTEMPTS = 3
_FROM = re.compile(rb"^from:[^\n]*?([\w.+%=-]+@[\w.-]+)", re.IGNORECASE | re.MULTILINE)


@dataclass(frozen=True, slots=True)
class Claimed:
    """An envelope under lease; `fence` must still hold when the result is written."""

    id: int
    account_id: int
    external_id: str
    digest: str
    fence: int
    attempts: int
    received_at: datetime
    meta: dict[str, Any]


def accept(account_id: int, items: Sequence[RawEnvelope]) -> list[int]:
    """Store envelopes, each once per account and external id, and ring for the new ones; returns their ids."""
    if not items:
        return []
    rows = [_row(account_id, item) for item in items]
    statement = insert(Envelope).values(rows).on_conflict_do_nothing().returning(Envelope.id)
    fresh = list(session().scalars(statement))
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
        "received_at": item.received_at, "state": EnvelopeState.RECEIVED,
    }  # fmt: skip


def _order_key(item: RawEnvelope) -> str:
    """Name the sender as well as can be told without parsing: what one sender sent is worked on in order."""
    sender = str(item.meta.get("mail_from") or "")
    if not sender and (found := _FROM.search(item.raw[:16_384])):
        sender = found[1].decode("ascii", "replace")
    return sender.lower()[:200] or sha256(item.raw)[:16]


def claim(*, limit: int) -> list[Claimed]:
    """Claim waiting envelopes, oldest first; one whose sender has an earlier one in work waits for it."""
    now = utcnow()
    earlier = aliased(Envelope)
    blocked = exists().where(
        earlier.order_key == Envelope.order_key, earlier.id < Envelope.id, earlier.state == EnvelopeState.RECEIVED
    )  # fmt: skip
    free = or_(Envelope.lease_until.is_(None), Envelope.lease_until < now)
    wanted = (
        select(Envelope.id)
        .where(and_(Envelope.state == EnvelopeState.RECEIVED, free, ~blocked))
        .order_by(Envelope.id)
        .limit(limit)
        .with_for_update(skip_locked=True)
        .cte("wanted")
    )
    rows = session().execute(
        update(Envelope)
        .where(Envelope.id.in_(select(wanted.c.id)))
        .values(
            lease_until=now + timedelta(seconds=settings().lease_seconds),
            fence=Envelope.fence + 1,
            attempts=Envelope.attempts + 1,
        )
        .returning(
            Envelope.id, Envelope.account_id, Envelope.external_id, Envelope.digest, Envelope.fence,
            Envelope.attempts, Envelope.received_at, Envelope.meta,
        )
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return sorted((Claimed(*row) for row in rows), key=lambda item: item.id)


def settle(
    claimed: Claimed, state: EnvelopeState, *, reason: str = "", message_id: int | None = None, error: str = ""
) -> bool:
    """Write the result of the work on an envelope; False when the lease was lost to another worker meanwhile."""
    done = session().execute(
        update(Envelope)
        .where(Envelope.id == claimed.id, Envelope.fence == claimed.fence, Envelope.state == EnvelopeState.RECEIVED)
        .values(
            state=state, reason=reason, message_id=message_id, error=error[:2000], lease_until=None,
            done_at=utcnow(),
        )
        .returning(Envelope.id)
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    return done.first() is not None


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
