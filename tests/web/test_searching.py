"""The query language in the inbox, in the search and in the API: what is found, what is never shown, and how errors are told."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import update

from app.cases import queries
from app.cases.filtering import checking, printed, words
from app.cases.filtering.names import scope_of
from app.cases.models import Case
from app.clock import utcnow
from app.db import unit_of_work
from app.identity import queries as identity
from app.web import access, asking
from app.web.asking import Asked
from tests.support.desk import make_case, make_desk
from tests.web.api_client import Client, Validators


@pytest.fixture(scope="module")
def validators(application):
    return Validators(application)


@pytest.fixture
def client(application, validators):
    return lambda user: Client(application, user, validators)


@pytest.fixture
def desk(cast):
    with unit_of_work():
        return make_desk(cast)


@pytest.fixture
def theirs(desk):
    """A case of the repairs team, which Alice may not see."""
    with unit_of_work():
        return make_case(desk.cast, desk.account, subject="Secret boiler", team_id=desk.cast.repairs.id)


def numbers(page):
    return re.findall(r'href="/cases/(RB-[\d-]+)"', page.text)


def test_a_list_is_filtered(browser, desk):
    with unit_of_work():
        other = make_case(desk.cast, desk.account, subject="No hot water")
    alice = browser(desk.cast.alice)
    assert set(numbers(alice.get("/inbox/team"))) == {desk.case.number, other.number}
    page = alice.get("/inbox/team?q=hot+team:service")
    assert numbers(page) == [other.number]
    assert 'value="hot team:service"' in page.text
    assert numbers(alice.get("/inbox/team?q=-hot")) == [desk.case.number]
    assert numbers(alice.get("/inbox/mine?q=hot")) == []
    assert "Nothing found" in alice.get("/inbox/mine?q=hot").text


def test_the_search_finds_words_numbers_and_work_orders(browser, desk):
    alice = browser(desk.cast.alice)
    number = desk.case.number
    for typed in (
        "leak",
        "LEAKS",
        "dana",
        "dana@example.org",
        number.lower(),
        str(int(number[-6:])),
        desk.order.number,
        "状态:新建,open,dispatched",
    ):
        assert numbers(alice.get("/search", query_string={"q": typed})) == [number], typed
    assert numbers(alice.get("/search?q=nothing+of+the+kind")) == []
    assert numbers(alice.get("/search")) == []


@pytest.mark.parametrize("typed,message,marked", [
    ("team:service statsu:open", "did you mean status", "statsu"), ('a "b', "never closed", "&#34;b"),
    ("team:nowhere", "write a name or key that exists", "team:nowhere"), ("due<soon", "is no time", "soon"),
])  # fmt: skip
def test_what_cannot_be_read_is_shown_in_its_place(browser, desk, typed, message, marked):
    for path in ("/inbox/team", "/search"):
        page = browser(desk.cast.alice).get(path, query_string={"q": typed})
        assert message in page.text
        assert f"<mark>{marked}</mark>" in page.text
        assert numbers(page) == []


def test_errors_are_told_in_chinese(browser, desk):
    page = browser(desk.cast.alice).get("/search?q=statsu:open&lang=zh")
    assert "没有" in page.text
    assert "did you mean" not in page.text


def test_pages_of_a_search_show_every_case_once(browser, client, desk):
    with unit_of_work():
        for _ in range(60):
            make_case(desk.cast, desk.account, subject="Again")
    alice = browser(desk.cast.alice)
    first = alice.get("/search?q=again")
    more = re.search(r'hx-get="(/search[^"]*after=[^"]*)"', first.text)
    rest = alice.get(more[1].replace("&amp;", "&"), headers={"HX-Request": "true", "HX-Target": "more"})
    assert len(numbers(first)) == 50
    assert len({*numbers(first), *numbers(rest)}) == 60
    for order in ("touched", "due", "quiet", "opened", "oldest"):
        page = client(desk.cast.alice).get("/cases", q="again", limit=40, order=order).json
        after = client(desk.cast.alice).get("/cases", q="again", limit=40, order=order, cursor=page["next_cursor"]).json
        assert len({row["number"] for row in (*page["items"], *after["items"])}) == 60
        assert after["next_cursor"] is None


def test_the_api_says_where_a_query_is_wrong(client, desk):
    answer = client(desk.cast.alice).get("/cases", q="a statsu:open")
    assert answer.status_code == 422
    assert answer.json["code"] == "query_no_field"
    assert (answer.json["start"], answer.json["end"]) == (2, 8)
    assert "did you mean status" in answer.json["detail"]


def test_no_query_shows_a_case_of_another_team(browser, client, desk, theirs):
    alice = desk.cast.alice
    with unit_of_work():
        scope = scope_of(identity.viewer(alice.id))
        asked = [printed(node) for node in checking.some_queries(40, checking.load(), scope, seed=3)]
    said = ["", "boiler", "-boiler", "secret or leak", "-(leak boiler)", "team:repairs", "-team:service", theirs.number, str(int(theirs.number[-6:])),
            f"number:{theirs.number}", "is:open or is:archived", "assignee:none", "from:dana"]  # fmt: skip
    program = client(alice)
    for query in (*said, *asked):
        rows = program.get("/cases", q=query, limit=200).json["items"]
        assert theirs.number not in {row["number"] for row in rows}, query
    page = browser(alice)
    for query in said:
        for path in ("/search", "/inbox/all", "/inbox/chased"):
            assert theirs.number not in numbers(page.get(path, query_string={"q": query})), query
    assert theirs.number in numbers(browser(desk.cast.charlie).get("/search?q=boiler"))


@pytest.mark.parametrize("near", [1, 3, 4_000])
def test_texts_are_found_near_or_far(desk, monkeypatch, near):
    """Looking among the first cases in order first changes nothing of what a page shows."""
    with unit_of_work():
        for number in range(6):
            make_case(desk.cast, desk.account, subject="Boiler warm" if number % 2 else "Pump cold")
        viewer = identity.viewer(desk.cast.alice.id)
        random = [printed(node) for node in checking.some_queries(40, checking.load(), scope_of(viewer), seed=5)]
    monkeypatch.setattr(queries, "NEAR", near)
    said = [
        "boiler",
        "-boiler",
        "pump cold",
        "boiler or pump",
        '"boiler warm" status:new,open',
        "-pump is:open",
        "due<4h pump",
        "热水",
        *random,
    ]
    with unit_of_work():
        for text in said:
            asked = asking.read(viewer, text)
            for order in queries.ORDERS:
                page = asking.page(
                    viewer, [], Asked(asked.text, asked.where, asked.others, asked.said), order=order, size=2
                )
                plain = queries.page([access.visible_cases(viewer), *asked.where], order=order, limit=2)
                assert [row.id for row in page.rows] == [row.id for row in plain], (text, order)


def test_long_and_broken_queries_are_refused_politely(browser, desk):
    alice = browser(desk.cast.alice)
    assert "at most 1000 characters" in alice.get("/search", query_string={"q": "a " * 900}).text
    assert alice.get("/search", query_string={"q": "x", "after": "!!"}).status_code == 422
    assert alice.get("/search", query_string={"q": "leak", "order": "nonsense"}).status_code == 200


def test_open_cases_come_by_time_limit_and_others_by_last_change(browser, desk):
    with unit_of_work():
        late, soon = (make_case(desk.cast, desk.account, subject="Ordered") for _ in range(2))
    with unit_of_work() as session:
        for case, hours in ((late, 9), (soon, 1)):
            due = utcnow() + timedelta(hours=hours)
            session.execute(
                update(Case).where(Case.id == case.id).values(due_at=due, due_from=utcnow(), touched_at=due)
            )
    alice = browser(desk.cast.alice)
    assert numbers(alice.get("/search?q=ordered+is:open")) == [soon.number, late.number]
    assert numbers(alice.get("/search?q=ordered")) == [late.number, soon.number]
    assert numbers(alice.get("/inbox/team?q=ordered")) == [soon.number, late.number]
    assert numbers(alice.get("/inbox/team?q=ordered&order=touched")) == [late.number, soon.number]


def test_the_language_is_explained(browser, desk):
    alice = browser(desk.cast.alice)
    assert "priority&gt;=high" in alice.get("/search/help").text
    sheet = alice.get("/search/help", headers={"HX-Request": "true", "HX-Target": "dialog"})
    assert "<html" not in sheet.text
    assert "优先级" in sheet.text
    assert [name for name in words.FIELDS if f"<code>{name}</code>" not in sheet.text] == []


def test_what_is_typed_is_completed(browser, desk):
    alice = browser(desk.cast.alice)
    alice.post(f"/cases/{desk.case.number}/tags", {"tag": "hot water"})

    def offered(typed, **more):
        return alice.get("/search/complete", query_string={"q": typed, **more}).json

    assert offered("sta") == {"start": 0, "end": 3, "choices": [{"text": "status:", "hint": "状态"}]}
    assert offered("team:rep")["choices"] == [{"text": "repairs", "hint": "Repairs"}]
    assert offered("assignee:ali")["choices"] == [{"text": "alice", "hint": "Alice"}]
    assert offered("tag:h")["choices"] == [{"text": '"hot water"', "hint": ""}]
    assert offered("queue:")["choices"] == [{"text": "service", "hint": "Service"}]
    assert offered("type:comp")["choices"] == [{"text": "complaint", "hint": ""}]
    assert offered("sta rest", at=3)["choices"][0]["text"] == "status:"
    assert offered("sta", lang="zh")["choices"][0] == {"text": "状态:", "hint": "status"}
