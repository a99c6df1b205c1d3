"""Domain events: recorded by services, heard by higher rooms, and written to the audit chain.

Subscribers run inside the transaction that recorded the event: what they do commits or fails with it.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any

from app.clock import utcnow


@dataclass(frozen=True, slots=True)
class Actor:
    """Who acts: `kind` is user, contact, process or system; `name` is what people read."""

    kind: str
    id: int | None = None
    name: str = ""

    def reference(self) -> str:
        """Return `kind:id`, as the audit chain stores it."""
        return self.kind if self.id is None else f"{self.kind}:{self.id}"


SYSTEM = Actor("system", None, "Ringback")


@dataclass(frozen=True, slots=True)
class Event:
    """Something that happened. `chain` names the audit chain (`case:7`), `cause` says why an automatic action was taken."""

    kind: str
    chain: str
    data: Mapping[str, Any]
    actor: Actor
    cause: Mapping[str, Any]
    at: datetime


@dataclass(slots=True)
class _Ambient:
    actor: Actor = SYSTEM
    cause: Mapping[str, Any] = field(default_factory=dict)


_ambient: ContextVar[_Ambient | None] = ContextVar("acting", default=None)
_subscribers: dict[str, list[Callable[[Event], None]]] = defaultdict(list)
ANY = "*"


@contextmanager
def acting(actor: Actor | None = None, cause: Mapping[str, Any] | None = None) -> Iterator[None]:
    """Say who acts and why for all events recorded inside."""
    outer = _ambient.get() or _Ambient()
    inner = _Ambient(actor or outer.actor, cause if cause is not None else outer.cause)
    token = _ambient.set(inner)
    try:
        yield
    finally:
        _ambient.reset(token)


def current_actor() -> Actor:
    """Return who acts now."""
    return (_ambient.get() or _Ambient()).actor


def current_cause() -> Mapping[str, Any]:
    """Return why it is done now."""
    return (_ambient.get() or _Ambient()).cause


def record(kind: str, *, chain: str, **data: Any) -> Event:
    """Record an event and tell its subscribers, in this transaction. Data must be plain JSON values."""
    event = Event(kind, chain, data, current_actor(), dict(current_cause()), utcnow())
    for listener in (*_subscribers[ANY], *_subscribers[kind]):
        listener(event)
    return event


def subscribe(kind: str, listener: Callable[[Event], None]) -> None:
    """Let `listener` hear events of this kind (ANY: all); subscribing twice does nothing."""
    if listener not in _subscribers[kind]:
        _subscribers[kind].append(listener)
