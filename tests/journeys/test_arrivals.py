"""What comes in besides customers' mails: echoes, automatic mail, bounces, copies, rubbish. Nothing is lost and nothing loops."""

from __future__ import annotations

import pytest
from sqlalchemy import TextClause, select, text, update

from app import blobs, db, jobs
from app.audit import service as audit
from app.cases.models import Case
from app.clock import utcnow
from app.contacts.models import Contact
from app.messaging import intake, queries
from app.messaging.models import Delivery, Envelope, Message
from channels.port import RawEnvelope
from tests.journeys.mailing import DESK, mail


def settled(office, *mails, **options):
    """Receive mails and return what became of the envelopes."""
    return [office.envelope(one) for one in office.receive(*mails, **options)]


# ---------------------------------------------------------------- loops
@pytest.mark.parametrize("headers", [{"sender": DESK}, {"X_Ringback_Loop": "1"}])
def test_our_own_mail_opens_nothing_but_stays_visible(office, headers):
    [envelope] = settled(office, mail(**headers))
    assert envelope.state == "dropped"
    assert envelope.reason.startswith("dropped: it c")
    assert office.all(Case) == []
    with db.unit_of_work():
        assert [row.id for row in queries.troubled_envelopes()] == [envelope.id]


@pytest.mark.parametrize(
    "headers", [{"Auto_Submitted": "auto-replied"}, {"List_Id": "<news.example.org>"}, {"Precedence": "bulk"}]
)
def test_automatic_mail_opens_a_case_and_is_not_answered(office, headers):
    case = office.case_of(mail(**headers))
    assert case.auto != "none"
    assert office.all(Delivery) == []
    with db.unit_of_work():
        [held] = [e for e in audit.chain_events(f"case:{case.id}") if e["kind"] == "auto_mail_held"]
        assert "automatic" in held["data"]["why"]


def test_an_automatic_answer_to_an_acknowledgement_is_stored_and_starts_nothing(office):
    case = office.case_of(mail())
    office.deliver()
    answer = mail(
        "I am away.",
        subject="Out of office",
        Auto_Submitted="auto-replied",
        In_Reply_To=office.far_end.mails[0]["Message-ID"],
    )
    assert office.case_of(answer).id == case.id
    assert len(office.all(Delivery)) == 1
    with db.unit_of_work():
        assert "attention_drawn" not in [e["kind"] for e in audit.chain_events(f"case:{case.id}")]


def test_one_address_gets_three_automatic_mails_an_hour_and_no_more(office):
    for _ in range(5):
        office.case_of(mail(sender="Robot <DANA@example.org>"))
    office.case_of(mail(sender="erin@example.org"))
    assert len(office.all(Case)) == 6
    to = [m.recipients["to"][0][0] for m in office.all(Message) if m.direction == "out"]
    assert sorted(to) == ["dana@example.org"] * 3 + ["erin@example.org"]


def test_two_machines_that_answer_each_other_stop(office):
    """An autoresponder that hides what it is: answers every mail at once, with a new thread each time."""
    office.receive(mail())
    for _round in range(8):
        before = len(office.far_end.mails)
        office.deliver()
        for _sent in office.far_end.mails[before:]:
            office.receive(mail("Thank you for your mail!", subject="We got it"))
    assert len(office.far_end.mails) == 3


# ---------------------------------------------------------------- bounces
def bounce(message_id: str, *, status: str = "5.1.1", action: str = "failed") -> bytes:
    body = (
        "--b\r\nContent-Type: text/plain\r\n\r\nYour mail was not delivered.\r\n"
        "--b\r\nContent-Type: message/delivery-status\r\n\r\nReporting-MTA: dns; mx.example.org\r\n\r\n"
        f"Final-Recipient: rfc822; dana@example.org\r\nAction: {action}\r\nStatus: {status}\r\n"
        "Diagnostic-Code: smtp; 550 no such user\r\n\r\n"
        f"--b\r\nContent-Type: text/rfc822-headers\r\n\r\nMessage-ID: {message_id}\r\nSubject: x\r\n\r\n--b--"
    )
    return mail(
        body, sender="MAILER-DAEMON@mx.example.org", subject="Undelivered",
        Content_Type='multipart/report; report-type=delivery-status; boundary="b"',
    )  # fmt: skip


@pytest.mark.parametrize(
    "status,action,state,reason",
    [("5.1.1", "failed", "bounced", "bounced_hard"), ("4.2.2", "delayed", "sent", "bounced_soft")],
)
def test_a_bounce_is_tied_to_the_delivery_and_opens_no_case(office, status, action, state, reason):
    case = office.case_of(mail())
    office.deliver()
    raw = bounce(office.far_end.mails[0]["Message-ID"], status=status, action=action)
    [envelope] = settled(office, raw)
    assert (envelope.state, envelope.message_id) == ("done", None)
    [delivery] = office.all(Delivery)
    assert (delivery.state, delivery.reason) == (state, reason)
    assert "dana@example.org" in delivery.detail
    assert len(office.all(Case)) == 1
    with db.unit_of_work():
        [event] = [e for e in audit.chain_events(f"case:{case.id}") if e["kind"] == "delivery_bounced"]
        assert event["data"]["hard"] is (reason == "bounced_hard")


def test_a_bounce_of_something_we_never_sent_is_dropped(office):
    [envelope] = settled(office, bounce("<forged@example.org>"))
    assert (envelope.state, len(office.all(Case))) == ("dropped", 0)


# ---------------------------------------------------------------- duplicates
def test_the_same_bytes_are_taken_once(office):
    raw = mail()
    assert len(office.receive(raw, raw)) == 1
    assert office.receive(raw) == []
    assert len(office.all(Case)) == 1


def test_the_same_mail_by_another_way_is_one_message(office):
    raw = mail(Message_ID="<twice@example.org>")
    copies = [raw, b"Received: from relay-a by relay-b\r\n" + raw, b"Received: from relay-c by relay-d\r\n" + raw]
    states = [(row.state, row.reason) for row in settled(office, *copies)]
    assert [state for state, _ in states] == ["done", "dropped", "dropped"]
    assert "same message" in states[1][1]
    assert (len(office.all(Case)), len(office.all(Delivery))) == (1, 1)


def test_another_sender_may_use_the_same_message_id(office):
    settled(office, mail(Message_ID="<x@y.example>"), mail(Message_ID="<x@y.example>", sender="eve@example.org"))
    assert len(office.all(Case)) == 2


# ---------------------------------------------------------------- blocked, broken, too large
def test_a_blocked_sender_is_dropped_and_can_be_let_in_again(office):
    office.receive(mail())
    with db.unit_of_work() as session:
        session.execute(update(Contact).values(is_blocked=True))
    [envelope] = settled(office, mail())
    assert (envelope.state, envelope.reason) == ("dropped", "dropped: the sender is blocked")
    with db.unit_of_work() as session:
        session.execute(update(Contact).values(is_blocked=False))
        intake.replay(envelope.id)
    jobs.ingest(0)
    assert office.envelope(envelope.id).state == "done"
    assert len(office.all(Case)) == 2


@pytest.mark.parametrize(
    "raw", [b"\x00\xff\xfe rubbish", b"", b"Subject: no sender\r\n\r\nHello", b"From: @@@\r\n\r\nHi"]
)
def test_what_cannot_be_read_is_a_case_all_the_same(office, raw):
    case = office.case_of(raw + b"\r\n")
    assert case.subject
    with db.unit_of_work():
        assert blobs.get(office.last().raw_digest) == raw + b"\r\n"


def test_an_oversize_mail_is_a_case_that_says_so(office):
    item = RawEnvelope(mail()[:60], "big", utcnow(), {"mail_from": "dana@example.org", "rcpt_to": [DESK]}, "oversize")
    [envelope_id] = db.transact(lambda: intake.accept(office.account_id, [item]))
    jobs.ingest(0)
    assert office.envelope(envelope_id).state == "done"
    assert any("oversize" in problem for problem in office.last().problems)


def test_one_bad_mail_never_holds_up_the_next(office):
    """What fails is tried three times and then shown to a person; it can be worked on again once the cause is gone."""
    with db.unit_of_work() as session:  # a database that refuses this one: nothing a mail could do by itself
        session.execute(db_trap("create"))
    ids = office.receive(
        mail("Before"),
        mail("This is the poisoned one", sender="eve@example.org"),
        mail("After", sender="f@example.org"),
    )
    for _ in range(intake.MAX_ATTEMPTS - 1):
        with db.unit_of_work() as session:
            session.execute(update(Envelope).values(lease_until=None))
        jobs.ingest(0)
    assert [office.envelope(one).state for one in ids] == ["done", "failed", "done"]
    assert "poisoned" in office.envelope(ids[1]).error
    with db.unit_of_work() as session:
        session.execute(db_trap("drop"))
        intake.replay(ids[1])
    jobs.ingest(0)
    assert office.envelope(ids[1]).state == "done"
    assert len(office.all(Case)) == 3


def db_trap(what: str) -> TextClause:
    if what == "drop":
        return text("alter table messages drop constraint poisoned")
    return text("alter table messages add constraint poisoned check (text not like '%poisoned%')")


def test_mail_of_one_sender_is_worked_on_in_order(office):
    ids = office.receive(*(mail(f"Number {n}") for n in range(4)), work=False)
    with db.unit_of_work():
        assert [c.id for c in intake.claim(limit=10)] == [ids[0]]
    with db.unit_of_work() as session:
        session.execute(update(Envelope).values(lease_until=None))
    jobs.ingest(0)
    with db.unit_of_work() as session:
        assert list(session.scalars(select(Message.text).where(Message.direction == "in").order_by(Message.id))) == [
            f"Number {n}" for n in range(4)
        ]
