"""What gateways and message centres say became of a message: masks, states and error codes, in the port's words."""

from __future__ import annotations

import re
from dataclasses import dataclass

from channels.outcomes import DeliveryState, Reason


@dataclass(frozen=True, slots=True)
class Outcome:
    """What became of a message, as far as the report says."""

    state: DeliveryState
    reason: Reason = Reason.NONE

    @property
    def is_permanent(self) -> bool:
        """Whether trying again cannot help."""
        return self.state is DeliveryState.FAILED


UNKNOWN = Outcome(DeliveryState.UNKNOWN, Reason.UNKNOWN)
_MASKS = {
    "1": Outcome(DeliveryState.DELIVERED),
    "2": Outcome(DeliveryState.FAILED, Reason.UNREACHABLE),
    "4": Outcome(DeliveryState.DEFERRED),
    "8": Outcome(DeliveryState.SENT),
    "16": Outcome(DeliveryState.FAILED, Reason.BLOCKED),
}
# SMPP 3.4, appendix B, and the words that other gateways use for the same.
_WORDS = {
    **dict.fromkeys(("delivrd", "delivered", "deliv"), Outcome(DeliveryState.DELIVERED)),
    **dict.fromkeys(("acceptd", "accepted", "queued"), Outcome(DeliveryState.ACCEPTED)),
    **dict.fromkeys(("enroute", "sent", "submitted"), Outcome(DeliveryState.SENT)),
    **dict.fromkeys(("buffered", "deferred", "pending"), Outcome(DeliveryState.DEFERRED)),
    **dict.fromkeys(("read", "seen"), Outcome(DeliveryState.READ)),
    **dict.fromkeys(("undeliv", "undelivered", "failed", "failure"), Outcome(DeliveryState.FAILED, Reason.UNREACHABLE)),
    **dict.fromkeys(("expired",), Outcome(DeliveryState.FAILED, Reason.EXPIRED)),
    **dict.fromkeys(("rejectd", "rejected", "deleted"), Outcome(DeliveryState.FAILED, Reason.BLOCKED)),
}
# SMPP 3.4, 5.1.3: command status of a refused submission.
_CODES = {
    0x01: Reason.TOO_LARGE,
    0x0A: Reason.MISCONFIGURED,
    0x0B: Reason.BAD_ADDRESS,
    0x0D: Reason.BAD_CREDENTIALS,
    0x0E: Reason.BAD_CREDENTIALS,
    0x0F: Reason.BAD_CREDENTIALS,
    0x14: Reason.RATE_LIMITED,
    0x45: Reason.BLOCKED,
    0x58: Reason.RATE_LIMITED,
    0x61: Reason.EXPIRED,
}
_STAT = re.compile(r"\bstat:\s*([A-Za-z]{1,20})")
_NACK = re.compile(r"\bNACK/(?:0x)?([0-9a-fA-F]{1,8})/")


def outcome_of(status: str, answer: str = "") -> Outcome:
    """Return what a status (a mask of Kannel or a word) means; the message centre's own `answer` names the reason."""
    found = _MASKS.get(status.strip()) or _WORDS.get(status.strip().lower()) or UNKNOWN
    if found.state is not DeliveryState.FAILED:
        return found
    return Outcome(found.state, _reason(answer) or found.reason)


def reason_of_code(code: int) -> Reason | None:
    """Return the reason behind an SMPP error code, None for the many that name none."""
    return _CODES.get(code)


def _reason(answer: str) -> Reason | None:
    if "Retries Exceeded" in answer:
        return Reason.EXPIRED
    refused, said = _NACK.search(answer), _STAT.search(answer)
    if refused:
        return _CODES.get(int(refused.group(1), 16))
    found = _WORDS.get(said.group(1).lower()) if said else None
    return found.reason if found and found.state is DeliveryState.FAILED else None
