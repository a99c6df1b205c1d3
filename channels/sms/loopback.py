"""A telephone number without a network: what is sent lies in an outbox, what is posted to its webhook comes in.

For tests and demos. With a `folder` the outbox is one JSON file for each message there, seen by all processes; without
one it lives in this process. Requests are JSON, signed over time and body (`signed`):
`{"id": "1", "from": "+86…", "text": "…"}` is a message, `{"id": "…", "state": "delivered"}` news of one sent.
"""

from __future__ import annotations

import hashlib
import hmac
import json
import threading
import uuid
from collections import defaultdict
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from pydantic import SecretStr, field_validator

from channels.clock import utcnow
from channels.outcomes import BadSignature, DeliveryState, Health, HealthState, Reason, Receipt
from channels.port import DeliveryUpdate, InboundEvent, Kind, OutboundMessage, RawEnvelope, WebhookRequest
from channels.sms import encoding
from channels.sms.config import MAX_TEXT, SmsConfig, setting
from channels.sms.incoming import refuse_oversize, text_message
from channels.sms.outgoing import checked
from channels.spec import ChannelSpec, Feature, Limits

MAX_AGE_SECONDS = 300
TIME, SIGNATURE = "x-loopback-time", "x-loopback-signature"
_STATES = {state.value: state for state in DeliveryState}
_REASONS = {reason.value: reason for reason in Reason}
_boxes: defaultdict[str, dict[str, dict[str, Any]]] = defaultdict(dict)
_lock = threading.Lock()


class LoopbackConfig(SmsConfig):
    """Settings of a number without a network."""

    folder: str = setting("Folder for the messages (empty: in memory)", "短信文件夹（留空则存于内存）", default="")
    webhook_secret: SecretStr = setting(
        "Secret for incoming messages", "接收短信的密钥", default=SecretStr(""), secret=True
    )

    @field_validator("webhook_secret")
    @classmethod
    def _check_secret(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < 16:
            raise ValueError("The secret needs at least 16 characters")
        return value


class LoopbackAccount:
    """Sender, Receiver and HealthCheck of a number without a network."""

    def __init__(self, config: LoopbackConfig) -> None:
        self.config = config

    def send(self, message: OutboundMessage) -> Receipt:
        """Put the message into the outbox; the same idempotency key replaces it."""
        to, text = checked(message, self.config)
        cost = encoding.measure(text)
        self._keep(
            message.idempotency_key,
            {
                "id": message.idempotency_key,
                "from": self.config.address,
                "to": to,
                "text": text,
                "encoding": cost.encoding.value,
                "segments": cost.segments,
                "at": utcnow().isoformat(),
            },
        )
        accepted = tuple(each.value for each in message.to if each.value not in message.except_for)
        return Receipt(message.idempotency_key, accepted, state=DeliveryState.SENT)

    def outbox(self) -> list[dict[str, Any]]:
        """Return what was sent so far, oldest first: id, from, to, text, encoding, segments, at."""
        if not self.config.folder:
            with _lock:
                return list(_boxes[self.config.address].values())
        found = [json.loads(path.read_bytes()) for path in Path(self.config.folder).glob("*.json")]
        return sorted(found, key=lambda each: str(each["at"]))

    def verify(self, request: WebhookRequest) -> Sequence[RawEnvelope]:
        """Take a request that is signed with the account's secret and not older than five minutes."""
        refuse_oversize(request)
        secret = self.config.webhook_secret.get_secret_value()
        sent = request.headers.get(TIME, "")
        expected = _signature(secret, sent, request.body)
        if not secret or not hmac.compare_digest(expected.encode(), request.headers.get(SIGNATURE, "").encode()):
            raise BadSignature("bad_signature", "The request is not signed with this account's secret.")
        if not sent.isdecimal() or abs(utcnow().timestamp() - int(sent[:15])) > MAX_AGE_SECONDS:
            raise BadSignature("bad_signature", "The request was signed long ago.")
        meta = {"provider": "loopback", "to": self.config.address, "region": self.config.region}
        return [RawEnvelope(request.body, _id_of(request.body), utcnow(), meta)]

    def parse(self, envelope: RawEnvelope) -> Sequence[InboundEvent]:
        return parse(envelope)

    def check(self) -> Health:
        return Health(HealthState.OK)

    def _keep(self, key: str, sent: dict[str, Any]) -> None:
        if not self.config.folder:
            with _lock:
                _boxes[self.config.address][key] = sent
            return
        folder = Path(self.config.folder)
        folder.mkdir(parents=True, exist_ok=True)
        unfinished = folder / f"{uuid.uuid4().hex}.part"
        unfinished.write_text(json.dumps(sent, ensure_ascii=False), encoding="utf-8")
        unfinished.replace(folder / f"{hashlib.sha256(key.encode()).hexdigest()[:32]}.json")


def signed(body: bytes, secret: str) -> dict[str, str]:
    """Return the headers that prove a request, for tests and demos."""
    now = str(int(utcnow().timestamp()))
    return {TIME: now, SIGNATURE: _signature(secret, now, body)}


def parse(envelope: RawEnvelope) -> Sequence[InboundEvent]:
    """Translate one request; nothing for what is not JSON."""
    try:
        said = json.loads(envelope.raw)
    except (ValueError, RecursionError):
        said = None
    if not isinstance(said, dict):
        return ()
    return [_news(said)] if "state" in said else [_message(said, envelope)]


def _message(said: Mapping[str, Any], envelope: RawEnvelope) -> InboundEvent:
    return text_message(
        str(said.get("id", "")), sender=str(said.get("from", "")), to=str(envelope.meta.get("to", said.get("to", ""))),
        text=encoding.normal(str(said.get("text", ""))), region=str(envelope.meta.get("region", "")),
    )  # fmt: skip


def _news(said: Mapping[str, Any]) -> InboundEvent:
    state = _STATES.get(str(said["state"]), DeliveryState.UNKNOWN)
    reason = _REASONS.get(str(said.get("reason", "none")), Reason.UNKNOWN)
    return DeliveryUpdate(
        str(said.get("id", "")), state, reason, recipient=str(said.get("to", "")),
        permanent=state is DeliveryState.FAILED, detail=str(said.get("detail", "")), raw=dict(said),
    )  # fmt: skip


def _signature(secret: str, sent: str, body: bytes) -> str:
    return hmac.new(secret.encode(), sent.encode() + b"." + body, hashlib.sha256).hexdigest()


def _id_of(body: bytes) -> str:
    """Return what makes a repeat one envelope: a message by its id, news by id and state."""
    try:
        said = json.loads(body)
        return ":".join(str(said[name]) for name in ("id", "state") if said.get(name))
    except (ValueError, TypeError, AttributeError, RecursionError):
        return ""


SPEC = ChannelSpec(
    kind=Kind.SMS,
    provider="loopback",
    label={"en": "Loopback number (tests and demos)", "zh": "回环号码（测试与演示）"},
    config=LoopbackConfig,
    open=LoopbackAccount,
    features=frozenset({Feature.SEND, Feature.PUSH, Feature.RECEIPTS, Feature.IDEMPOTENT}),
    limits=Limits(max_text=MAX_TEXT, max_recipients=1),
)
