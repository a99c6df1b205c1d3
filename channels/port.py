"""The one port between the desk and every vendor: neutral events, orders, receipts, errors and protocols.

Providers translate and nothing else: they look up no contact, open no case and hold no database session.
States, reasons, receipts and errors stand in channels.outcomes, what a provider declares in channels.spec.
A value that a vendor sends and this file does not know becomes UNKNOWN, with the vendor's words kept in `raw`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from enum import StrEnum
from threading import Event
from typing import Any, Protocol, runtime_checkable

from channels.outcomes import DeliveryState, Health, Reason, Receipt

Kind = StrEnum("Kind", ["EMAIL", "SMS", "CHAT", "FAX", "VOICE"])
Auto = StrEnum("Auto", {"NONE": "none", "REPLY": "auto-reply", "LIST": "list", "LOOP": "loop"})
CallState = StrEnum("CallState", ["RINGING", "ANSWERED", "HELD", "QUEUED", "DIGITS", "RECORDED", "ENDED", "UNKNOWN"])
CallVerb = StrEnum("CallVerb", ["SAY", "PLAY", "GATHER", "DIAL", "ENQUEUE", "RECORD", "HANG_UP"])


@dataclass(frozen=True, slots=True)
class Address:
    """One address of the kind (mailbox, number, visitor id) with the name shown beside it."""

    value: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class Attachment:
    name: str
    media_type: str
    content: bytes = field(repr=False)
    content_id: str = ""  # without angle brackets; set = shown inside the html by cid:
    inline: bool = False


@dataclass(frozen=True, slots=True)
class RawEnvelope:
    """What arrived, byte for byte, before anything was understood. Unique by account and `external_id`."""

    raw: bytes = field(repr=False)
    external_id: str  # "" = the vendor gives none, dedupe by digest
    received_at: datetime
    meta: Mapping[str, Any] = field(default_factory=dict)  # JSON-able: mail_from, rcpt_to, peer, headers …
    problem: str = ""  # why `raw` is not the whole thing ("oversize", "unfetchable"); "" = it is


@dataclass(frozen=True, slots=True)
class InboundMessage:
    external_id: str  # the vendor's id of the message; for mail its Message-ID
    sender: Address
    to: tuple[Address, ...] = ()
    cc: tuple[Address, ...] = ()
    reply_to: tuple[Address, ...] = ()
    subject: str = ""
    text: str = ""
    html: str = ""  # sanitised
    new_text: str = ""  # without the quote of what it answers
    attachments: tuple[Attachment, ...] = ()
    sent_at: datetime | None = None
    thread_key: str = ""  # the vendor's own thread, where it has one
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    reply_tokens: tuple[str, ...] = ()  # candidates, not verified
    auto: Auto = Auto.NONE
    problems: tuple[str, ...] = ()
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class DeliveryUpdate:
    """News of a message sent earlier, known by the id in its Receipt: a status callback or a bounce."""

    provider_id: str
    state: DeliveryState
    reason: Reason = Reason.NONE
    recipient: str = ""
    permanent: bool = False
    detail: str = ""
    at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class CallUpdate:
    call_id: str
    state: CallState
    caller: Address
    called: Address
    inbound: bool = True
    reason: Reason = Reason.NONE
    digits: str = ""
    recording: str = ""  # where the vendor keeps it
    at: datetime | None = None
    raw: Mapping[str, Any] = field(default_factory=dict)


InboundEvent = InboundMessage | DeliveryUpdate | CallUpdate


@dataclass(frozen=True, slots=True)
class CallInstruction:
    """The next thing a call does; the provider renders it in the vendor's language."""

    verb: CallVerb
    text: str = ""  # to say, or the address to play, dial or queue at
    digits: int = 0
    seconds: float = 0


@dataclass(frozen=True, slots=True)
class OutboundMessage:
    to: tuple[Address, ...]
    idempotency_key: str  # the same for each attempt at the same delivery
    except_for: tuple[str, ...] = ()  # who of `to` and `cc` has it from an earlier attempt, or was refused for good
    text: str = ""
    sender: Address | None = None  # None = the account's own
    cc: tuple[Address, ...] = ()
    subject: str = ""
    html: str = ""
    attachments: tuple[Attachment, ...] = ()
    message_id: str = ""  # with angle brackets; stable over attempts
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    reply_token: str = ""
    auto: bool = False  # no person wrote it
    automatic_reply: bool = False  # auto, and it answers a message
    headers: Mapping[str, str] = field(default_factory=dict)
    return_path: str | None = None  # None = the sender; "" = the null sender
    thread_key: str = ""


@dataclass(frozen=True, slots=True)
class WebhookRequest:
    method: str
    url: str
    headers: Mapping[str, str]  # names in lower case
    body: bytes = field(repr=False)
    peer: str = ""


Commit = Callable[[Sequence[RawEnvelope], str], None]  # stores envelopes and cursor; returns when they are durable


@runtime_checkable
class Sender(Protocol):
    def send(self, message: OutboundMessage) -> Receipt:
        """Hand the message over once. Raises TemporaryFailure, PermanentFailure, Unsupported or Misconfigured."""


@runtime_checkable
class Receiver(Protocol):
    def verify(self, request: WebhookRequest) -> Sequence[RawEnvelope]:
        """Return what the request carries, unparsed. Raises BadSignature or Unsupported."""

    def parse(self, envelope: RawEnvelope) -> Sequence[InboundEvent]:
        """Translate a stored envelope. Never raises for bad input: it is named in `problems`."""


@runtime_checkable
class Poller(Protocol):
    def poll(self, cursor: str, *, commit: Commit, stop: Event) -> str:
        """Fetch what is new since `cursor` and return the new cursor; what was committed is marked. Raises as Sender."""

    def watch(self, cursor: str, *, commit: Commit, stop: Event, report: Callable[[Health], None]) -> None:
        """Keep fetching until `stop` is set, surviving every failure and reporting each change of health."""


@runtime_checkable
class HealthCheck(Protocol):
    def check(self) -> Health:
        """Try the account for real, within seconds, without moving any message. Never raises."""


@runtime_checkable
class CallControl(Protocol):
    def place(self, called: Address, caller: Address, *, idempotency_key: str) -> str:
        """Start a call and return its id."""

    def instruct(self, call_id: str, instructions: Sequence[CallInstruction]) -> None:
        """Set what the call does next."""
