"""Checks the clocks of service levels against a count of minutes: `python -m tools.sla_clock_oracle 100000 [seed]`.

Each story is a case that lives through some days: it is opened, gets a promise by its priority, type, tier and queue, waits
and goes on, is amended so that another promise holds, its calendars are changed, people answer and solve it. The product
moves its clocks by `app.sla.policies.judge` and `app.sla.ticking`. The oracle knows neither: it marks minute by minute in
which of them a clock runs, lays the open minutes of `tools.sla_oracle` over them and counts.
"""

from __future__ import annotations

import random
import sys
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from itertools import compress, islice
from typing import Any

from app.sla import policies, ticking
from app.sla.calendar import Calendar, calendar_from_spec
from app.sla.models import SlaClock, SlaPolicy
from tools import sla_oracle
from tools.sla_oracle import DAY_MINUTES, MINUTE, WINDOW_DAYS

END = WINDOW_DAYS * DAY_MINUTES
KINDS = ("first_response", "next_response", "resolution")
VALUES = {
    "priority": ("low", "normal", "high", "urgent"), "type": ("fault", "question", "complaint"),
    "tier": ("", "silver", "gold"), "queue": ("service", "repairs"),
}  # fmt: skip
STATUSES = ("new", "open", "waiting", "dispatched", "resolved")
QUEUE_CALENDAR, OWN_CALENDAR = 1, 2


@dataclass(frozen=True)
class Happening:
    """What happens at a minute: `status`, `fact`, `begin` or `answer` of a kind of clock, or another description of a calendar."""

    minute: int
    what: str
    name: str = ""
    value: Any = None


@dataclass(frozen=True)
class Story:
    """A case: what is promised (first match counts), its facts when it is opened, its calendars by id, what happens to it."""

    case: sla_oracle.Case
    promises: tuple[dict[str, Any], ...]
    facts: dict[str, str]
    specs: dict[int, dict[str, Any]]
    opened: int
    happenings: tuple[Happening, ...]


# ---------------------------------------------------------------- as the product does it
@dataclass
class Desk:
    """The product's clocks of one case."""

    story: Story
    facts: dict[str, str]
    status: str = "new"
    calendars: dict[int, Calendar] = field(default_factory=dict)
    clocks: dict[str, SlaClock] = field(default_factory=dict)
    ended: list[tuple[str, int | None, bool]] = field(default_factory=list)

    def at(self, minute: int) -> datetime:
        """Return the moment of a minute of the window."""
        first = self.story.case.first
        return datetime(first.year, first.month, first.day, tzinfo=UTC) + minute * MINUTE

    def minute(self, at: datetime | None) -> int | None:
        """Return the minute of a moment; None for none, and for one after the window."""
        found = None if at is None else round((at - self.at(0)) / MINUTE)
        return found if found is not None and found <= END else None

    def matched(self, listed: Sequence[SlaPolicy]) -> SlaPolicy | None:
        """Return the policy that holds."""
        return next((each for each in listed if policies.judge(each, self.facts).matches), None)


def product(story: Story) -> list[tuple[str, int | None, Any]]:
    """Let the product live through a story; returns what its clocks say: ended ones with whether they were late, open ones with when they warn."""
    desk = Desk(
        story, dict(story.facts), calendars={key: calendar_from_spec(spec) for key, spec in story.specs.items()}
    )
    listed = [SlaPolicy(id=number, **promise) for number, promise in enumerate(story.promises)]
    _promised(desk, listed, story.opened, is_new=True)
    for happening in story.happenings:
        now = desk.at(happening.minute)
        for clock in desk.clocks.values():  # what the alarm would have noted by now; what it has noted stays
            is_late = clock.state == ticking.RUNNING and clock.due_at is not None and clock.due_at <= now
            if is_late and clock.breached_at is None:
                clock.breached_at = clock.due_at
        _lived(desk, listed, happening)
        policy = desk.matched(listed)
        for clock in desk.clocks.values():
            if policy is not None and desk.status in policy.pauses:
                ticking.rest(clock, now, why=desk.status)
            elif policy is not None and ticking.run(clock, now):
                _count(desk, clock, policy)
    still = [
        (kind, desk.minute(clock.due_at), desk.minute(clock.warn_at) if clock.state == ticking.RUNNING else None)
        for kind, clock in desk.clocks.items()
    ]
    return sorted([*desk.ended, *still], key=str)


def _count(desk: Desk, clock: SlaClock, policy: SlaPolicy) -> None:
    ticking.count(clock, desk.calendars[clock.calendar_id], warn_percent=policy.warn_percent)


def _begin(desk: Desk, kind: str, policy: SlaPolicy | None, minute: int) -> None:
    if policy is not None and kind in policy.targets and kind not in desk.clocks:
        calendar_id = policy.calendar_id or QUEUE_CALENDAR
        clock = desk.clocks[kind] = ticking.begin(kind, policy=policy, calendar_id=calendar_id, at=desk.at(minute))
        _count(desk, clock, policy)


def _promised(desk: Desk, listed: Sequence[SlaPolicy], minute: int, *, is_new: bool = False) -> None:
    policy = desk.matched(listed)
    for kind, clock in list(desk.clocks.items()):
        if policy is None or kind not in policy.targets:
            del desk.clocks[kind]
        else:
            ticking.promise(clock, policy, calendar_id=policy.calendar_id or QUEUE_CALENDAR)
            _count(desk, clock, policy)
    if is_new:
        for kind in ("first_response", "resolution"):
            _begin(desk, kind, policy, minute)


def _lived(desk: Desk, listed: Sequence[SlaPolicy], happening: Happening) -> None:
    match happening.what:
        case "status":
            desk.status = happening.value
        case "fact":
            desk.facts[happening.name] = happening.value
            _promised(desk, listed, happening.minute)
        case "calendar":
            desk.calendars[int(happening.name)] = calendar_from_spec(happening.value)
            _promised(desk, listed, happening.minute)
        case "begin":
            _begin(desk, happening.name, desk.matched(listed), happening.minute)
        case "answer" if happening.name in desk.clocks:
            clock = desk.clocks.pop(happening.name)
            late = ticking.end(clock, "met", desk.at(happening.minute)) or clock.breached_at is not None
            desk.ended.append((happening.name, desk.minute(clock.due_at), late))


# ---------------------------------------------------------------- as the minutes say it
class Minutes:
    """The oracle's own book: in which minutes each clock has run, and what is promised now."""

    def __init__(self, story: Story) -> None:
        """Begin a book for a story."""
        self.story, self.facts, self.status, self.last = story, dict(story.facts), "new", story.opened
        self.specs, self.ran, self.found = (
            dict(story.specs),
            dict[str, bytearray](),
            list[tuple[str, int | None, Any]](),
        )
        self.missed, self.opens = set[str](), dict[int, int]()

    def promise(self) -> dict[str, Any] | None:
        """Return the first promise that is on and asks for nothing that the case is not."""
        for each in self.story.promises:
            asked = each["conditions"]
            if each["is_enabled"] and all(self.facts[key] in values for key, values in asked.items() if values):
                return each
        return None

    def pass_until(self, minute: int) -> None:
        """Mark the minutes that have passed since the last happening for every clock that ran in them."""
        promise = self.promise()
        if promise is not None and self.status not in promise["pauses"]:
            for ran in self.ran.values():
                ran[self.last : minute] = b"\x01" * (minute - self.last)
        begun, self.last = self.last, minute
        if promise is not None and self.status not in promise["pauses"] and begun < minute:
            self.missed |= {kind for kind in self.ran if (self.due(kind) or END + 1) <= minute}

    def begin(self, kind: str) -> None:
        """Begin a clock when its kind is promised and none of it runs."""
        promise = self.promise()
        if promise is not None and kind in promise["targets"] and kind not in self.ran:
            self.ran[kind] = bytearray(END)
            self.missed.discard(kind)

    def used_up(self, kind: str, wanted: int, *, may_run_on: bool) -> int | None:
        """Return the minute after that in which `wanted` open minutes have been counted; None when that does not come."""
        promise = self.promise() or {}
        spec = self.specs[promise["calendar_id"] or QUEUE_CALENDAR]
        ran = bytearray(self.ran[kind])
        if may_run_on and self.status not in promise["pauses"]:
            ran[self.last :] = b"\x01" * (END - self.last)
        if id(spec) not in self.opens:
            opened = sla_oracle.open_minutes(replace(self.story.case, spec=spec))
            self.opens[id(spec)] = int.from_bytes(opened, "little")
        both = (int.from_bytes(ran, "little") & self.opens[id(spec)]).to_bytes(END, "little")
        counted = list(islice(compress(range(END), both), wanted))
        return counted[-1] + 1 if len(counted) == wanted else None

    def due(self, kind: str) -> int | None:
        """Return when a clock is due by what is promised now."""
        promise = self.promise() or {}
        return self.used_up(kind, promise["targets"][kind] // 60, may_run_on=True)

    def warns(self, kind: str) -> int | None:
        """Return when a clock warns, while it runs."""
        promise = self.promise() or {}
        if not promise["warn_percent"] or self.status in promise["pauses"]:
            return None
        return self.used_up(kind, promise["targets"][kind] // 60 * promise["warn_percent"] // 100, may_run_on=True)


def oracle(story: Story) -> list[tuple[str, int | None, Any]]:
    """Live through a story by counting minutes; returns what the clocks should say."""
    book = Minutes(story)
    for kind in ("first_response", "resolution"):
        book.begin(kind)
    for happening in story.happenings:
        book.pass_until(happening.minute)
        _written(book, happening)
    still = [(kind, book.due(kind), book.warns(kind)) for kind in book.ran]
    return sorted([*book.found, *still], key=str)


def _written(book: Minutes, happening: Happening) -> None:
    match happening.what:
        case "status":
            book.status = happening.value
        case "fact":
            book.facts[happening.name] = happening.value
            _kept(book)
        case "calendar":
            book.specs[int(happening.name)] = happening.value
        case "begin":
            book.begin(happening.name)
        case "answer" if happening.name in book.ran:
            due = book.due(happening.name)
            book.ran.pop(happening.name)
            late = happening.name in book.missed or (due is not None and due < happening.minute)
            book.found.append((happening.name, due, late))


def _kept(book: Minutes) -> None:
    promise = book.promise()
    for kind in list(book.ran):
        if promise is None or kind not in promise["targets"]:
            del book.ran[kind]


# ---------------------------------------------------------------- random stories
def stories(count: int, seed: int = 1) -> Iterator[Story]:
    """Yield random stories: the same ones for the same seed and the same time zone data."""
    rng = random.Random(seed)  # noqa: S311 -- makes test cases, guards nothing
    for case in sla_oracle.cases(count, seed):
        zone, first = case.spec["timezone"], case.first
        other = sla_oracle.spec(rng, zone, first)
        promises = tuple(_promise(rng, last=number == 2) for number in range(3))
        facts = {key: rng.choice(values) for key, values in VALUES.items()}
        opened = rng.randrange(5 * DAY_MINUTES)
        minutes = sorted(rng.sample(range(opened + 1, 12 * DAY_MINUTES), rng.randint(0, 9)))
        happenings = tuple(_happening(rng, minute, zone, case) for minute in minutes)
        yield Story(case, promises, facts, {QUEUE_CALENDAR: case.spec, OWN_CALENDAR: other}, opened, happenings)


def _promise(rng: random.Random, *, last: bool) -> dict[str, Any]:
    conditions: Mapping[str, list[str]] = {} if last else {
        key: sorted(rng.sample([each for each in values if each], rng.randint(1, 2)))
        for key, values in VALUES.items() if rng.random() < 0.4
    }  # fmt: skip
    kinds = [kind for kind in KINDS if rng.random() < 0.8] or ["resolution"]
    return {
        "name": "promise", "is_enabled": last or rng.random() < 0.9, "conditions": conditions,
        "targets": {kind: rng.choice([20, 60, 240, 480, rng.randint(1, 150) * 20]) * 60 for kind in kinds},
        "calendar_id": rng.choice([None, OWN_CALENDAR]), "warn_percent": rng.choice([None, 50, 75, 80]),
        "pauses": [status for status in ("waiting", "dispatched", "resolved") if rng.random() < 0.6],
    }  # fmt: skip


def _happening(rng: random.Random, minute: int, zone: str, case: sla_oracle.Case) -> Happening:
    what = rng.choice(["status", "status", "status", "fact", "fact", "calendar", "begin", "answer"])
    match what:
        case "status":
            return Happening(minute, what, value=rng.choice(STATUSES))
        case "fact":
            name = rng.choice(list(VALUES))
            return Happening(minute, what, name, rng.choice(VALUES[name]))
        case "calendar":
            return Happening(
                minute, what, str(rng.choice([QUEUE_CALENDAR, OWN_CALENDAR])), sla_oracle.spec(rng, zone, case.first)
            )
    return Happening(minute, what, rng.choice(KINDS))


def difference(story: Story) -> str:
    """Return how the product and the minutes differ on a story, in words; empty when they agree."""
    told, counted = product(story), oracle(story)
    return "" if told == counted else f"told {told}, counted {counted}; {story}"


def main(arguments: list[str]) -> int:
    """Live through as many stories as asked and say how many differ and how long it took; the first three of those are shown."""
    given = [int(each) for each in arguments]
    count, seed = (given + [100_000, 1][len(given) :])[:2]
    began = time.monotonic()
    wrong = [each for each in map(difference, stories(count, seed)) if each]
    for each in wrong[:3]:
        print(each)
    print(f"stories {count}, differences {len(wrong)}, {timedelta(seconds=round(time.monotonic() - began))}")
    return 1 if wrong else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
