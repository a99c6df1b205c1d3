"""Who a visitor is, as the host's server has signed it: a JWT (HS256) with `sub` and `exp`. Nothing else proves who they are."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64decode
from binascii import Error as NotBase64
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import orjson

from channels.outcomes import BadSignature

MAX_TOKEN = 4_000
#: An identity that is good for longer than this is refused: a copied one must die soon.
LONGEST_SECONDS = 24 * 3600
#: Clocks of two machines differ a little.
SKEW_SECONDS = 60


@dataclass(frozen=True, slots=True)
class Identity:
    """A visitor whom the host's server knows."""

    key: str
    name: str = ""
    email: str = ""


def verified(token: str, *, secret: str, now: datetime) -> Identity:
    """Return who a token names. Raises BadSignature when it is forged, too old, or says too little."""
    parts = token.split(".")
    if len(token) > MAX_TOKEN or len(parts) != 3 or not secret:
        raise BadSignature("bad_identity", "This is no signed identity.")
    head, claims = _part(parts[0]), _part(parts[1])
    wanted = hmac.new(secret.encode(), f"{parts[0]}.{parts[1]}".encode(), hashlib.sha256).digest()
    if head.get("alg") != "HS256" or not hmac.compare_digest(wanted, _bytes(parts[2])):
        raise BadSignature("bad_identity", "The identity is not signed with this widget's secret.")
    _check_time(claims, now.timestamp())
    key = claims.get("sub")
    if not isinstance(key, str | int) or isinstance(key, bool) or not 0 < len(str(key).strip()) <= 200:
        raise BadSignature("bad_identity", "The identity names nobody: `sub` is missing.")
    return Identity(str(key).strip(), _text(claims.get("name")), _text(claims.get("email")))


def _check_time(claims: dict[str, Any], now: float) -> None:
    until, since = claims.get("exp"), claims.get("nbf", 0)
    if not isinstance(until, int | float) or not isinstance(since, int | float):
        raise BadSignature("bad_identity", "The identity does not say until when it is good: `exp` is missing.")
    if not now - SKEW_SECONDS < until < now + LONGEST_SECONDS + SKEW_SECONDS or since > now + SKEW_SECONDS:
        raise BadSignature("old_identity", "The identity is too old, or good for more than a day.")


def _part(text: str) -> dict[str, Any]:
    try:
        found = orjson.loads(_bytes(text))
    except orjson.JSONDecodeError:
        found = None
    if not isinstance(found, dict):
        raise BadSignature("bad_identity", "This is no signed identity.")
    return found


def _bytes(text: str) -> bytes:
    try:
        return urlsafe_b64decode(text + "=" * (-len(text) % 4))
    except (NotBase64, ValueError):
        return b""


def _text(value: object) -> str:
    return value.strip()[:200] if isinstance(value, str) else ""
