"""Plays a story: every step under the clock of its moment, all of them in one transaction, with what falls due in between."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from zoneinfo import ZoneInfo

from sqlalchemy import select

from app import clock, db, schedule
from app.cli.demo.telling import Begin, Step, Story
from app.db import session
from app.messaging import delivery
from app.messaging.models import ChannelAccount, Delivery, Envelope
from app.routing import service as routing
from app.settings import settings
from app.sla import service as sla

Run = Callable[[str, int], None]
MOST_ALARMS = 2_000
AT_ONCE = 50
SENDING = timedelta(seconds=4)
WEEK = 5
LATEST = timedelta(minutes=2)
FROM_OUTSIDE = frozenset({"mail", "bounce"})


@dataclass(slots=True)
class Play:
    """A story while it is played: its cases by their names in it, the present, and what runs the desk's jobs."""

    story: Story
    now: datetime
    run: Run
    at: datetime
    cases: dict[str, int] = field(default_factory=dict)
    customers: dict[str, str] = field(default_factory=dict)
    mails: int = 0

    def case(self, step: Step) -> int:
        """Return the id of the case that a step is about."""
        return self.cases[step.case]


def external_id(key: str, number: int = 1) -> str:
    """Return the id under which the mailbox knows a mail of a story: the mark that the story has been played."""
    return f"demo:{key}:{number}"


def is_played(key: str) -> bool:
    """Tell whether a story has been played in this desk."""
    wanted = select(Envelope.id).where(Envelope.external_id == external_id(key)).limit(1)
    return db.transact(lambda: session().scalar(wanted)) is not None


def play(story: Story, act: Callable[[Play, Step], None], *, now: datetime, run: Run) -> bool:
    """Play a story to the present, all or nothing; False when it has been played before.

    `act` does one step, `run` one job. Nothing has to be rung for afterwards.
    """
    with db.one_transaction():
        db.transact(lambda: db.lock(f"demo:{story.key}"))
        if is_played(story.key):
            return False
        _play(Play(story, now, run, beginning(story.begin, now)), act)
    return True


def beginning(begin: Begin, now: datetime) -> datetime:
    """Return the moment at which a story begins. Days ago are working days: nobody waits over a weekend for the first answer."""
    if begin.minute is None:
        return now - begin.ago
    day = now.astimezone(ZoneInfo(settings().default_timezone))
    for _ in range(min(begin.ago.days, WEEK)):
        day = _weekday(day - timedelta(days=1))
    day = _weekday(day - timedelta(days=max(0, begin.ago.days - WEEK)))
    return day.replace(hour=begin.minute // 60, minute=begin.minute % 60)


def _weekday(day: datetime) -> datetime:
    """Return the day, or the Friday before a weekend's."""
    return day - timedelta(days=max(0, day.weekday() - 4))


def _play(play: Play, act: Callable[[Play, Step], None]) -> None:
    for step in play.story.steps:
        _pass_time(play, _moment(play, step))
        with clock.at(play.at):
            act(play, step)
        _pass_time(play, play.at + SENDING)
    _pass_time(play, play.now)


def _moment(play: Play, step: Step) -> datetime:
    """Return when a step is done: colleagues work in business hours, as long as that is before the present."""
    if step.ago is not None:
        return max(play.at, play.now - step.ago)
    at = play.at + step.after
    if play.story.begin.minute is not None and step.what not in FROM_OUTSIDE:
        opening = _opening(at)
        at = opening if opening < play.now - LATEST else at
    return max(play.at, min(at, play.now - SENDING))


def _opening(at: datetime) -> datetime:
    queue = db.transact(lambda: routing.queue("service"))
    return db.transact(lambda: sla.add_business_time(queue.calendar_id, at, timedelta(seconds=1)))


def _pass_time(play: Play, until: datetime) -> None:
    """Let everything happen that falls due until then, each at its time, and send what waits to be sent."""
    for _round in range(MOST_ALARMS):
        due = db.transact(schedule.oldest_due)
        if due is None or due > until:
            break
        play.at = max(play.at, due)
        with clock.at(play.at):
            if not _ring(play):
                break  # somebody else is at it
            _send(play)
    play.at = max(play.at, until)
    with clock.at(play.at):
        _send(play)


def _ring(play: Play) -> int:
    due = db.transact(lambda: schedule.claim_due(limit=AT_ONCE, lease_seconds=settings().lease_seconds))
    for item in due:
        play.run(item.job, item.ref)
    return len(due)


def _send(play: Play) -> None:
    wanted = select(Delivery.id).where(Delivery.case_id.in_(list(play.cases.values())))
    own = set(db.transact(lambda: session().scalars(wanted).all()))
    for delivery_id in db.transact(lambda: delivery.due(limit=AT_ONCE)):
        if delivery_id in own:
            play.run("deliver", delivery_id)


def account(address: str) -> ChannelAccount:
    """Return the mailbox with this address."""
    return session().scalars(select(ChannelAccount).where(ChannelAccount.address == address)).one()
