"""What a server says in one breath with its answer to IDLE is news too."""

from __future__ import annotations

import ssl

import pytest

from channels.email.imap_line import LineClient
from tests.channels.email.peers import make_certificate, raw_server


def _server(context):
    def serve(sock):
        with context.wrap_socket(sock, server_side=True) if context else sock as line:
            words = line.makefile("rb")
            line.sendall(b"* OK [CAPABILITY IMAP4rev1 IDLE] ready\r\n")
            while command := words.readline():
                tag, verb = command.split()[:2]
                if verb == b"IDLE":
                    line.sendall(b"+ idling\r\n* 2 EXISTS\r\n")
                    words.readline()
                line.sendall(b"* BYE\r\n" * (verb == b"LOGOUT") + tag + b" OK done\r\n")

    return raw_server(serve)


@pytest.mark.parametrize("is_encrypted", [False, True])
def test_a_mail_told_together_with_the_answer_is_seen(tmp_path, is_encrypted):
    certificate = make_certificate(tmp_path) if is_encrypted else None
    ours = ssl.create_default_context(cafile=certificate.cert) if certificate else None
    with _server(certificate.server_context() if certificate else None) as (host, port):
        client = LineClient(host, port, context=ours, opened=lambda _sock: None)
        client.idle()
        assert client.idle_check(timeout=0.3) == [(2, b"EXISTS")]
        assert client.idle_check(timeout=0.1) == []
        client.idle_done()
        client.logout()
