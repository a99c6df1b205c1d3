"""The cookies of the desk: the session, and the one that protects the login form."""

from __future__ import annotations

from datetime import datetime

from flask import Request, Response

from app.settings import settings


def is_secure() -> bool:
    """Tell whether the desk is reached over HTTPS."""
    return settings().public_url.startswith("https://")


def session_cookie() -> str:
    """Return the name of the session cookie; over HTTPS browsers keep `__Host-` cookies from being planted by neighbours."""
    return "__Host-ringback" if is_secure() else "ringback"


def form_cookie() -> str:
    """Return the name of the login form's cookie."""
    return "__Host-ringback-form" if is_secure() else "ringback-form"


def session_token(request: Request) -> str | None:
    """Return the session token that the browser sent."""
    return request.cookies.get(session_cookie()) or None


def set_session(response: Response, token: str, *, until: datetime) -> None:
    """Give the browser its session; the cookie lives as long as the row at most."""
    _set(response, session_cookie(), token, until=until)


def set_form(response: Response, value: str) -> None:
    """Give the browser the login form's cookie."""
    _set(response, form_cookie(), value)


def drop_session(response: Response) -> None:
    """Take the session away from the browser."""
    response.delete_cookie(session_cookie(), path="/", secure=is_secure(), httponly=True, samesite="Lax")


def _set(response: Response, name: str, value: str, *, until: datetime | None = None) -> None:
    response.set_cookie(name, value, expires=until, path="/", secure=is_secure(), httponly=True, samesite="Lax")
