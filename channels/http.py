"""The one outbound HTTP connection of all providers: time and size limits, no redirects, failures in the port's words."""

from __future__ import annotations

import json
import logging
import ssl
import time
from collections.abc import Mapping
from dataclasses import dataclass, field
from email.utils import parsedate_to_datetime
from functools import cache
from typing import Any
from urllib.parse import urlsplit

import httpx

from channels.clock import utcnow
from channels.outcomes import PermanentFailure, Reason, TemporaryFailure

MAX_BYTES = 10 * 1024 * 1024
_LOCAL = {"localhost", "127.0.0.1", "::1"}
# They write whole addresses into the log, and some vendors want the password there.
for _name in ("httpx", "httpcore"):
    logging.getLogger(_name).setLevel(logging.WARNING)
# Before the request is out nothing can have happened at the vendor.
_NOT_SENT = (httpx.ConnectError, httpx.ConnectTimeout, httpx.PoolTimeout)


@dataclass(frozen=True, slots=True)
class Reply:
    """A vendor's answer; header names in lower case."""

    status: int
    headers: Mapping[str, str]
    body: bytes = field(repr=False)

    def json(self) -> Any:
        """Return the body as JSON. Raises TemporaryFailure when it is none."""
        try:
            return json.loads(self.body)
        except ValueError:
            raise TemporaryFailure(
                Reason.VENDOR_FAULT.value, "The vendor answered with something that is not JSON."
            ) from None


def request(
    method: str,
    url: str,
    *,
    headers: Mapping[str, str] | None = None,
    form: Mapping[str, str] | None = None,
    payload: Any = None,
    content: bytes | None = None,
    seconds: float = 15.0,
    max_bytes: int = MAX_BYTES,
) -> Reply:
    """Send one request and return the answer, whatever it says below 500 but 429.

    Raises TemporaryFailure for a broken connection, 429 and 5xx (`in_doubt` where the request may have had its
    effect), PermanentFailure for an address that must not be used.
    """
    host = check_url(url)
    began = time.monotonic()
    try:
        with (
            httpx.Client(
                timeout=httpx.Timeout(seconds, connect=min(seconds, 10.0)), follow_redirects=False, verify=_trust()
            ) as client,
            client.stream(method, url, headers=dict(headers or {}), data=form, json=payload, content=content) as answer,
        ):
            body = _read(answer, deadline=began + seconds, max_bytes=max_bytes, host=host)
            reply = Reply(answer.status_code, {name.lower(): value for name, value in answer.headers.items()}, body)
    except httpx.HTTPError as error:
        raise _failure(error, host=host) from None
    if reply.status == 429 or reply.status >= 500:
        raise _put_off(reply, host=host)
    return reply


def check_url(url: str) -> str:
    """Return the host of an address that secrets may be sent to: https, or http on this very machine."""
    try:
        parts = urlsplit(url)
        host = parts.hostname or ""
    except ValueError:
        host, parts = "", urlsplit("")
    if host and (parts.scheme == "https" or (parts.scheme == "http" and host in _LOCAL)) and not parts.username:
        return host
    raise PermanentFailure(
        Reason.MISCONFIGURED.value, "The address of the vendor must begin with https:// and name a server."
    )


@cache
def _trust() -> ssl.SSLContext:
    """Return the certificates that are trusted, read once: reading them takes longer than most requests."""
    return httpx.create_ssl_context()


def _read(answer: httpx.Response, *, deadline: float, max_bytes: int, host: str) -> bytes:
    pieces, size = [], 0
    for piece in answer.iter_bytes():
        size += len(piece)
        if size > max_bytes:
            sentence = f"{host} answered with more than {max_bytes} bytes."
            raise TemporaryFailure(Reason.VENDOR_FAULT.value, sentence, in_doubt=True, host=host)
        if time.monotonic() > deadline:
            raise TemporaryFailure(Reason.TIMED_OUT.value, f"{host} answers too slowly.", in_doubt=True, host=host)
        pieces.append(piece)
    return b"".join(pieces)


def _failure(error: httpx.HTTPError, *, host: str) -> TemporaryFailure:
    in_doubt = not isinstance(error, _NOT_SENT)
    if isinstance(error, httpx.TimeoutException):
        return TemporaryFailure(Reason.TIMED_OUT.value, f"{host} did not answer in time.", in_doubt=in_doubt, host=host)
    text = str(error)
    if "CERTIFICATE" in text.upper() or "SSL" in text.upper():
        return TemporaryFailure(Reason.TLS_FAILED.value, f"TLS with {host} failed.", host=host)
    if isinstance(error, httpx.ConnectError):
        is_unknown = "Name or service" in text or "getaddrinfo" in text or "nodename" in text
        reason = Reason.UNKNOWN_HOST if is_unknown else Reason.UNREACHABLE
        return TemporaryFailure(reason.value, f"{host} cannot be reached.", host=host)
    sentence = f"The connection to {host} broke."
    return TemporaryFailure(Reason.CONNECTION_LOST.value, sentence, in_doubt=in_doubt, host=host)


def _put_off(reply: Reply, *, host: str) -> TemporaryFailure:
    reason = Reason.RATE_LIMITED if reply.status == 429 else Reason.VENDOR_FAULT
    wait = _seconds(reply.headers.get("retry-after", ""))
    sentence = f"{host} asks to come back later ({reply.status})."
    return TemporaryFailure(
        reason.value,
        sentence,
        retry_after=wait,
        in_doubt=reply.status in {500, 502, 504},
        host=host,
        status=reply.status,
    )


def _seconds(text: str) -> float | None:
    """Read Retry-After, which is a number of seconds or a date."""
    if text.isdigit():
        return float(min(int(text), 86_400))
    try:
        return max(0.0, min(86_400.0, (parsedate_to_datetime(text) - utcnow()).total_seconds()))
    except (ValueError, TypeError):
        return None
