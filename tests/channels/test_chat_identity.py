"""Signed visitors: what the host's server signs counts, everything else is refused."""

from __future__ import annotations

import hashlib
import hmac
from base64 import urlsafe_b64encode
from datetime import UTC, datetime

import orjson
import pytest

from channels.chat.identity import verified
from channels.outcomes import BadSignature

NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)
SECRET = "only the host and the desk know it"
GOOD = {"sub": "42", "name": "Dana Fox", "email": "dana@example.org", "exp": NOW.timestamp() + 600}


def signed(claims, *, secret=SECRET, head=None):
    parts = [urlsafe_b64encode(orjson.dumps(each)).rstrip(b"=") for each in (head or {"alg": "HS256"}, claims)]
    seal = hmac.new(secret.encode(), b".".join(parts), hashlib.sha256).digest()
    return b".".join([*parts, urlsafe_b64encode(seal).rstrip(b"=")]).decode()


def test_a_signed_identity_says_who_it_is():
    found = verified(signed(GOOD), secret=SECRET, now=NOW)
    assert (found.key, found.name, found.email) == ("42", "Dana Fox", "dana@example.org")


@pytest.mark.parametrize(
    "token",
    [
        "",
        "a.b",
        "a.b.c",
        "é.é.é",
        signed(GOOD, secret="another one"),
        signed(GOOD, head={"alg": "none"}),
        signed(GOOD)[:-3],
        signed({**GOOD, "exp": NOW.timestamp() - 120}),
        signed({**GOOD, "exp": NOW.timestamp() + 3 * 86400}),
        signed({**GOOD, "nbf": NOW.timestamp() + 600}),
        signed({key: value for key, value in GOOD.items() if key != "exp"}),
        signed({**GOOD, "exp": "never"}),
        signed({**GOOD, "sub": ""}),
        signed({**GOOD, "sub": None}),
        signed({**GOOD, "sub": "x" * 300}),
        signed(["no", "claims"]),
        signed({**GOOD, "name": "x" * 4000}),
    ],
)
def test_anything_else_is_refused(token):
    with pytest.raises(BadSignature):
        verified(token, secret=SECRET, now=NOW)


def test_without_a_secret_nobody_is_verified():
    with pytest.raises(BadSignature):
        verified(signed(GOOD, secret=""), secret="", now=NOW)
