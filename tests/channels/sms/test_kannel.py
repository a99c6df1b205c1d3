"""A real Kannel with its fake message centre: messages in, Chinese and long ones out, reports back."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

import pytest

from channels import registry
from channels.outcomes import BadSignature, DeliveryState, Misconfigured, Reason
from channels.port import Address, DeliveryUpdate, InboundMessage, OutboundMessage
from channels.sms import reassembly
from tests.channels.sms import peers

pytestmark = pytest.mark.skipif(not peers.HAS_KANNEL, reason=peers.WHY_NO_KANNEL)
SECRET = "kannel-calls-us-0123456789"
QUERY = (
    "?username={user}&password={password}&from={from}&to={to}&text={text}&coding={coding}&charset={charset}"
    "&dlr-mask=31&dlr-url={report_url}"
)


@pytest.fixture(scope="module")
def line(tmp_path_factory):
    """One Kannel for all tests here, with two messages in: Chinese, and a long one in two parts."""
    with peers.served(peers.Door()) as door:
        folder = tmp_path_factory.mktemp("kannel")
        with peers.kannel(folder, hook=door.url, secret=SECRET) as kannel:
            door.account = open_account(kannel)
            door.account.call_back_at(door.url)
            incoming = (
                "+8613800138000 10690 ucs2 " + _percent("我的订单 12 在哪里？".encode("utf-16-be")),
                "+8613800138000 10690 text STOP",
                "+8613800138000 10690 udh-text " + _percent(reassembly.write_udh(7, 1, 2)) + " long first,",
                "+8613800138000 10690 udh-text " + _percent(reassembly.write_udh(7, 2, 2)) + " and second",
            )
            for count, message in enumerate(incoming, 1):
                with kannel.phone(message):
                    peers.eventually(lambda count=count: len(door.requests) >= count, f"message {count}")
            with kannel.phone("10086 10690 text hello") as printed:
                yield door, kannel, printed


def _percent(raw: bytes) -> str:
    return "".join(f"%{byte:02X}" for byte in raw)


def _written(printed: str) -> list[str]:
    """Return the texts in UCS-2 that the message centre got."""
    found = re.findall(r"<10690 \S+ ucs-2 (.*)>", printed)
    return [unquote_to_bytes(each.replace("+", " ")).decode("utf-16-be") for each in found]


def open_account(kannel, **more):
    settings = {
        "address": "10690", "send_url": kannel.send_url + QUERY, "user": "desk", "password": "kannel-password",
        "webhook_secret": SECRET, **more,
    }  # fmt: skip
    return registry.open_account("sms", "gateway", settings)


def order(key: str, text: str) -> OutboundMessage:
    return OutboundMessage((Address("+86 138 0013 8000"),), idempotency_key=key, text=text)


def reports_of(door, key):
    return [event for event in door.events if isinstance(event, DeliveryUpdate) and event.provider_id == key]


def test_messages_come_in_as_they_were_written(line):
    door, _, _ = line
    found = [event for event in door.events if isinstance(event, InboundMessage) and event.sender.value != "10086"]
    whole = {event.text: event for event in found if "part" not in event.raw}
    assert set(whole) == {"我的订单 12 在哪里？", "STOP"}
    assert whole["STOP"].raw["wish"] == "opt_out"
    assert {event.sender.value for event in found} == {"+8613800138000"}
    assert {event.to for event in found} == {(Address("10690"),)}
    assert all(event.external_id and event.sent_at for event in found)
    parts = [
        reassembly.part_of(event.raw, received_at=event.sent_at, sender=event.sender.value)
        for event in found if "part" in event.raw
    ]  # fmt: skip
    joined = reassembly.join(parts, now=parts[0].received_at)
    assert joined == reassembly.Joined("long first,and second", (), is_due=True)


@pytest.mark.parametrize(
    "key,text",
    [
        ("delivery-1", "您的工单 RB-1 已处理完毕。😀"),
        ("delivery-2", "Euro € and [brackets]"),
        ("delivery-3", "长" * 150),
    ],
)
def test_a_message_goes_out_and_its_reports_come_back(line, key, text):
    door, _, printed = line
    receipt = door.account.send(order(key, text))
    assert (receipt.provider_id, receipt.accepted) == (key, ("+86 138 0013 8000",))
    # They come at the same moment, in any order.
    both = {DeliveryState.SENT, DeliveryState.DELIVERED}
    peers.eventually(lambda: both <= {each.state for each in reports_of(door, key)}, "sent and delivered")
    assert not door.refused
    if key == "delivery-1":
        peers.eventually(lambda: text in _written(printed()), "the phone has the text")


def test_a_wrong_password_is_named(line):
    _, kannel, _ = line
    with pytest.raises(Misconfigured) as failure:
        open_account(kannel, password="wrong").send(order("x", "hello"))
    assert failure.value.code == Reason.BAD_CREDENTIALS.value
    assert "wrong" not in str(failure.value.facts)


def test_a_call_with_another_secret_is_refused(line):
    door, kannel, _ = line
    other = open_account(kannel, webhook_secret="another-secret-0123456789")
    peers.eventually(lambda: door.requests, "some call")
    with pytest.raises(BadSignature):
        other.verify(door.requests[0])
