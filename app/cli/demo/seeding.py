"""Fills the desk of a trial run with its stories, one after the other; what an earlier start has done is not done again."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from datetime import datetime, timedelta

from sqlalchemy import func, select

from app import clock, db, doorbell, realtime
from app.cases.models import Case
from app.cli.demo import acting, furnishing
from app.cli.demo.playing import Run, beginning, is_played, play
from app.cli.demo.stories import STORIES
from app.cli.demo.telling import Story
from app.clock import utcnow
from app.db import session
from app.identity import service as identity
from app.identity.models import Notice
from app.logs import log

#: So long ago the desk was furnished: before its first story.
EARLIER = timedelta(days=28)
#: Notices that are older than this have been read.
READ_AFTER = timedelta(hours=20)


def seed(
    run: Run, *, wire: realtime.Wire, stories: Iterable[Story] = STORIES, say: Callable[[str], None] = lambda _: None
) -> int:
    """Play every story that this desk has not seen, the oldest first; returns how many were played.

    A desk that has cases of its own, and none of ours, is left alone. For a process that does nothing else; screens hear
    through `wire` of each story when it stands.
    """
    now = utcnow()
    stories = sorted(stories, key=lambda story: beginning(story.begin, now))
    if db.transact(_has_cases) and not any(is_played(story.key) for story in stories):
        say("The desk has cases of its own: no demo data is added.")
        return 0
    fresh = [story for story in stories if not is_played(story.key)]
    if fresh:
        with clock.at(now - EARLIER):
            furnishing.furnish()
        say(f"Adding {len(fresh)} demo stories …")
    played = sum(_one(story, now, run, wire) for story in fresh)
    say(f"The demo data is there: {played} stories were added, {len(stories)} belong to it.")
    return played


def _has_cases() -> bool:
    return session().scalar(select(Case.id).limit(1)) is not None


def _read_notices(before: datetime) -> None:
    old = select(Notice.user_id, func.max(Notice.id)).where(Notice.created_at < before, Notice.read_at.is_(None))
    for user_id, last in session().execute(old.group_by(Notice.user_id)).all():
        identity.mark_notices_read(user_id, up_to=last)


def _one(story: Story, now: datetime, run: Run, wire: realtime.Wire) -> int:
    """Play one story; one that fails leaves nothing behind and does not stop the others."""
    news = realtime.FakeWire()
    realtime.use(news)
    doorbell.use(doorbell.FakeDoorbell())  # what is due is done here, what is due later the clock rings for
    try:
        if not play(story, acting.act, now=now, run=run):
            return 0
    except Exception:  # noqa: BLE001 -- logged; the demo goes on without this one
        log().error("story_failed", story=story.key, exc_info=True)
        return 0
    db.transact(lambda: _read_notices(now - READ_AFTER))
    wire.send(list({repr(item): item for item in news.sent}.values()))
    return 1
