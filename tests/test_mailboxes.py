"""Mailboxes that are fetched, from a real Dovecot into rows: noticed, stored, marked, and well or ill with the cause."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator

import pytest
from sqlalchemy import select

from app import db as frame
from app import jobs, mailboxes
from app.messaging import accounts
from app.messaging.models import ChannelAccount, Envelope, Message
from tests.channels.email import peers
from tests.channels.email.peers import PASSWORD, line_to, raw_server
from tests.journeys.mailing import mail
from tests.support.desk import make_desk
from tests.support.people import make_cast

pytestmark = [pytest.mark.dovecot, pytest.mark.committed]


@pytest.fixture(scope="module")
def imap_server():
    if peers.DOVECOT is None:
        pytest.skip(peers.WHY_NO_DOVECOT)
    with peers.dovecot() as server:
        yield server


@pytest.fixture
def user(imap_server):
    return imap_server.new_user()


@pytest.fixture
def box(imap_server, user):
    """The mailbox as its owner sees it."""
    client = imap_server.client(user)
    client.select_folder("INBOX")
    yield client
    client.logout()


@pytest.fixture
def desk(db):
    with frame.unit_of_work():
        make_desk(make_cast())


@pytest.fixture
def save(desk, imap_server, user):
    """Add a mailbox, or save it again with other settings."""

    def one(account_id=None, *, address="box@ringback.test", password=PASSWORD, is_enabled=True, **config):
        given = {
            "address": address, "inbound": "imap", "imap_host": "127.0.0.1", "imap_port": imap_server.port,
            "imap_security": "none", "imap_user": user, **config,
        }  # fmt: skip
        with frame.unit_of_work():
            return accounts.save(
                account_id, kind="email", provider="smtp", name=address, address=address, queue_key="service",
                config=given, secrets={"imap_password": password}, is_enabled=is_enabled,
            ).id  # fmt: skip

    return one


@pytest.fixture
def follow(monkeypatch, desk) -> Iterator[Callable[[], None]]:
    """Start what follows the accounts; at the end all of its threads have to go home."""
    monkeypatch.setattr(mailboxes, "LOOK_SECONDS", 0.05)
    monkeypatch.setattr(mailboxes, "RETRY_SECONDS", 0.1)
    monkeypatch.setattr("channels.email.imap.BACKOFF_LOGIN", 0.2)
    monkeypatch.setattr("channels.email.imap.BACKOFF_LAST", 0.3)
    monkeypatch.setattr("channels.email.imap_session.IDLE_STEP_SECONDS", 0.1)
    stop = threading.Event()
    thread = threading.Thread(target=mailboxes.follow, args=(stop,), name="following")
    yield thread.start
    stop.set()
    if thread.ident is not None:
        thread.join(20)
    for other in threading.enumerate():
        if other.name.startswith("mailbox-"):
            other.join(20)
            assert not other.is_alive(), "a watcher did not hear that it should stop"


def eventually(look: Callable[[], object], seconds: float = 20) -> object:
    """Return what `look` returns once it is something, or fail."""
    end = time.monotonic() + seconds
    while time.monotonic() < end:
        if found := look():
            return found
        time.sleep(0.03)
    raise AssertionError("it never came")


def envelopes() -> list[Envelope]:
    with frame.unit_of_work() as session:
        return list(session.scalars(select(Envelope).order_by(Envelope.id)))


def arrived(count: int) -> list[Envelope]:
    return eventually(lambda: found if len(found := envelopes()) >= count else None)  # type: ignore[return-value]


def health(account_id: int, state: str, cause: str = "none") -> dict[str, str]:
    def look() -> dict[str, str] | None:
        with frame.unit_of_work() as session:
            found = session.get_one(ChannelAccount, account_id).inbound_health
        return found if (found["state"], found["cause"]) == (state, cause) else None

    return eventually(look)  # type: ignore[return-value]


def seen(box) -> list[bool]:
    box.noop()
    return [b"\\Seen" in flags for _, flags in sorted(box.get_flags(box.search("ALL")).items())]


# ---------------------------------------------------------------- mail comes in
def test_a_mail_is_noticed_stored_marked_and_becomes_a_case(save, follow, box):
    account_id = save()
    follow()
    health(account_id, "ok")
    box.append("INBOX", mail("The pump is loud.", Message_ID="<pump@example.org>"))
    [envelope] = arrived(1)
    assert envelope.meta["via"] == "imap"
    eventually(lambda: all(seen(box)))
    jobs.ingest(0)
    with frame.unit_of_work() as session:
        assert session.scalar(select(Message.text).where(Message.rfc_id == "<pump@example.org>"))


def test_a_mail_is_marked_only_after_its_commit(save, follow, box, monkeypatch):
    from app.messaging import intake

    real, let = intake.accept, threading.Event()
    tried = threading.Event()

    def fail_first(account_id, items):
        if items and not let.is_set():
            tried.set()
            raise ConnectionError("the disk is full")
        return real(account_id, items)

    monkeypatch.setattr(intake, "accept", fail_first)
    save()
    box.append("INBOX", mail())
    follow()
    assert tried.wait(10)
    assert seen(box) == [False]
    assert envelopes() == []
    let.set()
    arrived(1)
    eventually(lambda: seen(box) == [True])


def test_stored_mail_is_moved(save, follow, box):
    save(imap_after="move", imap_done_folder="Done")
    box.append("INBOX", mail())
    follow()
    arrived(1)
    eventually(lambda: box.folder_exists("Done") and box.folder_status("Done", ["MESSAGES"])[b"MESSAGES"] == 1)


def watched() -> bool:
    return any(thread.name.startswith("mailbox-") for thread in threading.enumerate())


def test_a_folder_made_anew_brings_nothing_twice_into_the_desk(save, follow, box):
    account_id = save(imap_folder="Work")
    box.create_folder("Work")
    old = mail(Message_ID="<old@example.org>")
    box.append("Work", old)
    follow()
    arrived(1)
    jobs.ingest(0)
    with frame.unit_of_work():
        first = accounts.get(account_id).cursor["at"]
    save(account_id, imap_folder="Work", is_enabled=False)  # a server may refuse to delete what somebody looks into
    eventually(lambda: not watched())
    box.delete_folder("Work")
    box.create_folder("Work")
    box.append("Work", old)
    box.append("Work", mail(Message_ID="<new@example.org>"))
    save(account_id, imap_folder="Work")
    arrived(3)
    jobs.ingest(0)
    with frame.unit_of_work() as session:
        assert session.scalars(select(Message.rfc_id).where(Message.direction == "in", Message.rfc_id.like("<%@example.org>"))
                               .order_by(Message.id)).all()[-2:] == ["<old@example.org>", "<new@example.org>"]  # fmt: skip
        assert accounts.get(account_id).cursor["at"] != first
    assert "the same message is there already" in envelopes()[1].reason


def test_a_server_without_idle_is_polled(save, follow, box, imap_server, monkeypatch):
    from channels.email.imap_session import ImapSession

    monkeypatch.setattr(ImapSession, "idle", lambda *_, **__: pytest.fail("said IDLE"))
    with line_to((imap_server.host, imap_server.port), hidden=b" IDLE") as line:
        account_id = save(imap_port=line.address[1], poll_seconds=5)
        follow()
        health(account_id, "ok")
        box.append("INBOX", mail())
        arrived(1)


# ---------------------------------------------------------------- lines break
def test_a_line_that_breaks_while_it_is_idle_is_opened_again(save, follow, box, imap_server):
    with line_to((imap_server.host, imap_server.port)) as line:
        account_id = save(imap_port=line.address[1])
        follow()
        health(account_id, "ok")
        for number in range(3):
            line.drop()
            box.append("INBOX", mail(f"Mail {number}"))
            arrived(number + 1)
        health(account_id, "ok")


def test_a_line_that_breaks_inside_a_mail_stores_no_part_of_it(save, follow, box, imap_server):
    large, small = mail("x" * 3_000_000, Message_ID="<large@example.org>"), mail(Message_ID="<small@example.org>")
    box.append("INBOX", large)
    box.append("INBOX", small)
    with line_to((imap_server.host, imap_server.port), budget=1_000_000, cuts=1) as line:
        save(imap_port=line.address[1])
        follow()
        found = arrived(2)
    sizes = sorted(len(raw_of(envelope)) for envelope in found)
    assert sizes == sorted([len(large), len(small)])


def raw_of(envelope: Envelope) -> bytes:
    from app import blobs

    with frame.unit_of_work():
        return blobs.get(envelope.digest)


def test_a_mail_that_cannot_be_had_does_not_block_the_next(save, follow, box, imap_server, user):
    for number in range(3):
        box.append("INBOX", mail(f"Mail {number}", subject=f"Number {number}"))
    for path in (imap_server.mail / user).rglob("*"):
        if path.is_file() and b"Number 1" in path.read_bytes():
            path.chmod(0)
    save()
    follow()
    found = arrived(3)
    assert [envelope.meta["problem"] for envelope in found] == ["", "", "unfetchable"]
    box.append("INBOX", mail())
    arrived(4)


# ---------------------------------------------------------------- health with its cause
def test_a_wrong_password_is_named_and_a_right_one_is_taken_up_without_a_restart(save, follow, box):
    account_id = save(password="wrong")
    box.append("INBOX", mail())
    follow()
    told = health(account_id, "failing", "bad_credentials")
    assert "password" in told["detail"]
    assert "wrong" not in told["detail"]
    assert "refuses the login: Authentication failed. Enter user" in told["detail"]
    save(account_id)
    health(account_id, "ok")
    arrived(1)


def test_a_silent_server_is_named_and_delays_no_other_mailbox(save, follow, box, monkeypatch):
    monkeypatch.setattr("channels.email.imap_line.CONNECT_SECONDS", 1.0)
    monkeypatch.setattr("channels.email.imap_line.READ_SECONDS", 1.0)
    with raw_server(lambda sock: sock.recv(1)) as silent:
        dead = save(address="dead@ringback.test", imap_port=silent[1])
        well = save()
        follow()
        for number in range(5):
            box.append("INBOX", mail(f"Mail {number}"))
            arrived(number + 1)
        health(well, "ok")
        health(dead, "failing", "timed_out")
    assert {envelope.account_id for envelope in envelopes()} == {well}


def test_a_full_mailbox_is_named_while_its_mail_still_comes_in(save, follow, imap_server, monkeypatch):
    from imapclient import IMAPClient

    real = IMAPClient.has_capability
    monkeypatch.setattr(IMAPClient, "has_capability", lambda self, name: name != "MOVE" and real(self, name))
    full = imap_server.new_user(prefix="full")
    client = imap_server.client(full)
    client.append("INBOX", mail("x" * 15_000))
    account_id = save(imap_user=full, imap_after="move", imap_done_folder="Done")
    follow()
    arrived(1)
    told = health(account_id, "degraded", "mailbox_full")
    assert "Quota" in told["detail"] or "quota" in told["detail"]
    client.append("INBOX", mail("still room for a small one"))
    arrived(2)
    client.logout()


@pytest.mark.parametrize(
    "config,cause",
    [({"imap_folder": "Nowhere"}, "folder_missing"), ({"imap_security": "tls"}, "tls_failed"),
     ({"imap_security": "starttls"}, "tls_failed")],
)  # fmt: skip
def test_other_causes_are_named(save, follow, config, cause):
    account_id = save(**config)
    follow()
    assert health(account_id, "failing", cause)["detail"]


def test_secrets_that_cannot_be_read_are_named(save, follow):
    account_id = save()
    with frame.unit_of_work() as session:
        session.get_one(ChannelAccount, account_id).secrets = "sealed with another key"
    follow()
    assert "SECRET_KEY" in health(account_id, "failing", "misconfigured")["detail"]


# ---------------------------------------------------------------- accounts change while they are watched
def test_a_mailbox_that_is_switched_off_is_left_alone_until_it_is_on_again(save, follow, box):
    account_id = save()
    follow()
    health(account_id, "ok")
    save(account_id, is_enabled=False)
    eventually(lambda: not [t for t in threading.enumerate() if t.name == f"mailbox-{account_id}"])
    box.append("INBOX", mail())
    time.sleep(0.3)
    assert (envelopes(), seen(box)) == ([], [False])
    save(account_id)
    arrived(1)


def test_a_removed_mailbox_is_left_alone(save, follow, box):
    account_id = save()
    follow()
    health(account_id, "ok")
    with frame.unit_of_work():
        accounts.remove(account_id)
    eventually(lambda: not [t for t in threading.enumerate() if t.name == f"mailbox-{account_id}"])
    box.append("INBOX", mail())
    time.sleep(0.2)
    assert envelopes() == []


def test_another_folder_is_read_as_soon_as_it_is_saved(save, follow, box):
    account_id = save()
    box.create_folder("Work")
    follow()
    health(account_id, "ok")
    box.append("Work", mail())
    save(account_id, imap_folder="Work")
    [envelope] = arrived(1)
    assert envelope.meta["folder"] == "Work"


def test_a_watcher_that_was_replaced_stores_nothing_any_more(save):
    from app.clock import utcnow
    from channels.outcomes import TemporaryFailure
    from channels.port import RawEnvelope

    account_id, stop = save(), threading.Event()
    commit = mailboxes._committing(account_id, stop)
    commit([RawEnvelope(mail(), "1:1", utcnow())], "{}")
    stop.set()
    with pytest.raises(TemporaryFailure):
        commit([RawEnvelope(mail(), "1:2", utcnow())], "{}")
    assert len(envelopes()) == 1


def test_a_database_that_is_away_ends_no_watcher(save, follow, box, monkeypatch):
    account_id = save()
    real, away = mailboxes._opened, threading.Event()
    away.set()
    tries = []

    def opened(wanted):
        tries.append(wanted)
        if away.is_set():
            raise ConnectionError("the database is away")
        return real(wanted)

    monkeypatch.setattr(mailboxes, "_opened", opened)
    box.append("INBOX", mail())
    follow()
    eventually(lambda: len(tries) > 2)
    away.clear()
    arrived(1)
    health(account_id, "ok")
