"""Outbound HTTP against a real server: limits hold, failures are named, doubt is told from certainty."""

from __future__ import annotations

import socket
import threading
import time
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import pytest

from channels import http
from channels.email.config import EmailConfig
from channels.email.oauth import Tokens
from channels.outcomes import PermanentFailure, Reason, TemporaryFailure


class Vendor(ThreadingHTTPServer):
    """Answers each request with what `answer` makes of it."""

    daemon_threads = True

    def __init__(self, answer):
        self.answer, self.heard = answer, []
        super().__init__(("127.0.0.1", 0), Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/x"


class Handler(BaseHTTPRequestHandler):
    server: Vendor

    def do_POST(self):
        body = self.rfile.read(int(self.headers.get("Content-Length") or 0))
        self.server.heard.append((self.path, dict(self.headers), body))
        status, headers, said = self.server.answer(body)
        if status is None:
            self.connection.shutdown(socket.SHUT_RDWR)
            return
        self.send_response(status)
        for name, value in headers.items():
            self.send_header(name, value)
        self.end_headers()
        try:
            for piece in said if isinstance(said, list) else [said]:
                self.wfile.write(piece)
                time.sleep(0.05 if isinstance(said, list) else 0)
        except OSError:
            return

    def do_GET(self):
        self.do_POST()

    def log_message(self, *_args):
        return


@contextmanager
def vendor(answer):
    server = Vendor(answer)
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    try:
        yield server
    finally:
        server.shutdown()
        thread.join()
        server.server_close()


def test_a_request_and_its_answer():
    with vendor(lambda body: (201, {"X-Kind": "a"}, body)) as server:
        reply = http.request("POST", server.url, headers={"X-Key": "k"}, form={"a": "1"})
    assert (reply.status, reply.body, reply.headers["x-kind"]) == (201, b"a=1", "a")
    assert server.heard[0][1]["X-Key"] == "k"


@pytest.mark.parametrize("status", [302, 400, 404])
def test_other_answers_are_the_providers_to_judge_and_redirects_are_not_followed(status):
    with vendor(lambda _body: (status, {"Location": "http://127.0.0.1/evil"}, b"")) as server:
        assert http.request("GET", server.url).status == status
    assert len(server.heard) == 1


@pytest.mark.parametrize(
    "status,headers,reason,wait,in_doubt",
    [
        (429, {"Retry-After": "7"}, Reason.RATE_LIMITED, 7, False),
        (503, {"Retry-After": "soon"}, Reason.VENDOR_FAULT, None, False),
        (500, {}, Reason.VENDOR_FAULT, None, True),
        (429, {"Retry-After": "Thu, 01 Jan 1970 00:00:00 GMT"}, Reason.RATE_LIMITED, 0, False),
    ],
)
def test_later(status, headers, reason, wait, in_doubt):
    with vendor(lambda _body: (status, headers, b"")) as server, pytest.raises(TemporaryFailure) as failure:
        http.request("POST", server.url)
    assert (failure.value.code, failure.value.retry_after, failure.value.in_doubt) == (reason.value, wait, in_doubt)


def test_a_connection_that_breaks_after_the_request_leaves_doubt():
    with vendor(lambda _body: (None, {}, b"")) as server, pytest.raises(TemporaryFailure) as failure:
        http.request("POST", server.url)
    assert failure.value.code == Reason.CONNECTION_LOST.value
    assert failure.value.in_doubt


def test_nobody_listens():
    with socket.create_server(("127.0.0.1", 0)) as free:
        port = free.getsockname()[1]
    with pytest.raises(TemporaryFailure) as failure:
        http.request("POST", f"http://127.0.0.1:{port}/")
    assert failure.value.code == Reason.UNREACHABLE.value
    assert not failure.value.in_doubt


def test_silence_and_trickle_are_cut():
    enough = threading.Event()

    def silent(_body):
        enough.wait(60)
        return 200, {}, b""

    for answer in (silent, lambda _body: (200, {}, [b"x"] * 100)):
        with vendor(answer) as server:
            began = time.monotonic()
            with pytest.raises(TemporaryFailure) as failure:
                http.request("POST", server.url, seconds=0.3)
            assert time.monotonic() - began < 30  # the peer would take a minute
            enough.set()
        assert failure.value.code == Reason.TIMED_OUT.value
        assert failure.value.in_doubt


def test_an_endless_answer_is_cut():
    with vendor(lambda _body: (200, {}, b"x" * 200_000)) as server, pytest.raises(TemporaryFailure) as failure:
        http.request("POST", server.url, max_bytes=100_000)
    assert failure.value.code == Reason.VENDOR_FAULT.value


def test_an_answer_that_is_no_json():
    with vendor(lambda _body: (200, {}, b"<html>")) as server, pytest.raises(TemporaryFailure):
        http.request("POST", server.url).json()


@pytest.mark.parametrize(
    "url",
    [
        "http://vendor.test/",
        "ftp://vendor.test/",
        "https://",
        "file:///etc/passwd",
        "https://u:p@v.test/",
        "http://[::1",
    ],
)
def test_addresses_that_secrets_must_not_go_to(url):
    with pytest.raises(PermanentFailure):
        http.request("POST", url)


# ---------------------------------------------------------------- OAuth2 tokens of mailboxes
def mailbox(server, **more):
    known = {
        "address": "a@b.test",
        "oauth_token_url": server.url,
        "oauth_client_id": "me",
        "oauth_client_secret": "shh",
    }
    return EmailConfig.model_validate({**known, **more})


def test_a_token_is_fetched_once_and_kept():
    with vendor(lambda _body: (200, {}, b'{"access_token": "t1", "expires_in": 3600}')) as server:
        config = mailbox(server, oauth_scope="mail")
        assert [Tokens(config).bearer(config.imap_oauth_token) for _ in range(3)] == ["t1"] * 3
        assert len(server.heard) == 1
        Tokens(config).forget()
        Tokens(config).bearer(config.imap_oauth_token)
    assert len(server.heard) == 2
    assert server.heard[0][2] == b"client_id=me&client_secret=shh&grant_type=client_credentials&scope=mail"


def test_a_refresh_token_is_used_where_there_is_one_and_short_tokens_are_fetched_again():
    with vendor(lambda _body: (200, {}, b'{"access_token": "t1", "expires_in": "30"}')) as server:
        config = mailbox(server, oauth_refresh_token="r1", oauth_client_secret="")
        Tokens(config).bearer(config.imap_oauth_token)
        Tokens(config).bearer(config.imap_oauth_token)
    assert [heard[2] for heard in server.heard] == [b"client_id=me&grant_type=refresh_token&refresh_token=r1"] * 2


@pytest.mark.parametrize(
    "status,said",
    [(400, b'{"error": "invalid_grant"}'), (401, b"no"), (200, b"{}"), (200, b"[]"), (200, b'{"access_token": 3}')],
)
def test_a_refused_token_names_what_to_do(status, said):
    with vendor(lambda _body: (status, {}, said)) as server, pytest.raises(TemporaryFailure) as failure:
        Tokens(mailbox(server)).bearer(mailbox(server).imap_oauth_token)
    assert failure.value.code == Reason.BAD_CREDENTIALS.value
    assert "shh" not in failure.value.sentence


def test_a_fixed_token_needs_no_service():
    config = EmailConfig.model_validate({"address": "a@b.test", "imap_oauth_token": "fixed"})
    assert Tokens(config).bearer(config.imap_oauth_token) == "fixed"
