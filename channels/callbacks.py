"""Where a vendor calls back: the desk tells the adapter the public address of the account's webhook before it sends."""

from __future__ import annotations

from typing import Protocol, runtime_checkable


@runtime_checkable
class CalledBack(Protocol):
    """A provider's adapter that tells the vendor, with each message, where to report what became of it."""

    def call_back_at(self, url: str) -> None:
        """Name the account's webhook from now on; the adapter adds its own query to it."""
