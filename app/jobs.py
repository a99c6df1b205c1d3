"""Every background entry point, and the frame in which it runs. A job is a name and a row id; rows decide what is left to do."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial

import structlog

from app import db, doorbell, schedule
from app.cases import snoozing
from app.faultpoints import crash_point
from app.identity import resets
from app.logs import log
from app.messaging import delivery, held, intake, password_links
from app.orchestration import driving, holding, joining, migrating, noticing, own_cases, service_levels, starts
from app.orchestration import intake as ingesting
from app.orchestration.bulk import runs, working
from app.orchestration.chatting import idling, offering, seats
from app.settings import settings
from app.sla import clocks
from app.workflow.projecting import alarm_key

SWEEP = 200
BATCHES = 16
MEANWHILE = 32


def ingest(_envelope_id: int) -> None:
    """Work on waiting envelopes; the one that rang is among them unless somebody has it already.

    When more is waiting than fits in one turn, some of what is due to be sent goes out before the rest: a flood of mail
    holds up no answer for long.
    """
    doorbell.answered(intake.INGEST_JOB)
    if ingesting.ingest_waiting(batches=BATCHES) >= BATCHES * ingesting.BATCH:
        for delivery_id in db.transact(lambda: delivery.due(limit=MEANWHILE)):
            _quietly("deliver", delivery_id)
        doorbell.ring(intake.INGEST_JOB, 0)


def deliver(delivery_id: int) -> None:
    """Send one delivery; what its failure means for the process is handed on in a transaction of its own."""
    delivery.deliver(delivery_id)


def timer(instance_id: int) -> None:
    """Fire what is due in an instance; its alarm is moved or removed in the same transaction."""
    crash_point("timer.before_fire")
    db.transact(lambda: _fire(instance_id))
    crash_point("timer.after_fire")


def _fire(instance_id: int) -> None:
    key = alarm_key(instance_id)
    if not driving.fire_timers(instance_id) and schedule.is_due(key):
        schedule.cancel_timer(key)  # an alarm for which nothing waits any more


def start(start_id: int) -> None:
    """Open the case that a timer at the start of a process asks for; its next occurrence is set in the same transaction."""
    crash_point("start.before_open")
    db.transact(lambda: starts.fire(start_id))
    crash_point("start.after_open")


def snooze(case_id: int) -> None:
    """Bring a case back that was laid aside until now; its alarm goes in the same transaction."""
    db.transact(lambda: _wake(case_id))


def _wake(case_id: int) -> None:
    noticing.snooze_over(case_id)
    key = snoozing.alarm(case_id)
    if schedule.is_due(key):
        schedule.cancel_timer(key)


def limit(case_id: int) -> None:
    """Tell the agent of a case that its limit is near or has passed; the alarm is moved or removed in the same transaction."""
    db.transact(lambda: own_cases.limit_nears(case_id))


def migrate(migration_id: int) -> None:
    """Move the next running instances to the version that a migration names, each in a transaction of its own."""
    for instance_id in db.transact(lambda: migrating.next_instances(migration_id)):
        crash_point("migrate.before_move")
        db.transact(partial(migrating.move, migration_id, instance_id))
        crash_point("migrate.after_move")
    db.transact(lambda: migrating.rest(migration_id))


def bulk(ref: int) -> None:
    """Do the next portion of a bulk action; each case in a transaction of its own."""
    working.work(ref)


def service_level(clock_id: int) -> None:
    """Warn of a clock or note that its time is up; its alarm is moved or removed in the same transaction."""
    db.transact(lambda: service_levels.ring(clock_id))


def send_reply(held_id: int) -> None:
    """Let a held reply go, or give it back; its timer goes in the same transaction."""
    crash_point("reply.before_send")
    db.transact(lambda: holding.release(held_id))
    crash_point("reply.after_send")


def chat_idle(chat_id: int) -> None:
    """End a chat that nobody goes on with; its timer is moved or removed in the same transaction."""
    db.transact(lambda: idling.look(chat_id))


def chat_route(_ref: int) -> None:
    """Offer waiting chats; the timer that asks for it is moved or removed in the same transaction."""
    db.transact(offering.route)


def chat_offer(offer_id: int) -> None:
    """Let an offer go that nobody has answered in time."""
    db.transact(lambda: offering.expire(offer_id))


def join_parts(part_id: int) -> None:
    """Take in a long text message whose missing parts are given up; its timer goes in the same transaction."""
    db.transact(lambda: ingesting.join_late(part_id))


def password_link(reset_id: int) -> None:
    """Send the link to a new password that somebody asked for."""
    password_links.send(reset_id)


JOBS: dict[str, Callable[[int], None]] = {
    "ingest": ingest, "deliver": deliver, "timer": timer, "start": start, snoozing.JOB: snooze,
    clocks.JOB: service_level, resets.JOB: password_link,
    idling.JOB: chat_idle, joining.JOB: join_parts, seats.ROUTE: chat_route, offering.JOB: chat_offer, migrating.JOB: migrate, held.JOB: send_reply, own_cases.JOB: limit, runs.JOB: bulk,
}  # fmt: skip


def run(job: str, *refs: int) -> None:
    """Run a job by name for one row or several: what RQ calls. An error is logged with its ids and raised when all were tried;
    the row stays due, so the sweep comes back.
    """
    failed: Exception | None = None
    for ref in refs:
        try:
            _run(job, ref)
        except Exception as error:  # noqa: BLE001 -- logged where it happened; the next row is not to blame
            failed = error
    if failed is not None:
        raise failed


def _run(job: str, ref: int) -> None:
    with structlog.contextvars.bound_contextvars(job=job, ref=ref):
        try:
            JOBS[job](ref)
        except Exception:
            log().error("job_failed", exc_info=True)
            raise


def tick() -> float:
    """Ring for all timers that are due; returns seconds until the clock should look again (at most half a second)."""
    due = db.transact(lambda: schedule.claim_due(limit=SWEEP, lease_seconds=settings().lease_seconds))
    for item in due:
        doorbell.ring(item.job, item.ref)
    if len(due) == SWEEP:
        return 0.0
    upcoming = db.transact(schedule.next_due_in)
    return 0.5 if upcoming is None else min(0.5, max(0.01, upcoming))


def sweep() -> int:
    """Ring again for everything that is due and in nobody's hands: what a lost ring or a dead worker left behind."""
    envelopes = db.transact(lambda: intake.waiting(limit=1))
    deliveries = db.transact(lambda: delivery.due(limit=SWEEP))
    for envelope_id in envelopes:
        doorbell.ring(intake.INGEST_JOB, envelope_id)
    for delivery_id in deliveries:
        doorbell.ring("deliver", delivery_id)
    return len(envelopes) + len(deliveries)


def work_inline() -> int:
    """Do what is due without any doorbell, in this process; returns how much was done. One failure does not stop the next."""
    done = ingesting.ingest_waiting()
    for delivery_id in db.transact(lambda: delivery.due(limit=SWEEP)):
        done += _quietly("deliver", delivery_id)
    for item in db.transact(lambda: schedule.claim_due(limit=SWEEP, lease_seconds=settings().lease_seconds)):
        done += _quietly(item.job, item.ref)
    return done


def _quietly(job: str, ref: int) -> int:
    try:
        run(job, ref)
    except Exception:  # noqa: BLE001 -- `run` has logged it, and the row stays due
        return 0
    return 1
