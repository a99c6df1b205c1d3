"""One robot: an agent at a machine, and the book in which all of them note what the desk acknowledged."""

from __future__ import annotations

import http.client
import json
import random
import threading
import time
from collections import Counter
from dataclasses import dataclass, field
from typing import Any

PAUSE = 0.3  # seconds between reading and writing, at most
#: How the desk refuses those who cross each other.
USUAL = frozenset({
    "stale_reply", "reply_waits", "not_your_turn", "reply_gone", "draft_moved", "draft_gone", "draft_taken", "own_draft",
})  # fmt: skip


@dataclass
class Book:
    """What was acknowledged, and how often each answer came."""

    notes: list[str] = field(default_factory=list)
    words: list[tuple[str, str]] = field(default_factory=list)
    answers: Counter[tuple[str, str]] = field(default_factory=Counter)
    seconds: list[float] = field(default_factory=list)
    lock: threading.Lock = field(default_factory=threading.Lock)

    def note(self, what: str, answer: tuple[int, Any], took: float) -> None:
        """Count an answer: a refusal by its code."""
        status, body = answer
        code = str(body.get("code") or status) if status >= 400 else ""
        with self.lock:
            self.answers[what, code] += 1
            self.seconds.append(took)

    def refused(self, *, usual: bool) -> list[str]:
        """Return how often what was refused: as colleagues are who cross each other (`usual`), or as nobody should be."""
        found = sorted((what, code, count) for (what, code), count in self.answers.items() if code)
        return [f"{what} {code} {count}" for what, code, count in found if (code in USUAL) is usual]


@dataclass
class Robot:
    """An agent at a machine of theirs, who speaks with the desk through one connection."""

    port: int
    user_id: int
    token: str
    book: Book
    dice: random.Random
    link: http.client.HTTPConnection | None = None

    def call(self, what: str, method: str, path: str, body: Any = None) -> tuple[int, Any]:
        """Ask the desk and note the answer."""
        headers = {"Authorization": f"Bearer {self.token}", "Content-Type": "application/json"}
        begun = time.monotonic()
        for _try in range(3):
            self.link = self.link or http.client.HTTPConnection("127.0.0.1", self.port, timeout=60)
            try:
                self.link.request(method, f"/api/v1{path}", None if body is None else json.dumps(body), headers)
                heard = self.link.getresponse()
                answer = heard.status, json.loads(heard.read() or b"{}")
                break
            except (http.client.RemoteDisconnected, ConnectionError):
                # The web process closed a connection that rested. What it may have done is not tried again.
                self.link.close()
                self.link = None
                if method != "GET":
                    return 0, {}
        else:
            return 0, {}
        self.book.note(what, answer, time.monotonic() - begun)
        return answer

    def work(self, talked: list[str], written: list[str], until: float) -> None:
        """Go from case to case: answer whoever waits, leave notes, and write on drafts of other cases."""
        while time.monotonic() < until:
            if self.dice.random() < 0.6:
                self._serve(self.dice.choice(talked))
            else:
                self._write(self.dice.choice(written))
        if self.link is not None:
            self.link.close()

    def _serve(self, number: str) -> None:
        status, page = self.call("look", "GET", f"/cases/{number}/timeline?limit=10")
        if status != 200:
            return
        talk = [each for each in page["messages"] if each["direction"] != "note" and each["auto"] == "none"]
        time.sleep(self.dice.uniform(0, PAUSE))
        if talk and talk[-1]["direction"] == "in":
            self._answer(number, page["messages"][-1]["id"])
        elif self.dice.random() < 0.3:
            words = f"note {self.dice.getrandbits(64):x}"
            if self.call("note", "POST", f"/cases/{number}/messages", {"kind": "note", "text": words})[0] == 201:
                with self.book.lock:
                    self.book.notes.append(words)

    def _answer(self, number: str, newest: int) -> None:
        words: dict[str, Any] = {
            "text": f"Robot {self.user_id} comes. {self.dice.getrandbits(48):x}",
            "seen_message_id": newest,
        }
        if self.dice.random() < 0.5:
            status, body = self.call("reply", "POST", f"/cases/{number}/messages", {"kind": "reply", **words})
        else:
            status, body = self.call(
                "held reply", "POST", f"/cases/{number}/held", {"seconds": self.dice.choice([0, 1, 2]), **words}
            )
            if status == 201 and self.dice.random() < 0.2:
                self.call("take back", "POST", f"/held/{body['id']}/undo")
        if self.dice.random() < (0.3 if body.get("code") == "not_your_turn" else 0.03):
            self.call("take over", "POST", f"/cases/{number}/turn", {"do": "take"})

    def _write(self, number: str) -> None:
        """Write a word into one's own draft, or take a colleague's over; whoever is told that it moved on reads it again."""
        status, page = self.call("read drafts", "GET", f"/cases/{number}/drafts")
        if status != 200:
            return
        own = next((each for each in page["drafts"] if each["holder"] == self.user_id), None)
        others = [each for each in page["drafts"] if each["holder"] != self.user_id]
        time.sleep(self.dice.uniform(0, PAUSE))
        if own is None and others and self.dice.random() < 0.7:
            self.call(
                "take draft", "POST", f"/cases/{number}/drafts/take", {"holder": self.dice.choice(others)["holder"]}
            )
            return
        word = f"{self.dice.getrandbits(48):x}"
        text, version = (own["text"], own["version"]) if own else ("", "")
        given = {"text": f"{text} {word}", "version": version, "is_shared": True}
        if self.call("draft", "PUT", f"/cases/{number}/drafts", given)[0] == 200:
            with self.book.lock:
                self.book.words.append((number, word))
