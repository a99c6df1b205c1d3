"""Writes the audit chain. Events of one transaction are appended together, just before its commit."""

from __future__ import annotations

from collections import defaultdict
from typing import Any

import orjson
from sqlalchemy import insert, select, update
from sqlalchemy.dialects.postgresql import insert as upsert

from app import db, events
from app.audit.chain import GENESIS, HASHED, Verdict, event_hash, verify
from app.audit.models import AuditChain, AuditEvent
from app.clock import iso, utcnow
from app.errors import Invalid, NotFound
from app.events import Event

EXPORT_FORMAT = "ringback-audit-1"


def listen() -> None:
    """Write every domain event to its chain from now on."""
    events.subscribe(events.ANY, append)


def append(event: Event) -> None:
    """Queue an event for its chain; it gets number and hash at commit, under the chain's lock."""
    pending: list[Event] | None = db.frame().info.get("audit")
    if pending is None:
        pending = db.frame().info["audit"] = []
    if not pending:
        db.before_commit(_write_pending)
    pending.append(event)


def _write_pending() -> None:
    pending: list[Event] = db.frame().info.pop("audit", [])
    by_chain: dict[str, list[Event]] = defaultdict(list)
    for event in pending:
        by_chain[event.chain].append(event)
    for chain in sorted(by_chain):
        _extend(chain, by_chain[chain])


def _extend(chain: str, fresh: list[Event]) -> None:
    """Append to one chain. What comes after a seal (receipts, late mail) is linked on like everything else; the seal stays where it was."""
    seq, head, sealed = _lock(chain)
    rows = []
    for event in fresh:
        if event.kind == "chain_reopened":
            sealed = None
        seq += 1
        row = _row(event, seq=seq, previous=head)
        head = row["hash"]
        rows.append(row)
        if event.kind == "chain_sealed":
            sealed = event.at
    db.session().execute(insert(AuditEvent), rows)
    db.session().execute(
        update(AuditChain)
        .where(AuditChain.chain == chain)
        .values(seq=seq, head=head, sealed_at=sealed)
        .execution_options(synchronize_session=False)
    )


def _lock(chain: str) -> tuple[int, str, Any]:
    start = {"chain": chain, "seq": 0, "head": GENESIS}
    statement = upsert(AuditChain).values(start)
    row = (
        db.session()
        .execute(
            statement.on_conflict_do_update(index_elements=[AuditChain.chain], set_={"seq": AuditChain.seq}).returning(
                AuditChain.seq, AuditChain.head, AuditChain.sealed_at
            )
        )
        .one()
    )
    return row.seq, row.head, row.sealed_at


def _row(event: Event, *, seq: int, previous: str) -> dict[str, Any]:
    # Through JSON and back: what is hashed must be what the database gives back.
    row = {
        "chain": event.chain,
        "seq": seq,
        "kind": event.kind,
        "at": iso(event.at),
        "actor": event.actor.reference(),
        "actor_name": event.actor.name,
        "cause": orjson.loads(orjson.dumps(dict(event.cause))),
        "data": orjson.loads(orjson.dumps(dict(event.data))),
        "previous": previous,
    }
    return {**row, "hash": event_hash(row), "at": event.at}


def chain_events(chain: str) -> list[dict[str, Any]]:
    """Return all events of a chain in order, as plain JSON values."""
    rows = db.session().execute(select(AuditEvent.__table__).where(AuditEvent.chain == chain).order_by(AuditEvent.seq))
    return [{**row, "at": iso(row["at"])} for row in map(dict, rows.mappings())]


def verify_chain(chain: str) -> Verdict:
    """Verify one chain against its head; an unknown chain raises NotFound."""
    head = db.session().get(AuditChain, chain)
    if head is None:
        raise NotFound("chain_unknown", f"There is no audit chain {chain}.")
    return verify(chain_events(chain), head=head.head, length=head.seq)


def all_chains() -> list[str]:
    """Return the names of all chains."""
    return list(db.session().scalars(select(AuditChain.chain).order_by(AuditChain.chain)))


def export_chain(chain: str) -> dict[str, Any]:
    """Return a proof that can be verified without this desk: the events, the head and when it was taken."""
    head = db.session().get(AuditChain, chain)
    if head is None:
        raise NotFound("chain_unknown", f"There is no audit chain {chain}.")
    return {
        "format": EXPORT_FORMAT,
        "chain": chain,
        "exported_at": iso(utcnow()),
        "length": head.seq,
        "head": head.head,
        "hashed_fields": list(HASHED),
        "events": chain_events(chain),
    }


def verify_export(export: Any) -> Verdict:
    """Verify an exported proof; raises Invalid when it is not one."""
    if not isinstance(export, dict) or export.get("format") != EXPORT_FORMAT:
        raise Invalid("not_an_export", f"This is no {EXPORT_FORMAT} file: export the proof again.")
    listed = export.get("events")
    if not isinstance(listed, list):
        raise Invalid("not_an_export", "The file holds no list of events: export the proof again.")
    return verify(listed, head=export.get("head"), length=export.get("length"))
