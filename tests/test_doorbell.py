"""The doorbell and the news: after the commit or not at all, and a silent Valkey stops nobody."""

from __future__ import annotations

import pytest

from app import db, doorbell, realtime
from app.settings import settings


def test_it_rings_after_the_commit_only(request, bell, wire):
    request.getfixturevalue("db")
    with db.unit_of_work():
        doorbell.ring("deliver", 1)
        doorbell.ring("deliver", 2)
        realtime.publish("case", case=1)
        realtime.publish("case", case=1)
        assert (bell.rung, wire.sent) == ([], [])
    assert bell.rung == [("deliver", 1), ("deliver", 2)]
    assert len(wire.sent) == 1, "the same news is told once"


def test_what_is_rolled_back_rings_nobody(request, bell, wire):
    request.getfixturevalue("db")
    with pytest.raises(RuntimeError), db.unit_of_work():
        doorbell.ring("deliver", 1)
        realtime.publish("case", case=1)
        raise RuntimeError
    with db.unit_of_work():
        with pytest.raises(RuntimeError), db.savepoint():
            doorbell.ring("deliver", 2)
            raise RuntimeError
        doorbell.ring("deliver", 3)
    assert (bell.rung, wire.sent) == ([("deliver", 3)], [])


def test_a_real_ring_stands_in_the_lane(valkey_url):
    bell = doorbell.RqDoorbell()
    bell.ring("deliver", list(range(10)))
    jobs = doorbell.lane().jobs
    assert sorted(ref for job in jobs for ref in job.args[1:]) == list(range(10))
    assert all(len(job.args) <= doorbell.ROWS_A_JOB + 1 for job in jobs)


def test_a_shared_job_stands_there_once_until_somebody_answers(valkey_url):
    bell = doorbell.RqDoorbell()
    bell.ring("ingest", [1])
    bell.ring("ingest", [2])
    assert len(doorbell.lane().jobs) == 1
    doorbell.answered("ingest")
    bell.ring("ingest", [3])
    assert len(doorbell.lane().jobs) == 2


def test_a_silent_valkey_costs_a_warning(valkey_url, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    settings.cache_clear()
    doorbell.forget()
    doorbell.RqDoorbell().ring("deliver", [1])
    doorbell.RqDoorbell().ring("ingest", [1])
    doorbell.answered("ingest")
    realtime.RedisWire().send([{"topic": "case"}])
