"""The closed-loop record: it verifies, and whatever is changed in it afterwards is found and named."""

from __future__ import annotations

import threading

import orjson
import pytest
from sqlalchemy import text

from app import db, events
from app.audit import service as audit
from app.audit.models import AuditChain
from app.errors import Invalid, NotFound

CHAIN = "case:4711"


def write(*kinds: str, chain: str = CHAIN) -> None:
    with db.unit_of_work():
        for kind in kinds:
            events.record(kind, chain=chain, words="中文 é", number=1.5, none=None)


def verdict(chain: str = CHAIN):
    with db.unit_of_work():
        return audit.verify_chain(chain)


def tamper(statement: str) -> None:
    with db.unit_of_work() as session:
        session.execute(text(statement), {"chain": CHAIN})


@pytest.fixture
def chain(request):
    """A chain of five events, written in two transactions."""
    request.getfixturevalue("db")
    write("one", "two")
    write("three", "four", "five")


def test_a_chain_verifies(chain):
    assert (verdict().is_intact, verdict().events) == (True, 5)
    with db.unit_of_work():
        assert [e["kind"] for e in audit.chain_events(CHAIN)] == ["one", "two", "three", "four", "five"]
        assert [e["seq"] for e in audit.chain_events(CHAIN)] == [1, 2, 3, 4, 5]
        assert CHAIN in audit.all_chains()


@pytest.mark.parametrize(
    "statement,bad",
    [
        ("update audit_events set data = '{\"words\": \"x\"}' where chain = :chain and seq = 3", 3),
        ("update audit_events set at = at + interval '1 microsecond' where chain = :chain and seq = 1", 1),
        ("update audit_events set actor_name = 'Somebody' where chain = :chain and seq = 5", 5),
        ("update audit_events set cause = '{\"rule\": 1}' where chain = :chain and seq = 2", 2),
        ("update audit_events set hash = repeat('a', 64) where chain = :chain and seq = 2", 2),
        ("delete from audit_events where chain = :chain and seq = 2", 2),
        ("delete from audit_events where chain = :chain and seq >= 4", 4),
        ("delete from audit_events where chain = :chain", 1),
        ("insert into audit_events select chain, 6, kind, at, actor, actor_name, cause, data, previous, hash"
         " from audit_events where chain = :chain and seq = 5", 6),
        ("update audit_chains set head = repeat('b', 64) where chain = :chain", 5),
        ("update audit_chains set seq = 4 where chain = :chain", 5),
    ],
)  # fmt: skip
def test_tampering_is_found_and_the_first_bad_event_named(chain, statement, bad):
    tamper(statement)
    found = verdict()
    assert not found.is_intact
    assert found.bad_seq == bad
    assert found.why


def test_an_export_verifies_without_the_desk_and_only_as_it_was(chain):
    with db.unit_of_work():
        export = orjson.loads(orjson.dumps(audit.export_chain(CHAIN)))
    assert audit.verify_export(export).is_intact
    for change, bad in (
        (lambda e: e["events"].pop(), 5),
        (lambda e: e["events"][1]["data"].update(words="other"), 2),
        (lambda e: e["events"].reverse(), 1),
        (lambda e: e["events"][2].pop("actor"), 3),
    ):
        forged = orjson.loads(orjson.dumps(export))
        change(forged)
        assert (audit.verify_export(forged).is_intact, audit.verify_export(forged).bad_seq) == (False, bad)


@pytest.mark.parametrize("wrong", [None, [], {}, {"format": "other"}, {"format": "ringback-audit-1", "events": 7}])
def test_what_is_no_export_is_refused(wrong):
    with pytest.raises(Invalid):
        audit.verify_export(wrong)


@pytest.mark.usefixtures("db")
def test_unknown_chains():
    with pytest.raises(NotFound):
        verdict("case:none")
    with db.unit_of_work(), pytest.raises(NotFound):
        audit.export_chain("case:none")


def test_events_of_a_transaction_that_fails_are_not_written(chain):
    with pytest.raises(RuntimeError), db.unit_of_work():
        events.record("never", chain=CHAIN)
        raise RuntimeError
    with db.unit_of_work():
        events.record("kept", chain=CHAIN)
        with pytest.raises(RuntimeError), db.savepoint():
            events.record("dropped", chain=CHAIN)
            raise RuntimeError
    with db.unit_of_work():
        assert [e["kind"] for e in audit.chain_events(CHAIN)][5:] == ["kept"]
    assert verdict().is_intact


def test_who_and_why_are_part_of_it(chain):
    with db.unit_of_work(), events.acting(events.Actor("user", 7, "Alice"), {"rule": "r1"}):
        events.record("acted", chain=CHAIN)
    with db.unit_of_work():
        last = audit.chain_events(CHAIN)[-1]
    assert (last["actor"], last["actor_name"], last["cause"]) == ("user:7", "Alice", {"rule": "r1"})


def test_a_seal_stays_when_something_late_comes_and_is_broken_openly(chain):
    write("chain_sealed")
    write("delivery_late")
    with db.unit_of_work() as session:
        assert session.get_one(AuditChain, CHAIN).sealed_at is not None
    write("chain_reopened")
    with db.unit_of_work() as session:
        assert session.get_one(AuditChain, CHAIN).sealed_at is None
    assert verdict().is_intact


@pytest.mark.committed
@pytest.mark.usefixtures("db")
def test_transactions_that_write_to_the_same_chains_at_once():
    def writer(number: int) -> None:
        for round_ in range(10):
            chains = ("case:1", "case:2") if (number + round_) % 2 else ("case:2", "case:1")
            with db.unit_of_work():
                for chain in (*chains, *chains):
                    events.record("raced", chain=chain)

    threads = [threading.Thread(target=writer, args=(n,)) for n in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    for chain in ("case:1", "case:2"):
        assert (verdict(chain).is_intact, verdict(chain).events) == (True, 80)
