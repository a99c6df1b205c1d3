"""The edge: whose address it is, what the sender hears, and round trips through the real listener, encrypted too."""

from __future__ import annotations

import smtplib
import ssl
import threading
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from sqlalchemy import select

from app import db, jobs, listening
from app import mailboxes as watching
from app.clock import utcnow
from app.errors import Invalid
from app.messaging import accounts
from app.messaging.models import ChannelAccount, Envelope, Message
from app.settings import read_settings, settings
from channels.email.smtp_listener import LATER, STORED, run_listener
from channels.port import RawEnvelope
from tests.channels.email.peers import make_certificate
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


# ---------------------------------------------------------------- TLS at the listener
@contextmanager
def running(monkeypatch: pytest.MonkeyPatch, **environment: str) -> Iterator[tuple[str, int]]:
    """The whole mail-taking process in a thread, on a free port."""
    for name, value in {"SMTP_HOST": "127.0.0.1", "SMTP_PORT": "0", **environment}.items():
        monkeypatch.setenv(name, value)
    settings.cache_clear()
    monkeypatch.setattr(watching, "LOOK_SECONDS", 0.05)
    stop, up, where = threading.Event(), threading.Event(), list[tuple[str, int]]()

    def ready(host: str, port: int) -> None:
        where.append((host, port))
        up.set()

    thread = threading.Thread(target=listening.run, args=(stop,), kwargs={"ready": ready})
    thread.start()
    try:
        assert up.wait(10)
        yield where[0]
    finally:
        stop.set()
        thread.join(20)
        for other in threading.enumerate():
            if other.name == "accounts":
                other.join(20)
        settings.cache_clear()


def health_of(account_id: int, until: Callable[[dict[str, str]], bool]) -> dict[str, str]:
    """The inbound health once it is as expected, or as it is after ten seconds."""
    for _ in range(200):
        with db.unit_of_work() as session:
            found = session.get_one(ChannelAccount, account_id).inbound_health
        if until(found):
            break
        threading.Event().wait(0.05)
    return dict(found)


@pytest.mark.committed
def test_the_process_takes_mail_encrypted_and_shows_a_certificate_that_went_bad(mailboxes, monkeypatch, tmp_path):
    monkeypatch.setattr("channels.email.smtp_certificate.LOOK_SECONDS", 0.0)
    own = make_certificate(tmp_path)
    files = {"SMTP_TLS_CERT": str(own.cert), "SMTP_TLS_KEY": str(own.key), "SMTP_REQUIRE_TLS": "on"}
    with running(monkeypatch, **files) as where:
        with smtplib.SMTP(*where, timeout=20) as client:
            client.starttls(context=ssl.create_default_context(cafile=str(own.cert)))
            client.sendmail("dana@example.org", ["help@ringback.test"], mail())
        assert health_of(mailboxes["help"], lambda health: health["state"] == "ok")["state"] == "ok"
        good = own.cert.read_bytes()
        own.cert.write_text("nothing")
        seen = health_of(mailboxes["help"], lambda health: health["state"] != "ok")
        assert (seen["state"], seen["cause"]) == ("degraded", "tls_failed"), "the last good one is still in use"
        assert str(own.cert) in seen["detail"]
        own.cert.write_bytes(good)
        assert health_of(mailboxes["help"], lambda health: health["state"] == "ok")["detail"] == ""
    with db.unit_of_work() as session:
        assert [row.meta["tls"] for row in session.scalars(select(Envelope))] == [True]


@pytest.mark.committed
def test_without_any_usable_certificate_the_process_stays_up_and_says_so(mailboxes, monkeypatch, tmp_path):
    files = {"SMTP_TLS_CERT": str(tmp_path / "none.pem"), "SMTP_TLS_KEY": str(tmp_path / "none.key")}
    with running(monkeypatch, **files) as where, smtplib.SMTP(*where, timeout=20) as client:
        client.ehlo()
        assert not client.has_extn("starttls")
        client.sendmail("dana@example.org", ["help@ringback.test"], mail())
        seen = health_of(mailboxes["help"], lambda health: health["state"] == "degraded")
        assert "SMTP_TLS_CERT" in seen["detail"]
    with running(monkeypatch, **files, SMTP_REQUIRE_TLS="on") as where, smtplib.SMTP(*where, timeout=20) as client:
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            client.sendmail("dana@example.org", ["help@ringback.test"], mail())
        assert refused.value.smtp_code == 451
        assert health_of(mailboxes["help"], lambda health: health["state"] == "failing")["state"] == "failing"
    with db.unit_of_work() as session:
        assert session.get_one(ChannelAccount, mailboxes["off"]).inbound_health["state"] == "unknown"


@pytest.mark.parametrize(
    "wrong,named",
    [
        ({"SMTP_REQUIRE_TLS": "maybe"}, "SMTP_REQUIRE_TLS"),
        ({"SMTP_REQUIRE_TLS": "on"}, "SMTP_TLS_CERT"),
        ({"SMTP_TLS_KEY": "/k"}, "SMTP_TLS_CERT"),
    ],
)
def test_settings_that_cannot_be_are_named(monkeypatch, wrong, named):
    for name, value in wrong.items():
        monkeypatch.setenv(name, value)
    with pytest.raises(Invalid) as refused:
        read_settings()
    assert named in refused.value.message


def test_one_file_may_hold_certificate_and_key(monkeypatch):
    monkeypatch.setenv("SMTP_TLS_CERT", "/etc/both.pem")
    assert read_settings().smtp_tls_key == Path("/etc/both.pem")
