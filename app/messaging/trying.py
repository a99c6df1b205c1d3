"""A test message from an account to a number: no case, no delivery, only what the vendor says to it."""

from __future__ import annotations

import secrets

from app import db, events
from app.messaging import accounts, delivery, providers
from app.messaging.models import ChannelAccount
from channels.outcomes import ChannelError, Health, HealthState
from channels.port import Address, OutboundMessage

WORDS = "Ringback: this is a test message."


def text(account: ChannelAccount, number: str) -> str:
    """Send a test message; returns what went wrong, empty when the vendor took it. Records `account_tried`.

    The network is asked with no transaction open. Raises Unavailable when the account's secrets cannot be read.
    """
    account_id = account.id
    order = OutboundMessage(to=(Address(number.strip()),), idempotency_key=secrets.token_hex(12), text=WORDS, auto=True)
    fault, health = "", Health(HealthState.OK)
    try:
        adapter = providers.adapter(account)
        db.let_go()
        adapter.send(order)
    except ChannelError as error:
        fault, health = error.sentence, delivery.health_of(error)
    accounts.note_health(account_id, "outbound", health)
    events.record("account_tried", chain=f"account:{account_id}", number=number.strip()[:40], fault=fault[:300])
    return fault
