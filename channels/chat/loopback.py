"""A chat widget for tests and demos: what is sent to its visitors is kept here to be looked at."""

from __future__ import annotations

from collections import defaultdict

from channels.chat.config import WidgetConfig
from channels.chat.widget import WidgetAccount
from channels.outcomes import Receipt
from channels.port import Kind, OutboundMessage
from channels.spec import ChannelSpec, Feature, Limits

_boxes: defaultdict[str, dict[str, OutboundMessage]] = defaultdict(dict)


class LoopbackAccount(WidgetAccount):
    """A widget that remembers."""

    def send(self, message: OutboundMessage) -> Receipt:
        """Keep the message; the same idempotency key replaces it."""
        receipt = super().send(message)
        _boxes[self.config.address][message.idempotency_key] = message
        return receipt

    def outbox(self) -> list[OutboundMessage]:
        """Return what was sent so far, oldest first."""
        return list(_boxes[self.config.address].values())


SPEC = ChannelSpec(
    kind=Kind.CHAT,
    provider="loopback",
    label={"en": "Loopback chat (tests and demos)", "zh": "回环聊天（测试与演示）"},
    config=WidgetConfig,
    open=LoopbackAccount,
    features=frozenset({Feature.SEND, Feature.ATTACHMENTS, Feature.IDEMPOTENT}),
    limits=Limits(max_recipients=1),
)
