"""Sends queued deliveries: claim and commit, send with no transaction open, save the receipt in a new one."""

from __future__ import annotations

import threading
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from sqlalchemy import and_, or_, select, update

from app import blobs, db, doorbell, events, realtime
from app.clock import utcnow
from app.errors import Conflict, NotFound, Unavailable
from app.faultpoints import crash_point
from app.logs import log
from app.messaging import accounts, providers
from app.messaging.models import Attachment, ChannelAccount, Delivery, DeliveryState, Message
from app.messaging.outbox import DELIVER_JOB
from app.settings import settings
from channels.outcomes import ChannelError, Health, HealthState, Reason, Receipt, TemporaryFailure
from channels.port import Address, OutboundMessage
from channels.port import Attachment as File
from channels.spec import Feature

BACKOFF = (30, 120, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)


@dataclass(frozen=True, slots=True)
class Job:
    """A claimed delivery with all that is needed to send it without the database."""

    id: int
    fence: int
    attempts: int
    case_id: int
    message_id: int
    account_id: int
    adapter: Any
    order: OutboundMessage


def deliver(delivery_id: int) -> bool:
    """Send one delivery if it is due and free; False when there was nothing to do."""
    job = db.transact(lambda: _claim(delivery_id))
    if job is None:
        return False
    crash_point("outbox.after_claim")
    try:
        with _lease_kept(job):
            receipt = job.adapter.send(job.order)
    except ChannelError as error:
        db.transact(lambda error=error: _not_sent(job, error))  # type: ignore[misc]
        return True
    crash_point("outbox.after_send")
    db.transact(lambda: _sent(job, receipt))
    crash_point("outbox.after_receipt")
    return True


@contextmanager
def _lease_kept(job: Job) -> Iterator[None]:
    """Renew the lease while a slow server takes its time; a process that is asleep renews nothing and loses it."""
    done = threading.Event()

    def renew() -> None:
        while not done.wait(settings().lease_seconds / 3):
            db.transact(lambda: _extend_lease(job))

    keeper = threading.Thread(target=renew, name="lease", daemon=True)
    keeper.start()
    try:
        yield
    finally:
        done.set()
        keeper.join()


def _extend_lease(job: Job) -> None:
    until = utcnow() + timedelta(seconds=settings().lease_seconds)
    db.session().execute(
        update(Delivery).where(Delivery.id == job.id, Delivery.fence == job.fence).values(lease_until=until)
        .execution_options(synchronize_session=False)
    )  # fmt: skip


def _claim(delivery_id: int) -> Job | None:
    now = utcnow()
    free = or_(Delivery.lease_until.is_(None), Delivery.lease_until < now)
    row = db.session().scalar(
        select(Delivery)
        .where(
            Delivery.id == delivery_id, Delivery.due_at <= now, free,
            Delivery.state.in_([DeliveryState.QUEUED, DeliveryState.SENDING]),
        )
        .with_for_update(skip_locked=True)
    )  # fmt: skip
    if row is None:
        return None
    account = accounts.get(row.account_id)
    if row.state is DeliveryState.SENDING and not _may_repeat(row, account):
        return None
    row.state, row.lease_until = DeliveryState.SENDING, now + timedelta(seconds=settings().lease_seconds)
    row.fence += 1
    row.attempts += 1
    try:
        adapter = providers.adapter(account)
    except (Unavailable, ChannelError) as error:
        _give_up(row, "misconfigured", str(error))
        return None
    return Job(row.id, row.fence, row.attempts, row.case_id, row.message_id, account.id, adapter, _order(row))


def _may_repeat(row: Delivery, account: ChannelAccount) -> bool:
    """A worker died between sending and saving. Repeat where the far end knows our key, else ask a person."""
    features = providers.spec(account.kind, account.provider).features
    row.reason = "in_doubt"
    row.detail = "A worker stopped while it was sending; this message may have arrived twice."
    if Feature.IDEMPOTENT in features or account.kind == "email":
        return True
    row.state, row.lease_until = DeliveryState.IN_DOUBT, None
    events.record("delivery_in_doubt", chain=f"case:{row.case_id}", message=row.message_id)
    _tell(row.case_id)
    return False


def _order(row: Delivery) -> OutboundMessage:
    message = db.session().get_one(Message, row.message_id)
    files = db.session().scalars(select(Attachment).where(Attachment.message_id == message.id).order_by(Attachment.id))
    headers = row.headers
    return OutboundMessage(
        to=_addresses(message.recipients, "to"), cc=_addresses(message.recipients, "cc"), subject=message.subject,
        text=message.text, html=message.html, message_id=message.rfc_id or "", idempotency_key=row.key,
        in_reply_to=headers.get("in_reply_to", ""), references=tuple(headers.get("references", ())),
        reply_token=headers.get("reply_token", ""), auto=bool(headers.get("auto")),
        automatic_reply=bool(headers.get("automatic_reply")),
        attachments=tuple(File(f.name, f.media_type, blobs.get(f.digest), f.content_id, f.is_inline) for f in files),
    )  # fmt: skip


def _addresses(recipients: dict[str, Any], part: str) -> tuple[Address, ...]:
    return tuple(Address(value, name) for value, name in recipients.get(part, ()))


def _held(job: Job) -> Delivery | None:
    """Return the row while our claim still holds; a worker that was paused past its lease writes nothing."""
    row = db.session().scalar(
        select(Delivery).where(Delivery.id == job.id, Delivery.fence == job.fence).with_for_update()
    )
    if row is None:
        log().warning("late_write_refused", delivery=job.id, fence=job.fence)
    return row


def _sent(job: Job, receipt: Receipt) -> None:
    row = _held(job)
    if row is None:
        return
    row.state, row.sent_at, row.lease_until = DeliveryState.SENT, utcnow(), None
    row.provider_id = receipt.provider_id
    if receipt.in_doubt:
        row.reason, row.detail = "in_doubt", receipt.detail
    if receipt.refused:
        row.detail = "; ".join(f"{item.recipient}: {item.detail or item.reason}" for item in receipt.refused)[:2000]
        row.reason = str(receipt.refused[0].reason)
        if not receipt.accepted:
            row.state = DeliveryState.FAILED
    kind = "delivery_failed" if row.state is DeliveryState.FAILED else "message_sent"
    events.record(kind, chain=f"case:{row.case_id}", message=row.message_id, reason=row.reason)
    accounts.note_health(job.account_id, "outbound", Health(HealthState.OK))
    _tell(row.case_id)


def _not_sent(job: Job, error: ChannelError) -> None:
    row = _held(job)
    if row is None:
        return
    accounts.note_health(job.account_id, "outbound", _health_of(error))
    temporary = isinstance(error, TemporaryFailure)
    if not temporary or job.attempts > len(BACKOFF):
        _give_up(row, error.code, error.sentence)
        return
    wait: float = BACKOFF[min(job.attempts, len(BACKOFF)) - 1]
    if isinstance(error, TemporaryFailure):
        wait = max(wait, error.retry_after or 0)
        if error.in_doubt:
            row.reason, row.detail = "in_doubt", error.sentence
    row.state, row.lease_until, row.due_at = DeliveryState.QUEUED, None, utcnow() + timedelta(seconds=wait)
    row.reason = row.reason or error.code
    row.detail = error.sentence[:2000]
    _tell(row.case_id)


def _health_of(error: ChannelError) -> Health:
    cause = Reason(error.code) if error.code in set(Reason) else Reason.UNKNOWN
    account_wide = {Reason.BAD_CREDENTIALS, Reason.TLS_FAILED, Reason.UNKNOWN_HOST, Reason.UNREACHABLE,
                    Reason.TIMED_OUT, Reason.CONNECTION_LOST, Reason.MISCONFIGURED, Reason.RATE_LIMITED}  # fmt: skip
    if cause not in account_wide:
        return Health(HealthState.OK)
    state = HealthState.DEGRADED if isinstance(error, TemporaryFailure) else HealthState.FAILING
    return Health(state, cause, error.sentence)


def _give_up(row: Delivery, code: str, sentence: str) -> None:
    row.state, row.lease_until, row.reason, row.detail = DeliveryState.FAILED, None, code, sentence[:2000]
    events.record(
        "delivery_failed", chain=f"case:{row.case_id}", message=row.message_id, reason=code, detail=row.detail
    )
    _tell(row.case_id)


def _tell(case_id: int) -> None:
    realtime.publish("delivery", case=case_id)


def bounced(provider_id: str, *, recipient: str, hard: bool, status: str, detail: str) -> int | None:
    """Tie a bounce to the delivery it tells of; returns its case, or None when we never sent that. Records `delivery_bounced`."""
    row = (
        db.session().scalar(
            select(Delivery)
            .join(Message, Message.id == Delivery.message_id)
            .where(
                or_(
                    Message.rfc_id == provider_id, and_(Delivery.provider_id == provider_id, Delivery.provider_id != "")
                )
            )
            .order_by(Delivery.id.desc())
            .limit(1)
            .with_for_update(of=Delivery)
        )
        if provider_id
        else None
    )
    if row is None:
        return None
    row.reason, row.detail = (
        ("bounced_hard" if hard else "bounced_soft"),
        f"{recipient} {status} {detail}".strip()[:2000],
    )
    if hard:
        row.state = DeliveryState.BOUNCED
    events.record(
        "delivery_bounced", chain=f"case:{row.case_id}", message=row.message_id, hard=hard, status=status,
    )  # fmt: skip
    _tell(row.case_id)
    return row.case_id


def send_again(delivery_id: int) -> None:
    """Queue a failed or doubtful delivery once more, by a person's decision. Raises NotFound, Conflict."""
    row = db.session().scalar(select(Delivery).where(Delivery.id == delivery_id).with_for_update())
    if row is None:
        raise NotFound("delivery_unknown", "There is no such delivery.")
    if row.state not in (DeliveryState.FAILED, DeliveryState.IN_DOUBT, DeliveryState.BOUNCED):
        raise Conflict("not_failed", "This message is not waiting for a decision.")
    row.state, row.due_at, row.lease_until, row.attempts = DeliveryState.QUEUED, utcnow(), None, 0
    row.reason, row.detail = "", ""
    events.record("delivery_repeated", chain=f"case:{row.case_id}", message=row.message_id)
    doorbell.ring(DELIVER_JOB, row.id)


def due(*, limit: int) -> list[int]:
    """Return deliveries that are due and in nobody's hands."""
    now: datetime = utcnow()
    return list(
        db.session().scalars(
            select(Delivery.id)
            .where(
                Delivery.state.in_([DeliveryState.QUEUED, DeliveryState.SENDING]), Delivery.due_at <= now,
                or_(Delivery.lease_until.is_(None), Delivery.lease_until < now),
            )
            .order_by(Delivery.due_at)
            .limit(limit)
        )
    )  # fmt: skip
