"""The contract, kept by every provider of text messages."""

from __future__ import annotations

from contextlib import contextmanager
from pathlib import Path
from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from channels import registry
from channels.port import WebhookRequest
from channels.sms import loopback
from tests.channels.contract import PAYLOADS, ProviderContract
from tests.channels.sms import twilio_peer
from tests.channels.sms.peers import free_port, served
from tests.channels.test_http import vendor

NUMBER = "+8613800138000"


class SmsContract:
    """What the kind adds: its payloads lie by provider, and an order for a number."""

    provider: str
    recipient = NUMBER

    def payloads(self):
        folder = PAYLOADS / "sms" / self.provider
        return [path for path in sorted(folder.iterdir()) if path.suffix != ".json"]


class TestLoopback(SmsContract, ProviderContract):
    kind, provider = "sms", "loopback"
    secret = "loopback-secret-1234"

    @pytest.fixture(autouse=True, params=["memory", "folder"])
    def _folder(self, request: pytest.FixtureRequest, tmp_path: Path):
        loopback._boxes.clear()
        self.folder = str(tmp_path / "sms") if request.param == "folder" else ""

    @contextmanager
    def working(self):
        settings = {"address": "+8610101010101", "folder": self.folder, "webhook_secret": self.secret}
        yield settings, lambda: registry.open_account(self.kind, self.provider, settings).outbox()

    def bad_requests(self):
        body = b'{"id":"1","from":"+8613800138000","text":"hello"}'
        good = loopback.signed(body, self.secret)
        old = {loopback.TIME: "1700000000"}
        old[loopback.SIGNATURE] = loopback._signature(self.secret, old[loopback.TIME], body)
        tries = [
            ({}, body),
            ({**good, loopback.SIGNATURE: "0" * 64}, body),
            ({**good, loopback.SIGNATURE: "é"}, body),
            (loopback.signed(body, "another account's"), body),
            (good, body + b" "),
            (old, body),
            (good, b"x" * 70_000),
        ]
        return [WebhookRequest("POST", "https://desk.test/hooks/1/", headers, sent) for headers, sent in tries]


class TestGateway(SmsContract, ProviderContract):
    kind, provider = "sms", "gateway"
    secret = "gateway-secret-1234"

    def settings(self, port: int):
        url = f"http://127.0.0.1:{port}/send?user={{user}}&pass={{password}}&to={{to}}&text={{text}}&report={{report_url}}"
        return {
            "address": "+8610101010101", "send_url": url, "user": "desk", "password": "gateway-password",
            "webhook_secret": self.secret,
        }  # fmt: skip

    @contextmanager
    def working(self):
        with vendor(lambda _: (202, {}, b"0: Accepted for delivery")) as server:
            yield self.settings(server.server_port), lambda: server.heard

    @contextmanager
    def broken(self):
        yield self.settings(free_port())

    def bad_requests(self):
        url, query = "https://desk.test/hooks/1/", "id=1&from=%2B8613800138000&text=hello"
        tries = [
            f"{url}?{query}",
            f"{url}?{query}&secret=",
            f"{url}?{query}&secret=another-accounts-1234",
            f"{url}?{query}&secret=%C3%A9",
            f"{url}?report=abc&status=1&secret={self.secret}",
            f"{url}?report=abc&status=1&sign={'0' * 32}",
            f"{url}?{query}&secret={self.secret}&more={'x' * 70_000}",
            "https://[broken/?secret=1",
        ]
        return [WebhookRequest("GET", each, {}, b"") for each in tries]


class TestTwilio(SmsContract, ProviderContract):
    kind, provider = "sms", "twilio"

    def settings(self, url: str):
        return {
            "address": twilio_peer.SENDER, "account_sid": twilio_peer.ACCOUNT, "auth_token": twilio_peer.TOKEN,
            "base_url": url,
        }  # fmt: skip

    @contextmanager
    def working(self):
        with served(twilio_peer.TwilioPeer()) as peer:
            yield self.settings(peer.url), lambda: peer.forms

    @contextmanager
    def broken(self):
        yield self.settings(f"http://127.0.0.1:{free_port()}")

    def bad_requests(self):
        url = "https://desk.test/hooks/1/"
        fields = {"MessageSid": "SM1", "AccountSid": twilio_peer.ACCOUNT, "From": NUMBER, "Body": "hello"}
        body = urlencode(fields).encode()
        sign = RequestValidator(twilio_peer.TOKEN).compute_signature
        other = {**fields, "AccountSid": twilio_peer.OTHER_ACCOUNT}
        tries = [
            (url, "", body),
            (url, "é", body),
            (url, RequestValidator("e" * 32).compute_signature(url, fields), body),
            (url, sign(url, fields), body + b"&Body=more"),
            (url + "?x=1", sign(url, fields), body),
            ("https://[broken/", sign(url, fields), body),
            (url, sign(url, fields), b"\xff" + body),
            (url, sign(url, other), urlencode(other).encode()),
            (url, sign(url, {"x": "y" * 70_000}), b"x=" + b"y" * 70_000),
        ]
        form = {"content-type": "application/x-www-form-urlencoded"}
        return [WebhookRequest("POST", at, {**form, "x-twilio-signature": sig}, sent) for at, sig, sent in tries]
