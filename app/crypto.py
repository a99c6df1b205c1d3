"""Secrets at rest, signed tokens and digests. Keys come from the settings, never from the database."""

from __future__ import annotations

import base64
import hashlib
import hmac
import json
import secrets
from functools import cache
from typing import Any

from cryptography.fernet import Fernet, InvalidToken
from itsdangerous import BadSignature, URLSafeTimedSerializer

from app.errors import Forbidden, Unavailable
from app.settings import settings


def derive_key(purpose: str) -> bytes:
    """Return 32 bytes for one purpose, so that no two uses share a key."""
    return hmac.new(settings().secret_key.encode(), purpose.encode(), hashlib.sha256).digest()


@cache
def _box(key: str) -> Fernet:
    del key
    return Fernet(base64.urlsafe_b64encode(derive_key("secrets-at-rest")))


def seal(values: dict[str, Any]) -> str:
    """Encrypt a dictionary of secrets for a database column."""
    return _box(settings().secret_key).encrypt(json.dumps(values).encode()).decode()


def unseal(sealed: str) -> dict[str, Any]:
    """Decrypt what `seal` made; raises Unavailable when the key has changed."""
    if not sealed:
        return {}
    try:
        return dict(json.loads(_box(settings().secret_key).decrypt(sealed.encode())))
    except InvalidToken:
        raise Unavailable(
            "secret_key_changed",
            "The stored secret cannot be read with this SECRET_KEY. Restore the old key or enter the secret again.",
        ) from None


def new_token() -> str:
    """Return a random bearer token of 256 bits."""
    return "rb_" + secrets.token_urlsafe(32)


def token_digest(token: str) -> str:
    """Return what is stored of a token: a digest; the token itself never is."""
    return hashlib.sha256(token.encode()).hexdigest()


def sign(purpose: str, value: Any) -> str:
    """Return `value` as a URL-safe signed token that carries its time."""
    return str(URLSafeTimedSerializer(derive_key(purpose)).dumps(value))


def unsign(purpose: str, token: str, *, max_age: int) -> Any:
    """Return the signed value; raises Forbidden when forged or older than `max_age` seconds."""
    try:
        return URLSafeTimedSerializer(derive_key(purpose)).loads(token, max_age=max_age)
    except BadSignature:
        raise Forbidden("bad_token", "This link is not valid or no longer valid.") from None


def sha256(data: bytes) -> str:
    """Return the SHA-256 of `data` in hex."""
    return hashlib.sha256(data).hexdigest()
