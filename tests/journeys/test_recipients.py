"""One mail to several people: who was put off is tried again, who has it never gets it twice, who was refused is shown."""

from __future__ import annotations

import pytest
from sqlalchemy import select, update

from app import db
from app.audit import service as audit
from app.clock import utcnow
from app.errors import Conflict
from app.messaging import accounts, delivery, outbox
from app.messaging.models import Delivery
from tests.channels.email.peers import far_end
from tests.journeys.mailing import mail

ANN, BEN, CY = "ann@far.test", "ben@far.test", "cy@far.test"


@pytest.fixture
def peer(office):
    """A far end whose answer to each recipient can be set, in place of the office's own."""
    with far_end() as peer:
        with db.unit_of_work():
            account = accounts.get(office.account_id)
            account.config = {**account.config, "smtp_port": peer.address[1]}
        yield peer


@pytest.fixture
def case(office):
    return office.case_of(mail())


@pytest.fixture
def send(office, case, peer):
    """Write to Ann, with copies to Ben and Cy, and return what tries it."""
    with db.unit_of_work() as session:
        session.execute(update(Delivery).values(state="sent"))  # the acknowledgement is not what this is about
        to = outbox.Outgoing(
            case.id, case.number, office.account_id, case.contact_id, to=[(ANN, "Ann")], cc=[(BEN, ""), (CY, "Cy")],
            subject="Boiler", text="We come on Monday.",
        )  # fmt: skip
        message_id = outbox.queue(to, author="Alice")
    with db.unit_of_work() as session:
        row_id = session.scalar(select(Delivery.id).where(Delivery.message_id == message_id))

    def attempt():
        with db.unit_of_work() as session:
            session.execute(update(Delivery).where(Delivery.id == row_id).values(due_at=utcnow()))
        delivery.deliver(row_id)
        with db.unit_of_work() as session:
            return session.get_one(Delivery, row_id)

    return attempt


def states(row):
    return {address: outcome["state"] for address, outcome in row.outcomes.items()}


def failures(case):
    with db.unit_of_work():
        return [e["data"] for e in audit.chain_events(f"case:{case.id}") if e["kind"] == "delivery_failed"]


def test_only_those_who_were_put_off_are_tried_again(send, peer, case):
    peer.rcpt_replies = {BEN: "450 4.2.0 greylisted", CY: "550 5.1.1 no such user"}
    row = send()
    assert (row.state, states(row)) == ("queued", {ANN: "sent", BEN: "deferred", CY: "failed"})
    assert "greylisted" in row.detail
    assert "no such user" in row.outcomes[CY]["detail"]
    assert [data["recipients"] for data in failures(case)] == [[CY]], "told at once, and once"
    row = send()
    assert row.state == "queued"
    assert peer.mails[1:] == [], "nobody would take it, so nothing was sent"
    peer.rcpt_replies = {}
    row = send()
    assert (row.state, states(row)) == ("sent", {ANN: "sent", BEN: "sent", CY: "failed"})
    assert [rcpt for _, rcpt, _ in peer.mails] == [[ANN], [BEN]]
    assert len(failures(case)) == 1
    first, second = (raw.split(b"\r\n\r\n")[0] for _, _, raw in peer.mails)
    for line in (b"To: Ann <ann@far.test>", b"Cc: ben@far.test, Cy <cy@far.test>"):
        assert line in first
        assert line in second, "the headers still say who got it"
    message_ids = {line for head in (first, second) for line in head.split(b"\r\n") if line.startswith(b"Message-ID")}
    assert len(message_ids) == 1


def test_who_is_put_off_for_ever_is_given_up_in_the_end(send, peer, case):
    peer.rcpt_replies = {BEN: "452 4.2.2 mailbox full"}
    row = send()
    for _ in delivery.BACKOFF:
        assert row.state == "queued"
        row = send()
    assert (row.state, row.reason) == ("sent", "mailbox_full")
    assert states(row) == {ANN: "sent", BEN: "failed", CY: "sent"}
    assert [data["recipients"] for data in failures(case)] == [[BEN]]
    assert len(peer.mails) == 1


def test_a_mail_nobody_takes_yet_keeps_who_was_refused_for_good(send, peer):
    peer.rcpt_replies = {ANN: "451 later", BEN: "550 never", CY: "451 later"}
    row = send()
    assert (row.state, states(row)) == ("queued", {ANN: "deferred", BEN: "failed", CY: "deferred"})
    peer.rcpt_replies = {}
    row = send()
    assert (row.state, [rcpt for _, rcpt, _ in peer.mails]) == ("sent", [[ANN, CY]])


def test_a_mail_everybody_refuses_has_failed(send, peer, case):
    peer.rcpt_replies = dict.fromkeys((ANN, BEN, CY), "550 5.1.1 never")
    row = send()
    assert (row.state, set(states(row).values())) == ("failed", {"failed"})
    assert len(failures(case)) == 1
    assert sorted(failures(case)[0]["recipients"]) == [ANN, BEN, CY]


def test_a_connection_lost_after_the_data_repeats_for_those_in_doubt_alone(send, peer):
    peer.rcpt_replies = {BEN: "450 later"}
    send()
    peer.rcpt_replies, peer.hang_up_after_data = {}, True
    row = send()
    assert (row.state, row.reason, states(row)[ANN]) == ("queued", "in_doubt", "sent")
    peer.hang_up_after_data = False
    row = send()
    assert (row.state, row.reason) == ("sent", "in_doubt"), "it may have arrived twice, and says so"
    assert [rcpt for _, rcpt, _ in peer.mails] == [[ANN, CY], [BEN], [BEN]]


def test_a_refused_copy_can_be_sent_again_to_that_person_alone(send, peer, case):
    peer.rcpt_replies = {BEN: "550 5.1.1 never"}
    row = send()
    assert (row.state, row.may_send_again) == ("sent", True)
    peer.rcpt_replies = {}
    with db.unit_of_work():
        delivery.send_again(row.id)
    row = send()
    assert [rcpt for _, rcpt, _ in peer.mails] == [[ANN, CY], [BEN]]
    assert (row.may_send_again, row.detail) == (False, "")
    with db.unit_of_work(), pytest.raises(Conflict):
        delivery.send_again(row.id)


def test_a_bounce_while_others_wait_stops_nobody(send, peer):
    peer.rcpt_replies = {BEN: "450 later"}
    row = send()
    with db.unit_of_work():
        rfc_id = row.provider_id
        delivery.bounced(rfc_id, recipient="ANN@far.test", hard=True, status="5.1.1", detail="gone")
        delivery.bounced(rfc_id, recipient=CY, hard=False, status="4.4.7", detail="still trying")
    peer.rcpt_replies = {}
    row = send()
    assert (row.state, states(row)) == ("bounced", {ANN: "bounced", BEN: "sent", CY: "delayed"})
    assert [rcpt for _, rcpt, _ in peer.mails] == [[ANN, CY], [BEN]]
