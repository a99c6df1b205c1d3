"""The contract, kept by every provider of email."""

from __future__ import annotations

import socket
from contextlib import contextmanager
from pathlib import Path

import pytest

from channels import registry
from channels.port import Poller
from channels.spec import Feature
from tests.channels.contract import ProviderContract
from tests.channels.email import peers


def closed_port() -> int:
    with socket.create_server(("127.0.0.1", 0)) as sock:
        return int(sock.getsockname()[1])


class TestMailbox(ProviderContract):
    kind, provider = "email", "smtp"

    @contextmanager
    def working(self):
        with peers.far_end(auth=True) as peer:
            settings = {
                "address": "support@desk.test",
                "smtp_host": peer.address[0],
                "smtp_port": peer.address[1],
                "smtp_security": "none",
                "smtp_user": "support",
                "smtp_password": peers.PASSWORD,
            }
            yield settings, lambda: peer.mails

    @contextmanager
    def broken(self):
        yield {
            "address": "support@desk.test",
            "smtp_host": "127.0.0.1",
            "smtp_port": closed_port(),
            "smtp_security": "none",
        }

    def promised(self, spec):
        return frozenset({Feature.SEND, Feature.LISTEN})

    @pytest.mark.dovecot
    def test_an_imap_account_is_a_poller(self):
        if peers.DOVECOT is None:
            pytest.skip(peers.WHY_NO_DOVECOT)
        settings = {
            "address": "support@desk.test",
            "inbound": "imap",
            "imap_host": "imap.desk.test",
            "imap_password": "x",
        }
        assert isinstance(registry.open_account("email", "smtp", settings), Poller)


class TestLoopback(ProviderContract):
    kind, provider = "email", "loopback"

    @pytest.fixture(autouse=True, params=["memory", "folder"])
    def _folder(self, request: pytest.FixtureRequest, tmp_path: Path):
        from channels.email import loopback

        loopback._boxes.clear()
        self.folder = str(tmp_path) if request.param == "folder" else ""

    @contextmanager
    def working(self):
        settings = {"address": "support@desk.test", "folder": self.folder}
        yield settings, lambda: registry.open_account(self.kind, self.provider, settings).outbox()
