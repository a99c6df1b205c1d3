"""Sends queued deliveries: claim and commit, send with no transaction open, save the receipt in a new one."""

from __future__ import annotations

import secrets
import threading
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import datetime, timedelta

from sqlalchemy import and_, or_, select, update

from app import db, doorbell, events, realtime, schedule
from app.clock import utcnow
from app.contacts import consents
from app.errors import Conflict, NotFound, Unavailable
from app.faultpoints import crash_point
from app.logs import log
from app.messaging import accounts, claiming, pacing, providers, receipts, recipients
from app.messaging.claiming import Job
from app.messaging.models import Attachment, ChannelAccount, Delivery, DeliveryState, Message
from app.messaging.outbox import DELIVER_JOB
from app.settings import settings
from channels.outcomes import ChannelError, Health, HealthState, Reason, Receipt, TemporaryFailure, reason_of
from channels.port import OutboundMessage
from channels.spec import Feature

BACKOFF = (30, 120, 300, 900, 3600, 3 * 3600, 6 * 3600, 12 * 3600, 24 * 3600)
IN_DOUBT = "in_doubt"
OFF_SECONDS = 60
#: Kinds whose accounts send as fast as they can: a mail server says itself when it has had enough.
UNPACED = ("email", "chat")
_FORGET_ALARM = """delete from timers where key = %(key)s
 and not exists (select 1 from deliveries where id = %(id)s and state in ('queued', 'sending'))"""


def deliver(delivery_id: int) -> bool:
    """Send one delivery if it is due and free; False when there was nothing to do."""
    job = _claimed(delivery_id)
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


def _claimed(delivery_id: int) -> Job | None:
    try:
        job = db.transact(lambda: claiming.claim(delivery_id))
    except claiming.COULD_NOT_OPEN:
        job = None  # nothing was claimed: the long way says what is wrong with the account
    return job or db.transact(lambda: _claim(delivery_id))


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
        db.run(_FORGET_ALARM, {"id": delivery_id, "key": alarm(delivery_id)})
        return None
    account = accounts.get(row.account_id)
    if row.state is DeliveryState.SENDING and not _may_repeat(row, account):
        return None
    if not _may_use(row, account) or not _may_go(row, account):
        return None
    row.state, row.lease_until = DeliveryState.SENDING, now + timedelta(seconds=settings().lease_seconds)
    row.fence += 1
    row.attempts += 1
    try:
        adapter = providers.adapter(account)
    except (Unavailable, ChannelError) as error:
        _give_up(row, "misconfigured", str(error))
        return None
    paced = account.kind not in UNPACED
    return Job(
        row.id, row.fence, row.attempts, row.case_id, row.message_id, account.id, adapter, _order(row), is_paced=paced
    )  # fmt: skip


def alarm(delivery_id: int) -> str:
    """Return the key of the timer of a delivery that waits for its time."""
    return f"deliver:{delivery_id}"


def _may_go(row: Delivery, account: ChannelAccount) -> bool:
    """Whoever said STOP gets nothing; what has to wait, for a slow line or one that rests, waits with a timer of its own."""
    if account.kind in UNPACED and not account.pace:
        return True
    message = db.session().get_one(Message, row.message_id)
    wanted = [address for address, _name in message.recipients.get("to", ())]
    if refusals := consents.refused(account.kind, wanted):
        said = refusals[0]
        sentence = f"{said.address} does not want messages this way: {said.words} on {said.changed_at:%Y-%m-%d}. Use another channel."
        _give_up(row, Reason.UNSUBSCRIBED, sentence)
        return False
    until = pacing.wait(account.id, account.pace, has_slot=bool(row.headers.get("slot")))
    if until is not None:
        row.state, row.lease_until, row.due_at = DeliveryState.QUEUED, None, until
        row.headers = {**row.headers, "slot": True}
        schedule.set_timer(alarm(row.id), until, job=DELIVER_JOB, ref=row.id)
        return False
    row.headers = {key: value for key, value in row.headers.items() if key != "slot"}
    schedule.cancel_timer(alarm(row.id))
    return True


def _may_use(row: Delivery, account: ChannelAccount) -> bool:
    """What is queued waits while its account is switched off, and is given up once the account is gone."""
    if account.removed_at is not None:
        _give_up(row, "account_removed", f"The account {account.name} was removed. Answer through another one.")
    elif not account.is_enabled:
        row.state, row.lease_until, row.due_at = DeliveryState.QUEUED, None, utcnow() + timedelta(seconds=OFF_SECONDS)
        row.reason = row.reason or "account_off"
        row.detail = f"The account {account.name} is switched off. This is sent when somebody switches it on."
    return account.is_enabled and account.removed_at is None


def _may_repeat(row: Delivery, account: ChannelAccount) -> bool:
    """A worker died between sending and saving. Repeat where the far end knows our key, else ask a person."""
    features = providers.spec(account.kind, account.provider).features
    row.reason = IN_DOUBT
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
    listed = [(f.name, f.media_type, f.digest, f.content_id, f.is_inline) for f in files]
    return claiming.order(message, key=row.key, headers=row.headers, outcomes=row.outcomes, files=listed)


def _held(job: Job) -> Delivery | None:
    """Return the row while our claim still holds; a worker that was paused past its lease writes nothing."""
    row = db.session().scalar(
        select(Delivery).where(Delivery.id == job.id, Delivery.fence == job.fence).with_for_update()
    )
    if row is None:
        log().warning("late_write_refused", delivery=job.id, fence=job.fence)
    return row


def _sent(job: Job, receipt: Receipt) -> None:
    if claiming.is_simple(job, receipt):
        if claiming.note_sent(job, receipt):
            _record_sent(job.case_id, job.message_id, receipt)
            _tell(job.case_id)
        return
    row = _held(job)
    if row is None:
        return
    accounts.note_health(job.account_id, "outbound", Health(HealthState.OK))
    before = row.outcomes
    row.outcomes = recipients.heard(before, receipt, at=utcnow())
    if job.is_paced:
        pacing.went_well(job.account_id)
    if receipt.accepted and row.sent_at is None:
        row.sent_at, row.provider_id = utcnow(), receipt.provider_id
        _record_sent(row.case_id, row.message_id, receipt)
    if row.reason != IN_DOUBT:
        row.reason, row.detail = (IN_DOUBT, receipt.detail) if receipt.in_doubt else ("", "")
    _go_on(row, before)
    if job.is_paced and receipt.provider_id:
        db.session().flush()
        receipts.tie(job.account_id, receipt.provider_id, row.id)


def _record_sent(case_id: int, message_id: int, receipt: Receipt) -> None:
    events.record("message_sent", chain=f"case:{case_id}", message=message_id, recipients=len(receipt.accepted))


def _go_on(row: Delivery, before: recipients.Outcomes) -> None:
    """Try those again who were put off; with nobody left, or after the last try, it is settled."""
    if recipients.with_state(row.outcomes, recipients.DEFERRED) and row.attempts <= len(BACKOFF):
        _put_off(row)
    else:
        row.outcomes = recipients.given_up(row.outcomes)
        row.state, row.lease_until = recipients.state(row.outcomes), None
    troubled = recipients.with_state(row.outcomes, recipients.FAILED, recipients.DEFERRED)
    if troubled and row.reason != IN_DOUBT:
        row.reason, row.detail = str(row.outcomes[troubled[0]]["reason"]), recipients.sentence(row.outcomes)
    _note_refused(row, before)
    _tell(row.case_id)


def _note_refused(row: Delivery, before: recipients.Outcomes) -> None:
    """Put on record, and so tell the process, who will not get it and was not known before."""
    known = recipients.with_state(before, recipients.FAILED)
    lost = [address for address in recipients.with_state(row.outcomes, recipients.FAILED) if address not in known]
    if lost:
        events.record(
            "delivery_failed", chain=f"case:{row.case_id}", message=row.message_id, recipients=lost,
            reason=str(row.outcomes[lost[0]]["reason"]), detail=str(row.outcomes[lost[0]]["detail"]),
        )  # fmt: skip


def _put_off(row: Delivery, *, at_least: float = 0) -> None:
    wait = max(BACKOFF[min(row.attempts, len(BACKOFF)) - 1], at_least)
    row.state, row.lease_until, row.due_at = DeliveryState.QUEUED, None, utcnow() + timedelta(seconds=wait)


def _not_sent(job: Job, error: ChannelError) -> None:
    row = _held(job)
    if row is None:
        return
    accounts.note_health(job.account_id, "outbound", health_of(error))
    if job.is_paced and reason_of(error) in _SHUT | _FLAKY | {Reason.VENDOR_FAULT}:
        pacing.failed(job.account_id)
    before = row.outcomes
    row.outcomes = recipients.refused(before, error.facts.get("refused", ()), at=utcnow())
    if not isinstance(error, TemporaryFailure) or job.attempts > len(BACKOFF):
        _give_up(row, error.code, error.sentence)
        return
    if error.in_doubt:
        row.reason = IN_DOUBT
    elif row.reason != IN_DOUBT:
        row.reason = error.code
    row.detail = error.sentence[:2000]
    _put_off(row, at_least=error.retry_after or 0)
    _note_refused(row, before)
    _tell(row.case_id)


_SHUT = frozenset({
    Reason.BAD_CREDENTIALS, Reason.TLS_FAILED, Reason.UNKNOWN_HOST, Reason.UNREACHABLE, Reason.MISCONFIGURED,
})  # fmt: skip
_FLAKY = frozenset({Reason.TIMED_OUT, Reason.CONNECTION_LOST, Reason.RATE_LIMITED})


def health_of(error: ChannelError) -> Health:
    """What one failed mail tells of the account: nothing passes, it may pass next time, or the mail alone was to blame."""
    cause = reason_of(error)
    if cause in _SHUT:
        return Health(HealthState.FAILING, cause, error.sentence)
    return Health(HealthState.DEGRADED, cause, error.sentence) if cause in _FLAKY else Health(HealthState.OK)


def _give_up(row: Delivery, code: str, sentence: str) -> None:
    """Nobody who still waits for it will get it. Whoever has it already, has it."""
    row.outcomes = recipients.given_up(row.outcomes)
    row.state = recipients.state(row.outcomes) if row.outcomes else DeliveryState.FAILED
    row.lease_until = None
    row.reason, row.detail = code, sentence[:2000]
    events.record(
        "delivery_failed", chain=f"case:{row.case_id}", message=row.message_id, reason=code, detail=row.detail,
        recipients=recipients.with_state(row.outcomes, recipients.FAILED),
    )  # fmt: skip
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
    row.outcomes = recipients.bounced(row.outcomes, recipient, hard=hard, detail=row.detail, at=utcnow())
    if hard and row.state not in (DeliveryState.QUEUED, DeliveryState.SENDING):
        row.state = DeliveryState.BOUNCED  # while others are still tried, it becomes that when all are settled
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
    if not row.may_send_again:
        raise Conflict("not_failed", "This message is not waiting for a decision.")
    row.state, row.due_at, row.lease_until, row.attempts = DeliveryState.QUEUED, utcnow(), None, 0
    row.sent_at = None
    if db.session().get_one(ChannelAccount, row.account_id).kind not in UNPACED:
        row.key = secrets.token_hex(12)  # a vendor that knows the old key would send nothing
    row.reason, row.detail, row.outcomes = "", "", recipients.once_more(row.outcomes)
    events.record("delivery_repeated", chain=f"case:{row.case_id}", message=row.message_id)
    doorbell.ring(DELIVER_JOB, row.id)


def due(*, limit: int) -> list[int]:
    """Return deliveries that are due and in nobody's hands: first what people wrote, then what is sent by itself."""
    now: datetime = utcnow()
    return list(
        db.session().scalars(
            select(Delivery.id)
            .join(Message, Message.id == Delivery.message_id)
            .where(
                Delivery.state.in_([DeliveryState.QUEUED, DeliveryState.SENDING]), Delivery.due_at <= now,
                or_(Delivery.lease_until.is_(None), Delivery.lease_until < now),
            )
            .order_by(Message.user_id.is_(None), Delivery.due_at)
            .limit(limit)
        )
    )  # fmt: skip
