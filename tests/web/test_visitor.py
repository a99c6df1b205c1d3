"""The door for visitors: who may knock, whose chat it is, one path for what they say, and limits."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import func, select

from app import clock
from app.cases.models import Case
from app.crypto import token_digest
from app.db import unit_of_work
from app.messaging.chats import limits
from app.messaging.chats.models import Chat
from app.messaging.models import Envelope, Interaction, Message
from app.orchestration.intake import ingest_waiting
from tests.support.chats import HOST, VisitorBrowser, make_widget
from tests.support.desk import make_desk

NOON = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture(autouse=True)
def uncounted(monkeypatch):
    """Limits are counted in this process, afresh for each test."""
    monkeypatch.setattr(limits, "_count", lambda key, _seconds: limits._count_here(key))
    limits._own.clear()


@pytest.fixture
def desk(cast):
    """Dana's case beside a widget."""
    with unit_of_work():
        made = make_desk(cast)
        make_widget()
        return made


@pytest.fixture
def visitor(application, desk):
    """Somebody on the shop's page."""
    return VisitorBrowser(application)


def in_database(query):
    with unit_of_work() as session:
        return session.scalars(query).all()


# ---------------------------------------------------------------- who may knock
def test_a_page_on_the_list_may_read_the_answers_and_no_other(application, visitor):
    answer = visitor.ask("look")
    assert answer.status_code == 200
    assert answer.headers["Access-Control-Allow-Origin"] == HOST
    assert "Access-Control-Allow-Credentials" not in answer.headers
    for origin in ("https://evil.test", "https://shop.test.evil.test", "null", ""):
        stranger = VisitorBrowser(application, origin=origin)
        for refused in (stranger.ask("look"), stranger.ask("begin", {}), stranger.ask("lines")):
            assert refused.status_code == 403
            assert "Access-Control-Allow-Origin" not in refused.headers


def test_a_browser_that_asks_beforehand_is_told(application, visitor):
    asked = visitor.client.options("/chat/shop-help/lines", headers={"Origin": HOST})
    assert asked.status_code == 204
    assert asked.headers["Access-Control-Allow-Origin"] == HOST
    assert "Authorization" in asked.headers["Access-Control-Allow-Headers"]
    assert visitor.client.options("/chat/shop-help/lines", headers={"Origin": "https://evil.test"}).status_code == 403


def test_a_widget_that_is_not_there_or_switched_off_is_not_found(application, visitor):
    assert VisitorBrowser(application, key="nothing").ask("look").status_code == 404


def test_the_script_may_be_loaded_by_any_site(application, db, tmp_path, monkeypatch):
    from app.web import assets

    (tmp_path / "widget-X.js").write_text("1")
    (tmp_path / "manifest.json").write_text('{"widget.js": "widget-X.js"}')
    monkeypatch.setattr(assets, "DIST", tmp_path)
    answer = application.test_client().get("/chat/widget.js")
    assert answer.headers["Cross-Origin-Resource-Policy"] == "cross-origin"
    assert (answer.mimetype, answer.data) == ("text/javascript", b"1")
    answer.close()


# ---------------------------------------------------------------- one path
def test_a_line_is_an_envelope_first_then_a_case_driven_by_its_process(visitor):
    begun = visitor.begin(name="Dana")
    assert begun.json["state"] == "new"
    assert visitor.say("Where is my order?").status_code == 202
    assert [row.state for row in in_database(select(Envelope))] == ["received"]
    assert visitor.lines() == []
    ingest_waiting()
    (line,) = visitor.lines()
    assert (line["text"], line["own"], line["client"]) == ("Where is my order?", True, "aaaaaaaa")
    (case,) = in_database(select(Case).where(Case.channel == "chat"))
    assert (case.subject, case.language) == ("Where is my order?", "en")
    (interaction,) = in_database(select(Interaction).where(Interaction.case_id == case.id))
    assert interaction.kind == "chat"
    (chat,) = in_database(select(Chat))
    assert (chat.case_id, chat.state, chat.page) == (case.id, "open", f"{HOST}/cart")


def test_a_line_that_is_sent_again_appears_once(visitor):
    visitor.begin()
    for _ in range(3):
        assert visitor.say("Once").status_code == 202
        ingest_waiting()
    assert len(visitor.lines()) == 1


def test_what_follows_goes_to_the_same_case(visitor):
    visitor.begin()
    visitor.say("First", "first-line")
    ingest_waiting()
    visitor.say("Second", "second-line")
    ingest_waiting()
    assert [line["text"] for line in visitor.lines()] == ["First", "Second"]
    assert [line["text"] for line in visitor.lines(after=visitor.lines()[0]["id"])] == ["Second"]
    assert in_database(select(func.count()).select_from(Case).where(Case.channel == "chat")) == [1]


def test_a_typed_address_opens_nobody_elses_case(visitor, desk):
    """Dana has a case by mail; whoever types her address into the widget is somebody new all the same."""
    visitor.begin(name="Dana", email="dana@example.org")
    visitor.say(f"About {desk.case.number}")
    ingest_waiting()
    (case,) = in_database(select(Case).where(Case.channel == "chat"))
    assert case.contact_id != desk.case.contact_id
    assert case.id != desk.case.id


# ---------------------------------------------------------------- whose chat it is
def test_the_token_is_kept_as_a_digest_and_opens_one_chat_alone(application, visitor):
    visitor.begin()
    visitor.say("Mine")
    ingest_waiting()
    (chat,) = in_database(select(Chat))
    assert chat.token_digest == token_digest(visitor.token)
    other = VisitorBrowser(application)
    other.begin()
    assert other.lines() == []
    for token in ("", "rb_wrong"):
        other.token = token
        assert other.ask("lines").json["code"] == "chat_unknown"
        assert other.say("Hello").status_code == 403


def test_notes_are_never_shown_to_a_visitor(visitor, desk):
    from app.orchestration import writing

    visitor.begin()
    visitor.say("Hello")
    ingest_waiting()
    (case,) = in_database(select(Case).where(Case.channel == "chat"))
    with unit_of_work():
        writing.note(case.id, user_id=desk.cast.alice.id, author="Alice", text="A difficult one")
    assert [line["text"] for line in visitor.lines()] == ["Hello"]
    assert in_database(select(func.count()).select_from(Message).where(Message.case_id == case.id)) == [2]


# ---------------------------------------------------------------- bad input and limits
@pytest.mark.parametrize(
    "body",
    [
        {},
        {"id": "aaaaaaaa"},
        {"id": "aaaaaaaa", "text": "  "},
        {"id": "aaaaaaaa", "text": 5},
        {"id": "short", "text": "x"},
        {"id": "../../../etc", "text": "x"},
        {"id": "aaaaaaaa", "text": "x" * 5001},
        {"id": None, "text": "x"},
    ],
)
def test_what_is_no_line_is_refused_with_a_sentence(visitor, body):
    visitor.begin()
    answer = visitor.ask("lines", body)
    assert answer.status_code == 422
    assert answer.json["detail"]
    assert in_database(select(Envelope)) == []


def test_a_body_that_nobody_types_is_not_read(visitor):
    visitor.begin()
    assert visitor.ask("lines", {"id": "aaaaaaaa", "text": "x" * 200_000}).status_code == 413
    assert visitor.client.post("/chat/shop-help/begin", data=b"[1", headers={"Origin": HOST}).status_code == 422


def test_a_flood_of_lines_is_told_to_wait(visitor):
    with clock.at(NOON):
        visitor.begin()
        codes = [visitor.say("x", f"line-{number:04}").status_code for number in range(limits.LINE.most + 1)]
        refused = visitor.say("x", "another-one")
    assert codes == [202] * limits.LINE.most + [429]
    assert int(refused.headers["Retry-After"]) >= 1
    assert refused.headers["Access-Control-Allow-Origin"] == HOST


def test_one_address_cannot_begin_chats_without_end(application, visitor):
    with clock.at(NOON):
        codes = [VisitorBrowser(application).begin().status_code for _ in range(limits.BEGIN.most + 1)]
        elsewhere = VisitorBrowser(application, peer="198.51.100.1").begin().status_code
    assert codes == [201] * limits.BEGIN.most + [429]
    assert elsewhere == 201


# ---------------------------------------------------------------- signs and the end
def test_how_far_the_visitor_has_come_is_told_to_agents(visitor, wire):
    visitor.begin()
    visitor.say("Hello")
    ingest_waiting()
    newest = visitor.lines()[-1]["id"]
    wire.sent.clear()
    assert visitor.ask("signs", {"read": newest, "typing": True}).status_code == 204
    told = [item for item in wire.sent if item["topic"] == "chat"]
    assert any(item.get("read") == newest for item in told)
    assert any(item.get("typing") is True for item in told)
    (chat,) = in_database(select(Chat))
    assert chat.read_id == newest
    visitor.ask("signs", {"read": newest + 10_000})
    assert in_database(select(Chat.read_id)) == [newest]


def test_a_chat_that_was_ended_takes_no_more_lines_but_can_be_read(visitor):
    visitor.begin()
    visitor.say("Hello")
    ingest_waiting()
    assert visitor.ask("end", {}).json["state"] == "ended"
    assert visitor.say("More", "another-one").json["code"] == "chat_ended"
    assert len(visitor.lines()) == 1


def test_a_visitor_whose_case_is_closed_for_good_begins_another_case_and_sees_both(visitor):
    from app.workflow.models import InstanceState, ProcessInstance

    visitor.begin()
    visitor.say("First", "first-line")
    ingest_waiting()
    with unit_of_work() as session:
        for instance in session.scalars(select(ProcessInstance)):
            instance.status = InstanceState.COMPLETED
    visitor.say("Second", "second-line")
    ingest_waiting()
    assert in_database(select(func.count()).select_from(Case).where(Case.channel == "chat")) == [2]
    assert [line["text"] for line in visitor.lines()] == ["First", "Second"]
