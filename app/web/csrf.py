"""Against forged requests: what a browser sends with its cookie must also carry the session's own form token."""

from __future__ import annotations

import hmac
import secrets
from hashlib import sha256

from flask import Request

from app.crypto import derive_key
from app.errors import Forbidden

HEADER = "X-CSRF-Token"
FIELD = "csrf"
SAFE = frozenset({"GET", "HEAD", "OPTIONS"})


def is_unsafe(request: Request) -> bool:
    """Tell whether the request may change something."""
    return request.method not in SAFE


def sent_token(request: Request) -> str:
    """Return the token of the header, else of the form."""
    return request.headers.get(HEADER) or request.form.get(FIELD, "")


def check(request: Request, expected: str) -> None:
    """Raise Forbidden unless the request carries the session's token and no other site sent it."""
    if request.headers.get("Sec-Fetch-Site") == "cross-site":
        raise Forbidden("cross_site", "This request came from another site.")
    if not hmac.compare_digest(sent_token(request).encode(), expected.encode()):
        raise Forbidden("csrf", "This form is out of date. Load the page again and repeat what you did.")


def new_form_value() -> str:
    """Return a value for the cookie of a form that is shown before anybody is signed in."""
    return secrets.token_urlsafe(24)


def form_token(cookie: str) -> str:
    """Return the token that belongs to the form's cookie; only we can make it."""
    return hmac.new(derive_key("login-form"), cookie.encode(), sha256).hexdigest()
