"""The event stream: who may watch, who gets what, what is sent again after a gap, and when a screen starts over."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Coroutine
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, datetime
from typing import Any

import orjson
import pytest
import time_machine

from app import crypto, doorbell, realtime, streaming, visiting
from app.clock import utcnow
from app.streaming import Hub, Screen, admission, application, place

NEWS = [(f"{n}-0", {"topic": "case", "teams": [], "users": [], "case": n}) for n in range(1, 6)]


def in_a_loop(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine in a thread of its own: a browser test may have left a running loop in this one."""
    with ThreadPoolExecutor(1) as pool:
        return pool.submit(asyncio.run, work).result()


def hub_of(*items: Any) -> Hub:
    hub = Hub()
    hub.tail.extend(items or NEWS)
    return hub


class Watching:
    """One screen on the ASGI application, without a network between."""

    def __init__(self, hub: Hub, *, ticket: str, last: str = "", path: str = "/stream", method: str = "GET") -> None:
        self.status = 0
        self.body = b""
        self.writes = 0
        self._gone = asyncio.Event()
        scope = {
            "type": "http", "path": path, "method": method, "query_string": f"admission={ticket}".encode(),
            "headers": [(b"last-event-id", last.encode())] if last else [],
        }  # fmt: skip
        self.task = asyncio.create_task(application(hub)(scope, self._receive, self._send))  # type: ignore[arg-type]

    async def _receive(self) -> dict[str, Any]:
        await self._gone.wait()
        return {"type": "http.disconnect"}

    async def _send(self, part: dict[str, Any]) -> None:
        self.status = part.get("status", self.status)
        self.body += part.get("body", b"")
        self.writes += 1

    async def until(self, condition: Any, seconds: float = 10) -> None:
        """Wait until something was written."""
        async with asyncio.timeout(seconds):
            while not condition(self.frames()):
                await asyncio.sleep(0.01)

    async def leave(self) -> list[tuple[str, str, dict[str, Any]]]:
        """Close the screen; returns what it got: id, topic, body."""
        self._gone.set()
        await asyncio.wait_for(self.task, 5)
        return self.frames()

    def frames(self) -> list[tuple[str, str, dict[str, Any]]]:
        found = re.findall(rb"id: (.*)\nevent: (.*)\ndata: (.*)\n\n", self.body)
        return [(key.decode(), topic.decode(), orjson.loads(body)) for key, topic, body in found]


def ticket(*, user: int = 1, role: str = "agent", teams: tuple[int, ...] = (7,)) -> str:
    return admission(user_id=user, role=role, team_ids=list(teams))


def watch(hub: Hub, *, last: str = "", until: int = 1, **who: Any) -> list[tuple[str, str, dict[str, Any]]]:
    """Open a screen, wait for so many events and leave."""

    async def go() -> list[tuple[str, str, dict[str, Any]]]:
        screen = Watching(hub, ticket=ticket(**who), last=last)
        await screen.until(lambda frames: len(frames) >= until)
        return await screen.leave()

    return in_a_loop(go())


def test_a_new_screen_is_greeted_with_where_the_news_stand():
    assert watch(hub_of()) == [("5-0", "hello", {"topic": "hello"})]


def test_after_a_gap_what_was_missed_comes_in_order():
    frames = watch(hub_of(), last="2-0", until=4)
    assert [frame[0] for frame in frames] == ["2-0", "3-0", "4-0", "5-0"]
    assert [frame[2].get("case") for frame in frames] == [None, 3, 4, 5]


@pytest.mark.parametrize("last", ["0-1", "9-0", "rubbish", "5-0x-"])
def test_when_the_gap_is_too_long_the_screen_starts_over(last):
    hub = hub_of(*NEWS[2:])
    assert [frame[1] for frame in watch(hub, last=last, until=2)] == ["hello", "reset"]


@pytest.mark.parametrize("known", [[], NEWS[:2]])
def test_a_screen_waits_until_a_process_that_has_just_started_has_read_what_it_knows_already(known):
    async def go():
        hub = Hub()
        hub.tail.extend(known)
        screen = Watching(hub, ticket=ticket(), last="3-0")
        await asyncio.sleep(0.1)
        hub.tail.extend(NEWS[len(known) :])
        await screen.until(lambda frames: len(frames) >= 3)
        return await screen.leave()

    assert [frame[:2] for frame in in_a_loop(go())] == [("3-0", "hello"), ("4-0", "case"), ("5-0", "case")]


def test_who_started_over_goes_on_from_there():
    hub = hub_of(*NEWS[2:])
    assert watch(hub, last="0-1", until=2)[-1][:2] == ("5-0", "reset")


def test_nothing_was_missed():
    hub = hub_of()
    assert hub.missed("5-0") == []
    assert Hub().missed("") == []
    assert Hub().missed("7-0") is None


@pytest.mark.parametrize(
    "item,agent,stranger,manager",
    [
        ({"topic": "case"}, True, True, True),
        ({"topic": "case", "teams": [7]}, True, False, True),
        ({"topic": "case", "teams": [8]}, False, False, True),
        ({"topic": "case", "teams": [8], "users": [1]}, True, False, True),
        ({"topic": "notice", "users": [1]}, True, False, False),
        ({"topic": "notice"}, False, False, False),
    ],
)
def test_who_gets_what(item, agent, stranger, manager):
    assert Screen(1, "agent", frozenset({7})).may_see(item) is agent
    assert Screen(2, "agent", frozenset()).may_see(item) is stranger
    assert Screen(3, "manager", frozenset()).may_see(item) is manager


def test_names_of_readers_are_not_told():
    hub = hub_of(("1-0", {"topic": "x"}), ("2-0", {"topic": "case", "teams": [7], "users": [1], "case": 3}))
    assert watch(hub, last="1-0", until=2)[1][2] == {"topic": "case", "case": 3}


@pytest.mark.parametrize("bad", ["", "rubbish", "a.b.c"])
def test_without_a_good_ticket_nothing_is_shown(bad):
    async def go() -> tuple[int, bytes]:
        screen = Watching(hub_of(), ticket=bad)
        await asyncio.wait_for(screen.task, 5)
        return screen.status, screen.body

    assert in_a_loop(go()) == (401, b"")


def test_a_ticket_for_something_else_or_an_old_one_is_no_ticket(monkeypatch):
    async def go(shown: str, **options: Any) -> int:
        screen = Watching(hub_of(), ticket=shown, **options)
        await asyncio.wait_for(screen.task, 5)
        return screen.status

    assert in_a_loop(go(crypto.sign("session", {"u": 1, "r": "admin", "t": []}))) == 401
    assert in_a_loop(go(ticket(), path="/other")) == 404
    assert in_a_loop(go(ticket(), method="POST")) == 401
    monkeypatch.setattr(streaming, "ADMISSION_SECONDS", -1)
    assert in_a_loop(go(ticket())) == 401


def test_a_screen_that_does_not_read_is_told_to_start_over():
    async def go() -> list[str]:
        hub = hub_of()
        screen = Watching(hub, ticket=ticket())
        await screen.until(bool)
        for number in range(streaming.WAITING + 5):
            hub._broadcast((f"{number + 10}-0", {"topic": "case", "case": number}))
        await screen.until(lambda frames: len(frames) > 1)
        return [frame[1] for frame in await screen.leave()]

    assert in_a_loop(go()) == ["hello", "reset"]


def test_the_first_news_go_at_once_and_what_follows_goes_together():
    async def work():
        hub = hub_of()
        screen = Watching(hub, ticket=ticket())
        await screen.until(bool)
        for number in range(6, 12):
            hub._broadcast((f"{number}-0", {"topic": "case", "teams": [], "users": [], "case": number}))
            await screen.until(lambda frames: b"6-0" in screen.body)
        at_first = screen.writes
        await screen.until(lambda frames: b"11-0" in screen.body)
        in_all = screen.writes
        await screen.leave()
        return at_first, in_all

    at_first, in_all = in_a_loop(work())
    assert in_all == at_first + 1


def test_many_screens_rest_longer_but_not_for_ever():
    hub = hub_of()
    assert hub.rest() == streaming.REST_SECONDS
    visitors = {
        Screen(0, "visitor", frozenset(), visitor=visiting.Admitted(n, "https://shop.example", 0)) for n in range(900)
    }
    hub.screens = {Screen(n, "agent", frozenset()) for n in range(300)} | visitors
    assert hub.rest() == pytest.approx(0.75), "those of visitors do not count: they hear of one chat each"
    hub.screens = {Screen(n, "agent", frozenset()) for n in range(5_000)}
    assert hub.rest() == streaming.LONGEST_REST_SECONDS


def test_a_closed_screen_is_forgotten():
    hub = hub_of()
    watch(hub)
    assert hub.screens == set()


@pytest.fixture
def real_wire(valkey_url):
    """News through a real Valkey."""
    realtime.use(realtime.RedisWire())
    yield
    realtime.use(realtime.RedisWire())


@pytest.mark.usefixtures("real_wire")
def test_from_publishing_to_the_screen_through_a_real_valkey():
    async def go() -> None:
        realtime.publish("case", case=1)
        hub = Hub()
        reader = asyncio.create_task(hub.read_news())
        async with asyncio.timeout(10):
            while not hub.tail:
                await asyncio.sleep(0.01)
        screen = Watching(hub, ticket=ticket())
        await screen.until(bool)
        await asyncio.to_thread(realtime.publish, "case", teams=[7], case=2)
        await asyncio.to_thread(realtime.publish, "case", teams=[8], case=3)
        await asyncio.to_thread(realtime.publish, "case", case=4)
        await screen.until(lambda frames: len(frames) == 3)
        frames = await screen.leave()
        assert [frame[2].get("case") for frame in frames] == [None, 2, 4]
        again = Watching(hub, ticket=ticket(), last=frames[0][0])
        await again.until(lambda found: len(found) == 3)
        assert [frame[2].get("case") for frame in await again.leave()] == [None, 2, 4]
        reader.cancel()

    in_a_loop(go())


@pytest.mark.usefixtures("real_wire")
def test_when_valkey_comes_back_empty_all_screens_start_over():
    async def go() -> list[str]:
        realtime.publish("case", case=1)
        hub = Hub()
        reader = asyncio.create_task(hub.read_news())
        async with asyncio.timeout(10):
            while not hub.tail:
                await asyncio.sleep(0.01)
        screen = Watching(hub, ticket=ticket())
        await screen.until(bool)
        await asyncio.to_thread(doorbell.connection().flushdb)
        await screen.until(lambda frames: len(frames) >= 2, 20)
        reader.cancel()
        return [frame[1] for frame in await screen.leave()]

    assert in_a_loop(go())[:2] == ["hello", "reset"]


def test_a_page_names_the_time_at_which_it_was_made():
    at = datetime.fromtimestamp(1_700_000_000, UTC)
    news = [
        (f"{1_700_000_000_000 + n}-0", {"topic": "case", "teams": [], "users": [], "case": n}) for n in (-2000, 5, 900)
    ]
    got = [body["case"] for _, topic, body in watch(hub_of(*news), last=place(at), until=3) if topic == "case"]
    assert got == [5, 900]


def test_a_page_that_is_newer_than_all_news_waits_for_them():
    assert [topic for _, topic, _ in watch(hub_of(), last=place(datetime.now(UTC)))] == ["hello"]
    assert Hub().missed(place(datetime.now(UTC))) == []


def test_a_page_that_is_older_than_the_news_that_were_kept_starts_over():
    hub = hub_of(
        *((f"{n + 10}-0", {"topic": "case", "teams": [], "users": [], "case": n}) for n in range(streaming.TAIL))
    )
    assert hub.missed("@5-0") is None
    assert hub.missed("@10-0") is not None


def _ended(user: int, *, later_by: int = 1) -> Any:
    now = int(utcnow().timestamp() * 1000)
    return f"{now + later_by}-0", {"topic": "ended", "teams": [], "users": [user]}


def test_a_stream_ends_at_once_when_its_users_rights_change_and_its_admission_is_good_no_more():
    async def go() -> tuple[list[str], int, int]:
        hub = hub_of()
        mine, others = Watching(hub, ticket=ticket(user=1)), Watching(hub, ticket=ticket(user=2))
        old = ticket(user=1)
        await mine.until(bool)
        await others.until(bool)
        item = _ended(1)
        hub._note(item)
        hub._broadcast(item)
        await asyncio.wait_for(mine.task, 5)
        again = Watching(hub, ticket=old)
        await asyncio.wait_for(again.task, 5)
        await asyncio.sleep(0.01)
        renewed = Watching(hub, ticket=ticket(user=1), last="1-0")
        await renewed.until(lambda frames: len(frames) >= 5)
        await renewed.leave()
        return [topic for _, topic, _ in await others.leave()], again.status, renewed.status

    assert in_a_loop(go()) == (["hello"], 401, 200)


def test_what_ended_an_earlier_admission_does_not_end_a_later_one():
    item = _ended(1, later_by=-5)
    hub = hub_of(*NEWS, item)
    hub._note(item)
    assert [topic for _, topic, _ in watch(hub, last="4-0", until=2, user=1)] == ["hello", "case"]


def test_an_admission_ends_by_age():
    async def go() -> bool:
        with time_machine.travel("2026-11-22T09:00:00Z") as clock:
            screen = Watching(hub_of(), ticket=ticket())
            await screen.until(bool)
            clock.shift(streaming.ADMISSION_SECONDS + 1)
            async with asyncio.timeout(5):
                await screen.task
        return True

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(streaming, "BEAT_SECONDS", 0.05)
        assert in_a_loop(go())


# ---------------------------------------------------------------- visitors of other sites
def visiting_screen(hub: Hub, *, chat: int, last: str = "", origin: str = "https://shop.test") -> Watching:
    token = visiting.admission(chat_id=chat, origin=origin)
    return Watching(hub, ticket=f"&visitor={token}", last=last)


CHAT_NEWS = [
    ("1-0", {"topic": "visitor", "teams": [], "users": [], "chat": 7, "last": 11}),
    ("2-0", {"topic": "visitor", "teams": [], "users": [], "chat": 8, "last": 12}),
    ("3-0", {"topic": "case", "teams": [], "users": [], "case": 3}),
    ("4-0", {"topic": "chat", "teams": [], "users": [], "case": 3}),
]


def test_a_visitor_hears_of_their_own_chat_and_of_nothing_else():
    async def go():
        screen = visiting_screen(hub_of(*CHAT_NEWS), chat=7, last="0-1")
        await screen.until(lambda frames: len(frames) >= 1)
        return await screen.leave()

    frames = in_a_loop(go())
    assert [frame[2].get("chat") for frame in frames if frame[1] == "visitor"] in ([], [7])
    assert {frame[1] for frame in frames} <= {"hello", "visitor", "reset"}


def test_what_a_visitor_missed_comes_after_a_gap():
    async def go():
        screen = visiting_screen(hub_of(("0-5", {"topic": "reset"}), *CHAT_NEWS), chat=7, last="0-5")
        await screen.until(lambda frames: len(frames) >= 2)
        return await screen.leave()

    assert [frame[1] for frame in in_a_loop(go())] == ["hello", "visitor"]


def test_no_screen_of_the_desk_hears_what_is_for_visitors():
    for role in ("agent", "manager", "admin"):
        assert not Screen(0, role, frozenset()).may_see(CHAT_NEWS[0][1])


def test_who_is_named_in_a_chat_hears_of_it_although_something_was_just_written():
    item = ("9-0", {"topic": "chat", "teams": [], "users": [1], "case": 3})
    named, other = Screen(1, "agent", frozenset()), Screen(2, "manager", frozenset())
    named.tell(item)
    other.tell(item)
    assert (named.hurried.is_set(), other.hurried.is_set()) == (True, False)


@pytest.mark.parametrize(
    "token", ["", "x", admission(user_id=1, role="agent", team_ids=[])], ids=["none", "no token", "an agent's"]
)
def test_a_visitor_without_an_admission_of_their_own_is_refused(token):
    async def go():
        screen = Watching(hub_of(), ticket=f"&visitor={token}")
        await asyncio.wait_for(screen.task, 5)
        return screen.status

    assert in_a_loop(go()) == 401


def test_the_page_of_a_visitor_may_read_its_stream():
    assert streaming._cors(Screen(0, "visitor", frozenset(), visitor=visiting.Admitted(7, "https://shop.test", 0)))[0] == (
        b"access-control-allow-origin", b"https://shop.test",
    )  # fmt: skip
