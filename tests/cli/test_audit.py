"""`flask verify-audit`: intact chains, every way to tamper with one, and proofs verified without a database."""

from __future__ import annotations

import orjson
import pytest
from sqlalchemy import delete, select, text, update

from app import events
from app.audit.models import AuditChain, AuditEvent
from app.db import unit_of_work


@pytest.fixture
def chain(db):
    """A chain of five events beside a whole one."""
    for number in range(5):
        with unit_of_work():
            events.record("something_happened", chain="case:7", number=number, text="Grüße 你好")
            events.record("other", chain="case:8", number=number)
    return "case:7"


def test_whole_chains_verify(run, chain):
    answer = run("verify-audit")
    assert answer.exit_code == 0
    assert "0 broken" in answer.output
    named = run("verify-audit", chain)
    assert "intact  case:7: 5 events" in named.output


@pytest.mark.parametrize(
    "tamper,bad",
    [
        (update(AuditEvent).where(AuditEvent.seq == 3).values(data={"number": 99}), 3),
        (update(AuditEvent).where(AuditEvent.seq == 3).values(actor_name="Somebody else"), 3),
        (update(AuditEvent).where(AuditEvent.seq == 3).values(at=text("at + interval '1 second'")), 3),
        (update(AuditEvent).where(AuditEvent.seq == 1).values(kind="nothing"), 1),
        (delete(AuditEvent).where(AuditEvent.seq == 2), 2),
        (delete(AuditEvent).where(AuditEvent.seq == 1), 1),
        (delete(AuditEvent).where(AuditEvent.seq == 5), 5),
        (update(AuditChain).where(AuditChain.chain == "case:7").values(seq=4), 5),
    ],
)
def test_the_first_bad_event_is_named(run, chain, tamper, bad):
    if "audit_events" in str(tamper):
        tamper = tamper.where(AuditEvent.chain == chain)
    with unit_of_work() as session:
        session.execute(tamper)
    answer = run("verify-audit")
    assert answer.exit_code == 1
    assert f"BROKEN  case:7: event {bad} is the first that does not fit" in answer.output
    assert "case:8" not in answer.output


def test_a_proof_verifies_without_a_database(run, chain, tmp_path, monkeypatch):
    proof = tmp_path / "proof.json"
    assert run("verify-audit", chain, "--export", proof).exit_code == 0
    monkeypatch.setattr("app.db.transact", lambda work: pytest.fail("the database was asked"))
    answer = run("verify-audit", "--file", proof)
    assert answer.exit_code == 0
    assert "5 events" in answer.output


@pytest.mark.parametrize("change", ["content", "order", "cut", "invented"])
def test_a_changed_proof_is_found_out(run, chain, tmp_path, change):
    proof = tmp_path / "proof.json"
    run("verify-audit", chain, "--export", proof)
    content = orjson.loads(proof.read_bytes())
    listed = content["events"]
    if change == "content":
        listed[2]["data"]["number"] = 7
    elif change == "order":
        listed[2], listed[3] = listed[3], listed[2]
    elif change == "cut":
        listed.pop()
    else:
        listed[4] = {**listed[4], "kind": "invented"}
    proof.write_bytes(orjson.dumps(content))
    answer = run("verify-audit", "--file", proof)
    assert answer.exit_code == 1
    bad = {"content": 3, "order": 3, "cut": 5, "invented": 5}[change]
    assert f"event {bad} is the first" in answer.output


def test_what_is_no_proof_is_refused_in_a_sentence(run, tmp_path):
    for content in (b"", b"[]", b'{"format": "x"}', b'{"format": "ringback-audit-1"}', b"\xff"):
        path = tmp_path / "x.json"
        path.write_bytes(content)
        answer = run("verify-audit", "--file", path)
        assert answer.exit_code == 1
        assert "export the proof again" in answer.output


def test_unknown_chains_are_named(run, chain):
    assert "no audit chain case:99" in run("verify-audit", "case:99").output
    assert "no such case" in run("verify-audit", "RB-1999-000001").output
    assert "Name the one chain" in run("verify-audit", "--export", "x.json").output


def test_all_chains_are_verified_by_default(run, chain):
    with unit_of_work() as session:
        total = len(session.scalars(select(AuditChain.chain)).all())
    assert f"{total} chains" in run("verify-audit").output
