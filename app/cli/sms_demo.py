"""The demo's telephone number for text messages: without a network, what is sent to it and from it stays in the desk."""

from __future__ import annotations

from app.cli.demo.cast import TEXTS
from app.messaging import accounts


def make() -> None:
    """Make the number where the desk has none at all."""
    if not accounts.accounts(kind="sms"):
        accounts.save(
            None, kind="sms", provider="loopback", name="Text messages", address=TEXTS, secrets={}, queue_key="service",
            config={"address": TEXTS, "region": "GB"},
        )  # fmt: skip
