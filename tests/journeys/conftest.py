"""A desk of real rows in this process, and a real mail server at the far end."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.journeys.mailing import FarEnd, Office, open_office


@pytest.fixture(scope="session")
def far_end() -> Iterator[FarEnd]:
    """One mail server for the run: connections to it are kept between mails."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        port = int(probe.getsockname()[1])
    far_end = FarEnd(port)
    far_end.start()
    yield far_end
    far_end.stop()


@pytest.fixture
def office(db: None, far_end: FarEnd) -> Office:
    """A desk with one mailbox, one team and the simple case process."""
    far_end.forget()
    return open_office(far_end, (Path(__file__).parent / "simple.bpmn").read_bytes())
