"""Sending against a real far end: what is taken, refused, put off, or left in doubt."""

from __future__ import annotations

import socket
import threading
import time
from email import message_from_bytes

import pytest

from channels.email.config import EmailConfig
from channels.email.sender import SmtpSender
from channels.outcomes import DeliveryState, HealthState, Misconfigured, PermanentFailure, Reason, TemporaryFailure
from channels.port import Address, OutboundMessage
from tests.channels.email.peers import PASSWORD, far_end, line_to, raw_server


def config_for(address, **settings):
    host, port = address
    known = {"address": "support@desk.test", "name": "Support", "smtp_security": "none", "smtp_seconds": 5}
    return EmailConfig.model_validate({**known, "smtp_host": host, "smtp_port": port, **settings})


def message(to=("dana@customer.test",), **fields):
    known = {
        "idempotency_key": "1",
        "subject": "Your case",
        "text": "We are on it.\n.\nBye",
        "message_id": "<m1@desk.test>",
    }
    return OutboundMessage(tuple(Address(each) for each in to), **{**known, **fields})


@pytest.fixture
def send():
    """Send through one account that is hung up at the end."""
    senders = []

    def one(address, *messages, **settings):
        sender = SmtpSender(config_for(address, **settings))
        senders.append(sender)
        return [sender.send(each) for each in messages or [message()]][-1]

    yield one
    for sender in senders:
        sender.close()


def test_a_mail_goes_out_and_the_receipt_names_who_gets_it(send):
    with far_end() as peer:
        receipt = send(peer.address, message(cc=(Address("eve@customer.test"),)))
    assert receipt.provider_id == "<m1@desk.test>"
    assert receipt.accepted == ("dana@customer.test", "eve@customer.test")
    assert receipt.state is DeliveryState.SENT
    assert not receipt.in_doubt
    ((sender, to, raw),) = peer.mails
    assert sender == "support@desk.test"
    assert to == ["dana@customer.test", "eve@customer.test"]
    mail = message_from_bytes(raw)
    assert mail["Message-ID"] == "<m1@desk.test>"
    assert mail.get_payload() == "We are on it.\r\n.\r\nBye\r\n"


def test_the_return_path_can_be_another_or_none(send):
    with far_end() as peer:
        send(peer.address, message(return_path="bounces@desk.test"), message(return_path=""))
    assert [mail[0] for mail in peer.mails] == ["bounces@desk.test", "<>"]


def test_mails_share_a_connection(send):
    with far_end() as peer:
        send(peer.address, *[message(message_id=f"<m{number}@desk.test>") for number in range(20)])
    assert len(peer.mails) == 20
    assert peer.connections == 1


def test_threads_share_an_account():
    with far_end() as peer:
        sender = SmtpSender(config_for(peer.address))
        threads = [threading.Thread(target=sender.send, args=(message(),)) for _ in range(12)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(10)
        sender.close()
    assert len(peer.mails) == 12


def test_a_connection_that_went_stale_is_replaced_without_a_word():
    with far_end() as peer, line_to(peer.address) as line:
        sender = SmtpSender(config_for(line.address))
        sender.send(message())
        line.drop()
        sender.send(message())
        sender.close()
    assert len(peer.mails) == 2


def test_a_refused_mail_does_not_spoil_the_connection_for_the_next(send):
    with far_end(rcpt_replies={"bad@customer.test": "550 5.1.1 no such user"}) as peer:
        sender = SmtpSender(config_for(peer.address))
        with pytest.raises(PermanentFailure):
            sender.send(message(to=["bad@customer.test"]))
        sender.send(message())
        sender.close()
    assert peer.connections == 1


@pytest.mark.parametrize(
    "reply,kind,reason",
    [
        ("550 5.1.1 no such user", PermanentFailure, Reason.NO_SUCH_RECIPIENT),
        ("552 5.2.2 over quota", PermanentFailure, Reason.MAILBOX_FULL),
        ("550 5.7.1 blocked by policy", PermanentFailure, Reason.BLOCKED),
        ("553 bad syntax", PermanentFailure, Reason.BAD_ADDRESS),
        ("450 4.7.1 greylisted", TemporaryFailure, Reason.RATE_LIMITED),
        ("452 4.2.2 mailbox full", TemporaryFailure, Reason.MAILBOX_FULL),
        ("421 4.3.2 shutting down", TemporaryFailure, Reason.VENDOR_FAULT),
        ("299 what", TemporaryFailure, Reason.UNKNOWN),
    ],
)
def test_a_refused_recipient_says_why(send, reply, kind, reason):
    with far_end(rcpt_replies={"dana@customer.test": reply}) as peer, pytest.raises(kind) as failure:
        send(peer.address)
    assert failure.value.code == reason.value
    assert type(failure.value) is kind


def test_some_recipients_are_refused_and_the_others_get_it(send):
    replies = {"bad@customer.test": "550 5.1.1 no such user", "later@customer.test": "450 4.7.1 greylisted"}
    with far_end(rcpt_replies=replies) as peer:
        receipt = send(peer.address, message(to=["bad@customer.test", "dana@customer.test", "later@customer.test"]))
    assert receipt.accepted == ("dana@customer.test",)
    assert [(each.recipient, each.permanent, each.reason) for each in receipt.refused] == [
        ("bad@customer.test", True, Reason.NO_SUCH_RECIPIENT),
        ("later@customer.test", False, Reason.RATE_LIMITED),
    ]


def test_one_recipient_that_may_work_later_makes_the_failure_temporary(send):
    replies = {"bad@customer.test": "550 5.1.1 no such user", "later@customer.test": "450 4.7.1 greylisted"}
    with far_end(rcpt_replies=replies) as peer, pytest.raises(TemporaryFailure) as failure:
        send(peer.address, message(to=["bad@customer.test", "later@customer.test"]))
    assert len(failure.value.facts["refused"]) == 2


@pytest.mark.parametrize(
    "reply,kind",
    [("451 4.3.0 try later", TemporaryFailure), ("554 5.6.0 content refused", PermanentFailure)],
)
def test_a_mail_refused_after_its_data_is_not_in_doubt(send, reply, kind):
    with far_end(after_data=lambda _raw: reply) as peer, pytest.raises(kind) as failure:
        send(peer.address)
    assert not getattr(failure.value, "in_doubt", False)


def test_silence_after_the_data_leaves_the_mail_in_doubt(send):
    with far_end(after_data=lambda _raw: None) as peer:
        began = time.monotonic()
        with pytest.raises(TemporaryFailure) as failure:
            send(peer.address, smtp_seconds=0.5)
        assert time.monotonic() - began < 30
    assert failure.value.in_doubt
    assert failure.value.code == Reason.TIMED_OUT.value
    assert len(peer.mails) == 1


def test_a_connection_lost_after_the_data_leaves_the_mail_in_doubt_and_the_repeat_has_the_same_id(send):
    with far_end(hang_up_after_data=True) as peer:
        with pytest.raises(TemporaryFailure) as failure:
            send(peer.address)
        assert failure.value.in_doubt
        peer.hang_up_after_data = False
        send(peer.address)
    assert len({message_from_bytes(mail[2])["Message-ID"] for mail in peer.mails}) == 1


def test_a_connection_lost_before_the_mail_is_complete_is_not_in_doubt(send):
    with far_end(size=50_000_000) as peer, line_to(peer.address, up_budget=500_000, cuts=5) as line:
        with pytest.raises(TemporaryFailure) as failure:
            send(line.address, message(text="a line of text\n" * 1_500_000))
        assert peer.mails == []
    assert not failure.value.in_doubt
    assert failure.value.code == Reason.CONNECTION_LOST.value


def trickle(sock: socket.socket) -> None:
    """A server that says its greeting one byte at a time, for ever."""
    while True:
        sock.sendall(b"2")
        time.sleep(0.05)


def test_a_server_of_a_byte_now_and_then_is_cut_by_the_time_for_the_whole_mail(send):
    with raw_server(trickle) as address:
        began = time.monotonic()
        with pytest.raises(TemporaryFailure) as failure:
            send(address, smtp_seconds=0.5)
        assert time.monotonic() - began < 30
    assert failure.value.code == Reason.TIMED_OUT.value


def test_a_tls_server_that_never_shakes_hands_is_cut_too(send):
    with raw_server(lambda sock: time.sleep(60)) as address:
        began = time.monotonic()
        with pytest.raises(TemporaryFailure) as failure:
            send(address, smtp_security="tls", smtp_seconds=0.5)
        assert time.monotonic() - began < 30
    assert failure.value.code == Reason.TIMED_OUT.value


@pytest.mark.parametrize("greeting", [b"554 go away\r\n", b"SSH-2.0-OpenSSH\r\n", b"220 hi\r\n\x00\xff\r\n", b""])
def test_a_server_that_is_none_fails_with_a_sentence(send, greeting):
    def serve(sock):
        sock.sendall(greeting)
        sock.recv(100)

    with raw_server(serve) as address, pytest.raises((TemporaryFailure, PermanentFailure)) as failure:
        send(address, smtp_seconds=1)
    assert "127.0.0.1" in failure.value.sentence or "refused" in failure.value.sentence


def test_tls_and_starttls_with_a_ca_file(send, certificate):
    context = certificate.server_context()
    with far_end(tls=context) as peer:
        send(peer.address, smtp_security="tls", ca_file=str(certificate.cert))
        assert len(peer.mails) == 1
    with far_end(starttls=context) as peer:
        send(peer.address, smtp_security="starttls", ca_file=str(certificate.cert))
        assert len(peer.mails) == 1


@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_an_unknown_certificate_is_refused_unless_checks_are_off(send, certificate, security):
    with far_end(**{security: certificate.server_context()}) as peer:
        with pytest.raises(TemporaryFailure) as failure:
            send(peer.address, smtp_security=security)
        assert failure.value.code == Reason.TLS_FAILED.value
        assert "certificate" in failure.value.sentence
        send(peer.address, smtp_security=security, verify_tls=False)
    assert len(peer.mails) == 1


def test_a_server_without_starttls_gets_neither_mail_nor_password(send):
    with far_end(auth=True) as peer, pytest.raises(TemporaryFailure) as failure:
        send(peer.address, smtp_security="starttls", smtp_user="u", smtp_password=PASSWORD)
    assert failure.value.code == Reason.TLS_FAILED.value
    assert peer.logins == []


def test_login(send):
    with far_end(auth=True) as peer:
        send(peer.address, smtp_user="support", smtp_password=PASSWORD)
    assert peer.logins == [b"PLAIN support"]
    assert len(peer.mails) == 1


def test_a_wrong_password_waits_for_an_administrator_and_is_not_shown(send):
    with far_end(auth=True) as peer, pytest.raises(TemporaryFailure) as failure:
        send(peer.address, smtp_user="support", smtp_password="wrong-secret")
    assert failure.value.code == Reason.BAD_CREDENTIALS.value
    assert "wrong-secret" not in failure.value.sentence + str(failure.value.facts)


def test_oauth_token():
    said = []

    def serve(sock):
        stream = sock.makefile("rwb", buffering=0)
        stream.write(b"220 far.test\r\n")
        for line in stream:
            said.append(line)
            verb = line.split()[0].upper()
            stream.write(b"250-far.test\r\n250 AUTH XOAUTH2\r\n" if verb == b"EHLO" else b"235 2.7.0 OK\r\n")

    with raw_server(serve) as address:
        sender = SmtpSender(config_for(address, smtp_user="me@desk.test", smtp_oauth_token="ya29"))
        assert sender.check().state is HealthState.OK
    assert said[1] == b"AUTH XOAUTH2 dXNlcj1tZUBkZXNrLnRlc3QBYXV0aD1CZWFyZXIgeWEyOQEB\r\n"


def test_a_refused_oauth_token():
    def serve(sock):
        stream = sock.makefile("rwb", buffering=0)
        stream.write(b"220 far.test\r\n")
        replies = iter(
            [b"250-far.test\r\n250 AUTH XOAUTH2\r\n", b"334 eyJzdGF0dXMiOiI0MDAifQ==\r\n", b"535 5.7.8 no\r\n"]
        )
        for _line in stream:
            stream.write(next(replies, b"250 ok\r\n"))

    with raw_server(serve) as address:
        health = SmtpSender(config_for(address, smtp_user="me@desk.test", smtp_oauth_token="old")).check()
    assert health.state is HealthState.FAILING
    assert health.cause is Reason.BAD_CREDENTIALS


def test_a_mail_larger_than_the_server_takes_is_not_even_begun(send):
    with far_end(size=10_000) as peer, pytest.raises(PermanentFailure) as failure:
        send(peer.address, message(text="x" * 20_000))
    assert failure.value.code == Reason.TOO_LARGE.value
    assert peer.mails == []


def test_nobody_listens_and_no_such_host(send):
    with socket.create_server(("127.0.0.1", 0)) as free:
        address = free.getsockname()
    with pytest.raises(TemporaryFailure) as failure:
        send(address)
    assert failure.value.code == Reason.UNREACHABLE.value


def test_an_account_without_a_server_says_so():
    with pytest.raises(Misconfigured):
        SmtpSender(EmailConfig(address="support@desk.test")).send(message())


def test_health():
    with far_end(auth=True) as peer:
        good = SmtpSender(config_for(peer.address, smtp_user="support", smtp_password=PASSWORD)).check()
        bad = SmtpSender(config_for(peer.address, smtp_user="support", smtp_password="no")).check()
    assert good.state is HealthState.OK
    assert (bad.state, bad.cause) == (HealthState.FAILING, Reason.BAD_CREDENTIALS)
    assert "Enter user and password again" in bad.detail
    assert peer.mails == []


def test_no_name_of_this_machine_is_looked_up(send, monkeypatch):
    def refuse(*_args):
        raise AssertionError("looked a name up")

    with far_end() as peer:
        for name in ("getfqdn", "gethostbyname", "gethostbyaddr", "gethostname"):
            monkeypatch.setattr(socket, name, refuse)
        send(peer.address)
    assert len(peer.mails) == 1
