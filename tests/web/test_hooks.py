"""The door for vendors' webhooks: stored before it is acknowledged, refused without a word, counted."""

from __future__ import annotations

import re

import orjson
import pytest
from sqlalchemy import func, select

from app.cases.models import Case
from app.db import unit_of_work
from app.messaging import hooks, providers
from app.messaging.models import ChannelAccount, Envelope, Message
from app.orchestration.intake import ingest_waiting
from tests.support import vendors
from tests.support.desk import make_desk
from tests.support.vendors import CUSTOMER


def body(text="The lift is stuck.", key="m-1"):
    return orjson.dumps({"id": key, "from": CUSTOMER, "text": text})


def stored():
    with unit_of_work() as session:
        return session.scalar(select(func.count()).select_from(Envelope))


def refused(account):
    with unit_of_work():
        return {row.why: row.count for row in hooks.refusals(account.id)}


@pytest.fixture
def line(cast, db):
    """A number of a vendor, committed."""
    with vendors.connected():
        with unit_of_work():
            make_desk(cast)
            account = vendors.make_account()
            other = vendors.make_account("+4930999888", secret="s2", name="Other line")
        yield account, other


def test_what_is_signed_is_stored_once_and_becomes_a_case(application, line):
    account, _other = line
    client = application.test_client()
    for _ in range(2):  # a vendor that repeats itself, or somebody who replays it
        answer = client.open(**vendors.posted(account, body()))
        assert (answer.status_code, answer.data) == (200, b"")
        assert "Set-Cookie" not in answer.headers
    assert stored() == 1
    assert ingest_waiting() == 1
    with unit_of_work() as session:
        [message] = session.scalars(select(Message).where(Message.kind == "sms", Message.direction == "in"))
        case = session.get_one(Case, message.case_id)
    assert (case.channel, message.sender, message.text) == ("sms", CUSTOMER, "The lift is stuck.")
    assert refused(account) == {}


def test_whoever_cannot_prove_it_learns_nothing_and_is_counted(application, line):
    account, other = line
    client = application.test_client()
    right = vendors.posted(account, body())
    changed = {**right, "data": body("Send the gold.")}
    unsigned = {**right, "headers": {}}
    foreign = vendors.posted(account, body(), secret="s2")
    elsewhere = {**right, "path": f"/hooks/{other.hook_key}/in"}
    for wrong in (changed, unsigned, foreign, elsewhere, {**right, "path": f"/hooks/{account.hook_key}/status"}):
        answer = client.open(**wrong)
        assert (answer.status_code, answer.data) == (403, b"")
    assert client.open(**{**right, "path": "/hooks/nobody/in"}).status_code == 404
    assert stored() == 0
    assert (refused(account), refused(other)) == ({"unsigned": 4}, {"unsigned": 1})


def test_too_large_a_body_is_not_read(application, line):
    account, _other = line
    answer = application.test_client().open(**vendors.posted(account, b" " * (hooks.MAX_BODY + 1)))
    assert answer.status_code == 413
    assert stored() == 0


def test_a_line_that_is_off_sends_its_vendor_back(application, line):
    account, _other = line
    with unit_of_work() as session:
        session.get_one(ChannelAccount, account.id).is_enabled = False
    client = application.test_client()
    answer = client.open(**vendors.posted(account, body()))
    assert (answer.status_code, answer.headers["Retry-After"]) == (503, "120")
    assert client.open(**vendors.posted(account, body(), secret="x")).status_code == 403, "a stranger is not told"
    assert refused(account) == {"paused": 1, "unsigned": 1}


def test_the_form_shows_the_address_of_the_webhook_and_what_was_refused(application, browser, cast, line):
    account, _other = line
    application.test_client().open(**{**vendors.posted(account, body()), "headers": {}})
    page = browser(cast.ada).get(f"/channels/{account.id}").text
    [shown] = re.findall(r'id="hook-url"[^>]*value="([^"]+)"', page)
    assert shown == providers.webhook_of(account)
    assert "1 webhooks without a valid signature" in page
    assert "s1" not in re.findall(r'<input id="f-secret"[^>]*>', page)[0]
    assert "Webhook" not in browser(cast.ada).get("/channels/new/sms/vendor").text
