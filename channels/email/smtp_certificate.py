"""The certificate of the SMTP listener: read from two files, read again when they change, never exchanged for a broken one."""

from __future__ import annotations

import ssl
import threading
import time
from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path

import structlog
from cryptography import x509

from channels.clock import utcnow

LOOK_SECONDS = 2.0
Stamp = tuple[tuple[int, int, int], ...]
_log = structlog.get_logger()


class CertificateFiles:
    """A certificate chain and its key on disk, as PEM. Safe to share between threads.

    While a new pair cannot be used (half written, say), the last good one stays in use and `problem` tells why.
    """

    def __init__(self, certificate: Path, key: Path, *, look_seconds: float | None = None) -> None:
        self._paths = (certificate, key)
        self._look_seconds = LOOK_SECONDS if look_seconds is None else look_seconds
        self._context: ssl.SSLContext | None = None
        self._stamp: Stamp | None = None
        self._looked = float("-inf")
        self._lock = threading.Lock()
        self._problem = self._broken = ""
        self._ends = datetime.max.replace(tzinfo=UTC)

    def context(self) -> ssl.SSLContext | None:
        """Return what to shake hands with, None as long as there never was a usable pair."""
        with self._lock:
            if time.monotonic() - self._looked >= self._look_seconds:
                self._look()
                self._looked = time.monotonic()
            return self._context

    @property
    def problem(self) -> str:
        """Why the files as they are now cannot be used, as a sentence; "" when they can."""
        self.context()
        return self._problem

    def _look(self) -> None:
        try:
            stamp = tuple(_stamp(path) for path in self._paths)
        except OSError as error:
            self._stamp = None
            self._note(
                f"The listener cannot read {error.filename} ({error.strerror}). Check SMTP_TLS_CERT and SMTP_TLS_KEY."
            )
            return
        if stamp != self._stamp:
            self._stamp = stamp
            self._load()
        if self._broken:
            self._note(self._broken)
        else:
            self._note(_out_of_date(self._ends, self._paths[0]))

    def _load(self) -> None:
        try:
            self._ends = _end_of(self._paths[0])
            self._context, self._broken = _make_context(*self._paths), ""
        except (OSError, ValueError) as error:  # ssl.SSLError is an OSError
            self._broken = _sentence(error, self._paths)
        else:
            _log.info("smtp_certificate_loaded", certificate=str(self._paths[0]))

    def _note(self, problem: str) -> None:
        if problem and problem != self._problem:
            _log.error("smtp_certificate_unusable", why=problem, still_used=self._context is not None)
        self._problem = problem


Tls = Callable[[], ssl.SSLContext | None]


def _stamp(path: Path) -> tuple[int, int, int]:
    state = path.stat()
    return state.st_mtime_ns, state.st_size, state.st_ino


def _make_context(certificate: Path, key: Path) -> ssl.SSLContext:
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.minimum_version = ssl.TLSVersion.TLSv1_2
    context.load_cert_chain(certificate, key, password=_no_password)
    return context


def _no_password() -> str:
    # Without this OpenSSL would ask on the terminal, and the listener would wait for ever.
    raise ValueError("the key is protected by a password")


def _end_of(certificate: Path) -> datetime:
    return x509.load_pem_x509_certificate(certificate.read_bytes()).not_valid_after_utc


def _out_of_date(ends: datetime, certificate: Path) -> str:
    if ends > utcnow():
        return ""
    return f"The listener's certificate {certificate} has expired on {ends:%Y-%m-%d}. Put a new one there; no restart is needed."


def _sentence(error: OSError | ValueError, paths: tuple[Path, Path]) -> str:
    certificate, key = paths
    why = getattr(error, "reason", "") or getattr(error, "strerror", "") or str(error)
    return (
        f"The listener's certificate {certificate} and key {key} cannot be used ({why[:120]}). "
        "Both must be PEM files, belong together and need no password."
    )
