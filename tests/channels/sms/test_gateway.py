"""An HTTP gateway: what it is asked, what its answers mean, whom it must be when it calls, and its settings."""

from __future__ import annotations

from contextlib import contextmanager
from urllib.parse import parse_qsl, urlsplit

import pytest

from channels import registry
from channels.outcomes import (
    BadSignature,
    DeliveryState,
    Misconfigured,
    PermanentFailure,
    Reason,
    TemporaryFailure,
    Unsupported,
)
from channels.port import Address, Attachment, OutboundMessage, WebhookRequest
from channels.sms import reader
from tests.channels.test_http import vendor

SECRET = "gateway-secret-1234"
HOOK = "https://desk.test/hooks/key/"
YES = (202, {}, b"0: Accepted for delivery")
ALL = "?u={user}&p={password}&from={from}&to={to}&n={to_digits}&text={text}&c={coding}&cs={charset}&r={report_url}"


@contextmanager
def gateway(answer=YES, query=ALL, **more):
    with vendor(lambda _: answer) as server:
        settings = {
            "address": "CoolShop", "send_url": f"{server.url}/{query}", "user": "desk", "password": "p&ss word",
            "webhook_secret": SECRET, "region": "CN", **more,
        }  # fmt: skip
        account = registry.open_account("sms", "gateway", settings)
        account.call_back_at(HOOK)
        yield account, server


def order(text="你好 & good day", **more) -> OutboundMessage:
    return OutboundMessage((Address("138 0013 8000"),), **{"idempotency_key": "delivery:1/2", "text": text, **more})


def asked(server, *, body=False):
    path, headers, sent = server.heard[-1]
    fields = sent.decode() if body else urlsplit(path).query
    return dict(parse_qsl(fields, keep_blank_values=True)), headers


def test_the_address_is_filled_in():
    with gateway() as (account, server):
        receipt = account.send(order())
        fields, _ = asked(server)
    assert receipt.provider_id == "delivery:1/2"
    report = fields.pop("r")
    assert fields == {
        "u": "desk", "p": "p&ss word", "from": "CoolShop", "to": "+8613800138000", "n": "8613800138000",
        "text": "你好 & good day", "c": "2", "cs": "UTF-8",
    }  # fmt: skip
    assert report.startswith(HOOK + "?report=")
    assert "&status=%d&answer=%A" in report
    assert SECRET not in report


def test_a_report_proves_its_message_and_no_other():
    with gateway() as (account, server):
        account.send(order())
        report = (
            asked(server)[0]["r"].replace("%d", "1").replace("%A", "").replace("%F", "7").replace("%T", "1795436520")
        )
        envelopes = account.verify(WebhookRequest("GET", report, {}, b""))
        again = account.verify(WebhookRequest("GET", report, {}, b""))
        (update,) = account.parse(envelopes[0])
        assert (update.provider_id, update.state) == ("delivery:1/2", DeliveryState.DELIVERED)
        assert reader.read(envelopes[0]) == [update]
        assert envelopes[0].external_id == again[0].external_id != ""
        assert b"sign=" not in envelopes[0].raw
        with pytest.raises(BadSignature):
            account.verify(WebhookRequest("GET", report.replace("report=", "report=x"), {}, b""))
        with pytest.raises(BadSignature):
            account.verify(WebhookRequest("GET", report.replace("report=", "other="), {}, b""))


def test_a_form_is_posted_and_a_header_logs_in():
    with gateway(query="?to={to}&text={text}", method="POST", login="bearer") as (account, server):
        account.send(order())
        fields, headers = asked(server, body=True)
    assert fields == {"to": "+8613800138000", "text": "你好 & good day"}
    assert headers["authorization"] == "Bearer p&ss word"
    assert headers["content-type"] == "application/x-www-form-urlencoded"


def test_texts_go_out_in_the_charset_and_simplified():
    with gateway(query="?to={to}&text={text}&c={coding}", charset="gb18030") as (account, server):
        account.send(order("你好"))
        assert "text=%C4%E3%BA%C3" in server.heard[-1][0]
    with gateway(query="?to={to}&text={text}&c={coding}", simplify=True) as (account, server):
        account.send(order("“façade”"))
        assert asked(server)[0] == {"to": "+8613800138000", "text": '"facade"', "c": "0"}


def test_the_gateways_own_id_is_read_from_its_answer():
    with gateway((200, {}, b"OK id=vendor-77"), success_pattern="^OK", id_pattern=r"id=(\S+)") as (account, _):
        assert account.send(order()).provider_id == "vendor-77"
        call = f"{HOOK}?secret={SECRET}&id=vendor-77&status=UNDELIV"
        (update,) = account.parse(account.verify(WebhookRequest("GET", call, {}, b""))[0])
    assert (update.provider_id, update.state, update.reason) == ("vendor-77", DeliveryState.FAILED, Reason.UNREACHABLE)


def test_other_names_of_fields_and_a_posted_form():
    with gateway(fields="text=message, from=msisdn\nid=ref") as (account, _):
        body = b"msisdn=%2B8613800138000&message=hello&ref=77"
        headers = {"content-type": "application/x-www-form-urlencoded; charset=utf-8"}
        (envelope,) = account.verify(WebhookRequest("POST", f"{HOOK}?secret={SECRET}", headers, body))
        (message,) = account.parse(envelope)
    assert (message.external_id, message.sender.value, message.text) == ("77", "+8613800138000", "hello")
    assert message.to == (Address("CoolShop"),)
    assert envelope.external_id == "77"
    assert SECRET.encode() not in envelope.raw


@pytest.mark.parametrize(
    "answer,error,code",
    [
        ((403, {}, b"Authorization failed for sendsms"), Misconfigured, Reason.BAD_CREDENTIALS),
        ((400, {}, b"Sender missing and no global set, rejected"), PermanentFailure, Reason.UNKNOWN),
        ((200, {}, b"5: Queue full"), PermanentFailure, Reason.UNKNOWN),
        ((302, {"Location": "https://elsewhere.test/"}, b""), PermanentFailure, Reason.UNKNOWN),
        ((503, {"Retry-After": "7"}, b"Temporal failure, try again later."), TemporaryFailure, Reason.VENDOR_FAULT),
        ((429, {}, b""), TemporaryFailure, Reason.RATE_LIMITED),
    ],
)
def test_a_no_is_named(answer, error, code):
    with gateway(answer) as (account, _), pytest.raises(error) as failure:
        account.send(order())
    assert failure.value.code == code.value
    assert "p&ss" not in failure.value.sentence + str(failure.value.facts)


@pytest.mark.parametrize(
    "more,error,code",
    [
        ({"to": (Address("nonsense number!"),)}, PermanentFailure, Reason.BAD_ADDRESS),
        ({"to": (Address("CoolShop"),)}, PermanentFailure, Reason.BAD_ADDRESS),
        ({"to": (Address("10086"), Address("10010"))}, Unsupported, Reason.BAD_ADDRESS),
        ({"to": ()}, Unsupported, Reason.BAD_ADDRESS),
        ({"text": " \n"}, PermanentFailure, Reason.CONTENT_REFUSED),
        ({"text": "x" * 1601}, PermanentFailure, Reason.TOO_LARGE),
        ({"attachments": (Attachment("a.pdf", "application/pdf", b"x"),)}, Unsupported, Reason.CONTENT_REFUSED),
    ],
)
def test_what_cannot_be_sent_is_refused_before_anything_is_asked(more, error, code):
    with gateway() as (account, server):
        with pytest.raises(error) as failure:
            account.send(OutboundMessage(**{"to": (Address("10086"),), "idempotency_key": "k", "text": "hi", **more}))
        assert server.heard == []
    assert failure.value.code == code.value
    assert failure.value.sentence.endswith(".")


GOOD = {"address": "10690", "password": "x", "webhook_secret": SECRET}


@pytest.mark.parametrize(
    "settings,field",
    [
        ({"webhook_secret": SECRET}, "address"),
        ({**GOOD, "send_url": "http://gateway.test/?to={to}&text={text}"}, "send_url"),
        ({**GOOD, "send_url": "https://gateway.test/?to={to}"}, "send_url"),
        ({**GOOD, "send_url": "https://gateway.test/?to={to}&text={text}&x={moon}"}, "send_url"),
        ({**GOOD, "send_url": "https://{to}.gateway.test/?text={text}"}, "send_url"),
        ({**GOOD, "send_url": "gateway.test/{to}/{text}"}, "send_url"),
        ({**GOOD, "success_pattern": "("}, "success_pattern"),
        ({**GOOD, "id_pattern": "id=.*"}, "id_pattern"),
        ({**GOOD, "webhook_secret": "short"}, "webhook_secret"),
        ({**GOOD, "webhook_secret": "with blanks & signs!"}, "webhook_secret"),
        ({**GOOD, "webhook_secret": ""}, "webhook_secret"),
        ({**GOOD, "login": "basic", "password": ""}, "password"),
        ({**GOOD, "fields": "moon=x"}, "fields"),
        ({**GOOD, "method": "PUT"}, "method"),
    ],
)
def test_wrong_settings_are_named_with_their_field(settings, field):
    with pytest.raises(Misconfigured) as failure:
        registry.read_config("sms", "gateway", settings)
    assert list(failure.value.facts["fields"]) == [field]
    assert SECRET not in failure.value.sentence


def test_the_settings_that_stand_there_at_first_are_kannels():
    config = registry.read_config("sms", "gateway", GOOD)
    assert "sendsms" in config.send_url
