"""The demo's chat widget, which stands on the demo's own page at /demo/chat."""

from __future__ import annotations

from app.messaging import accounts

KEY = "website"


def make() -> None:
    """Make the widget where the desk has none at all; the desk's own pages may show every widget."""
    if not accounts.accounts(kind="chat"):
        accounts.save(
            None, kind="chat", provider="widget", name="Website chat", address=KEY, secrets={}, queue_key="service",
            config={"address": KEY, "title": "Ringback Home Service", "colour": "#0f6b5c", "ask_name": "optional"},
        )  # fmt: skip
