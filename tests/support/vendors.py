"""A vendor of text messages at our own port: signs its webhooks with a shared secret, and sends into a list."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

import orjson
from pydantic import BaseModel, Field

from app.messaging import accounts, providers
from app.messaging.models import ChannelAccount
from app.settings import settings
from channels.clock import utcnow
from channels.outcomes import BadSignature, ChannelError, Receipt
from channels.port import Address, InboundEvent, InboundMessage, Kind, OutboundMessage, RawEnvelope, WebhookRequest
from channels.spec import ChannelSpec, Feature

NUMBER = "+4930111222"
CUSTOMER = "+4917612345678"


class VendorConfig(BaseModel):
    """Its settings."""

    address: str = Field(json_schema_extra={"label": {"en": "Number", "zh": "号码"}})
    secret: str = Field(default="", json_schema_extra={"label": {"en": "Secret", "zh": "密钥"}, "secret": True})


class Vendor:
    """Its adapter. `trouble` is raised instead of sending; `asked` counts the attempts."""

    def __init__(self, config: VendorConfig) -> None:
        self.config = config
        self.sent: list[OutboundMessage] = []
        self.asked = 0
        self.trouble: ChannelError | None = None

    def send(self, message: OutboundMessage) -> Receipt:
        self.asked += 1
        if self.trouble is not None:
            raise self.trouble
        self.sent.append(message)
        return Receipt(f"v-{message.idempotency_key}", tuple(each.value for each in message.to))

    def verify(self, request: WebhookRequest) -> Sequence[RawEnvelope]:
        given = request.headers.get("x-signature", "")
        if not hmac.compare_digest(given, signature(self.config.secret, request.url, request.body)):
            raise BadSignature("bad_signature", "Not signed by us.")
        facts = orjson.loads(request.body)
        meta = {"mail_from": facts.get("from", "")}
        return [RawEnvelope(request.body, external_id=facts.get("id", ""), received_at=utcnow(), meta=meta)]

    def parse(self, envelope: RawEnvelope) -> Sequence[InboundEvent]:
        facts = orjson.loads(envelope.raw)
        return [
            InboundMessage(facts["id"], Address(facts["from"]), to=(Address(self.config.address),), text=facts["text"])
        ]


def signature(secret: str, url: str, body: bytes) -> str:
    """What the vendor puts into its header."""
    return hmac.new(secret.encode(), url.encode() + body, hashlib.sha256).hexdigest()


SPEC = ChannelSpec(
    kind=Kind.SMS, provider="vendor", label={"en": "Vendor", "zh": "供应商"}, config=VendorConfig, open=Vendor,
    features=frozenset({Feature.SEND, Feature.PUSH, Feature.IDEMPOTENT}),
)  # fmt: skip


@contextmanager
def connected() -> Iterator[dict[str, Vendor]]:
    """Let the desk know this vendor too; gives its adapters by number."""
    before, opened = providers.connected(), dict[str, Vendor]()

    def open_account(kind: str, provider: str, values: Any) -> Any:
        if provider != "vendor":
            return before.open_account(kind, provider, values)
        return opened.setdefault(values["address"], Vendor(VendorConfig(**values)))

    def mine(provider: str) -> bool:
        return provider == SPEC.provider

    providers.connect(replace(
        before, read={kind: reader for kind, reader in before.read.items() if kind != "sms"}, specs=lambda: (*before.specs(), SPEC), open_account=open_account,
        form_schema=lambda kind, name: VendorConfig.model_json_schema() if mine(name) else before.form_schema(kind, name),
        read_config=lambda kind, name, values: VendorConfig(**values) if mine(name) else before.read_config(kind, name, values),
    ))  # fmt: skip
    try:
        yield opened
    finally:
        providers.connect(before)


def make_account(number: str = NUMBER, *, secret: str = "s1", name: str = "Text line") -> ChannelAccount:
    """A number of this vendor."""
    return accounts.save(
        None, kind="sms", provider="vendor", name=name, address=number, config={"address": number},
        secrets={"secret": secret}, queue_key="service",
    )  # fmt: skip


def posted(account: ChannelAccount, body: bytes, *, secret: str = "s1", rest: str = "in") -> dict[str, Any]:
    """What a test client sends for a signed webhook."""
    path = f"/hooks/{account.hook_key}/{rest}"
    headers = {"X-Signature": signature(secret, settings().public_url + path, body)}
    return {"path": path, "data": body, "headers": headers, "method": "POST"}
