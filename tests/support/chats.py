"""A desk with a chat widget, and a visitor's browser at its door."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from urllib.parse import quote

import orjson
from flask import Flask
from werkzeug.test import TestResponse

from app.messaging import accounts
from app.messaging.models import ChannelAccount

HOST = "https://shop.test"
KEY = "shop-help"


def make_widget(**config: Any) -> ChannelAccount:
    """A widget that may stand on HOST."""
    secrets = {"identity_secret": config.pop("identity_secret")} if "identity_secret" in config else {}
    return accounts.save(
        None, kind="chat", provider="widget", name="Shop chat", address=config.get("address", KEY), secrets=secrets,
        config={"address": KEY, "origins": HOST, "ask_name": "no", **config}, queue_key="service",
    )  # fmt: skip


class VisitorBrowser:
    """A browser on a page of another site."""

    def __init__(self, app: Flask, *, origin: str = HOST, key: str = KEY, peer: str = "192.0.2.7") -> None:
        self.client, self.key, self.origin, self.token = app.test_client(), key, origin, ""
        self.peer = peer

    def ask(self, path: str, body: Mapping[str, Any] | None = None, **more: Any) -> TestResponse:
        """GET, or POST when there is a body."""
        headers = {"Accept": "application/json", **({"Origin": self.origin} if self.origin else {})}
        if self.token:
            headers["Authorization"] = f"Bearer {self.token}"
        options: dict[str, Any] = {"headers": {**headers, **more.pop("headers", {})}, **more}
        if body is not None:
            options |= {"method": "POST", "data": orjson.dumps(body)}
        return self.client.open(f"/chat/{self.key}/{path}", environ_base={"REMOTE_ADDR": self.peer}, **options)

    def begin(self, **values: Any) -> TestResponse:
        """Begin a chat and keep its token."""
        answer = self.ask("begin", {"language": "en", "page": f"{HOST}/cart?secret=1", **values})
        self.token = answer.json["token"] if answer.status_code == 201 else ""  # type: ignore[index]
        return answer

    def say(self, text: str, line_id: str = "aaaaaaaa") -> TestResponse:
        """Send a line."""
        return self.ask("lines", {"id": line_id, "text": text})

    def send_file(self, name: str, content: bytes, line_id: str = "file-one") -> TestResponse:
        """Send a file."""
        headers = {"X-File-Name": quote(name), "X-Line-Id": line_id}
        return self.ask("files", headers=headers, method="POST", data=content)

    def lines(self, after: int = 0) -> list[dict[str, Any]]:
        """Return what the visitor sees."""
        found: list[dict[str, Any]] = self.ask(f"lines?after={after}").json["lines"]  # type: ignore[index]
        return found
