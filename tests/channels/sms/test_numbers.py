"""Addresses of text messages, as people and gateways write them."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels import registry
from channels.outcomes import Misconfigured
from channels.sms import numbers
from channels.sms.numbers import AddressKind


@pytest.mark.parametrize(
    "text,region,expected",
    [
        ("138 0013 8000", "CN", "+8613800138000"),
        ("+86 138-0013-8000", "", "+8613800138000"),
        ("０１３８００１３８０００".replace("０１", "１", 1), "CN", "+8613800138000"),
        ("030 1234567", "DE", "+49301234567"),
        ("0049 30 1234567", "DE", "+49301234567"),
        ("whatsapp:+86 138 0013 8000", "", "whatsapp:+8613800138000"),
        ("WhatsApp:+8613800138000", "", "whatsapp:+8613800138000"),
        ("10086", "", "10086"),
        ("CoolShop", "", "CoolShop"),
    ],
)
def test_an_address_is_brought_to_one_form(text, region, expected):
    assert numbers.address(text, region=region) == expected


@pytest.mark.parametrize(
    "text", ["", "138 0013 8000", "+1", "name that is too long", "+86 138\r\n0013", "12", "a@b.test"]
)
def test_what_is_no_address_is_named_with_what_to_write(text):
    with pytest.raises(ValueError, match="is not a telephone number; write it"):
        numbers.address(text)


def test_a_name_cannot_be_written_to():
    with pytest.raises(ValueError, match="name of a sender"):
        numbers.recipient("CoolShop")


@pytest.mark.parametrize(
    "text,expected",
    [
        ("8613800138000", "+8613800138000"),
        (" 8613800138000", "+8613800138000"),  # a plus that became a blank
        ("+8613800138000", "+8613800138000"),
        ("10086", "10086"),
        ("1069012345678901234567", "1069012345678901234567"),
        ("Café & Shop é", "Café & Shop é"),
        ("", ""),
    ],
)
def test_senders_are_taken_as_networks_give_them(text, expected):
    assert numbers.came_from(text) == expected


@settings(deadline=None, max_examples=60)
@given(st.text())
def test_no_sender_breaks_anything(text):
    found = numbers.came_from(text)
    assert len(found) <= 60
    numbers.readable(found)


def test_kinds_and_the_readable_form():
    assert numbers.kind_of("+8613800138000") is AddressKind.NUMBER
    assert numbers.kind_of("10086") is AddressKind.SHORT_CODE
    assert numbers.kind_of("CoolShop") is AddressKind.NAME
    assert numbers.kind_of("whatsapp:+8613800138000") is AddressKind.WHATSAPP
    assert numbers.kind_of("?") is AddressKind.UNKNOWN
    assert numbers.readable("+8613800138000") == "+86 138 0013 8000"
    assert numbers.readable("CoolShop") == "CoolShop"


@pytest.mark.parametrize(
    "settings,field",
    [
        ({}, "address"),
        ({"address": "030 1234567"}, "address"),
        ({"address": "+49301234567", "region": "XX"}, "region"),
        ({"address": "+49301234567", "region": "Germany"}, "region"),
        ({"address": "+49301234567", "webhook_secret": "short"}, "webhook_secret"),
    ],
)
def test_wrong_settings_are_named_with_their_field(settings, field):
    with pytest.raises(Misconfigured) as failure:
        registry.read_config("sms", "loopback", settings)
    assert list(failure.value.facts["fields"]) == [field]


def test_the_own_number_is_read_with_its_country():
    config = registry.read_config("sms", "loopback", {"address": "030 1234567", "region": "de"})
    assert (config.address, config.region) == ("+49301234567", "DE")
