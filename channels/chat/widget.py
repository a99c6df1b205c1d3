"""The desk's own widget as a provider. A message to a visitor lies in the desk, where their browser fetches it: sending it is done then."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence

from channels.chat import lines
from channels.chat.config import WidgetConfig
from channels.outcomes import Health, HealthState, Reason, Receipt, Unsupported
from channels.port import InboundEvent, Kind, OutboundMessage, RawEnvelope, WebhookRequest
from channels.spec import ChannelSpec, Feature, Limits

KEPT = 100
_handed: deque[tuple[str, str]] = deque(maxlen=KEPT)


def handed(address: str) -> list[str]:
    """Return the keys of what this process handed over through a widget lately, oldest first, each once."""
    return list(dict.fromkeys(key for widget, key in _handed if widget == address))


class WidgetAccount:
    """Sender, Receiver and HealthCheck of one widget."""

    def __init__(self, config: WidgetConfig) -> None:
        self.config = config

    def send(self, message: OutboundMessage) -> Receipt:
        """Say that the visitor's browser can fetch it; whether it has, the browser tells the desk."""
        if message.cc:
            raise Unsupported("content_refused", "A chat has one visitor: nobody can be in copy.")
        _handed.append((self.config.address, message.idempotency_key))
        accepted = tuple(each.value for each in message.to if each.value not in message.except_for)
        return Receipt(message.idempotency_key, accepted)

    def verify(self, request: WebhookRequest) -> Sequence[RawEnvelope]:
        """Refuse: browsers speak with the desk's own door, which knows their tokens."""
        raise Unsupported("misconfigured", "A widget has no webhook.", method=request.method)

    def parse(self, envelope: RawEnvelope) -> Sequence[InboundEvent]:
        """Translate a stored line."""
        return lines.read(envelope)

    def check(self) -> Health:
        """Tell whether the widget may stand on any page."""
        if self.config.origins:
            return Health(HealthState.OK)
        sentence = "No site may show this widget yet: name the sites it may stand on."
        return Health(HealthState.DEGRADED, Reason.MISCONFIGURED, sentence)


SPEC = ChannelSpec(
    kind=Kind.CHAT,
    provider="widget",
    label={"en": "Web chat widget", "zh": "网页聊天组件"},
    config=WidgetConfig,
    open=WidgetAccount,
    features=frozenset(
        {Feature.SEND, Feature.ATTACHMENTS, Feature.RECEIPTS, Feature.READ_RECEIPTS, Feature.IDEMPOTENT}
    ),
    limits=Limits(max_bytes=20 * 1024 * 1024, max_text=lines.MAX_TEXT, max_recipients=1),
)
