"""Servers that the mail tests share: one certificate and one Dovecot for each test process."""

from __future__ import annotations

import pytest

from tests.channels.email import peers


@pytest.fixture(scope="session")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> peers.Certificate:
    return peers.make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture(scope="session")
def imap_server():
    if peers.DOVECOT is None:
        pytest.skip(peers.WHY_NO_DOVECOT)
    with peers.dovecot() as server:
        yield server
