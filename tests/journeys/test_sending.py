"""What leaves: sent once, tried again when that may help, given up when not, and in doubt when nobody can know."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from app import db, jobs
from app.audit import service as audit
from app.clock import utcnow
from app.errors import Conflict, Invalid, NotFound, Unavailable
from app.messaging import accounts, delivery, drafts, outbox
from app.messaging.models import Attachment, ChannelAccount, Delivery
from app.orchestration import writing
from tests.journeys.mailing import mail


@pytest.fixture
def case(office):
    """A case of Dana, whose acknowledgement waits."""
    return office.case_of(mail())


def health(office):
    with db.unit_of_work() as session:
        return session.get_one(ChannelAccount, office.account_id).outbound_health


def kinds(case):
    with db.unit_of_work():
        return [event["kind"] for event in audit.chain_events(f"case:{case.id}")]


def test_a_temporary_refusal_is_tried_again_later(office, case):
    office.far_end.answers = ["451 try later", "451 try later"]
    [row] = office.deliver()
    assert (row.state, row.attempts) == ("queued", 1)
    assert "451" in row.detail
    wait = (row.due_at - utcnow()).total_seconds()
    assert delivery.BACKOFF[0] * 0.5 < wait <= delivery.BACKOFF[0] * 1.6
    assert office.deliver()[0].attempts == 1, "not before its time"
    office.wait()
    [row] = office.deliver()
    assert (row.attempts, (row.due_at - utcnow()).total_seconds() > wait) == (2, True)
    office.wait()
    [row] = office.deliver()
    assert (row.state, row.attempts, len(office.far_end.mails)) == ("sent", 3, 1)


def test_a_final_refusal_is_given_up_and_put_on_record(office, case):
    office.far_end.answers = ["550 no such user"]
    [row] = office.deliver()
    assert row.state == "failed"
    assert "550" in row.detail
    assert "delivery_failed" in kinds(case)
    assert "message_unheard" not in kinds(case), "a process that does not wait for it is not an error"
    with db.unit_of_work():
        delivery.send_again(row.id)
    [row] = office.deliver()
    assert (row.state, row.reason, len(office.far_end.mails)) == ("sent", "", 1)
    assert "delivery_repeated" in kinds(case)


def test_what_was_sent_is_not_sent_again(office, case):
    [row] = office.deliver()
    assert delivery.deliver(row.id) is False
    with db.unit_of_work():
        with pytest.raises(Conflict):
            delivery.send_again(row.id)
        with pytest.raises(NotFound):
            delivery.send_again(999_999_999)


def test_every_try_carries_the_same_message_id(office, case):
    office.far_end.answers = ["451 later"]
    [row] = office.deliver()
    office.wait()
    office.deliver()
    outgoing = office.message(row.message_id)
    assert office.far_end.mails[0]["Message-ID"] == outgoing.rfc_id


def test_a_worker_that_died_while_sending_leaves_a_doubt(office, case):
    [row] = office.all(Delivery)
    with db.unit_of_work() as session:
        past = utcnow() - timedelta(seconds=1)
        session.execute(update(Delivery).values(state="sending", lease_until=past, attempts=1))
        assert delivery.due(limit=5) == [row.id]
    [row] = office.deliver()
    assert (row.state, row.reason) == ("sent", "in_doubt")
    assert "twice" in row.detail


def test_a_late_receipt_is_refused(office, case):
    [row] = office.all(Delivery)
    job = db.transact(lambda: delivery._claim(row.id))
    with db.unit_of_work() as session:
        session.execute(update(Delivery).values(fence=row.fence + 7))
    receipt = job.adapter.send(job.order)
    db.transact(lambda: delivery._sent(job, receipt))
    assert office.all(Delivery)[0].state == "sending"


def test_a_delivery_in_work_is_not_claimed_by_a_second_worker(office, case):
    [row] = office.all(Delivery)
    assert db.transact(lambda: delivery._claim(row.id)) is not None
    assert delivery.deliver(row.id) is False


def test_an_account_whose_server_is_gone_says_so_and_recovers(office, case):
    with db.unit_of_work():
        account = accounts.get(office.account_id)
        good = dict(account.config)
        account.config = {**good, "smtp_port": 9}
    [row] = office.deliver()
    assert (row.state, health(office)["state"]) == ("queued", "failing")
    assert health(office)["cause"] == "unreachable"
    assert health(office)["detail"]
    with db.unit_of_work():
        accounts.get(office.account_id).config = good
    office.wait()
    assert office.deliver()[0].state == "sent"
    assert health(office)["state"] == "ok"


def test_a_refused_recipient_does_not_make_the_account_ill(office, case):
    office.far_end.answers = ["550 no such user"]
    office.deliver()
    assert health(office)["state"] == "ok"


def test_a_person_replies_with_a_file_and_a_draft(office, case):
    alice = office.cast.alice.id
    with db.unit_of_work():
        drafts.save(case.id, alice, kind="reply", text="Please see")
        drafts.add_file(case.id, alice, name="plan.txt", media_type="text/plain", content=b"left, then right")
        assert drafts.get(case.id, alice).files[0]["size"] == 16
    with db.unit_of_work():
        kept = drafts.get(case.id, alice)
        writing.reply(case.id, user_id=alice, author="Alice", text="Please see the plan.", files=kept.files,
                      seen_message_id=kept.seen_message_id)  # fmt: skip
        assert drafts.get(case.id, alice) is None
    office.deliver()
    sent = office.far_end.mails[-1]
    assert [part.get_filename() for part in sent.iter_attachments()] == ["plan.txt"]
    assert "Auto-Submitted" not in sent
    assert sent["In-Reply-To"] == office.last().rfc_id
    assert len(office.all(Attachment)) == 1


def test_a_reply_is_held_when_the_customer_wrote_meanwhile(office, case):
    alice = office.cast.alice.id
    with db.unit_of_work():
        drafts.save(case.id, alice, kind="reply", text="We come on Monday.")
        seen = drafts.get(case.id, alice).seen_message_id
    office.case_of(mail("Please not on Monday!", In_Reply_To=office.last().rfc_id))
    with db.unit_of_work(), pytest.raises(Conflict) as refused:
        writing.reply(case.id, user_id=alice, author="Alice", text="We come on Monday.", seen_message_id=seen)
    assert refused.value.facts["newest"] == office.last().id
    with db.unit_of_work():
        assert drafts.get(case.id, alice).text == "We come on Monday."


def test_drafts_have_limits(office, case):
    alice = office.cast.alice.id
    with db.unit_of_work():
        with pytest.raises(Invalid):
            drafts.save(case.id, alice, kind="shout", text="x")
        with pytest.raises(Invalid):
            drafts.add_file(case.id, alice, name="empty", media_type="text/plain", content=b"")
        for number in range(drafts.MAX_FILES):
            drafts.add_file(case.id, alice, name=f"{number}", media_type="text/plain", content=b"%d" % number)
        with pytest.raises(Invalid):
            drafts.add_file(case.id, alice, name="one more", media_type="text/plain", content=b"x")
        left = drafts.remove_file(case.id, alice, drafts.get(case.id, alice).files[0]["digest"])
        assert len(left) == drafts.MAX_FILES - 1
        drafts.discard(case.id, alice)
        drafts.save(case.id, alice, kind="reply", text="  ")
        assert drafts.get(case.id, alice) is None


def test_nothing_is_queued_through_an_account_that_is_off(office, case):
    with db.unit_of_work():
        accounts.get(office.account_id).is_enabled = False
    with db.unit_of_work(), pytest.raises(Unavailable):
        writing.reply(case.id, user_id=office.cast.alice.id, author="Alice", text="Hello")


def test_a_message_needs_words_and_a_reader(office, case):
    empty = {
        "case_id": case.id,
        "case_number": case.number,
        "account_id": office.account_id,
        "contact_id": None,
        "subject": "x",
    }
    with db.unit_of_work():
        for wrong in ({"to": [("a@b.example", "")], "text": " "}, {"to": [], "text": "x"},
                      {"to": [("a@b.example", "")], "text": "x" * (outbox.MAX_TEXT + 1)}):  # fmt: skip
            with pytest.raises(Invalid):
                outbox.queue(outbox.Outgoing(**empty, **wrong), author="x")


def test_the_sweep_rings_for_what_nobody_heard(office, case, bell):
    bell.rung.clear()
    assert jobs.sweep() == 1
    assert bell.rung == [("deliver", office.all(Delivery)[0].id)]


def test_work_inline_does_it_all_without_a_bell(office):
    office.receive(mail(), work=False)
    assert jobs.work_inline() >= 2
    assert len(office.far_end.mails) == 1
