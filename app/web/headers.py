"""Security headers of every answer. A view may set its own first (the frame that shows a mail does)."""

from __future__ import annotations

import secrets
from functools import cache
from urllib.parse import urlsplit

from flask import Flask, Response, g, request

from app.settings import settings
from app.web import cookies

_FIXED = {
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
    "Referrer-Policy": "same-origin",
    "Cross-Origin-Opener-Policy": "same-origin",
    "Cross-Origin-Resource-Policy": "same-origin",
    "Permissions-Policy": "camera=(), geolocation=(), microphone=(self), payment=(), usb=()",
}


def install(app: Flask) -> None:
    """Add the headers to all answers of this application."""
    app.after_request(add)
    app.jinja_env.globals["csp_nonce"] = nonce


def nonce() -> str:
    """Return this answer's nonce: only scripts and styles that carry it run."""
    if "nonce" not in g:
        g.nonce = secrets.token_urlsafe(16)
    return str(g.nonce)


@cache
def stream_origin(stream_url: str) -> str:
    """Return the origin of the event stream."""
    parts = urlsplit(stream_url)
    return f"{parts.scheme}://{parts.netloc}" if parts.netloc else "'self'"


def policy() -> str:
    """Return the Content-Security-Policy of our pages. Style attributes are allowed: the diagram editor draws with them."""
    own = f"'self' 'nonce-{nonce()}'"
    return (
        f"default-src 'none'; script-src {own}; style-src {own}; style-src-attr 'unsafe-inline'; "
        f"img-src 'self' data: blob:; font-src 'self' data:; media-src 'self'; frame-src 'self'; worker-src 'self' blob:; "
        f"manifest-src 'self'; connect-src 'self' {stream_origin(settings().stream_url)}; form-action 'self'; "
        "base-uri 'none'; frame-ancestors 'none'"
    )


def add(response: Response) -> Response:
    """Add what the view has not set itself."""
    headers = response.headers
    if "Content-Security-Policy" not in headers:
        is_page = response.mimetype == "text/html"
        headers["Content-Security-Policy"] = policy() if is_page else "default-src 'none'; frame-ancestors 'none'"
    elif "frame-ancestors 'self'" in headers["Content-Security-Policy"]:
        headers.setdefault("X-Frame-Options", "SAMEORIGIN")
    for name, value in _FIXED.items():
        headers.setdefault(name, value)
    if cookies.is_secure():
        headers.setdefault("Strict-Transport-Security", "max-age=31536000")
    if request.endpoint != "static":
        headers.setdefault("Cache-Control", "no-store")
    if "new_cookie" in g:
        token, until = g.new_cookie
        cookies.set_session(response, token, until=until)
    return response
