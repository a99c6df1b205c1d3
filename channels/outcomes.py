"""What can become of a message or an account: the closed lists of states and reasons, receipts, health and errors.

Every vendor's codes are mapped onto these by a table in its provider; docs/channels.md explains each value.
"""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import Any

HealthState = StrEnum("HealthState", ["OK", "DEGRADED", "FAILING"])


class DeliveryState(StrEnum):
    """What became of one message for one recipient. The list is closed: every vendor is mapped onto it."""

    ACCEPTED, SENT, DELIVERED, READ = "accepted", "sent", "delivered", "read"
    DEFERRED, FAILED, IN_DOUBT, UNKNOWN = "deferred", "failed", "in_doubt", "unknown"


class Reason(StrEnum):
    """Why a delivery or an account is not well. The list is closed, docs/channels.md explains each."""

    NONE, UNKNOWN = "none", "unknown"
    BAD_ADDRESS, NO_SUCH_RECIPIENT, MAILBOX_FULL = "bad_address", "no_such_recipient", "mailbox_full"
    BLOCKED, UNSUBSCRIBED, CONTENT_REFUSED, TOO_LARGE = "blocked", "unsubscribed", "content_refused", "too_large"
    UNREACHABLE, BUSY, NO_ANSWER, EXPIRED, LOOP = "unreachable", "busy", "no_answer", "expired", "loop"
    RATE_LIMITED, TIMED_OUT, CONNECTION_LOST = "rate_limited", "timed_out", "connection_lost"
    UNKNOWN_HOST, TLS_FAILED, BAD_CREDENTIALS = "unknown_host", "tls_failed", "bad_credentials"
    OUTSIDE_WINDOW = "outside_window"
    FOLDER_MISSING, MISCONFIGURED, VENDOR_FAULT = "folder_missing", "misconfigured", "vendor_fault"


_REASONS = {reason.value: reason for reason in Reason}


class ChannelError(Exception):
    """Base of what a provider may raise: a `code`, a `sentence` for people and `facts` for logs, never a secret."""

    def __init__(self, code: str, sentence: str, **facts: Any) -> None:
        super().__init__(sentence)
        self.code, self.sentence, self.facts = code, sentence, facts


class TemporaryFailure(ChannelError):
    """Try again; after `retry_after` seconds where the vendor said so. `in_doubt`: it may have been sent already."""

    def __init__(
        self, code: str, sentence: str, *, retry_after: float | None = None, in_doubt: bool = False, **facts: Any
    ) -> None:
        super().__init__(code, sentence, **facts)
        self.retry_after, self.in_doubt = retry_after, in_doubt


class PermanentFailure(ChannelError):
    """Trying again cannot help; the process is told."""


class Unsupported(PermanentFailure):
    """The provider cannot do what was asked; raised rather than leaving part of a message out."""


class BadSignature(ChannelError):
    """A webhook that the vendor did not sign, or signed long ago. Nothing is stored."""


class Misconfigured(PermanentFailure):
    """The account's settings are wrong; an administrator has to change them."""


@dataclass(frozen=True, slots=True)
class Refusal:
    recipient: str
    reason: Reason
    permanent: bool
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Receipt:
    provider_id: str
    accepted: tuple[str, ...]
    refused: tuple[Refusal, ...] = ()
    state: DeliveryState = DeliveryState.ACCEPTED
    in_doubt: bool = False
    detail: str = ""


@dataclass(frozen=True, slots=True)
class Health:
    state: HealthState
    cause: Reason = Reason.NONE
    detail: str = ""  # a sentence saying what to do


def reason_of(error: ChannelError) -> Reason:
    """Return the error's code as a reason, for the account's health or a delivery."""
    return _REASONS.get(error.code, Reason.UNKNOWN)
