"""Twilio against a far end that is strict about its documented interface, with signatures of the official library."""

from __future__ import annotations

import logging
from contextlib import contextmanager
from urllib.parse import urlencode

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from twilio.http.http_client import TwilioHttpClient
from twilio.request_validator import RequestValidator
from twilio.rest import Client

from channels import registry
from channels.outcomes import (
    BadSignature,
    DeliveryState,
    Health,
    HealthState,
    Misconfigured,
    PermanentFailure,
    Reason,
    TemporaryFailure,
)
from channels.port import Address, DeliveryUpdate, InboundMessage, OutboundMessage, WebhookRequest
from channels.sms import reader, twilio_codes, twilio_signature
from tests.channels.sms.peers import Door, served
from tests.channels.sms.twilio_peer import (
    ACCOUNT,
    CONTENT,
    DANA,
    OTHER_ACCOUNT,
    SENDER,
    SERVICE,
    TOKEN,
    TwilioPeer,
)

SETTINGS = {"address": SENDER, "account_sid": ACCOUNT, "auth_token": TOKEN}
FORM = {"content-type": "application/x-www-form-urlencoded"}


@contextmanager
def twilio(**more):
    with served(Door(public="https://desk.example.com")) as door, served(TwilioPeer(door)) as peer:
        door.account = registry.open_account("sms", "twilio", {**SETTINGS, "base_url": peer.url, **more})
        door.account.call_back_at(door.url)
        yield door, peer


def order(key="delivery-1", to=DANA, text="您的工单已处理 & done", **more) -> OutboundMessage:
    return OutboundMessage((Address(to),), idempotency_key=key, text=text, **more)


class _Here(TwilioHttpClient):
    """The official client, sent to the far end of the tests."""

    def __init__(self, base: str) -> None:
        super().__init__()
        self.base = base

    def request(self, method, url, *args, **more):
        return super().request(method, url.replace("https://api.twilio.com", self.base), *args, **more)


def test_we_ask_as_the_official_client_does():
    logging.getLogger("twilio").setLevel(logging.WARNING)
    with twilio() as (door, peer):
        receipt = door.account.send(order())
        ours = peer.forms[-1]
        theirs = Client(ACCOUNT, TOKEN, http_client=_Here(peer.url)).messages.create(
            to=DANA, from_=SENDER, body="您的工单已处理 & done", status_callback=ours["StatusCallback"]
        )
        assert peer.forms[-1] == ours
        assert theirs.sid in peer.messages
    assert (receipt.provider_id, receipt.state, receipt.accepted) == ("delivery-1", DeliveryState.ACCEPTED, (DANA,))
    assert receipt.detail.startswith("SM")


def test_reports_come_early_late_twice_and_out_of_order():
    with twilio() as (door, peer):
        peer.before_answer = ("sent",)
        door.account.send(order())
        (sid,) = peer.messages
        for status in ("delivered", "queued", "delivered", "read"):
            assert peer.report(sid, status) == 200
        updates = door.events
    assert [each.state.value for each in updates] == ["sent", "delivered", "accepted", "read"]
    assert {each.provider_id for each in updates} == {"delivery-1"}
    assert {each.recipient for each in updates} == {DANA}
    assert door.refused == []


def test_messages_come_in_over_the_public_address():
    with twilio() as (door, peer):
        assert peer.receive("你好, where is +my order & 100%?") == 200
        assert peer.receive("Unsubscribe", OptOutType="STOP") == 200
        assert peer.receive("yes", OptOutType="START", ProfileName="Dana", From="whatsapp:" + DANA) == 200
        assert peer.receive("", NumMedia="1", MediaUrl0="https://x.test/1", MediaContentType0="image/png") == 200
    first, stop, start, picture = door.events
    assert isinstance(first, InboundMessage)
    assert (first.text, first.sender.value, first.to) == ("你好, where is +my order & 100%?", DANA, (Address(SENDER),))
    assert stop.raw["wish"] == "opt_out"
    assert (start.raw["wish"], start.sender) == ("opt_in", Address("whatsapp:" + DANA, "Dana"))
    assert (picture.problems, picture.raw["media"]) == (
        ("files not fetched",),
        [{"url": "https://x.test/1", "type": "image/png"}],
    )


def test_whoever_is_not_twilio_or_not_for_this_account_is_refused():
    with twilio() as (door, peer):
        assert peer.receive("hello", AccountSid=OTHER_ACCOUNT) == 403
        assert peer.post(door.url, {"MessageSid": "SM1", "AccountSid": ACCOUNT}, token="e" * 32) == 403
        assert door.events == []
        assert len(door.refused) == 2


def signed(url, fields, *, token=TOKEN, algorithm=None):
    return {**FORM, "x-twilio-signature": RequestValidator(token).compute_signature(url, fields, algorithm)}


@settings(deadline=None, max_examples=60)
@given(
    st.dictionaries(
        st.text(st.characters(codec="utf-8"), min_size=1, max_size=8),
        st.text(st.characters(codec="utf-8"), max_size=20),
        max_size=8,
    )
)
def test_any_form_signed_by_the_official_library_is_believed_and_no_changed_one(fields):
    url = "https://desk.example.com/hooks/key/?delivery=abc"
    body = urlencode(fields).encode()
    headers = signed(url, fields)
    assert twilio_signature.is_signed(WebhookRequest("POST", url, headers, body), TOKEN)
    assert not twilio_signature.is_signed(WebhookRequest("POST", url + "d", headers, body), TOKEN)
    assert not twilio_signature.is_signed(WebhookRequest("POST", url, headers, body + b"&zz=1"), TOKEN)
    assert not twilio_signature.is_signed(WebhookRequest("POST", url, headers, body), "e" * 32)
    assert not twilio_signature.is_signed(WebhookRequest("POST", url, headers, body), "")


def test_ports_and_the_newer_digest_are_understood():
    fields = {"MessageSid": "SM1", "Body": "é"}
    body = urlencode(fields).encode()
    for said, asked in (("https://d.test:443/h", "https://d.test/h"), ("https://d.test/h", "https://d.test:8443/h")):
        assert twilio_signature.is_signed(WebhookRequest("POST", asked, signed(said, fields), body), TOKEN)
    newer = {
        **signed("https://d.test/h", fields, algorithm="HMAC_SHA256"),
        twilio_signature.SETTINGS: "key=k,algorithm=HMAC_SHA256",
    }
    assert twilio_signature.is_signed(WebhookRequest("POST", "https://d.test/h", newer, body), TOKEN)
    strange = {**newer, twilio_signature.SETTINGS: "algorithm=MD5"}
    assert not twilio_signature.is_signed(WebhookRequest("POST", "https://d.test/h", strange, body), TOKEN)


@pytest.mark.parametrize(
    "to,sender,error,reason",
    [
        ("+15005550001", SENDER, PermanentFailure, Reason.BAD_ADDRESS),
        ("+15005550002", SENDER, PermanentFailure, Reason.BLOCKED),
        ("+15005550003", SENDER, PermanentFailure, Reason.MISCONFIGURED),
        ("+15005550004", SENDER, PermanentFailure, Reason.UNSUBSCRIBED),
        ("+15005550009", SENDER, PermanentFailure, Reason.NO_SUCH_RECIPIENT),
        (DANA, "+15005550007", PermanentFailure, Reason.MISCONFIGURED),
        (DANA, "+15005550008", TemporaryFailure, Reason.RATE_LIMITED),
        ("whatsapp:" + DANA, SENDER, PermanentFailure, Reason.BAD_ADDRESS),
        ("nonsense number", SENDER, PermanentFailure, Reason.BAD_ADDRESS),
    ],
)
def test_a_refusal_is_named(to, sender, error, reason):
    with twilio(address=sender) as (door, _), pytest.raises(error) as failure:
        door.account.send(order(to=to))
    assert failure.value.code == reason.value
    assert failure.value.sentence.endswith(".")
    assert TOKEN not in failure.value.sentence + str(failure.value.facts)


def test_a_wrong_token_is_named_when_sending_and_when_tried():
    with twilio(auth_token="e" * 32) as (door, _):
        with pytest.raises(Misconfigured) as failure:
            door.account.send(order())
        assert failure.value.code == "bad_credentials"
        assert door.account.check().cause is Reason.BAD_CREDENTIALS


def test_a_suspended_account_is_not_well():
    with twilio() as (door, peer):
        assert door.account.check() == Health(HealthState.OK)
        peer.account_status = "suspended"
        assert door.account.check().cause is Reason.MISCONFIGURED


def test_whatsapp_templates_and_services():
    with twilio(address="whatsapp:" + SENDER) as (door, peer):
        door.account.send(order(headers={"content_sid": CONTENT, "content_variables": '{"1": "Dana"}'}))
        form = peer.forms[-1]
        assert (form["To"], form["From"]) == ("whatsapp:" + DANA, "whatsapp:" + SENDER)
        assert (form["ContentSid"], form["ContentVariables"]) == (CONTENT, '{"1": "Dana"}')
        assert "Body" not in form
        for headers in ({"content_sid": "HX1"}, {"content_sid": CONTENT, "content_variables": "[1]"}):
            with pytest.raises(PermanentFailure) as failure:
                door.account.send(order(headers=headers))
            assert failure.value.code == "content_refused"
        (sid,) = peer.messages
        peer.report(sid, "undelivered", error="63016")
        (late,) = door.events
        assert (late.state, late.reason, late.permanent) == (DeliveryState.FAILED, Reason.OUTSIDE_WINDOW, True)
    with twilio(messaging_service=SERVICE) as (door, peer):
        door.account.send(order())
        assert peer.forms[-1]["MessagingServiceSid"] == SERVICE
        assert "From" not in peer.forms[-1]


def test_each_code_has_one_reason_and_each_common_reason_a_sentence():
    codes = [code for codes in twilio_codes._BY_REASON.values() for code in codes]
    assert len(codes) == len(set(codes))
    assert twilio_codes.reason_of(0) is Reason.NONE
    assert twilio_codes.reason_of(99999) is Reason.UNKNOWN
    assert all(sentence.endswith(".") for sentence in twilio_codes.SENTENCES.values())


def test_stored_envelopes_are_read_without_the_account():
    with twilio() as (door, peer):
        peer.receive("hello")
        (envelope,) = door.account.verify(door.requests[0])
        with pytest.raises(BadSignature):
            registry.open_account("sms", "twilio", {**SETTINGS, "account_sid": OTHER_ACCOUNT}).verify(door.requests[0])
    assert list(reader.read(envelope)) == door.events
    assert not isinstance(door.events[0], DeliveryUpdate)
    assert envelope.external_id == door.events[0].external_id


@pytest.mark.parametrize(
    "settings,field",
    [
        ({"auth_token": TOKEN, "address": SENDER}, "account_sid"),
        ({**SETTINGS, "account_sid": "AC123"}, "account_sid"),
        ({**SETTINGS, "auth_token": "short"}, "auth_token"),
        ({**SETTINGS, "messaging_service": "MG1"}, "messaging_service"),
        ({**SETTINGS, "base_url": "http://api.twilio.com"}, "base_url"),
        ({**SETTINGS, "address": "much too long for a name"}, "address"),
    ],
)
def test_wrong_settings_are_named_with_their_field(settings, field):
    with pytest.raises(Misconfigured) as failure:
        registry.read_config("sms", "twilio", settings)
    assert list(failure.value.facts["fields"]) == [field]
