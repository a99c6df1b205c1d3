"""Robots listen while the stream is killed and cut at random: 0 missed, 0 doubled. The long run is `python -m tools.reconnect`."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor

from tools.reconnect import Robot, trial


def in_a_loop(work):
    """Run a coroutine in a thread of its own: a browser test may have left a running loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def test_nothing_is_missed_and_nothing_shown_twice(valkey_url, monkeypatch):
    monkeypatch.setenv("REDIS_URL", valkey_url)
    outcome = in_a_loop(trial(valkey_url, seconds=6, robots=10))
    assert outcome.published > 20
    assert outcome.kills + outcome.cuts > 0
    assert (outcome.missed, outcome.doubled, outcome.resets) == (0, 0, 0), str(outcome)


def test_a_robot_counts_what_it_is_shown_twice():
    robot = Robot(0, "")
    for _ in range(2):
        robot._hear({"id": "5-0", "event": "case", "data": "{}"})
    robot._hear({"id": "6-0", "event": "reset", "data": "{}"})
    assert robot.shown["5-0"] == 2
    assert (robot.resets, robot.last) == (1, "6-0")
