"""A mailbox without a server: what is sent lies in an outbox, what is put into the inbox comes in. For tests and demos.

With a `folder` both are .eml files there, seen by all processes; without one they live in this process.
"""

from __future__ import annotations

import threading
import uuid
from collections import defaultdict
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator

from channels.clock import utcnow
from channels.email.message_builder import build_mail, wire_address
from channels.email.receiver import EmailReceiver
from channels.outcomes import DeliveryState, Health, HealthState, PermanentFailure, Reason, Receipt
from channels.port import (
    Address,
    Commit,
    InboundEvent,
    Kind,
    OutboundMessage,
    RawEnvelope,
    WebhookRequest,
)
from channels.spec import ChannelSpec, Feature, Limits

WATCH_SECONDS = 0.2
_boxes: defaultdict[tuple[str, str], dict[str, bytes]] = defaultdict(dict)
_lock = threading.Lock()


def _label(en: str, zh: str) -> dict[str, Any]:
    return {"label": {"en": en, "zh": zh}}


class LoopbackConfig(BaseModel):
    """Settings of a loopback mailbox."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True)

    address: str = Field(json_schema_extra=_label("Address", "邮箱地址"))
    name: str = Field(default="", json_schema_extra=_label("Name shown to the customer", "显示名称"))
    folder: str = Field(default="", json_schema_extra=_label("Folder for the mails (empty: in memory)", "邮件文件夹"))
    plus_addressing: bool = Field(default=True, json_schema_extra=_label("Replies to address+token@", "使用加号地址"))
    max_bytes: int = Field(default=25 * 1024 * 1024, ge=1, json_schema_extra=_label("Largest mail", "最大邮件字节数"))

    @field_validator("address")
    @classmethod
    def _check_address(cls, value: str) -> str:
        try:
            return wire_address(value)
        except PermanentFailure as error:
            raise ValueError(error.sentence) from None


class LoopbackAccount:
    """Sender, Receiver, Poller and HealthCheck of a loopback mailbox."""

    def __init__(self, config: LoopbackConfig) -> None:
        self.config, self._receiver = config, EmailReceiver()
        self._inbox, self._outbox = (_Box(config, side) for side in ("in", "out"))

    def send(self, message: OutboundMessage) -> Receipt:
        """Put the mail into the outbox; the same idempotency key replaces it."""
        own = Address(self.config.address, self.config.name)
        raw = build_mail(message, sender=own, date=utcnow(), plus_addressing=self.config.plus_addressing)
        if len(raw) > self.config.max_bytes:
            raise PermanentFailure(Reason.TOO_LARGE.value, f"The mail has {len(raw)} bytes, too many for this mailbox.")
        self._outbox.put(message.idempotency_key, raw)
        everybody = (wire_address(each.value) for each in (*message.to, *message.cc))
        accepted = tuple(address for address in everybody if address not in message.except_for)
        return Receipt(message.message_id, accepted, state=DeliveryState.DELIVERED)

    def outbox(self) -> list[bytes]:
        """Return the mails sent so far, oldest first."""
        return [raw for _, raw in self._outbox.mails()]

    def inject(self, raw: bytes) -> str:
        """Put a mail into the inbox as if somebody had sent it, and return its id."""
        name = uuid.uuid4().hex
        self._inbox.put(name, raw)
        return name

    def poll(self, cursor: str, *, commit: Commit, stop: threading.Event) -> str:
        """Hand over what lies in the inbox; it is removed after it was stored."""
        for name, raw in self._inbox.mails():
            if stop.is_set():
                break
            meta = {"via": "loopback", "rcpt_to": [self.config.address]}
            commit([RawEnvelope(raw, external_id=name, received_at=utcnow(), meta=meta)], cursor)
            self._inbox.remove(name)
        return cursor

    def watch(self, cursor: str, *, commit: Commit, stop: threading.Event, report: Callable[[Health], None]) -> None:
        """Look into the inbox several times a second."""
        report(self.check())
        while not stop.is_set():
            self.poll(cursor, commit=commit, stop=stop)
            stop.wait(WATCH_SECONDS)

    def verify(self, request: WebhookRequest) -> Sequence[RawEnvelope]:
        return self._receiver.verify(request)

    def parse(self, envelope: RawEnvelope) -> Sequence[InboundEvent]:
        return self._receiver.parse(envelope)

    def check(self) -> Health:
        return Health(HealthState.OK)


class _Box:
    """Mails by name, in the order they came: in memory, or as files that appear whole or not at all."""

    def __init__(self, config: LoopbackConfig, side: str) -> None:
        self._folder = Path(config.folder) / side if config.folder else None
        self._memory = _boxes[(config.address.lower(), side)]
        if self._folder is not None:
            self._folder.mkdir(parents=True, exist_ok=True)

    def put(self, name: str, raw: bytes) -> None:
        if self._folder is None:
            with _lock:
                self._memory[name] = raw
            return
        path = self._folder / f"{_file_name(name)}.eml"
        unfinished = path.with_suffix(f".{uuid.uuid4().hex}.part")
        unfinished.write_bytes(raw)
        unfinished.replace(path)

    def mails(self) -> list[tuple[str, bytes]]:
        if self._folder is None:
            with _lock:
                return list(self._memory.items())
        paths = sorted(self._folder.glob("*.eml"), key=lambda path: (path.stat().st_mtime_ns, path.name))
        return [(path.stem, path.read_bytes()) for path in paths]

    def remove(self, name: str) -> None:
        if self._folder is None:
            with _lock:
                self._memory.pop(name, None)
        else:
            (self._folder / f"{name}.eml").unlink(missing_ok=True)


def _file_name(name: str) -> str:
    return "".join(char if char.isalnum() or char in "-_" else "_" for char in name)[:100]


SPEC = ChannelSpec(
    kind=Kind.EMAIL,
    provider="loopback",
    label={"en": "Loopback mailbox (tests and demos)", "zh": "回环邮箱（测试与演示）"},
    config=LoopbackConfig,
    open=LoopbackAccount,
    features=frozenset(
        {Feature.SEND, Feature.POLL, Feature.HTML, Feature.ATTACHMENTS, Feature.SUBJECT, Feature.CC, Feature.IDEMPOTENT}
    ),
    limits=Limits(max_bytes=25 * 1024 * 1024),
)
