"""The arithmetic of the chain: what is hashed, and how a chain or an exported file is verified. Pure, no database."""

from __future__ import annotations

import hashlib
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

import orjson

GENESIS = "0" * 64
HASHED = ("chain", "seq", "kind", "at", "actor", "actor_name", "cause", "data", "previous")


@dataclass(frozen=True, slots=True)
class Verdict:
    """The result of a verification; `bad_seq` names the first event that does not fit, `why` says how."""

    is_intact: bool
    events: int
    head: str
    bad_seq: int | None = None
    why: str = ""


def event_hash(event: Mapping[str, Any]) -> str:
    """Return the SHA-256 over the canonical JSON (sorted keys, UTF-8) of the event's hashed fields."""
    body = orjson.dumps({key: event[key] for key in HASHED}, option=orjson.OPT_SORT_KEYS)
    return hashlib.sha256(body).hexdigest()


def verify(events: Iterable[Mapping[str, Any]], *, head: str | None = None, length: int | None = None) -> Verdict:
    """Walk a chain from its first event; `head` and `length`, when known, also reveal a cut tail."""
    previous, count = GENESIS, 0
    for event in events:
        count += 1
        why = _fault_of(event, count, previous)
        if why:
            return Verdict(False, count, previous, bad_seq=count, why=why)
        previous = event["hash"]
    if length is not None and count != length:
        missing = f"{length - count} event(s) are missing at the end"
        added = f"{count - length} event(s) stand there that the end of the chain does not know"
        return Verdict(False, count, previous, min(count, length) + 1, missing if count < length else added)
    if head is not None and head != previous:
        return Verdict(False, count, previous, bad_seq=count, why="the last event is not the one the chain ends with")
    return Verdict(True, count, previous)


def _fault_of(event: Mapping[str, Any], seq: int, previous: str) -> str:
    try:
        if event["seq"] != seq:
            return f"event {seq} is missing; event {event['seq']} stands in its place"
        if event["previous"] != previous:
            return "it does not follow from the event before"
        if event_hash(event) != event["hash"]:
            return "its content was changed after it was written"
    except (KeyError, TypeError) as error:
        return f"it is damaged ({error})"
    return ""
