"""A browser for tests: keeps cookies, knows its session's form token, can speak as an API client too."""

from __future__ import annotations

from typing import Any

from flask import Flask
from werkzeug.test import TestResponse

from app.db import unit_of_work
from app.identity import sessions
from app.identity.models import User
from app.web import cookies


class Browser:
    """Flask's test client with a session of `user`, if one is given."""

    def __init__(self, app: Flask, user: User | None = None) -> None:
        self.client = app.test_client()
        self.csrf = ""
        self.token = ""
        if user is not None:
            with unit_of_work():
                made = sessions.start(user.id)
            self.csrf, self.token = made.csrf, made.token
            self.client.set_cookie(cookies.session_cookie(), made.token)

    def get(self, path: str, **options: Any) -> TestResponse:
        """GET a page."""
        return self.client.get(path, **options)

    def post(self, path: str, data: dict[str, Any] | None = None, **options: Any) -> TestResponse:
        """POST a form, with its token."""
        return self.client.post(path, data={"csrf": self.csrf, **(data or {})}, **options)

    def request(self, method: str, path: str, **options: Any) -> TestResponse:
        """Send anything, with the token in the header."""
        headers = {"X-CSRF-Token": self.csrf, **options.pop("headers", {})}
        return self.client.open(path, method=method, headers=headers, **options)


def bearer(user: User) -> dict[str, str]:
    """Headers of an API client of this user."""
    with unit_of_work():
        return {"Authorization": f"Bearer {sessions.new_api_token(user.id, 'test').text}"}
