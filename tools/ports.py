"""Choosing the ports that `make run` listens on."""

from __future__ import annotations

import os
import socket
from collections.abc import Collection


class PortError(Exception):
    """A port that was asked for cannot be had; the message says what to do."""


def is_free(host: str, port: int) -> bool:
    """Tell whether we could listen on this port now."""
    family = socket.AF_INET6 if ":" in host else socket.AF_INET
    with socket.socket(family) as probe:
        probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            probe.bind((host, port))
        except OSError:
            return False
    return True


def answers(host: str, port: int) -> bool:
    """Tell whether something listens on this port."""
    reachable = {"0.0.0.0": "127.0.0.1", "::": "::1"}.get(host, host)  # noqa: S104 -- compared, not bound
    try:
        socket.create_connection((reachable, port), timeout=0.5).close()
    except OSError:
        return False
    return True


def choose(name: str, host: str, default: int, *, taken: Collection[int] = ()) -> int:
    """Return the port that variable `name` asks for, else the first free one from `default` on; none of those `taken`.

    Raises PortError.
    """
    wanted = asked_for(name)
    if wanted is None:
        for port in range(default, min(default + 200, 65536)):
            if port not in taken and is_free(host, port):
                return port
        raise PortError(f"No free port from {default} to {default + 199}: set {name}.")
    if wanted in taken:
        raise PortError(f"Port {wanted} is wanted twice: set {name} to another.")
    if not is_free(host, wanted):
        raise PortError(f"Port {wanted} is in use or not allowed: stop what listens there, or set {name} to another.")
    return wanted


def asked_for(name: str) -> int | None:
    """Return the port that variable `name` asks for, None when it is not set. Raises PortError for anything else."""
    text = os.environ.get(name, "").strip()
    if not text:
        return None
    if not text.isdigit() or not 0 < int(text) < 65536:
        raise PortError(f"{name} must be a port number from 1 to 65535, not {text!r}.")
    return int(text)
