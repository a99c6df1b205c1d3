"""A look at files of strangers before they are taken: by a clamd that listens on a port, or by a command. Without either all pass."""

from __future__ import annotations

import shlex
import socket
import struct
import subprocess

from app.errors import Invalid, Unavailable
from app.logs import log
from app.settings import settings

SECONDS = 20.0
CHUNK = 64 * 1024
_REFUSED = 1  # what scanners on the command line answer for a file that is not well


def check(name: str, content: bytes) -> None:
    """Raise Invalid for a file that the scanner refuses, Unavailable when it does not answer: then nothing is taken."""
    current = settings()
    if not current.scan_clamd and not current.scan_command:
        return
    try:
        found = _ask_clamd(current.scan_clamd, content) if current.scan_clamd else _run(current.scan_command, content)
    except (OSError, ValueError, subprocess.TimeoutExpired) as error:
        log().error("scanner_silent", error=str(error), kind=type(error).__name__)
        raise Unavailable(
            "scanner_silent", "Files cannot be looked through right now. Try again in a moment."
        ) from None
    if found:
        log().warning("file_refused", finding=found[:200])
        raise Invalid("file_refused", f"{name} was refused: it may do harm.", fields={"file": "refused"})


def _ask_clamd(address: str, content: bytes) -> str:
    """Return what clamd found, empty when nothing. Raises OSError, ValueError for an answer that is neither."""
    host, _, port = address.rpartition(":")
    with socket.create_connection((host, int(port)), timeout=SECONDS) as line:
        line.sendall(b"zINSTREAM\0")
        for start in range(0, len(content), CHUNK):
            part = content[start : start + CHUNK]
            line.sendall(struct.pack("!I", len(part)) + part)
        line.sendall(struct.pack("!I", 0))
        answer = b""
        while not answer.endswith(b"\0") and (more := line.recv(4096)):
            answer += more
    words = answer.rstrip(b"\0").decode(errors="replace")
    if words.endswith("FOUND"):
        return words
    if not words.endswith("OK"):
        raise ValueError(f"clamd answers {words[:200]!r}")
    return ""


def _run(command: str, content: bytes) -> str:
    """Give the file to the command's standard input; it ends with 0 when all is well, with 1 when it is not."""
    done = subprocess.run(shlex.split(command), input=content, capture_output=True, timeout=SECONDS, check=False)
    if done.returncode not in (0, _REFUSED):
        raise ValueError(f"the scanner ended with {done.returncode}: {done.stderr[:200]!r}")
    return (done.stdout.decode(errors="replace").strip() or "refused") if done.returncode == _REFUSED else ""
