"""What a running instance may ask of the rooms above, and how they connect: the workflow room calls up only through here."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Protocol

from sqlalchemy.exc import DBAPIError

from app.clock import utcnow
from app.workflow.language.scripting import run_script
from app.workflow.running import StepInfo, let_through

# A database error that reaches the engine is for the frame, which does the whole work again; no fault could be saved.
let_through(DBAPIError)


class Outside(Protocol):
    """The world of one instance: names that expressions may read, capabilities, calendars, and ears for what it throws."""

    def names(self) -> Mapping[str, Any]:
        """Return the read-only names for expressions."""

    def add_business_time(self, start: datetime, duration: timedelta) -> datetime:
        """Return when that much business time has passed."""

    def call(self, name: str, inputs: dict[str, Any], at: StepInfo) -> Mapping[str, Any]:
        """Run a capability; it only writes rows."""

    def hear(self, kind: str, name: str, payload: dict[str, Any], at: StepInfo) -> None:
        """Take a message or signal that left the instance."""


_factory: Callable[[int, str], Outside] | None = None
_capabilities: frozenset[str] = frozenset()


def connect(factory: Callable[[int, str], Outside], *, capabilities: frozenset[str]) -> None:
    """Let `factory(instance_id, business_key)` make the world of an instance; name the capabilities there are."""
    global _factory, _capabilities
    _factory, _capabilities = factory, capabilities


def known_capabilities() -> frozenset[str]:
    """Return the names that service tasks may use."""
    return _capabilities


class InstanceHost:
    """The running room's Host, for one instance."""

    def __init__(self, instance_id: int, business_key: str) -> None:
        """Make the instance's world."""
        if _factory is None:
            raise RuntimeError("No world is connected: app.bootstrap must run first.")
        self.outside = _factory(instance_id, business_key)

    def now(self) -> datetime:
        """Return the present."""
        return utcnow()

    def names(self) -> Mapping[str, Any]:
        """Return the outside's names."""
        return self.outside.names()

    def call_capability(self, name: str, inputs: dict[str, Any], at: StepInfo) -> Mapping[str, Any]:
        """Run a capability."""
        return self.outside.call(name, inputs, at)

    def add_business_time(self, start: datetime, duration: timedelta) -> datetime:
        """Ask the instance's calendar."""
        return self.outside.add_business_time(start, duration)

    def run_script(self, source: str, data: dict[str, Any]) -> dict[str, Any]:
        """Run Starlark in the limited child."""
        return run_script(source, data)

    def throw_message(self, name: str, payload: dict[str, Any], at: StepInfo) -> None:
        """Hand a message to the outside."""
        self.outside.hear("message", name, payload, at)

    def throw_signal(self, name: str, payload: dict[str, Any], at: StepInfo) -> None:
        """Hand a signal to the outside."""
        self.outside.hear("signal", name, payload, at)
