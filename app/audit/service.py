"""Writes the audit chain. Events of one transaction are appended together, just before its commit."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson
from sqlalchemy import select

from app import db, events
from app.audit.chain import GENESIS, HASHED, Verdict, event_hash, verify
from app.audit.models import AuditChain, AuditEvent
from app.clock import iso, utcnow
from app.errors import Invalid, NotFound
from app.events import Event

EXPORT_FORMAT = "ringback-audit-1"
_LOCK_HEADS = """insert into audit_chains (chain, seq, head)
 select chain, 0, %(genesis)s from unnest(%(chains)s::text[]) chain
 on conflict (chain) do update set seq = audit_chains.seq returning chain, seq, head, sealed_at"""
_SAVE_HEADS = """update audit_chains a set seq = n.seq, head = n.head, sealed_at = n.sealed_at
 from unnest(%(chains)s::text[], %(seqs)s::bigint[], %(heads)s::text[], %(sealed)s::timestamptz[])
  as n (chain, seq, head, sealed_at)
 where a.chain = n.chain"""
_NEW_EVENTS = """insert into audit_events (chain, seq, kind, at, actor, actor_name, cause, data, previous, hash)
 select * from jsonb_to_recordset(%(rows)s)
  as r (chain text, seq bigint, kind text, at timestamptz, actor text, actor_name text, cause jsonb, data jsonb,
   previous text, hash text)"""


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
    heads = _lock(sorted(by_chain))
    rows = [row for chain, fresh in by_chain.items() for row in _extended(heads[chain], fresh)]
    for row in rows:
        db.later(_NEW_EVENTS, row)
    db.later(_SAVE_HEADS, {
        "chains": list(heads), "seqs": [head.seq for head in heads.values()],
        "heads": [head.head for head in heads.values()], "sealed": [head.sealed_at for head in heads.values()],
    })  # fmt: skip


@dataclass(slots=True)
class _Head:
    seq: int
    head: str
    sealed_at: datetime | None


def _extended(head: _Head, fresh: list[Event]) -> Iterator[dict[str, Any]]:
    """Link events to the end of a chain. What comes after a seal (receipts, late mail) is linked on like everything else;
    the seal stays where it was.
    """
    for event in fresh:
        if event.kind == "chain_reopened":
            head.sealed_at = None
        head.seq += 1
        row = _row(event, seq=head.seq, previous=head.head)
        head.head = row["hash"]
        yield row
        if event.kind == "chain_sealed":
            head.sealed_at = event.at


def _lock(chains: list[str]) -> dict[str, _Head]:
    """Hold the ends of these chains, new ones from their genesis on; in order, so that two never wait for each other."""
    rows = db.run(_LOCK_HEADS, {"chains": chains, "genesis": GENESIS}, settled=False)
    return {row.chain: _Head(row.seq, row.head, row.sealed_at) for row in rows}


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
