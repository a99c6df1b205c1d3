"""News for open screens: numbered, small, after commit. Screens fetch the changed part themselves, so rights are checked there."""

from __future__ import annotations

from collections.abc import Iterable
from contextlib import suppress
from typing import Any, Protocol

import orjson
from redis.exceptions import RedisError

from app.db import after_commit, frame, in_unit_of_work
from app.doorbell import brief

STREAM = "ringback:news"
#: For streams, not for screens: the rights of these users have changed, what they were admitted to has ended.
ENDED = "ended"
#: News for the visitor of one chat (`chat`), which no screen of the desk gets.
VISITOR = "visitor"
KEPT = 20_000


class Wire(Protocol):
    """What carries news."""

    def send(self, items: list[dict[str, Any]]) -> None:
        """Carry these items to all stream processes."""


class RedisWire:
    """A Redis stream: its ids number the events, its tail serves those who were away."""

    def send(self, items: list[dict[str, Any]]) -> None:
        """Append; a Redis that does not answer only costs liveness."""
        with suppress(RedisError), brief() as redis, redis.pipeline(transaction=False) as pipe:
            for item in items:
                pipe.xadd(STREAM, {"j": orjson.dumps(item)}, maxlen=KEPT, approximate=True)
            pipe.execute()


class FakeWire:
    """Remembers news: for tests."""

    def __init__(self) -> None:
        """Start with an empty book."""
        self.sent: list[dict[str, Any]] = []

    def send(self, items: list[dict[str, Any]]) -> None:
        """Remember the items."""
        self.sent.extend(items)


_wire: Wire = RedisWire()


def use(wire: Wire) -> None:
    """Replace the wire of this process."""
    global _wire
    _wire = wire


def publish(topic: str, *, teams: Iterable[int] = (), users: Iterable[int] = (), **facts: Any) -> None:
    """Tell screens about `topic` after commit. Only members of `teams`, these `users`, and roles that see all get it."""
    item = {"topic": topic, "teams": sorted(teams), "users": sorted(users), **facts}
    if not in_unit_of_work():
        _wire.send([item])
        return
    pending = frame().info.setdefault("news", [])
    if not pending:  # also after a savepoint took everything back, with the hook
        after_commit(lambda: _wire.send(pending))
    if item not in pending:
        pending.append(item)


def end_admissions(user_id: int) -> None:
    """Have this user's open streams end, after commit; whoever still may watch is admitted anew."""
    publish(ENDED, users=[user_id])
