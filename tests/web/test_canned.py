"""Canned replies: who finds and changes them, how they are filled in, and that no reply with a gap goes."""

from __future__ import annotations

import io

import orjson
import pytest

from app.db import unit_of_work
from app.messaging import composing, queries
from tests.support.desk import make_case, make_desk
from tests.web.api_client import Client, Validators

TEXTS = {"en": "Dear {{ customer.name }}, about {{ case.number }}: [[when]]", "zh": "{{ customer.name }}您好：[[时间]]"}


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


def names(visitor, words=""):
    return [row["name"] for row in visitor.get("/canned-replies", q=words).json["items"]]


def test_they_are_found_by_whom_they_are_shared_with_and_changed_by_their_maker(client, desk):
    cast = desk.cast
    alice, bob, charlie = (client(user) for user in (cast.alice, cast.bob, cast.charlie))
    alice.post("/canned-replies", {"name": "Own", "texts": TEXTS})
    made = alice.post("/canned-replies", {"name": "Ours", "texts": TEXTS, "shared": "team", "team": "service"})
    assert made.status_code == 201
    path = f"/canned-replies/{made.json['id']}"
    assert names(alice) == ["Ours", "Own"]
    assert (names(bob), names(charlie)) == (["Ours"], [])
    assert names(alice, "own 您好") == ["Own"]
    assert bob.call("PUT", path, json={"name": "Mine", "texts": TEXTS}).status_code == 403
    assert bob.call("DELETE", path).status_code == 403
    assert charlie.call("DELETE", path).status_code == 404
    changed = {"name": "Ours still", "texts": TEXTS, "shared": "team", "team": "service", "version": 1}
    assert alice.call("PUT", path, json=changed).json["version"] == 2
    assert alice.call("PUT", path, json=changed).status_code == 409
    assert alice.call("DELETE", path).json == {"id": made.json["id"]}


def test_what_cannot_be_is_refused(client, desk):
    alice = client(desk.cast.alice)
    assert alice.post("/canned-replies", {"name": "All", "texts": TEXTS, "shared": "everybody"}).status_code == 403
    other = {"name": "Theirs", "texts": TEXTS, "shared": "team", "team": "repairs"}
    assert alice.post("/canned-replies", other).status_code == 422
    unknown = alice.post("/canned-replies", {"name": "X", "texts": {"en": "{{ customer.__class__ }}"}})
    assert unknown.status_code == 422
    assert "customer.__class__" in unknown.text
    assert alice.post("/canned-replies", {"name": "Empty", "texts": {"en": "  "}}).status_code == 422


def test_one_is_filled_in_for_a_case_and_counted(client, browser, desk):
    cast = desk.cast
    alice = client(cast.alice)
    made = alice.post("/canned-replies", {"name": "When", "folder": "Visits", "texts": TEXTS}).json
    filled = alice.post(f"/cases/{desk.case.number}/canned-replies/{made['id']}", {}).json
    assert desk.case.number in filled["text"]
    assert "[[when]]" in filled["unfilled"]
    page = browser(cast.alice)
    offered = page.get(f"/cases/{desk.case.number}/canned?q=visits").json["choices"]
    assert [choice["name"] for choice in offered] == ["When"]
    assert page.post(f"/cases/{desk.case.number}/canned/{made['id']}", {}).json["text"] == filled["text"]
    assert alice.get("/canned-replies").json["items"][0]["uses"] == 2
    with unit_of_work():
        hidden = make_case(cast, desk.account, subject="Not for Charlie").number
    assert browser(cast.charlie).get(f"/cases/{hidden}/canned").status_code == 404
    assert client(cast.charlie).post(f"/cases/{hidden}/canned-replies/{made['id']}", {}).status_code == 404


@pytest.mark.parametrize("seconds", [0, 30])
def test_a_reply_with_a_gap_does_not_go_and_a_note_does(client, browser, desk, seconds):
    cast, number = desk.cast, desk.case.number
    with unit_of_work():
        composing.keep_habits(cast.alice.id, undo=seconds)
        before = queries.messages_since(desk.case.id, 0)
    alice, page = client(cast.alice), browser(cast.alice)
    gap = "We come on [[day]], {{ customer.name }}."
    for answer in (
        alice.post(f"/cases/{number}/messages", {"kind": "reply", "text": gap}),
        alice.post(f"/cases/{number}/held", {"text": gap}),
        page.post(f"/cases/{number}/messages", {"kind": "reply", "text": gap}),
    ):
        assert answer.status_code == 422
        assert "[[day]], {{ customer.name }}" in answer.text
    with unit_of_work():
        assert len(queries.messages_since(desk.case.id, 0)) == len(before)
    assert alice.post(f"/cases/{number}/messages", {"kind": "note", "text": gap}).status_code == 201


def test_the_pages_make_find_show_and_carry_them(browser, desk):
    cast = desk.cast
    alice, bob = browser(cast.alice), browser(cast.bob)
    form = {"name": "When", "folder": "Visits", "shared": f"team:{cast.service_team.id}", "text_en": TEXTS["en"]}
    place = alice.post("/settings/canned", form).location.removesuffix("?saved=1")
    assert "Visits" in alice.get("/settings/canned?q=when").text
    assert "When" not in alice.get("/settings/canned?q=nothing").text
    assert "disabled" in bob.get(place).text
    shown = alice.post("/settings/canned/preview", {"case": desk.case.number, "text_en": TEXTS["en"]}).text
    assert desk.case.number in shown
    assert "<mark>[[when]]</mark>" in shown
    wrong = alice.post(place, {**form, "text_en": "{{ nobody }}", "version": "1"})
    assert wrong.status_code == 422
    assert 'aria-invalid="true"' in wrong.text
    kept = orjson.loads(alice.get("/settings/canned/export").data)
    assert kept["canned_replies"][0]["texts"] == {"en": TEXTS["en"]}
    charlie = browser(cast.charlie)
    given = {"file": (io.BytesIO(orjson.dumps(kept)), "canned.json")}
    assert charlie.post("/settings/canned/import", given).status_code == 303
    assert "When" in charlie.get("/settings/canned").text
    bad = {"file": (io.BytesIO(b'{"canned_replies": [{"name": 1}]}'), "canned.json")}
    assert charlie.post("/settings/canned/import", bad).status_code == 422
    assert alice.post(f"{place}/delete", {}).status_code == 303
    assert alice.get(place).status_code == 404
