"""What never becomes a message: each filter returns a reason or nothing; dropped envelopes stay visible and can be replayed."""

from __future__ import annotations

from app.contacts import service as contacts
from app.messaging import accounts
from channels.port import Auto, InboundMessage


def dropped(inbound: InboundMessage) -> str:
    """Return why a message is dropped, or an empty text. Order: loop, blocked sender."""
    return _loop(inbound) or _blocked(inbound)


def _loop(inbound: InboundMessage) -> str:
    if accounts.is_own(inbound.sender.value):
        return "dropped: it comes from one of our own addresses"
    return "dropped: it carries our own loop mark" if inbound.auto is Auto.LOOP else ""


def _blocked(inbound: InboundMessage) -> str:
    return "dropped: the sender is blocked" if contacts.is_blocked(inbound.sender.value.lower()) else ""
