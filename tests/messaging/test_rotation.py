"""Refresh tokens that their service rotates, against a real token endpoint that revokes everything when an old one comes back."""

from __future__ import annotations

import itertools
import json
import os
import subprocess
import sys
import threading
import time
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from urllib.parse import parse_qsl

import pytest
from sqlalchemy import select

from app import crypto
from app import db as frame
from app.messaging import accounts, providers
from app.messaging.models import ChannelAccount
from app.settings import settings
from channels.email import oauth
from channels.email.config import EmailConfig
from channels.outcomes import HealthState, Reason, TemporaryFailure
from tests.channels.email.peers import DOVECOT, WHY_NO_DOVECOT, dovecot
from tests.journeys.mailing import DESK


class TokenService(ThreadingHTTPServer):
    """Takes each refresh token once; a used one that comes back revokes all, as services with reuse detection do."""

    daemon_threads = True

    def __init__(self) -> None:
        self.good, self.used, self.asked, self.slow = {"r0"}, set[str](), 0, 0.0
        self.lasts, self.access, self.meanwhile = 3600, "good-nobody", lambda: None
        self.lock, self.numbers = threading.Lock(), itertools.count(1)
        super().__init__(("127.0.0.1", 0), _Handler)
        self.url = f"http://127.0.0.1:{self.server_port}/token"

    def grant(self, refresh: str) -> dict[str, object] | None:
        with self.lock:
            self.asked += 1
            if refresh in self.used:
                self.good.clear()
            if refresh not in self.good:
                return None
            fresh = f"r{next(self.numbers)}"
            self.good.discard(refresh)
            self.used.add(refresh)
            self.good.add(fresh)
        return {"access_token": self.access, "expires_in": self.lasts, "refresh_token": fresh}


class _Handler(BaseHTTPRequestHandler):
    server: TokenService

    def do_POST(self) -> None:
        form = dict(parse_qsl(self.rfile.read(int(self.headers["Content-Length"])).decode()))
        granted = self.server.grant(form["refresh_token"])
        time.sleep(self.server.slow)
        self.server.meanwhile()
        said = json.dumps(granted or {"error": "invalid_grant"}).encode()
        self.send_response(200 if granted else 400)
        self.send_header("Content-Length", str(len(said)))
        self.end_headers()
        self.wfile.write(said)

    def log_message(self, *_args: object) -> None:
        return


@pytest.fixture
def service():
    server = TokenService()
    thread = threading.Thread(target=server.serve_forever, kwargs={"poll_interval": 0.02})
    thread.start()
    yield server
    server.shutdown()
    thread.join()
    server.server_close()


@pytest.fixture(autouse=True)
def no_token_kept():
    oauth._tokens.clear()
    yield
    oauth._tokens.clear()


def save(service: TokenService, account_id: int | None = None, *, refresh: str = "r0", **config: object) -> int:
    """A mailbox with OAuth2, or the same one saved again by a person."""
    given = {
        "address": DESK, "oauth_token_url": service.url, "oauth_client_id": "desk", "inbound": "imap",
        "imap_host": "127.0.0.1", "imap_security": "none", **config,
    }  # fmt: skip
    with frame.unit_of_work():
        return accounts.save(
            account_id, kind="email", provider="smtp", name="Desk", address=DESK, config=given,
            secrets={"oauth_refresh_token": refresh, "oauth_client_secret": "shh"},
        ).id  # fmt: skip


def adapter(account_id: int):
    with frame.unit_of_work():
        return providers.adapter(accounts.get(account_id))


def bearer(account_id: int) -> str:
    opened = adapter(account_id)
    return opened.tokens.bearer(opened.config.imap_oauth_token)


def stored(account_id: int) -> dict[str, str]:
    with frame.unit_of_work() as session:
        return crypto.unseal(session.scalar(select(ChannelAccount.secrets).where(ChannelAccount.id == account_id)))


def test_a_rotated_token_is_kept_sealed_and_used_next_time(db, service):
    account_id = save(service)
    assert bearer(account_id) == "good-nobody"
    assert stored(account_id) == {"oauth_refresh_token": "r1", "oauth_client_secret": "shh"}
    row = accounts_row(account_id)
    assert "r1" not in row.secrets
    assert row.version == 1, "a rotation is no change that a person has to hear of"
    assert bearer(account_id) == "good-nobody"
    assert service.asked == 1, "the access token is kept although the secrets changed"
    oauth._tokens.clear()
    bearer(account_id)
    assert stored(account_id)["oauth_refresh_token"] == "r2"


def accounts_row(account_id: int) -> ChannelAccount:
    with frame.unit_of_work() as session:
        return session.get_one(ChannelAccount, account_id)


def test_an_adapter_opened_before_the_rotation_uses_the_stored_token(db, service):
    account_id = save(service)
    old = adapter(account_id)
    bearer(account_id)
    for expected in ("r2", "r3"):
        old.tokens.forget()
        old.tokens.bearer(old.config.imap_oauth_token)
        assert stored(account_id)["oauth_refresh_token"] == expected
    assert service.good == {"r3"}


def test_a_token_that_a_person_entered_counts_at_once(db, service):
    account_id = save(service)
    bearer(account_id)
    service.good.add("mine")
    save(service, account_id, refresh="mine")
    bearer(account_id)
    assert service.asked == 2
    assert stored(account_id)["oauth_refresh_token"] in service.good - {"r1"}


def test_a_refused_token_is_left_as_it_is_and_named(db, service):
    account_id = save(service, refresh="wrong")
    with pytest.raises(TemporaryFailure) as refused:
        bearer(account_id)
    assert refused.value.code == Reason.BAD_CREDENTIALS.value
    assert "wrong" not in refused.value.sentence
    assert stored(account_id)["oauth_refresh_token"] == "wrong"


def test_a_token_service_that_breaks_off_leaves_no_mail_in_doubt(db, service):
    def hang_up() -> None:
        raise ConnectionAbortedError

    service.meanwhile = hang_up
    service.handle_error = lambda *_: None  # type: ignore[method-assign]
    with pytest.raises(TemporaryFailure) as failure:
        bearer(save(service))
    assert failure.value.in_doubt is False
    assert failure.value.sentence.startswith("No access token")


def test_a_silent_token_service_delays_no_other_account(db, service):
    slow, release = threading.Event(), threading.Event()
    other = TokenService()
    threading.Thread(target=other.serve_forever, kwargs={"poll_interval": 0.02}, daemon=True).start()
    config = {"oauth_client_id": "a", "oauth_refresh_token": "r0", "address": DESK}
    lame = oauth.Tokens(EmailConfig(**config, oauth_token_url=service.url))
    well = oauth.Tokens(EmailConfig(**config, oauth_token_url=other.url))
    service.meanwhile = lambda: (slow.set(), release.wait(20))  # type: ignore[assignment, func-returns-value, return-value]
    thread = threading.Thread(target=lambda: lame.bearer(lame._config.imap_oauth_token))
    thread.start()
    try:
        assert slow.wait(10)
        assert well.bearer(well._config.imap_oauth_token) == "good-nobody"
        assert thread.is_alive()
    finally:
        release.set()
        thread.join(20)
        other.shutdown()
        other.server_close()


_CHILD = """
import sys
from app import bootstrap, db
from app.messaging import accounts, providers
bootstrap.start()
with db.unit_of_work():
    opened = providers.adapter(accounts.get(int(sys.argv[1])))
print("ready", flush=True)
sys.stdin.readline()
for _ in range(3):
    assert opened.tokens.bearer(opened.config.imap_oauth_token) == "good-nobody"
    opened.tokens.forget()
"""


@pytest.mark.committed
def test_three_processes_at_once_never_use_a_token_twice(db, service):
    service.slow = 0.05
    account_id = save(service)
    environment = {**os.environ, "DATABASE_URL": settings().database_url}
    children = [
        subprocess.Popen(
            [sys.executable, "-c", _CHILD, str(account_id)], stdin=subprocess.PIPE, stdout=subprocess.PIPE,
            text=True, env=environment,
        )
        for _ in range(3)
    ]  # fmt: skip
    for child in children:
        assert child.stdout.readline() == "ready\n"
    for child in children:
        child.stdin.write("go\n")
        child.stdin.flush()
    assert [child.wait(60) for child in children] == [0, 0, 0]
    for child in children:
        child.stdin.close()
        child.stdout.close()
    assert service.asked == 9
    assert service.good == {"r9"}
    assert stored(account_id)["oauth_refresh_token"] == "r9"


@pytest.mark.committed
def test_settings_saved_while_a_token_rotates_lose_neither(db, service):
    account_id = save(service)
    begun, go_on = threading.Event(), threading.Event()
    service.meanwhile = lambda: (begun.set(), go_on.wait(20))  # type: ignore[assignment, func-returns-value, return-value]
    thread = threading.Thread(target=bearer, args=(account_id,))
    thread.start()
    assert begun.wait(10)
    save(service, account_id, refresh="", imap_folder="Work")  # empty: keep the stored one
    go_on.set()
    thread.join(20)
    assert stored(account_id) == {"oauth_refresh_token": "r1", "oauth_client_secret": "shh"}
    assert accounts_row(account_id).config["imap_folder"] == "Work"


@pytest.mark.committed
def test_a_token_entered_while_the_old_one_rotates_wins(db, service):
    account_id = save(service)
    begun, go_on = threading.Event(), threading.Event()
    service.meanwhile = lambda: (begun.set(), go_on.wait(20))  # type: ignore[assignment, func-returns-value, return-value]
    thread = threading.Thread(target=bearer, args=(account_id,))
    thread.start()
    assert begun.wait(10)
    save(service, account_id, refresh="mine")
    go_on.set()
    thread.join(20)
    assert stored(account_id)["oauth_refresh_token"] == "mine"


@pytest.mark.dovecot
@pytest.mark.skipif(DOVECOT is None, reason=WHY_NO_DOVECOT)
def test_a_mailbox_that_asks_for_tokens_is_opened_with_a_rotated_one(db, service):
    with dovecot() as server:
        user = server.new_user()
        service.access = f"good-{user}"
        account_id = save(service, imap_port=server.port, imap_user=user)
        assert adapter(account_id).check_sides()["inbound"].state is HealthState.OK
        assert stored(account_id)["oauth_refresh_token"] == "r1"
        service.access = "revoked"
        oauth._tokens.clear()
        health = adapter(account_id).check_sides()["inbound"]
        assert (health.state, health.cause) == (HealthState.FAILING, Reason.BAD_CREDENTIALS)
        service.access = f"good-{user}"
        assert adapter(account_id).check_sides()["inbound"].state is HealthState.OK, "a refused token is asked for anew"
        assert service.good == {"r3"}
