"""Robots on the same cases: nobody answers twice, nothing is lost. The long run is `python -m tools.robots`."""

from __future__ import annotations

import signal
from dataclasses import dataclass
from functools import partial
from types import SimpleNamespace

import pytest

from tests.reliability.running import RunningDesk, answers, free_port, wait_for
from tools.robots import trial as trials
from tools.robots.agents import Book


@dataclass
class Known:
    """A running desk as the robots know it."""

    desk: RunningDesk
    port: int

    def __getattr__(self, name):
        return getattr(self.desk, name)

    def mails(self):
        return list(self.desk.sink.mails)


@pytest.mark.slow
def test_eight_agents_on_five_cases_never_answer_twice_and_lose_nothing(desk):
    port = free_port()
    for kind in ("listen", "work", "clock", "web"):
        desk.start(kind, kind, PORT=str(port), WEB_WORKERS="2", STREAM_PORT=str(free_port()))
    wait_for(partial(answers, port), 60)
    try:
        outcome = trials.trial(Known(desk, port), agents=8, cases=5, seconds=4)
    finally:
        desk.stop("web", how=signal.SIGTERM)  # it ends its own children
    assert outcome.is_clean, str(outcome)
    assert outcome.replies
    assert outcome.notes + outcome.words


def test_what_the_desk_says_and_what_it_holds_are_compared():
    held = {
        trials._TALKS: [
            {"number": "RB-1", "talk": ["in", "out", "out", "in"]},
            {"number": "RB-2", "talk": ["in", "out"]},
        ],
        trials._DRAFTS: [{"number": "RB-3", "text": " one three"}],
    }
    desk = SimpleNamespace(
        query=lambda sql: held.get(sql, [{"text": "kept"}]), mails=lambda: [b"Message-ID: <a@b>\r\n\r\n"] * 2
    )
    book = Book(notes=["kept", "gone"], words=[("RB-3", "one"), ("RB-3", "two")])
    book.note("draft", (409, {"code": "draft_moved"}), 0.1)
    book.note("reply", (500, {}), 0.3)
    found = trials.compared(desk, book)
    assert found.twice == ("RB-1 was answered twice, at 1 of its talk",)
    assert found.lost == ("lost: gone", "lost: a word of a draft on RB-3")
    assert found.doubled == ("sent 2 times: <a@b>",)
    assert found.unexpected == ("reply 500 1",)
    assert not found.is_clean
    assert "1 duplicate replies, 1 mails sent twice, 2 lost edits" in str(found)
