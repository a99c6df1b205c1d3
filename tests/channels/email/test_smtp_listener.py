"""The SMTP listener against real clients: what is stored, what is refused, and when 250 is said."""

from __future__ import annotations

import smtplib
import socket
import struct
import threading
import time
from collections.abc import Callable
from contextlib import contextmanager

import pytest

from channels.email.smtp_listener import LATER, STORED, ListenerLimits, Verdict, run_listener
from channels.port import RawEnvelope

MAIL = b"From: dana@customer.test\r\nSubject: Hello\r\n\r\nThe pump is loud.\r\n"


class Desk:
    """What the listener is plugged into: keeps the mails and can be told how to answer."""

    def __init__(self) -> None:
        self.groups: list[list[RawEnvelope]] = []
        self.asked: list[str] = []
        self.stop, self.started, self.address = threading.Event(), threading.Event(), ("", 0)
        self.answer: Callable = lambda envelopes: [STORED] * len(envelopes)
        self.check: Callable = lambda address: address.lower().endswith("@desk.test")

    def is_ready(self, host, port):
        self.address = (host, port)
        self.started.set()

    def accept(self, envelopes):
        verdicts = self.answer(envelopes)
        self.groups.append(list(envelopes))
        return verdicts

    def knows(self, address):
        self.asked.append(address)
        return self.check(address)

    @property
    def mails(self):
        return [envelope for group in self.groups for envelope in group]

    def client(self, **options):
        return smtplib.SMTP(*self.address, local_hostname="sender.test", timeout=10, **options)

    def send(self, raw=MAIL, to="support@desk.test", sender="dana@customer.test"):
        with self.client() as client:
            return client.sendmail(sender, [to], raw)


@contextmanager
def listening(desk, **options):
    failed: list[BaseException] = []

    def run():
        try:
            run_listener(
                "127.0.0.1",
                0,
                accept=desk.accept,
                check_recipient=desk.knows,
                hostname="desk.test",
                stop=desk.stop,
                ready=desk.is_ready,
                **options,
            )
        except BaseException as error:
            failed.append(error)
            desk.started.set()

    thread = threading.Thread(target=run)
    thread.start()
    assert desk.started.wait(5)
    try:
        yield desk
    finally:
        desk.stop.set()
        thread.join(15)
        assert not thread.is_alive()
        assert not failed


@pytest.fixture
def desk():
    with listening(Desk()) as running:
        yield running


def talk(address, *lines, wait=0.0):
    """Say lines on a bare socket and return all that came back until the server hung up or fell silent."""
    with socket.create_connection(address, timeout=3) as sock:
        for line in lines:
            sock.sendall(line)
            time.sleep(wait)
        heard = b""
        try:
            while data := sock.recv(65536):
                heard += data
        except TimeoutError:
            return heard
        return heard


OPENING = b"EHLO me\r\nMAIL FROM:<a@b.test>\r\nRCPT TO:<support@desk.test>\r\nDATA\r\n"


def test_a_mail_arrives_byte_for_byte_with_its_envelope(desk):
    desk.send()
    (envelope,) = desk.mails
    assert envelope.raw == MAIL
    assert envelope.external_id == ""
    assert envelope.meta["mail_from"] == "dana@customer.test"
    assert envelope.meta["rcpt_to"] == ["support@desk.test"]
    assert envelope.meta["peer"] == "127.0.0.1"
    assert envelope.meta["helo"] == "sender.test"
    assert envelope.meta["tls"] is False
    assert envelope.received_at.tzinfo is not None


@pytest.mark.parametrize(
    "raw",
    [
        b"Subject: dots\r\n\r\n.\r\n..\r\n.a\r\nend\r\n",
        b".\r\n",
        b"Subject: long\r\n\r\n" + b"x" * 300_000 + b"\r\n",
        b"Subject: 8bit\r\n\r\n\xe4\xbd\xa0\xff\x00\x80\r\n",
        b"Subject: bare\r\n\r\na\nb\n.\nc\rd\r\n",
        b"\r\nno header\r\n",
    ],
    ids=["dots", "only a dot", "long line", "8-bit", "bare line feeds", "no header"],
)
def test_content_survives_the_wire(desk, raw):
    with desk.client() as client:
        client.ehlo()
        client.mail("a@b.test")
        client.rcpt("support@desk.test")
        client.putcmd("data")
        client.getreply()
        body = b"." + raw if raw.startswith(b".") else raw
        client.send(body.replace(b"\r\n.", b"\r\n..") + b".\r\n")
        assert client.getreply()[0] == 250
    assert desk.mails[0].raw == raw


def test_an_empty_mail_ends_at_the_first_line(desk):
    heard = talk(desk.address, OPENING + b".\r\nQUIT\r\n")
    assert desk.mails[0].raw == b""
    assert heard.endswith(b"221 Bye\r\n")


def test_a_dot_between_bare_line_feeds_does_not_end_the_mail(desk):
    """Otherwise a second mail could be smuggled inside the first one."""
    talk(desk.address, OPENING + b"Subject: x\r\n\r\nbody\n.\nMAIL FROM:<evil@b.test>\r\n.\r\nQUIT\r\n")
    (envelope,) = desk.mails
    assert b"evil@b.test" in envelope.raw


def test_the_null_sender_is_an_empty_return_path(desk):
    desk.send(sender="")
    assert desk.mails[0].meta["mail_from"] == ""


def test_size_8bitmime_utf8_and_pipelining_are_announced_but_not_auth(desk):
    with desk.client() as client:
        client.ehlo()
        features = client.esmtp_features
    assert features["size"] == str(ListenerLimits().message)
    assert {"8bitmime", "smtputf8", "pipelining", "enhancedstatuscodes"} <= set(features)
    assert "auth" not in features
    assert b"502" in talk(desk.address, b"EHLO me\r\nAUTH PLAIN AGEAYg==\r\nQUIT\r\n")


def test_a_mail_announced_too_large_is_refused_at_once():
    with listening(Desk(), limits=ListenerLimits(message=1000)) as desk, desk.client() as client:
        client.ehlo()
        assert client.mail("a@b.test", ["size=1001"])[0] == 552
    assert desk.mails == []


def test_a_mail_that_turns_out_too_large_gets_552_and_the_next_one_passes():
    with listening(Desk(), limits=ListenerLimits(message=100_000)) as desk, desk.client() as client:
        client.helo()
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("a@b.test", ["support@desk.test"], b"S: x\r\n\r\n" + b"y" * 400_000)
        assert refused.value.smtp_code == 552
        client.sendmail("a@b.test", ["support@desk.test"], MAIL)
    assert [envelope.raw for envelope in desk.mails] == [MAIL]


def test_a_mail_of_exactly_the_limit_passes():
    with listening(Desk(), limits=ListenerLimits(message=len(MAIL))) as desk:
        desk.send()
        with pytest.raises(smtplib.SMTPSenderRefused):
            desk.send(MAIL + b"x")
    assert len(desk.mails) == 1


def test_an_unknown_recipient_is_refused_and_the_known_ones_kept(desk):
    with desk.client() as client:
        refused = client.sendmail("a@b.test", ["nobody@else.test", "Support@desk.test"], MAIL)
    assert refused["nobody@else.test"][0] == 550
    assert desk.mails[0].meta["rcpt_to"] == ["Support@desk.test"]


def test_a_known_recipient_is_asked_for_once_and_an_unknown_one_each_time(desk):
    for _ in range(3):
        desk.send()
        with pytest.raises(smtplib.SMTPRecipientsRefused):
            desk.send(to="nobody@else.test")
    assert desk.asked.count("support@desk.test") == 1
    assert desk.asked.count("nobody@else.test") == 3


def test_a_recipient_check_that_fails_sends_the_peer_away_for_now():
    failing = Desk()
    failing.check = lambda _address: 1 / 0
    with listening(failing), pytest.raises(smtplib.SMTPRecipientsRefused) as refused:
        failing.send()
    assert refused.value.recipients["support@desk.test"][0] == 451


def test_too_many_recipients_are_taken_in_parts():
    with listening(Desk(), limits=ListenerLimits(recipients=2)) as desk, desk.client() as client:
        client.ehlo()
        client.mail("a@b.test")
        codes = [client.rcpt(f"s{number}@desk.test")[0] for number in range(3)]
    assert codes == [250, 250, 452]


def test_a_mail_that_has_gone_round_fifty_times_is_refused(desk):
    hop = b"Received: from a by b; now\r\n"
    desk.send(hop * 50 + MAIL)
    with pytest.raises(smtplib.SMTPDataError) as refused:
        desk.send(hop * 51 + MAIL)
    assert refused.value.smtp_code == 554
    desk.send(MAIL + hop * 60)
    assert len(desk.mails) == 2


def test_250_is_said_only_after_the_mail_was_stored(desk):
    may_store, heard = threading.Event(), []

    def answer(envelopes):
        assert may_store.wait(5)
        return [STORED] * len(envelopes)

    desk.answer = answer
    sending = threading.Thread(target=lambda: heard.append(desk.send()))
    sending.start()
    sending.join(0.3)
    assert heard == []
    may_store.set()
    sending.join(5)
    assert heard == [{}]


def test_storing_that_fails_means_451_and_the_session_goes_on(desk):
    desk.answer = lambda _envelopes: 1 / 0
    with desk.client() as client:
        with pytest.raises(smtplib.SMTPDataError) as refused:
            client.sendmail("a@b.test", ["support@desk.test"], MAIL)
        assert refused.value.smtp_code == 451
        assert b"ZeroDivision" not in refused.value.smtp_error
        desk.answer = lambda envelopes: [STORED] * len(envelopes)
        client.sendmail("a@b.test", ["support@desk.test"], MAIL)


def test_one_bad_mail_of_a_group_harms_no_other(desk):
    def answer(envelopes):
        time.sleep(0.05)
        if any(b"poison" in envelope.raw for envelope in envelopes):
            raise ValueError("poison")
        return [STORED] * len(envelopes)

    desk.answer = answer
    results = {}

    def send(number):
        try:
            desk.send(MAIL + (b"poison\r\n" if number == 7 else b"fine\r\n"))
            results[number] = 250
        except smtplib.SMTPDataError as error:
            results[number] = error.smtp_code

    threads = [threading.Thread(target=send, args=(number,)) for number in range(16)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert results.pop(7) == 451
    assert set(results.values()) == {250}
    assert len(desk.mails) == 15


def test_mails_that_arrive_together_are_stored_together(desk):
    slow = threading.Event()

    def answer(envelopes):
        slow.wait(0.2)
        return [STORED] * len(envelopes)

    desk.answer = answer
    threads = [threading.Thread(target=desk.send) for _ in range(24)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(10)
    assert len(desk.mails) == 24
    assert len(desk.groups) < 12


def test_the_verdict_of_each_mail_of_a_group_is_its_own(desk):
    desk.answer = lambda envelopes: [Verdict(550, "5.7.1 Blocked") if b"bad" in e.raw else STORED for e in envelopes]
    desk.send()
    with pytest.raises(smtplib.SMTPDataError) as refused:
        desk.send(MAIL + b"bad\r\n")
    assert refused.value.smtp_code == 550


def test_commands_may_be_pipelined_behind_a_mail(desk):
    heard = talk(desk.address, OPENING + MAIL + b".\r\n" + OPENING.partition(b"\r\n")[2] + MAIL + b".\r\nQUIT\r\n")
    assert heard.count(b"250 2.0.0 Stored") == 2
    assert [envelope.raw for envelope in desk.mails] == [MAIL, MAIL]


def test_an_idle_peer_is_hung_up_on():
    with (
        listening(Desk(), limits=ListenerLimits(idle=0.3)) as desk,
        socket.create_connection(desk.address, timeout=30) as sock,
    ):
        sock.sendall(b"EHLO me\r\n")
        while sock.recv(65536):  # ends when it is hung up on; a peer that is not fails by the time limit
            pass


def test_a_peer_that_trickles_its_mail_is_cut_after_the_whole_time():
    with listening(Desk(), limits=ListenerLimits(transfer=0.5)) as desk:
        with socket.create_connection(desk.address, timeout=5) as sock:
            sock.sendall(OPENING)
            began = took = time.monotonic()
            try:
                while time.monotonic() - began < 30:
                    sock.sendall(b"x")
                    time.sleep(0.05)
            except OSError:
                took = time.monotonic() - began
        assert took < 25
        assert desk.mails == []
        desk.send()
    assert len(desk.mails) == 1


def test_a_connection_lost_inside_the_mail_leaves_nothing(desk):
    with socket.create_connection(desk.address) as sock:
        sock.sendall(OPENING + MAIL)
        sock.recv(1024)
    desk.send()
    assert len(desk.mails) == 1


def test_connections_over_the_limit_are_told_to_come_back():
    with listening(Desk(), limits=ListenerLimits(connections=5, per_peer=2)) as desk:
        first, second = desk.client(), desk.client()
        with pytest.raises(smtplib.SMTPConnectError) as refused:
            desk.client()
        assert refused.value.smtp_code == 421
        first.quit()
        second.quit()
        deadline = time.monotonic() + 20
        while time.monotonic() < deadline:
            try:
                desk.client().quit()
                break
            except smtplib.SMTPConnectError:
                time.sleep(0.02)
        else:
            pytest.fail("a free place was not given again")


def test_memory_of_all_mails_under_way_is_bounded():
    with listening(Desk(), limits=ListenerLimits(buffered=100_000)) as desk:
        held = socket.create_connection(desk.address)
        held.sendall(OPENING + b"x" * 150_000)
        deadline, code = time.monotonic() + 20, 250
        while code == 250 and time.monotonic() < deadline:
            try:
                desk.send()
            except smtplib.SMTPDataError as error:
                code = error.smtp_code
        assert code == 452
        held.close()
        while time.monotonic() < deadline:
            try:
                desk.send()
                break
            except smtplib.SMTPDataError:
                time.sleep(0.02)
        else:
            pytest.fail("the memory of a lost mail was not given back")


def test_overlong_and_nonsense_commands_do_not_end_the_server(desk):
    assert b"500" in talk(desk.address, b"x" * 5000 + b"\r\nQUIT\r\n")
    assert b"500" in talk(desk.address, b"\xff\xfe\r\n" + b"MAIL\x00FROM\r\nQUIT\r\n")
    assert b"50" in talk(desk.address, b'EHLO me\r\nMAIL FROM:<"@>\r\nMAIL FROM:<@@@>\r\nRCPT TO:<\r\nQUIT\r\n')
    assert b"421" in talk(desk.address, b"EHLO me\r\n" + b"NOOP\r\n" * 60)
    assert b"503" in talk(desk.address, b"EHLO me\r\nDATA\r\nQUIT\r\n")
    desk.send()
    assert len(desk.mails) == 1


@pytest.mark.parametrize("broken", [b"<", b"<@", b"<a@", b'<"', b"<a@b", b"@", b'"'])
def test_a_broken_recipient_is_malformed_and_no_failure_of_ours(desk, broken):
    heard = talk(desk.address, OPENING.split(b"RCPT")[0] + b"RCPT TO:" + broken + b"\r\nQUIT\r\n")
    assert b"553" in heard or b"550" in heard
    assert b"221" in heard


def test_stopping_finishes_the_mail_under_way_and_says_goodbye_to_the_idle():
    started = threading.Event()

    def answer(envelopes):
        started.set()
        time.sleep(0.4)
        return [STORED] * len(envelopes)

    with listening(Desk()) as desk:
        desk.answer = answer
        idle, busy, results = desk.client(), desk.client(), []
        busy.ehlo()
        sending = threading.Thread(
            target=lambda: results.append(busy.sendmail("a@b.test", ["support@desk.test"], MAIL))
        )
        sending.start()
        assert started.wait(5)
        desk.stop.set()
        sending.join(5)
        assert results == [{}]
        assert idle.getreply()[0] == 421
        assert busy.getreply()[0] == 421
        idle.close()
        busy.close()


def test_no_name_is_looked_up(monkeypatch):
    def refuse(*_args, **_options):
        raise AssertionError("looked a name up")

    with listening(Desk()) as desk:
        for name in ("getfqdn", "gethostbyname", "gethostbyaddr", "getnameinfo"):
            monkeypatch.setattr(socket, name, refuse)
        desk.send()
    assert len(desk.mails) == 1


def test_the_default_verdicts_are_smtp_replies():
    assert str(STORED).startswith("250 2.")
    assert str(LATER).startswith("451 4.")


def test_peers_that_vanish_while_the_listener_stops_do_not_disturb_it():
    with listening(Desk()) as desk:
        peers = [socket.create_connection(desk.address, timeout=3) for _ in range(20)]
        for peer in peers:
            peer.recv(200)
            peer.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))  # close means reset
        desk.stop.set()
        for peer in peers:
            peer.close()
