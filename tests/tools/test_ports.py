"""Ports: what is asked for or a clear error, otherwise the next free one."""

from __future__ import annotations

import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from tools import ports, run

HOST = "127.0.0.1"


@pytest.fixture
def busy() -> Iterator[int]:
    """A port that somebody listens on."""
    with socket.create_server((HOST, 0)) as listener:
        yield listener.getsockname()[1]


def test_the_next_free_port_is_taken_when_none_is_asked_for(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("PORT", raising=False)
    chosen = ports.choose("PORT", HOST, busy)
    assert chosen > busy
    assert ports.choose("PORT", HOST, chosen, taken={chosen}) > chosen


def test_a_busy_port_that_was_asked_for_is_an_error(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("PORT", str(busy))
    with pytest.raises(ports.PortError, match=f"Port {busy} is in use.*set PORT to another"):
        ports.choose("PORT", HOST, 8080)


def test_a_port_that_another_has_is_an_error(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    free = ports.choose("UNSET_PORT", HOST, busy)
    monkeypatch.setenv("SMTP_PORT", str(free))
    with pytest.raises(ports.PortError, match=f"Port {free} is wanted twice: set SMTP_PORT"):
        ports.choose("SMTP_PORT", HOST, 2525, taken={free})


def test_the_stream_leaves_the_port_alone_that_mail_asks_for(
    busy: int, monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first = ports.choose("UNSET_PORT", HOST, busy)
    after = ports.choose("UNSET_PORT", HOST, first + 1)
    monkeypatch.setenv("PORT", str(first))
    monkeypatch.setenv("SMTP_PORT", str(after))
    monkeypatch.delenv("STREAM_PORT", raising=False)
    plan = run._plan(tmp_path)
    assert (plan.port, plan.smtp_port) == (first, after)
    assert plan.stream_port not in {first, after}


@pytest.mark.parametrize("text", ["http", "0", "65536", "-1", "80 80"])
def test_nonsense_is_an_error(text: str, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("SMTP_PORT", text)
    with pytest.raises(ports.PortError, match="SMTP_PORT must be a port number"):
        ports.choose("SMTP_PORT", HOST, 2525)


def test_a_free_port_that_was_asked_for_is_taken(busy: int, monkeypatch: pytest.MonkeyPatch) -> None:
    free = ports.choose("UNSET_PORT", HOST, busy)
    monkeypatch.setenv("PORT", str(free))
    assert ports.choose("PORT", HOST, 8080) == free


def test_who_listens_answers(busy: int) -> None:
    assert ports.answers(HOST, busy)
    assert ports.answers("0.0.0.0", busy)
    assert not ports.answers(HOST, ports.choose("UNSET_PORT", HOST, busy))
