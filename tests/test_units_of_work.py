"""The frame of the database: hot statements, rows written together, what a unit of work knows, work without savepoints."""

from __future__ import annotations

import pytest
from sqlalchemy import text
from sqlalchemy.exc import DBAPIError, IntegrityError

from app import db as frame
from app import doorbell, schedule
from app.clock import utcnow

NEW = """insert into auto_mails (address, sent_at)
 select address, now() from jsonb_to_recordset(%(rows)s) as r (address text)"""
ONE = "insert into auto_mails (address, sent_at) values (%(address)s, now())"
COUNT = "select count(*) as found from auto_mails"


def _count(*, settled: bool = True) -> int:
    return int(frame.run(COUNT, settled=settled).fetchone().found)


def test_rows_held_back_are_there_for_whoever_reads(db: None) -> None:
    with frame.unit_of_work() as session:
        for address in ("a@x.example", "b@x.example"):
            frame.later(NEW, {"address": address})
        frame.later(ONE, {"address": "c@x.example"})
        assert _count(settled=False) == 0
        assert session.scalar(text("select count(*) from auto_mails")) == 3
        frame.later(ONE, {"address": "d@x.example"})
        assert _count() == 4
        frame.later(ONE, {"address": "e@x.example"})
    with frame.unit_of_work():
        assert _count() == 5


def test_a_failed_part_takes_only_its_own_rows_back(db: None) -> None:
    with frame.unit_of_work():
        frame.later(ONE, {"address": "kept@x.example"})

        def fail() -> None:
            with frame.savepoint():
                frame.later(ONE, {"address": "lost@x.example"})
                raise ValueError("on purpose")

        with pytest.raises(ValueError, match="on purpose"):
            fail()
    with frame.unit_of_work():
        assert [row.address for row in frame.run("select address from auto_mails")] == ["kept@x.example"]


def test_an_error_is_one_that_the_frame_understands(db: None) -> None:
    with pytest.raises(IntegrityError) as caught, frame.unit_of_work():
        frame.run("insert into audit_events (chain, seq) values ('none', 1)")
    assert isinstance(caught.value, DBAPIError)
    assert not frame.is_transient(caught.value)


def test_what_a_unit_of_work_knows_ends_with_it(db: None) -> None:
    asked = []

    def find() -> int:
        asked.append(1)
        return len(asked)

    with frame.unit_of_work():
        assert [frame.known("key", find), frame.known("key", find)] == [1, 1]
        frame.forget()
        assert frame.known("key", find) == 2
    with frame.unit_of_work():
        assert frame.known("key", find) == 3


def test_hopeful_work_is_all_or_nothing(db: None) -> None:
    def work() -> None:
        frame.later(ONE, {"address": "gone@x.example"})
        with frame.savepoint():
            raise ValueError("in a step")

    with pytest.raises(frame.HopeLost):
        frame.hopefully(work)
    with frame.unit_of_work():
        assert _count() == 0
    assert frame.hopefully(lambda: 7) == 7


def test_hope_that_is_lost_is_followed_by_the_same_work_with_savepoints(db: None) -> None:
    tries = []

    def work() -> str:
        tries.append(frame.frame().hopeful)
        frame.later(ONE, {"address": "kept@x.example"})
        try:
            with frame.savepoint():
                frame.later(ONE, {"address": "gone@x.example"})
                raise ValueError("in a step")
        except ValueError:
            return "mended"

    assert frame.transact(work, hopeful=True) == "mended"
    assert tries == [True, False]
    with frame.unit_of_work():
        assert [row.address for row in frame.run("select address from auto_mails")] == ["kept@x.example"]
    assert frame.transact(lambda: 7, hopeful=True) == 7
    with pytest.raises(KeyError), frame.unit_of_work():
        frame.transact(lambda: {}["nothing"], hopeful=True)


def test_many_rings_of_one_unit_of_work_are_few_jobs(db: None, live: None) -> None:
    with frame.unit_of_work():
        for ref in range(10):
            doorbell.ring("deliver", ref)
            doorbell.ring("ingest", ref)
    jobs = [tuple(job.args) for job in doorbell.lane().jobs]
    assert sorted(args for args in jobs if args[0] == "deliver") == [("deliver", *range(8)), ("deliver", 8, 9)]
    assert len([args for args in jobs if args[0] == "ingest"]) == 1
    doorbell.ring("ingest", 11)
    assert len(doorbell.lane().jobs) == 3
    doorbell.answered("ingest")
    doorbell.ring("ingest", 12)
    assert len(doorbell.lane().jobs) == 4


def test_a_timer_that_is_moved_is_one_timer(db: None) -> None:
    with frame.unit_of_work():
        schedule.set_timer("t", utcnow(), job="timer", ref=1)
        schedule.set_timer("t", utcnow(), job="timer", ref=2)
        assert schedule.is_due("t")
        schedule.cancel_timer("t")
        assert not schedule.is_due("t")
