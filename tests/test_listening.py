"""The edge: whose address it is, what the sender hears, and a round trip through the real listener."""

from __future__ import annotations

import smtplib
import threading
from collections.abc import Iterator

import pytest
from sqlalchemy import select

from app import db, jobs, listening
from app.clock import utcnow
from app.messaging import accounts
from app.messaging.models import Envelope, Message
from channels.email.smtp_listener import LATER, STORED, run_listener
from channels.port import RawEnvelope
from tests.journeys.mailing import mail
from tests.support.desk import make_desk
from tests.support.people import make_cast


def save(address: str, *, enabled: bool = True, **config: object) -> int:
    """A mailbox that takes mail from the listener."""
    row = accounts.save(
        None, kind="email", provider="smtp", name=address, address=address, secrets={}, queue_key="service", is_enabled=enabled,
        config={"address": address, "smtp_host": "127.0.0.1", "smtp_security": "none", **config},
    )  # fmt: skip
    return row.id


@pytest.fixture(autouse=True)
def nothing_remembered() -> Iterator[None]:
    """What the process knew of addresses belongs to the test before."""
    listening._kept.clear()
    yield
    listening._kept.clear()


@pytest.fixture
def mailboxes(request) -> dict[str, int]:
    request.getfixturevalue("db")
    with db.unit_of_work():
        make_desk(make_cast())
        return {
            "help": save("help@ringback.test", aliases=("care@ringback.test", "Hilfe@ringback.test")),
            "off": save("off@ringback.test", enabled=False),
        }


@pytest.mark.parametrize(
    "recipient,box",
    [
        ("help@ringback.test", "help"), ("HELP@Ringback.Test", "help"), ("help+rb-abc@ringback.test", "help"),
        ("care@ringback.test", "help"), ("hilfe@ringback.test", "help"), ("off@ringback.test", None),
        ("nobody@ringback.test", None), ("help@elsewhere.test", None), ("", None), ("help", None), ("@", None),
    ],
)  # fmt: skip
def test_whose_address_it_is(mailboxes, recipient, box):
    assert listening.account_for(recipient) == (mailboxes[box] if box else None)


def item(recipient: str, raw: bytes | None = None) -> RawEnvelope:
    return RawEnvelope(raw or mail(), "", utcnow(), {"mail_from": "dana@example.org", "rcpt_to": [recipient]})


def test_each_mail_of_a_group_gets_its_own_verdict(mailboxes, bell):
    verdicts = listening.accept([item("help@ringback.test"), item("nobody@ringback.test"), item("care@ringback.test")])
    assert verdicts == [STORED, LATER, STORED]
    with db.unit_of_work() as session:
        assert [row.account_id for row in session.scalars(select(Envelope))] == [mailboxes["help"]] * 2
    assert [job for job, _ in bell.rung] == ["ingest", "ingest"]


def test_a_mail_for_two_of_ours_is_stored_once(mailboxes):
    both = RawEnvelope(mail(), "", utcnow(), {"rcpt_to": ["nobody@x.test", "desk@ringback.test", "help@ringback.test"]})
    assert listening.accept([both]) == [STORED]
    with db.unit_of_work() as session:
        assert len(list(session.scalars(select(Envelope)))) == 1


def test_the_same_mail_again_is_welcome_and_stored_once(mailboxes):
    again = item("help@ringback.test")
    assert listening.accept([again, again]) == [STORED, STORED]
    with db.unit_of_work() as session:
        assert len(list(session.scalars(select(Envelope)))) == 1


@pytest.mark.committed
def test_a_round_trip_through_the_real_listener(mailboxes):
    stop, up = threading.Event(), threading.Event()
    where: list[tuple[str, int]] = []

    def ready(host: str, port: int) -> None:
        where.append((host, port))
        up.set()

    thread = threading.Thread(
        target=run_listener, args=("127.0.0.1", 0),
        kwargs={
            "accept": listening.accept, "check_recipient": lambda address: listening.account_for(address) is not None,
            "hostname": "desk.test", "stop": stop, "ready": ready,
        },
    )  # fmt: skip
    thread.start()
    try:
        assert up.wait(10)
        with smtplib.SMTP(*where[0], timeout=20) as client:
            client.sendmail("dana@example.org", ["care@ringback.test"], mail(Message_ID="<over-smtp@example.org>"))
            with pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
                client.sendmail("dana@example.org", ["nobody@ringback.test"], mail())
            assert refused.value.recipients["nobody@ringback.test"][0] == 550
        with db.unit_of_work() as session:
            assert session.scalars(select(Envelope.state)).all() == ["received"], "250 means that it is ours"
        jobs.ingest(0)
        with db.unit_of_work() as session:
            assert session.scalar(select(Message.author).where(Message.rfc_id == "<over-smtp@example.org>")) == "Dana"
    finally:
        stop.set()
        thread.join(20)
