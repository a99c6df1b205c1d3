"""What became of one message for each of its recipients. Kept on the delivery: only those who still wait are tried again."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any

from app.clock import iso
from app.messaging.models import DeliveryState
from channels.outcomes import Receipt, Refusal

Outcomes = Mapping[str, Mapping[str, Any]]
SENT, DEFERRED, FAILED, BOUNCED, DELAYED = "sent", "deferred", "failed", "bounced", "delayed"


def heard(outcomes: Outcomes, receipt: Receipt, *, at: datetime) -> dict[str, Any]:
    """Add what a server said of each recipient."""
    taken = {address: _outcome(SENT, at=at) for address in receipt.accepted}
    return {**outcomes, **taken, **_refused(receipt.refused, at)}


def refused(outcomes: Outcomes, refusals: Iterable[Refusal], *, at: datetime) -> dict[str, Any]:
    """Add refusals from a try in which the mail itself did not pass."""
    return {**outcomes, **_refused(refusals, at)}


def _refused(refusals: Iterable[Refusal], at: datetime) -> dict[str, Any]:
    return {
        each.recipient: _outcome(FAILED if each.permanent else DEFERRED, at=at, reason=each.reason, detail=each.detail)
        for each in refusals
    }


def _outcome(state: str, *, at: datetime, reason: str = "", detail: str = "") -> dict[str, Any]:
    return {"state": state, "reason": str(reason), "detail": detail[:500], "at": iso(at)}


def settled(outcomes: Outcomes) -> tuple[str, ...]:
    """Return who is not tried again: those who have it, and those who never will."""
    return tuple(address for address, outcome in outcomes.items() if outcome["state"] != DEFERRED)


def with_state(outcomes: Outcomes, *states: str) -> list[str]:
    """Return the recipients in one of these states."""
    return [address for address, outcome in outcomes.items() if outcome["state"] in states]


def given_up(outcomes: Outcomes) -> dict[str, Any]:
    """Count those who were put off until now as failed."""
    return {
        address: {**outcome, "state": FAILED} if outcome["state"] == DEFERRED else dict(outcome)
        for address, outcome in outcomes.items()
    }


def bounced(outcomes: Outcomes, recipient: str, *, hard: bool, detail: str, at: datetime) -> dict[str, Any]:
    """Add what a bounce tells of one recipient; a soft one means that a server further on keeps trying."""
    if not recipient:
        return dict(outcomes)
    known = next((address for address in outcomes if address.lower() == recipient.lower()), recipient)
    return {**outcomes, known: _outcome(BOUNCED if hard else DELAYED, at=at, detail=detail)}


def once_more(outcomes: Outcomes) -> dict[str, Any]:
    """Forget those who did not get it, so that a repeat goes to them; when all seem to have it, forget everybody."""
    have = {address: dict(outcome) for address, outcome in outcomes.items() if outcome["state"] == SENT}
    return {} if len(have) == len(outcomes) else have


def state(outcomes: Outcomes) -> DeliveryState:
    """Return the state of the whole when nobody waits any more: bounced for somebody, else sent to somebody, else failed."""
    if with_state(outcomes, BOUNCED):
        return DeliveryState.BOUNCED
    return DeliveryState.SENT if with_state(outcomes, SENT, DELAYED) or not outcomes else DeliveryState.FAILED


def sentence(outcomes: Outcomes) -> str:
    """Return what servers said of those who did not get it, as one line."""
    troubled = {a: o for a, o in outcomes.items() if o["state"] in (DEFERRED, FAILED, BOUNCED)}
    return "; ".join(f"{address}: {outcome['detail'] or outcome['reason']}" for address, outcome in troubled.items())[
        :2000
    ]
