"""STARTTLS at the listener, against real clients: offered, required, renewed, and nothing slipped in before it."""

from __future__ import annotations

import os
import smtplib
import socket
import ssl
import time

import pytest

from channels.email.smtp_certificate import CertificateFiles
from tests.channels.email.peers import make_certificate
from tests.channels.email.test_smtp_listener import MAIL, Desk, listening, talk


def files(certificate, **options):
    return CertificateFiles(certificate.cert, certificate.key, look_seconds=0, **options)


def trust(certificate):
    return ssl.create_default_context(cafile=str(certificate.cert))


@pytest.fixture
def own(tmp_path):
    """A certificate that the test may spoil."""
    return make_certificate(tmp_path)


@pytest.fixture
def secured(certificate):
    with listening(Desk(), tls=files(certificate).context) as desk:
        yield desk


@pytest.fixture
def strict(certificate):
    with listening(Desk(), tls=files(certificate).context, require_tls=True) as desk:
        yield desk


def encrypt(client, certificate):
    client.ehlo()
    client._host = "localhost"
    assert client.starttls(context=trust(certificate))[0] == 220


def test_a_mail_comes_encrypted(secured, certificate):
    with secured.client() as client:
        client.ehlo()
        assert "starttls" in client.esmtp_features
        encrypt(client, certificate)
        client.ehlo()
        assert "starttls" not in client.esmtp_features
        assert "auth" not in client.esmtp_features
        client.sendmail("a@b.test", ["support@desk.test"], MAIL)
    assert secured.mails[0].meta["tls"] is True
    assert secured.mails[0].raw == MAIL


def test_a_peer_without_tls_is_still_welcome_unless_it_is_required(secured, strict, certificate):
    secured.send()
    assert secured.mails[0].meta["tls"] is False
    with pytest.raises(smtplib.SMTPSenderRefused) as refused:
        strict.send()
    assert refused.value.smtp_code == 530
    assert b"STARTTLS" in refused.value.smtp_error
    with strict.client() as client:
        encrypt(client, certificate)
        client.sendmail("a@b.test", ["support@desk.test"], MAIL)
    assert len(strict.mails) == 1


def test_commands_slipped_in_behind_starttls_are_refused_and_never_obeyed(secured):
    slipped = b"EHLO me\r\nSTARTTLS\r\nMAIL FROM:<evil@b.test>\r\nRCPT TO:<support@desk.test>\r\n"
    heard = talk(secured.address, slipped)
    assert heard.rstrip().endswith(b"554 5.5.1 Nothing may follow STARTTLS before its answer")
    assert b"220 Ready" not in heard


def test_bytes_sent_in_the_open_after_the_answer_end_the_connection(secured):
    with socket.create_connection(secured.address, timeout=5) as sock:
        lines = sock.makefile("rb")
        lines.readline()
        sock.sendall(b"EHLO me\r\n")
        while lines.readline()[3:4] == b"-":
            continue
        sock.sendall(b"STARTTLS\r\n")
        assert lines.readline().startswith(b"220")
        sock.sendall(b"MAIL FROM:<evil@b.test>\r\nRCPT TO:<support@desk.test>\r\nDATA\r\n")
        rest = b""
        try:
            while data := sock.recv(4096):
                rest += data
        except ConnectionResetError:
            rest += b""
    assert b"250" not in rest
    secured.send()
    assert len(secured.mails) == 1


def test_what_was_said_before_the_handshake_is_forgotten(secured, certificate):
    with secured.client() as client:
        client.ehlo()
        client.mail("before@b.test")
        client.rcpt("support@desk.test")
        encrypt(client, certificate)
        assert client.docmd("MAIL FROM:<a@b.test>")[0] == 503, "EHLO has to be said again"
        client.ehlo()
        assert client.docmd("DATA")[0] == 503
        client.mail("after@b.test")
        client.rcpt("support@desk.test")
        assert client.data(MAIL)[0] == 250
    assert secured.mails[0].meta["mail_from"] == "after@b.test"


def test_a_peer_that_has_said_quit_and_lingers_does_no_harm_when_the_listener_stops(certificate):
    with listening(Desk(), tls=files(certificate).context) as desk:
        client = desk.client()
        encrypt(client, certificate)
        assert client.docmd("QUIT")[0] == 221
    client.close()


def test_tls_inside_tls_is_refused(secured, certificate):
    with secured.client() as client:
        encrypt(client, certificate)
        client.ehlo()
        assert client.docmd("STARTTLS")[0] == 503
        client.sendmail("a@b.test", ["support@desk.test"], MAIL)
    assert len(secured.mails) == 1


def test_starttls_without_a_certificate_is_not_offered_and_refused():
    with listening(Desk()) as desk, desk.client() as client:
        client.ehlo()
        assert "starttls" not in client.esmtp_features
        assert client.docmd("STARTTLS")[0] == 454
        assert client.docmd("STARTTLS now")[0] in (454, 501)
        assert client.noop()[0] == 250


def test_old_tls_is_not_spoken(certificate):
    assert files(certificate).context().minimum_version is ssl.TLSVersion.TLSv1_2


def test_a_new_certificate_is_taken_up_without_a_restart(own, tmp_path):
    with listening(Desk(), tls=files(own).context) as desk:
        with desk.client() as client:
            encrypt(client, own)
        (tmp_path / "next").mkdir()
        renewed = make_certificate(tmp_path / "next")
        renewed.key.replace(own.key)
        with desk.client() as client:  # between the two files the old pair goes on
            client.ehlo()
            assert "starttls" in client.esmtp_features
        renewed.cert.replace(own.cert)
        with desk.client() as client:
            encrypt(client, own)
            client.ehlo()
            client.sendmail("a@b.test", ["support@desk.test"], MAIL)
    assert desk.mails[0].meta["tls"] is True


@pytest.mark.parametrize("spoil", ["missing", "garbage", "of another", "locked"])
def test_a_bad_certificate_leaves_the_listener_up_without_tls_and_says_why(own, tmp_path, spoil):
    from cryptography.hazmat.primitives import serialization

    good = own.key.read_bytes()
    if spoil == "missing":
        own.key.unlink()
    elif spoil == "garbage":
        own.cert.write_text("no certificate")
    elif spoil == "of another":
        (tmp_path / "other").mkdir()
        own.key.write_bytes(make_certificate(tmp_path / "other").key.read_bytes())
    else:
        key = serialization.load_pem_private_key(good, None)
        locked = serialization.BestAvailableEncryption(b"secret")
        own.key.write_bytes(key.private_bytes(serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, locked))
    given = files(own)
    with listening(Desk(), tls=given.context) as desk:
        with desk.client() as client:
            client.ehlo()
            assert "starttls" not in client.esmtp_features
        desk.send()
        assert str(own.key) in given.problem or str(own.cert) in given.problem
        assert "PEM" in given.problem or "SMTP_TLS" in given.problem
    assert len(desk.mails) == 1


def test_with_a_bad_certificate_and_tls_required_senders_keep_their_mail(own):
    own.cert.write_text("no certificate")
    with listening(Desk(), tls=files(own).context, require_tls=True) as desk:
        with pytest.raises(smtplib.SMTPSenderRefused) as refused:
            desk.send()
        assert refused.value.smtp_code == 451
    assert desk.mails == []


def test_files_that_come_back_are_well_again(own):
    given = files(own)
    assert given.problem == ""
    aside = own.key.rename(own.key.with_suffix(".aside"))
    assert "SMTP_TLS_KEY" in given.problem
    assert given.context() is not None, "the last good pair stays in use"
    aside.rename(own.key)
    assert given.problem == ""


def test_an_expired_certificate_is_used_and_reported(own, monkeypatch):
    import datetime as dt

    later = dt.datetime.now(dt.UTC) + dt.timedelta(days=30)
    given = files(own)
    assert given.problem == ""
    monkeypatch.setattr("channels.email.smtp_certificate.utcnow", lambda: later)
    assert "expired" in given.problem
    assert given.context() is not None


def test_unchanged_files_are_not_read_again(own, monkeypatch):
    given = files(own)
    first = given.context()
    assert given.context() is first
    os.utime(own.cert, ns=(time.time_ns(), time.time_ns()))
    assert given.context() is not first
