"""What visitors leave behind: files, words when nobody is there, ratings, transcripts; and who they prove to be."""

from __future__ import annotations

import os
import socketserver
import struct
import sys
import threading
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta

import pytest
from sqlalchemy import select

from app import clock, jobs
from app.cases import service as cases
from app.cases.models import Case
from app.clock import utcnow
from app.contacts.models import ContactPoint
from app.db import unit_of_work
from app.messaging.chats import limits
from app.messaging.chats.models import Chat
from app.messaging.models import Delivery, Message
from app.orchestration.chatting import idling, talking
from app.orchestration.intake import ingest_waiting
from app.settings import settings
from tests.channels.test_chat_identity import signed
from tests.support.chats import KEY, VisitorBrowser, make_widget
from tests.support.desk import make_desk

SECRET = "only the host and the desk know it"
SUNDAY = datetime(2026, 11, 22, 12, tzinfo=UTC)
EICAR = b"this file is not well"


@pytest.fixture(autouse=True)
def uncounted(monkeypatch):
    """Limits are counted in this process, afresh for each test."""
    monkeypatch.setattr(limits, "_count", lambda key, _seconds: limits._count_here(key))
    limits._own.clear()


@pytest.fixture
def desk(cast):
    """Dana's case beside a widget that knows signed visitors."""
    with unit_of_work():
        made = make_desk(cast)
        make_widget(identity_secret=SECRET)
        return made


@pytest.fixture
def visitor(application, desk):
    """Somebody on the shop's page."""
    return VisitorBrowser(application)


def all_of(query):
    with unit_of_work() as session:
        return session.scalars(query).all()


def the_chat():
    return all_of(select(Chat))[-1]


def talk(visitor, desk):
    """The visitor has said something, and Alice has answered."""
    visitor.begin(name="Dana")
    visitor.say("Hello")
    ingest_waiting()
    with unit_of_work():
        talking.say(the_chat().case_id, user_id=desk.cast.alice.id, author="Alice", text="Good morning")


# ---------------------------------------------------------------- files
def test_a_file_becomes_a_line_that_both_sides_can_fetch(visitor, desk):
    visitor.begin()
    for _ in range(2):
        assert visitor.send_file("账单 2026.PDF", b"%PDF-1.4").status_code == 202
    ingest_waiting()
    (line,) = visitor.lines()
    assert [file["name"] for file in line["files"]] == ["账单 2026.PDF"]
    answer = visitor.ask(f"files/{line['files'][0]['id']}")
    assert (answer.data, answer.mimetype) == (b"%PDF-1.4", "application/octet-stream")
    assert answer.headers["Content-Disposition"].startswith("attachment")


def test_a_file_of_another_chat_is_not_there(application, visitor):
    visitor.begin()
    visitor.send_file("a.png", b"1")
    ingest_waiting()
    file_id = visitor.lines()[0]["files"][0]["id"]
    other = VisitorBrowser(application)
    other.begin()
    assert other.ask(f"files/{file_id}").status_code == 404


@pytest.mark.parametrize(
    "name,content,status",
    [
        ("run.exe", b"MZ", 422),
        ("bill.pdf.exe", b"MZ", 422),
        ("no-ending", b"1", 422),
        (".pdf", b"1", 422),
        ("", b"1", 422),
        ("empty.pdf", b"", 422),
        ("x\u202efdp.exe", b"MZ", 422),
        ("big.pdf", b"x" * (8 * 1024 * 1024 + 1), 413),
    ],
)
def test_a_file_that_may_not_be_sent_is_named(visitor, name, content, status):
    visitor.begin()
    answer = visitor.send_file(name, content)
    assert answer.status_code == status
    assert answer.json["detail"]


@pytest.mark.parametrize(
    "name", ["../../etc/passwd.txt", "C:\\Users\\me\\passwd.txt", "pass\x00wd\u202e.txt", " passwd.txt. "]
)
def test_a_name_cannot_lead_anywhere(visitor, name):
    visitor.begin()
    assert visitor.send_file(name, b"root").status_code == 202
    ingest_waiting()
    assert visitor.lines()[0]["files"][0]["name"] == "passwd.txt"


class Scanner(socketserver.StreamRequestHandler):
    """What clamd does with INSTREAM."""

    def handle(self):
        assert self.rfile.read(10) == b"zINSTREAM\0"
        content = b""
        while size := struct.unpack("!I", self.rfile.read(4))[0]:
            content += self.rfile.read(size)
        self.wfile.write(b"stream: Eicar FOUND\0" if EICAR in content else b"stream: OK\0")


@contextmanager
def scanning_with(**variables):
    os.environ.update(variables)
    settings.cache_clear()
    try:
        yield
    finally:
        for name in variables:
            del os.environ[name]
        settings.cache_clear()


@pytest.fixture(params=["clamd", "command"])
def scanner(request):
    """A scanner that refuses one kind of file."""
    if request.param == "command":
        code = f"import sys; sys.exit({EICAR!r} in sys.stdin.buffer.read())"
        with scanning_with(SCAN_COMMAND=f'{sys.executable} -c "{code}"'):
            yield
        return
    with socketserver.ThreadingTCPServer(("127.0.0.1", 0), Scanner) as server:
        threading.Thread(target=server.serve_forever, daemon=True).start()
        with scanning_with(SCAN_CLAMD=f"127.0.0.1:{server.server_address[1]}"):
            yield
        server.shutdown()


def test_files_are_looked_through_before_they_are_taken(scanner, visitor):
    visitor.begin()
    assert visitor.send_file("good.txt", b"hello").status_code == 202
    refused = visitor.send_file("bad.txt", EICAR, "file-two")
    assert refused.json["code"] == "file_refused"
    assert "bad.txt" in refused.json["detail"]
    ingest_waiting()
    assert len(visitor.lines()) == 1


@pytest.mark.parametrize("setting", [{"SCAN_CLAMD": "127.0.0.1:1"}, {"SCAN_COMMAND": "/no/such/scanner"}])
def test_without_its_scanner_nothing_is_taken(visitor, setting):
    visitor.begin()
    with scanning_with(**setting):
        assert visitor.send_file("good.txt", b"hello").status_code == 503


# ---------------------------------------------------------------- when nobody is there
LEFT = {"id": "left-one", "name": "Erin", "email": "erin@example.org", "text": "Please call me back.", "language": "en"}


def test_by_working_hours_the_widget_says_whether_somebody_is_there(visitor):
    with clock.at(SUNDAY):
        assert visitor.ask("look").json["online"] is False
    with clock.at(SUNDAY + timedelta(days=1)):
        assert visitor.ask("look").json["online"] is True


def test_what_is_left_is_a_case_that_is_answered_by_mail(visitor):
    for _ in range(2):
        assert visitor.ask("leave", LEFT).status_code == 202
    ingest_waiting()
    (case,) = all_of(select(Case).where(Case.contact_name == "Erin"))
    assert (case.channel, case.subject) == ("email", "Please call me back.")
    (message,) = all_of(select(Message).where(Message.case_id == case.id))
    assert message.sender == "erin@example.org"


def test_whoever_types_an_address_gets_into_nobodys_case(visitor, desk):
    """The sender of a form is not proven: a case number in it, and the customer's own address, open a new case all the same."""
    visitor.ask("leave", {**LEFT, "email": "dana@example.org", "text": f"{desk.case.number}\nCancel it!"})
    ingest_waiting()
    with unit_of_work() as session:
        newest = session.scalars(select(Message).order_by(Message.id.desc())).first()
        assert newest.case_id != desk.case.id
        assert "nobody has proven" in newest.reason


@pytest.mark.parametrize(
    "change,field",
    [
        ({"email": ""}, "email"),
        ({"email": "x"}, "email"),
        ({"text": " "}, "text"),
        ({"email": "a@b.test\r\nBcc: c@d.test"}, "email"),
    ],
)
def test_what_is_missing_is_named(visitor, change, field):
    answer = visitor.ask("leave", {**LEFT, **change})
    assert answer.status_code == 422
    assert [each["field"] for each in answer.json["errors"]] == [field]


# ---------------------------------------------------------------- after the end
def test_a_rating_stands_on_the_case(visitor, desk):
    talk(visitor, desk)
    visitor.ask("end", {})
    assert visitor.ask("rating", {"stars": 4, "text": "Quick"}).status_code == 204
    assert visitor.ask("rating", {"stars": 5, "text": ""}).status_code == 204
    chat = the_chat()
    assert (chat.rating, chat.rating_text) == (5, "Quick")
    for stars in (0, 6, "5", True, None):
        assert visitor.ask("rating", {"stars": stars}).status_code == 422


def test_a_transcript_is_sent_once_somebody_has_answered(visitor, desk):
    talk(visitor, desk)
    assert visitor.ask("transcript", {"email": "dana@example.org"}).json["code"] == "chat_goes_on"
    visitor.ask("end", {})
    assert visitor.ask("transcript", {"email": "dana@example.org"}).status_code == 202
    (mail,) = all_of(select(Message).where(Message.case_id == the_chat().case_id, Message.kind == "email"))
    assert mail.recipients["to"] == [["dana@example.org", "Dana"]]
    assert "Dana: Hello" in mail.text
    assert "Alice: Good morning" in mail.text
    assert all_of(select(Delivery.account_id).where(Delivery.message_id == mail.id)) == [desk.account.id]
    assert [line["text"] for line in visitor.lines()] == ["Hello", "Good morning"]


def test_nobody_can_have_us_carry_their_own_words_to_others(visitor):
    visitor.begin()
    visitor.say("Buy now! https://spam.test")
    ingest_waiting()
    visitor.ask("end", {})
    assert visitor.ask("transcript", {"email": "victim@example.org"}).json["code"] == "nobody_answered"


# ---------------------------------------------------------------- signed visitors
def test_a_signed_visitor_is_the_same_person_in_every_chat(application, visitor):
    claims = {"sub": "42", "name": "Dana Fox", "email": "dana@example.org", "exp": utcnow().timestamp() + 600}
    for number in range(2):
        browser = VisitorBrowser(application)
        assert browser.begin(identity=signed(claims, secret=SECRET), name="Somebody else").json["signed"] is True
        browser.say("Hello", f"line-of-{number}")
        ingest_waiting()
    chats = all_of(select(Chat))
    assert {(chat.name, chat.email, chat.is_verified) for chat in chats} == {("Dana Fox", "dana@example.org", True)}
    assert len({chat.case_id for chat in chats}) == 2
    assert all_of(select(ContactPoint.address).where(ContactPoint.kind == "chat")) == [f"signed:{KEY}:42"]


def test_a_forged_identity_begins_nothing(visitor):
    claims = {"sub": "42", "exp": utcnow().timestamp() + 600}
    assert visitor.begin(identity=signed(claims, secret="not the secret of this widget")).status_code == 403
    assert all_of(select(Chat)) == []


# ---------------------------------------------------------------- ends by itself
def test_a_chat_that_nobody_goes_on_with_ends_but_an_unanswered_one_waits(application, visitor, desk):
    talk(visitor, desk)
    other = VisitorBrowser(application)
    other.begin()
    other.say("Anybody?", "other-one")
    ingest_waiting()
    answered, unanswered = all_of(select(Chat).order_by(Chat.id))
    with clock.at(utcnow() + idling.IDLE + timedelta(minutes=1)):
        for chat in (answered, unanswered):
            jobs.run(idling.JOB, chat.id)
    assert [chat.state for chat in all_of(select(Chat).order_by(Chat.id))] == ["ended", "open"]
    with clock.at(utcnow() + idling.UNANSWERED + timedelta(hours=1)):
        jobs.run(idling.JOB, unanswered.id)
    assert {chat.ended_by for chat in all_of(select(Chat))} == {"time"}


def test_a_chat_whose_case_is_archived_is_over(visitor, desk):
    talk(visitor, desk)
    with unit_of_work():
        cases.archive(cases.lock(the_chat().case_id), outcome="resolved", retain_until=utcnow())
    assert the_chat().state == "ended"
