"""Clocks that rest count as the wall clock does, minute by minute, over any calendar, also on days when clocks change."""

from __future__ import annotations

import random
from datetime import UTC, datetime, timedelta

import pytest

from app.sla import counting, ticking
from app.sla.calendar import CalendarError, calendar_from_spec
from app.sla.models import SlaPolicy
from tools import sla_clock_oracle, sla_oracle
from tools.sla_oracle import MINUTE


def brute(opened, edges, target):
    """Walk the minutes: those that are open and in which the clock runs use the target up. Returns the minute after the last, and how many."""
    running = [edges[i : i + 2] for i in range(0, len(edges), 2)]
    used, due = 0, None
    for minute, is_open in enumerate(opened):
        runs = any(begin <= minute < (rest[0] if rest else len(opened)) for begin, *rest in running)
        if is_open and runs:
            used += 1
            if used == target and due is None:
                due = minute + 1
    return due, used


@pytest.mark.parametrize("seed", range(4))
def test_clocks_with_rests_equal_a_count_of_minutes(seed):
    picked = random.Random(seed)
    for case in sla_oracle.cases(30, seed + 900):
        opened = sla_oracle.open_minutes(case)
        zero = datetime(case.first.year, case.first.month, case.first.day, tzinfo=UTC)
        # An odd number of edges: the clock runs at the end. An even one: it rests.
        edges = sorted(picked.sample(range(len(opened) - 1), picked.randint(1, 9)))
        target = picked.randint(1, 3000)
        at = [zero + edge * MINUTE for edge in edges]
        stretches = list(zip(at[::2], at[1::2], strict=False))
        running = at[-1] if len(at) % 2 else None
        calendar = calendar_from_spec(case.spec)
        due, used = brute(opened, edges, target)
        try:
            found = counting.due(calendar, target * MINUTE, stretches, running_since=running)
        except CalendarError:
            found = None
        horizon = zero + len(opened) * MINUTE
        if due is not None:
            assert found == zero + due * MINUTE, (case, edges, target)
        else:
            assert found is None or found > horizon, (case, edges, target)
        whole = [*stretches, (running, horizon)] if running else stretches
        assert counting.spent(calendar, whole) == used * MINUTE, (case, edges)


def test_time_that_is_used_up_before_a_rest_stays_used_up():
    calendar = calendar_from_spec({"timezone": "UTC", "weekly": {"mon": ["00:00-24:00"], "tue": ["00:00-24:00"]}})
    monday = datetime(2026, 6, 1, tzinfo=UTC)
    stretch = [(monday, monday + timedelta(hours=5))]
    assert counting.due(calendar, timedelta(hours=4), stretch, running_since=None) == monday + timedelta(hours=4)
    assert counting.due(calendar, timedelta(hours=6), stretch, running_since=None) is None
    resumed = monday + timedelta(hours=10)
    assert counting.due(calendar, timedelta(hours=6), stretch, running_since=resumed) == monday + timedelta(hours=11)


@pytest.mark.parametrize("seed", range(40, 43))
def test_clocks_of_whole_stories_equal_a_count_of_minutes(seed):
    assert [each for each in map(sla_clock_oracle.difference, sla_clock_oracle.stories(80, seed)) if each] == []


def test_the_stories_find_clocks_that_rest_one_minute_late(monkeypatch):
    rest = ticking.rest
    monkeypatch.setattr(ticking, "rest", lambda clock, now, *, why: rest(clock, now + MINUTE, why=why))
    assert any(map(sla_clock_oracle.difference, sla_clock_oracle.stories(60, 40)))


def test_a_limit_that_was_missed_and_then_moved_is_not_shown_while_the_clock_rests():
    monday = datetime(2026, 6, 1, tzinfo=UTC)
    calendar = calendar_from_spec({"timezone": "UTC", "weekly": {"mon": ["00:00-24:00"]}})
    short, long = (SlaPolicy(id=1, name="n", targets={"resolution": hours * 3600}) for hours in (1, 9))
    clock = ticking.begin("resolution", policy=short, calendar_id=1, at=monday)
    clock.breached_at = monday + timedelta(hours=1)
    ticking.promise(clock, long, calendar_id=1)
    ticking.count(clock, calendar, warn_percent=None)
    assert clock.due_at == monday + timedelta(hours=9)
    ticking.rest(clock, monday + timedelta(hours=2), why="waiting")
    assert clock.due_at is None


def test_minutes_of_two_days_that_take_turns_are_counted_in_the_order_in_which_they_pass():
    every_day = {day: ["00:00-24:00"] for day in sla_oracle.WEEKDAYS}
    calendar = calendar_from_spec({"timezone": "America/St_Johns", "weekly": every_day})
    # At one minute past midnight of the 7th the clocks went back to 23:01 of the 6th.
    for begin in (datetime(2010, 11, 7, 1, tzinfo=UTC), datetime(2010, 11, 7, 2, 30, 30, tzinfo=UTC)):
        for minutes in range(1, 180):
            end = begin + minutes * MINUTE
            assert calendar.add_business_time(begin, minutes * MINUTE) == end
            assert calendar.business_time_between(begin, end) == minutes * MINUTE
