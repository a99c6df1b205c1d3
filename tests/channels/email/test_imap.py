"""Reading a mailbox from a real Dovecot: nothing lost, nothing stored twice, nothing marked before it is stored."""

from __future__ import annotations

import os
import shutil
import socket
import threading
import time

import pytest

from channels.email.config import EmailConfig
from channels.email.imap import ImapPoller, _pause
from channels.email.imap_cursor import Cursor, load_cursor
from channels.outcomes import HealthState, Reason, TemporaryFailure
from tests.channels.email.peers import PASSWORD, line_to, raw_server

pytestmark = pytest.mark.dovecot

NEVER = threading.Event()


def mail(number, *, size=0):
    return f"From: dana@customer.test\r\nSubject: Mail {number}\r\n\r\n".encode() + b"x" * 70 + b"\r\n" * (size // 2)


class Store:
    """What a desk does with what was fetched: keeps it together with the cursor, unless it is told to fail."""

    def __init__(self):
        self.envelopes, self.cursor, self.commits, self.on_commit = [], "", 0, lambda _envelopes: None
        self.changed = threading.Condition()

    def commit(self, envelopes, cursor):
        self.on_commit(envelopes)
        with self.changed:
            self.envelopes += envelopes
            self.cursor = cursor
            self.commits += 1
            self.changed.notify_all()

    @property
    def subjects(self):
        return [line for e in self.envelopes for line in e.raw.decode().split("\r\n") if line.startswith("Subject")]

    def wait_for(self, count, seconds=10):
        with self.changed:
            assert self.changed.wait_for(lambda: len(self.envelopes) >= count, seconds)


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
def store():
    return Store()


@pytest.fixture
def config(imap_server, user):
    def make(**settings):
        known = {
            "address": "support@desk.test",
            "inbound": "imap",
            "imap_host": imap_server.host,
            "imap_port": imap_server.port,
            "imap_security": "none",
            "imap_user": user,
            "imap_password": PASSWORD,
        }
        return EmailConfig.model_validate({**known, **settings})

    return make


@pytest.fixture
def poll(config, store):
    def one(**settings):
        store.cursor = ImapPoller(config(**settings)).poll(store.cursor, commit=store.commit, stop=NEVER)

    return one


def flags(box):
    box.noop()
    return {uid: set(row) for uid, row in box.get_flags(box.search("ALL")).items()}


def test_mails_are_stored_whole_in_order_and_then_marked(box, poll, store, imap_server):
    raws = [mail(number) for number in range(3)]
    for raw in raws:
        box.append("INBOX", raw)
    poll()
    assert [envelope.raw for envelope in store.envelopes] == raws
    uidvalidity = box.folder_status("INBOX", ["UIDVALIDITY"])[b"UIDVALIDITY"]
    assert [envelope.external_id for envelope in store.envelopes] == [f"{uidvalidity}:{uid}" for uid in (1, 2, 3)]
    assert store.envelopes[0].received_at.tzinfo is not None
    assert store.envelopes[0].meta["folder"] == "INBOX"
    assert all(b"\\Seen" in each for each in flags(box).values())
    poll()
    assert len(store.envelopes) == 3


def test_the_flag_can_be_another(box, poll):
    box.append("INBOX", mail(1))
    poll(imap_after="flag")
    assert {b"\\Seen", b"\\Flagged"} <= flags(box)[1]


@pytest.mark.parametrize("with_move", [True, False])
def test_stored_mail_is_moved(box, poll, store, monkeypatch, with_move):
    if not with_move:
        from imapclient import IMAPClient

        real = IMAPClient.has_capability
        monkeypatch.setattr(IMAPClient, "has_capability", lambda self, name: name != "MOVE" and real(self, name))
    box.append("INBOX", mail(1))
    box.append("INBOX", mail(2))
    poll(imap_after="move", imap_done_folder="Done")
    box.noop()
    assert box.folder_status("INBOX", ["MESSAGES"])[b"MESSAGES"] == 0
    assert box.folder_status("Done", ["MESSAGES"])[b"MESSAGES"] == 2
    box.append("INBOX", mail(3))
    poll(imap_after="move", imap_done_folder="Done")
    assert len(store.envelopes) == 3


def test_nothing_is_marked_while_it_is_being_stored(box, poll, store):
    box.append("INBOX", mail(1))
    store.on_commit = lambda envelopes: (
        envelopes and pytest.fail("marked too early") if flags(box)[1] & {b"\\Seen"} else None
    )
    poll()
    assert len(store.envelopes) == 1


def test_a_desk_that_fails_to_store_gets_the_mail_again(box, poll, store):
    box.append("INBOX", mail(1))

    def fail(_envelopes):
        raise ConnectionError("the database is gone")

    store.on_commit = fail
    with pytest.raises(ConnectionError):
        poll()
    assert b"\\Seen" not in flags(box)[1]
    store.on_commit = lambda _envelopes: None
    poll()
    assert store.subjects == ["Subject: Mail 1"]


def test_a_crash_between_storing_and_marking_marks_later_and_stores_once(box, poll, store, monkeypatch):
    from channels.email.imap_session import ImapSession

    box.append("INBOX", mail(1))

    class Killed(BaseException):
        pass

    def die(_self, _uids):
        raise Killed

    with monkeypatch.context() as patched:
        patched.setattr(ImapSession, "mark", die)
        with pytest.raises(Killed):
            poll()
    assert b"\\Seen" not in flags(box)[1]
    assert len(store.envelopes) == 1
    poll()
    assert len(store.envelopes) == 1
    assert b"\\Seen" in flags(box)[1]


def test_mail_that_somebody_else_has_read_meanwhile_is_still_taken(box, poll, store):
    poll()
    box.append("INBOX", mail(1), flags=[b"\\Seen"])
    poll()
    assert store.subjects == ["Subject: Mail 1"]


@pytest.mark.parametrize("first,expected", [("unseen", [2]), ("all", [1, 2]), ("none", [])])
def test_what_lay_there_at_the_first_contact(box, poll, store, first, expected):
    box.append("INBOX", mail(1), flags=[b"\\Seen"])
    box.append("INBOX", mail(2))
    poll(imap_first=first)
    assert store.subjects == [f"Subject: Mail {number}" for number in expected]
    box.append("INBOX", mail(3))
    poll(imap_first=first)
    assert store.subjects == [f"Subject: Mail {number}" for number in [*expected, 3]]


def test_deleted_mail_is_left_alone(box, poll, store):
    box.append("INBOX", mail(1), flags=[b"\\Deleted"])
    box.append("INBOX", mail(2))
    poll()
    assert store.subjects == ["Subject: Mail 2"]


def test_a_folder_made_anew_is_read_again_and_says_so(box, poll, store):
    box.create_folder("Work")
    box.append("Work", mail(1))
    poll(imap_folder="Work")
    first = store.envelopes[0].external_id
    box.delete_folder("Work")
    box.create_folder("Work")
    box.append("Work", mail(1), flags=[b"\\Seen"])
    box.append("Work", mail(2))
    poll(imap_folder="Work")
    assert store.subjects == ["Subject: Mail 1", "Subject: Mail 1", "Subject: Mail 2"]
    assert store.envelopes[1].external_id != first
    assert [envelope.meta["is_refetch"] for envelope in store.envelopes] == [False, True, True]
    box.append("Work", mail(3))
    poll(imap_folder="Work")
    assert store.subjects[3:] == ["Subject: Mail 3"]
    assert store.envelopes[3].meta["is_refetch"] is False


def test_an_oversize_mail_comes_as_its_head_and_blocks_nothing(box, poll, store):
    box.append("INBOX", mail(1, size=50_000))
    box.append("INBOX", mail(2))
    poll(max_bytes=10_000)
    large, small = store.envelopes
    assert large.problem == "oversize"
    assert large.raw.endswith(b"Subject: Mail 1\r\n\r\n")
    assert large.meta["size"] > 50_000
    assert small.problem == ""
    assert all(b"\\Seen" in each for each in flags(box).values())


def test_a_connection_that_breaks_inside_a_large_mail_leaves_no_part_of_it(box, poll, store, imap_server):
    size = 20_000_000
    box.append("INBOX", mail(1, size=size))
    box.append("INBOX", mail(2))
    with line_to((imap_server.host, imap_server.port), budget=5_000_000, cuts=1) as line:
        settings = {"imap_port": line.address[1]}
        with pytest.raises(TemporaryFailure) as failure:
            poll(**settings)
        assert failure.value.code == Reason.CONNECTION_LOST.value
        assert store.envelopes == []
        poll(**settings)
    assert store.subjects == ["Subject: Mail 2", "Subject: Mail 1"]
    assert len(store.envelopes[1].raw) == len(mail(1, size=size))


def test_a_mail_that_always_breaks_the_connection_ends_as_a_problem_and_the_others_pass(box, poll, store, imap_server):
    box.append("INBOX", mail(1, size=300_000))
    box.append("INBOX", mail(2))
    with line_to((imap_server.host, imap_server.port), budget=100_000, cuts=100) as line:
        for _ in range(6):
            try:
                poll(imap_port=line.address[1])
            except TemporaryFailure:
                continue
    assert [envelope.problem for envelope in store.envelopes] == ["", "unfetchable"]
    assert store.subjects == ["Subject: Mail 2", "Subject: Mail 1"]
    assert b"\\Seen" in flags(box)[1]


def test_a_mail_the_server_cannot_read_blocks_none_of_its_batch(box, poll, store, imap_server, user):
    for number in range(1, 5):
        box.append("INBOX", mail(number))
    for path in (imap_server.mail / user).rglob("*"):
        if path.is_file() and b"Subject: Mail 2" in path.read_bytes():
            path.chmod(0)
    for _ in range(10):
        try:
            poll()
        except TemporaryFailure:
            continue
    assert store.subjects == ["Subject: Mail 1", "Subject: Mail 3", "Subject: Mail 4"]
    assert [envelope.problem for envelope in store.envelopes] == ["", "", "", "unfetchable"]
    assert store.envelopes[3].raw == b""
    box.append("INBOX", mail(5))
    poll()
    assert store.subjects[-1] == "Subject: Mail 5"


def test_many_mails_are_stored_in_few_commits(box, poll, store):
    for number in range(60):
        box.append("INBOX", mail(number))
    poll()
    assert len(store.envelopes) == 60
    assert store.commits < 10


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_tls(box, poll, store, imap_server, security):
    box.append("INBOX", mail(1))
    port = imap_server.tls_port if security == "tls" else imap_server.port
    with pytest.raises(TemporaryFailure) as failure:
        poll(imap_security=security, imap_port=port)
    assert failure.value.code == Reason.TLS_FAILED.value
    poll(imap_security=security, imap_port=port, ca_file=str(imap_server.certificate.cert))
    assert len(store.envelopes) == 1


def test_an_oauth_token_opens_its_own_mailbox_and_no_other(box, poll, store, user):
    box.append("INBOX", mail(1))
    with pytest.raises(TemporaryFailure) as failure:
        poll(imap_oauth_token="bad-token", imap_password="")
    assert failure.value.code == Reason.BAD_CREDENTIALS.value
    with pytest.raises(TemporaryFailure):
        poll(imap_oauth_token="good-somebody-else", imap_password="")
    poll(imap_oauth_token=f"good-{user}", imap_password="")
    assert store.subjects == ["Subject: Mail 1"]


def health(config, **settings):
    return ImapPoller(config(**settings)).check()


def hang_up_after_hello(sock):
    sock.sendall(b"* OK hello\r\n")
    sock.recv(10)


def test_health_names_the_cause(config, imap_server):
    assert health(config).state is HealthState.OK
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    assert health(config, imap_password="no").cause is Reason.BAD_CREDENTIALS
    assert health(config, imap_folder="Nowhere").cause is Reason.FOLDER_MISSING
    assert health(config, imap_port=port).cause is Reason.UNREACHABLE
    assert health(config, imap_security="tls").cause is Reason.TLS_FAILED
    with raw_server(lambda sock: sock.sendall(b"* BYE too busy\r\n")) as address:
        assert health(config, imap_port=address[1]).cause is Reason.VENDOR_FAULT
    with raw_server(hang_up_after_hello) as address:
        assert health(config, imap_port=address[1]).cause is Reason.CONNECTION_LOST


def test_an_unknown_host_is_named(config, monkeypatch):
    def fail(*_args, **_options):
        raise socket.gaierror("no such host")

    monkeypatch.setattr(socket, "getaddrinfo", fail)
    found = health(config, imap_host="imap.nowhere.test", imap_security="tls")
    assert found.cause is Reason.UNKNOWN_HOST
    assert "imap.nowhere.test" in found.detail


def test_a_server_that_dawdles_is_cut(config, monkeypatch):
    def trickle(sock):
        sock.sendall(b"* OK hello\r\n")
        while True:
            sock.sendall(b"*")
            time.sleep(0.05)

    monkeypatch.setattr("channels.email.imap.CHECK_SECONDS", 0.5)
    with raw_server(trickle) as address:
        began = time.monotonic()
        assert health(config, imap_port=address[1]).cause is Reason.TIMED_OUT
        assert time.monotonic() - began < 20


def test_a_password_is_never_in_what_is_said(config):
    found = health(config, imap_password="s3cret-word")
    assert "s3cret-word" not in found.detail


# ---------------------------------------------------------------- watching
class Watch:
    def __init__(self, config, store):
        self.stop, self.healths, self.store = threading.Event(), [], store
        poller = ImapPoller(config, backoff=0.05)
        options = {"commit": store.commit, "stop": self.stop, "report": self.healths.append}
        self.thread = threading.Thread(target=poller.watch, args=(store.cursor,), kwargs=options)

    def __enter__(self):
        self.thread.start()
        return self

    def __exit__(self, *_error):
        self.stop.set()
        self.thread.join(10)
        assert not self.thread.is_alive()

    def wait_for_health(self, state, cause=Reason.NONE, seconds=10):
        end = time.monotonic() + seconds
        while time.monotonic() < end:
            if any((each.state, each.cause) == (state, cause) for each in self.healths):
                return
            time.sleep(0.02)
        pytest.fail(f"never {state} {cause}: {self.healths}")


def test_a_mail_is_noticed_at_once_by_idle(box, config, store):
    with Watch(config(), store) as watch:
        watch.wait_for_health(HealthState.OK)
        time.sleep(0.3)
        began = time.monotonic()
        box.append("INBOX", mail(1))
        store.wait_for(1)
        assert time.monotonic() - began < 20
        box.append("INBOX", mail(2))
        store.wait_for(2)
    assert store.subjects == ["Subject: Mail 1", "Subject: Mail 2"]
    assert [each.state for each in watch.healths] == [HealthState.OK]


def test_idle_is_renewed(box, config, store, monkeypatch):
    monkeypatch.setattr("channels.email.imap.IDLE_SECONDS", 0.2)
    monkeypatch.setattr("channels.email.imap_session.IDLE_STEP_SECONDS", 0.1)
    with Watch(config(), store):
        for number in range(4):
            box.append("INBOX", mail(number))
            store.wait_for(number + 1)
            time.sleep(0.3)
    assert len(store.envelopes) == 4


def test_without_idle_the_folder_is_polled(box, config, store, monkeypatch):
    from channels.email.imap_session import ImapSession

    monkeypatch.setattr(ImapSession, "can_idle", lambda _self: False)
    quick = config().model_copy(update={"poll_seconds": 0.1})
    with Watch(quick, store):
        box.append("INBOX", mail(1))
        store.wait_for(1)
        box.append("INBOX", mail(2))
        store.wait_for(2)


def test_the_watch_survives_a_dropped_line_and_does_not_cry_about_it(box, config, store, imap_server):
    with (
        line_to((imap_server.host, imap_server.port)) as line,
        Watch(config(imap_port=line.address[1]), store) as watch,
    ):
        watch.wait_for_health(HealthState.OK)
        for number in range(3):
            box.append("INBOX", mail(number))
            store.wait_for(number + 1)
            line.drop()
        box.append("INBOX", mail(9))
        store.wait_for(4)
    assert len(store.envelopes) == 4
    assert [each.state for each in watch.healths] == [HealthState.OK]
    assert line.connections >= 4


def test_the_watch_survives_a_desk_that_cannot_store(box, config, store):
    failures = []

    def fail(envelopes):
        if len(failures) < 3:
            failures.append(1)
            raise ConnectionError("the database is gone")

    store.on_commit = fail
    with Watch(config(), store):
        box.append("INBOX", mail(1))
        store.wait_for(1)
    assert store.subjects == ["Subject: Mail 1"]
    assert len(failures) == 3


def test_a_wrong_password_is_reported_once_and_a_right_one_heals(config, store):
    with Watch(config(imap_password="no"), store) as watch:
        watch.wait_for_health(HealthState.FAILING, Reason.BAD_CREDENTIALS)
        time.sleep(0.2)
    assert len(watch.healths) == 1


def test_a_done_folder_that_cannot_be_is_reported_while_mail_still_comes_in(box, config, store):
    bad = config(imap_after="move", imap_done_folder="a/b\x07".replace("\x07", "") + "/" + "x" * 300)
    with Watch(bad, store) as watch:
        box.append("INBOX", mail(1))
        store.wait_for(1)
        watch.wait_for_health(HealthState.DEGRADED, Reason.VENDOR_FAULT)
        box.append("INBOX", mail(2))
        store.wait_for(2)
    assert len(store.envelopes) == 2


# ---------------------------------------------------------------- small parts
def test_pauses_grow_with_jitter_to_a_limit_and_spare_the_account():
    assert 0.5 <= _pause(1, "", first=1) <= 1
    assert 2 <= _pause(3, "", first=1) <= 4
    assert _pause(50, "", first=1) <= 300
    assert _pause(1, Reason.BAD_CREDENTIALS.value, first=1) >= 30
    assert len({_pause(5, "", first=1) for _ in range(10)}) > 1


def test_a_cursor_comes_back_from_its_text():
    cursor = Cursor(7, 12, until=3, old="UNSEEN", since="1-Jan-2026", again={4: 2}, unmarked=(5, 6), is_refetch=True)
    assert load_cursor(cursor.dump()) == cursor
    assert len(Cursor(7, 12).dump()) < 60


@pytest.mark.parametrize("text", ["", "{}", "nonsense", "[1]", '{"again": 3}', '{"other": 1}', "null"])
def test_a_damaged_cursor_means_a_fresh_start(text):
    assert load_cursor(text) == Cursor()


# ---------------------------------------------------------------- a big folder
def test_a_big_folder_is_taken_in_small_parts_and_can_be_stopped_between_them(imap_server, user, config, store):
    folder = imap_server.mail / user / "new"
    imap_server.client(user).logout()  # the server makes the maildir
    folder.mkdir(parents=True, exist_ok=True)
    for number in range(1500):
        (folder / f"{1_700_000_000 + number}.M{number}P1.host").write_bytes(mail(number))
    for path in [imap_server.mail / user, *(imap_server.mail / user).rglob("*")]:
        shutil.chown(path, "nobody") if os.geteuid() == 0 else None
    stop, sizes = threading.Event(), []

    def keep(envelopes):
        sizes.append(len(envelopes))
        if sum(sizes) >= 100:
            stop.set()

    store.on_commit = keep
    ImapPoller(config()).poll("", commit=store.commit, stop=stop)
    assert 100 <= len(store.envelopes) <= 125, "the rest waits; what was stored is stored"
    assert max(sizes) <= 25
    sizes.clear()
    store.on_commit = lambda envelopes: sizes.append(len(envelopes))
    ImapPoller(config()).poll(store.cursor, commit=store.commit, stop=NEVER)
    assert max(sizes) <= 25
    assert store.subjects == [f"Subject: Mail {number}" for number in range(1500)], "each once, in order"
