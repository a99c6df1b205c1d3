"""A desk with a number at Twilio: a signed webhook opens a case, the answer goes out, and the reports on it find their message."""

from __future__ import annotations

from urllib.parse import urlencode

import pytest
from twilio.request_validator import RequestValidator

from app import jobs
from app.cases.models import Case
from app.cli import seed
from app.db import unit_of_work
from app.messaging import accounts, providers
from app.messaging.models import Delivery, DeliveryState
from app.routing import service as routing
from app.settings import settings
from app.sla import service as sla
from app.web import create_app
from tests.channels.sms.peers import served
from tests.channels.sms.twilio_peer import ACCOUNT, DANA, SENDER, TOKEN, TwilioPeer
from tests.support.people import make_cast
from tests.support.texting import rows


class DeskPeer(TwilioPeer):
    """Posts its webhooks to the desk."""

    def __init__(self, client):
        super().__init__()
        self.client = client

    def post(self, url, fields, *, token=TOKEN):
        headers = {"X-Twilio-Signature": RequestValidator(token).compute_signature(url, fields)}
        kind = "application/x-www-form-urlencoded"
        path = url.removeprefix(settings().public_url)
        return self.client.post(path, data=urlencode(fields), headers=headers, content_type=kind).status_code


@pytest.fixture
def line(db, engine):
    """A desk, Twilio, and the webhook's address."""
    with served(DeskPeer(create_app().test_client())) as peer:
        with unit_of_work():
            cast = make_cast()
            calendar = sla.save_calendar("business", name="Business hours")
            routing.save_queue("service", name="Service", team_id=cast.service_team.id, calendar_id=calendar.id)
            config = {"address": SENDER, "account_sid": ACCOUNT, "base_url": peer.url}
            account = accounts.save(
                None, kind="sms", provider="twilio", name="Twilio line", address=SENDER, config=config,
                secrets={"auth_token": TOKEN}, queue_key="service",
            )  # fmt: skip
            hook = providers.webhook_of(account)
        seed.deploy_shipped()
        yield peer, hook


def write(peer, hook, text, key):
    fields = {
        "MessageSid": key,
        "SmsStatus": "received",
        "AccountSid": ACCOUNT,
        "From": DANA,
        "To": SENDER,
        "Body": text,
    }
    answer = peer.post(hook, fields)
    while jobs.work_inline():
        pass
    return answer


def test_a_case_by_twilio_and_what_became_of_the_answer(line):
    peer, hook = line
    for _ in range(2):
        assert write(peer, hook, "The lift is stuck on floor 3.", "SM1") == 200
    [case] = rows(Case)
    assert (case.channel, case.contact_name) == ("sms", DANA)
    [form] = peer.forms
    assert form["StatusCallback"].startswith(f"{hook}?delivery=")
    assert case.number in form["Body"]
    [sid] = peer.messages
    for status in ("delivered", "sent", "delivered"):
        assert peer.report(sid, status) == 200
    while jobs.work_inline():
        pass
    assert [each.state for each in rows(Delivery)] == [DeliveryState.DELIVERED]
    assert peer.post(hook, {"MessageSid": "SM2", "AccountSid": ACCOUNT, "From": DANA}, token="e" * 32) == 403
