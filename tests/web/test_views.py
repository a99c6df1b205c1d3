"""Views made from filters, and the layout of lists: shared as was said, counted, and never more than their reader may see."""

from __future__ import annotations

import re

import pytest

from app.cases import views
from app.db import unit_of_work
from app.identity.models import User
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


def numbers(page):
    return re.findall(r'href="/cases/(RB-[\d-]+)"', page.text)


def make(visitor, **form):
    answer = visitor.post("/views", {"name": "Leaks", "q": "leak is:open", **form})
    assert answer.status_code == 303, answer.text
    return answer.location


def test_a_filter_becomes_a_view_with_a_live_count(browser, desk):
    alice = browser(desk.cast.alice)
    form = alice.get("/views/new?q=is:open+leak&order=touched").text
    assert 'value="is:open leak"' in form
    assert '<option value="touched" selected>' in form
    place = make(alice)
    page = alice.get(place)
    assert numbers(page) == [desk.case.number]
    assert re.search(r"Leaks <b>1</b>", page.text)
    with unit_of_work():
        make_case(desk.cast, desk.account, subject="Another leak")
    assert re.search(r"Leaks <b>2</b>", alice.get(f"{place}/counts").text)
    assert "Leaks" not in browser(desk.cast.bob).get("/inbox/team").text
    assert browser(desk.cast.bob).get(place).status_code == 404


def test_a_view_is_narrowed_without_being_changed(browser, desk):
    alice = browser(desk.cast.alice)
    place = make(alice)
    assert numbers(alice.get(f"{place}?q=-leak")) == []
    assert numbers(alice.get(place)) == [desk.case.number]
    edit = alice.get(f"/views/{place.rsplit('/')[-1]}?q=-leak").text
    assert 'value="-leak"' in edit


@pytest.mark.parametrize("shared,finders", [("everybody", {"bob", "charlie"}), ("team", {"bob"}), ("private", set())])
def test_views_are_shared_as_was_said(browser, desk, shared, finders):
    cast = desk.cast
    given = f"team:{cast.service_team.id}" if shared == "team" else shared
    place = make(browser(cast.alice), shared=given)
    for user in (cast.bob, cast.charlie):
        answer = browser(user).get(place)
        assert answer.status_code == (200 if user.login in finders else 404)
        assert ("Leaks" in browser(user).get("/inbox/team").text) is (user.login in finders)


def test_a_shared_view_shows_everybody_only_what_they_may_see(browser, desk):
    with unit_of_work():
        theirs = make_case(desk.cast, desk.account, subject="A leak of repairs", team_id=desk.cast.repairs.id)
    place = make(browser(desk.cast.charlie), q="leak", shared="everybody")
    assert theirs.number in numbers(browser(desk.cast.charlie).get(place))
    alice = browser(desk.cast.alice).get(place)
    assert numbers(alice) == [desk.case.number]
    assert "Leaks <b>1</b>" in alice.text


def test_only_their_maker_and_managers_change_shared_views(browser, desk):
    cast = desk.cast
    place = make(browser(cast.alice), shared="everybody")
    path = place.replace("/inbox/", "/views/")
    changed = {"name": "Changed", "q": "leak", "shared": "everybody"}
    assert browser(cast.bob).post(path, changed).status_code == 403
    assert browser(cast.bob).post(f"{path}/delete", {}).status_code == 403
    assert browser(cast.mona).post(path, changed).status_code == 303
    assert "Changed" in browser(cast.alice).get("/views").text
    assert browser(cast.alice).post(f"{path}/delete", {}).status_code == 303
    assert browser(cast.alice).get(place).status_code == 404


@pytest.mark.parametrize("form,says", [
    ({"name": " "}, "Give the view a name"), ({"q": "statsu:open"}, "did you mean status"), ({"q": "team:nowhere"}, "write a name or key"),
    ({"shared": "team:1"}, "Choose one of your teams"), ({"order": "sideways"}, "The order is one of"),
    ({"columns": "password_hash"}, "There is no column"), ({"shared": "world"}, "A view is shared with"),
])  # fmt: skip
def test_what_no_view_can_be_is_said_with_what_was_typed(browser, desk, form, says):
    answer = browser(desk.cast.alice).post("/views", {"name": "Kept", "q": "leak", **form})
    assert answer.status_code == 422
    assert says in answer.text
    assert 'value="leak"' in answer.text or "q" in form


def test_a_view_whose_team_is_gone_says_so_and_breaks_nothing(browser, desk):
    alice = browser(desk.cast.alice)
    place = make(alice, q="assignee:alice")
    with unit_of_work() as work:
        work.get_one(User, desk.cast.alice.id).login = "alicia"
        work.get_one(User, desk.cast.alice.id).name = "Alicia"
    page = alice.get(place)
    assert page.status_code == 200
    assert "write a name or key that exists" in page.text
    assert alice.get("/views").status_code == 200


def test_nobody_keeps_endless_views(browser, desk, monkeypatch):
    monkeypatch.setattr(views, "MAX_OWN", 1)
    alice = browser(desk.cast.alice)
    make(alice)
    assert "delete one first" in alice.post("/views", {"name": "More", "q": ""}).text


def test_there_is_a_view_for_each_team_and_channel(browser, desk):
    alice = browser(desk.cast.alice)
    page = alice.get("/views").text
    assert "/inbox/team-service" in page
    assert "/inbox/team-repairs" not in page
    assert numbers(alice.get("/inbox/team-service")) == [desk.case.number]
    assert numbers(alice.get("/inbox/team-repairs")) == []
    assert numbers(alice.get("/inbox/channel-email")) == [desk.case.number]
    assert numbers(alice.get("/inbox/channel-fax")) == []
    assert numbers(alice.get("/inbox/channel-email?q=-leak")) == []
    for wrong in ("team-nowhere", "channel-pigeon", "999999", "nice", "team-", "99999999999999999999"):
        assert alice.get(f"/inbox/{wrong}").status_code in {404, 422}, wrong


def test_a_table_with_chosen_columns_is_remembered(browser, desk):
    alice = browser(desk.cast.alice)
    chosen = {
        "layout": "table",
        "columns": ["number", "team", "opened", "touched", "due"],
        "back": "/inbox/team?q=leak",
    }
    answer = alice.post("/views/layout", chosen)
    assert answer.location == "/inbox/team?q=leak"
    page = alice.get("/inbox/team").text
    heads = re.findall(r'<th scope="col" class="col-(\w+)"', page)
    assert heads == ["subject", "number", "team", "opened", "touched", "due"]
    assert re.search(r'class="col-due" aria-sort="ascending"', page)
    assert 'href="/inbox/team?order=touched"' in page
    assert 'href="/inbox/team?order=quiet"' in alice.get("/inbox/team?order=touched").text
    assert "Service" in page
    assert '<table class="table cases">' not in browser(desk.cast.bob).get("/inbox/team").text
    alice.post("/views/layout", {"layout": "cards"})
    assert '<table class="table cases">' not in alice.get("/inbox/team").text
    assert alice.post("/views/layout", {"layout": "piles"}).status_code == 422
    assert alice.post("/views/layout", {"layout": "cards", "back": "//elsewhere.example"}).location == "/"


def test_a_long_table_goes_on_by_rows(browser, desk):
    with unit_of_work():
        for _ in range(52):
            make_case(desk.cast, desk.account, subject="Row")
    alice = browser(desk.cast.alice)
    alice.post("/views/layout", {"layout": "table", "columns": list(views.COLUMNS)})
    first = alice.get("/inbox/team")
    more = re.search(r'hx-get="([^"]*after=[^"]*)"', first.text)
    rest = alice.get(more[1].replace("&amp;", "&"), headers={"HX-Request": "true", "HX-Target": "more"})
    assert rest.text.strip().startswith("<tr")
    assert len({*numbers(first), *numbers(rest)}) == 53


def test_a_view_brings_its_own_columns(browser, desk):
    alice = browser(desk.cast.alice)
    alice.post("/views/layout", {"layout": "table", "columns": ["due"]})
    place = make(alice, columns=["number", "queue"])
    assert re.findall(r'class="col-(\w+)"', alice.get(place).text)[:3] == ["subject", "number", "queue"]


def test_views_through_the_api(client, desk):
    cast = desk.cast
    alice, bob, charlie = (client(user) for user in (cast.alice, cast.bob, cast.charlie))
    made = alice.post(
        "/views", {"name": "Leaks", "query": "leak is:open", "shared": "team", "team": "service", "columns": ["due"]}
    )
    assert made.status_code == 201
    assert (made.json["count"], made.json["owner"], made.json["team"]) == (1, "alice", "service")
    path = f"/views/{made.json['id']}"
    assert [row["name"] for row in bob.get("/views").json["items"]] == ["Leaks"]
    assert bob.get("/views").json["items"][0]["may_change"] is False
    assert charlie.get("/views").json["items"] == []
    assert bob.call("PUT", path, json={"name": "Mine now"}).status_code == 403
    assert charlie.call("PUT", path, json={"name": "Mine now"}).status_code == 404
    assert alice.call("PUT", path, json={"name": "Drips", "query": "drip"}).json["count"] == 0
    wrong = alice.post("/views", {"name": "Wrong", "query": "a statsu:open"})
    assert (wrong.status_code, wrong.json["start"]) == (422, 2)
    assert alice.post("/views", {"name": "Wrong", "shared": "team", "team": "repairs"}).status_code == 422
    assert alice.call("DELETE", path).json == {"id": made.json["id"]}
    assert alice.call("DELETE", path).status_code == 404
