"""Addresses of text messages: numbers in E.164, short codes, names as senders, WhatsApp numbers. Errors are sentences."""

from __future__ import annotations

import re
from enum import StrEnum

import phonenumbers

WHATSAPP = "whatsapp:"
_SHORT = re.compile(r"[0-9]{3,8}")
_NAME = re.compile(r"(?=.*[A-Za-z])[A-Za-z0-9 &._+-]{1,11}")
_REGION = re.compile(r"[A-Z]{2}")


class AddressKind(StrEnum):
    """What an address is; only a number and a WhatsApp number can be answered for sure."""

    NUMBER, SHORT_CODE, NAME, WHATSAPP, UNKNOWN = "number", "short_code", "name", "whatsapp", "unknown"


def number(text: str, *, region: str = "") -> str:
    """Return a telephone number in E.164. Raises ValueError with a sentence that says what to enter."""
    try:
        found = phonenumbers.parse(text.strip(), region or None)
    except phonenumbers.NumberParseException:
        found = None
    if found is None or not phonenumbers.is_possible_number(found):
        hint = "" if region else " with + and the country code"
        raise ValueError(f"{text.strip()[:40]!r} is not a telephone number; write it{hint}, such as +86 138 0013 8000")
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.E164)


def address(text: str, *, region: str = "") -> str:
    """Return what a message can be sent to or came from: a number, a WhatsApp number, a short code or a name.

    Raises ValueError with a sentence.
    """
    given = text.strip()
    if given.lower().startswith(WHATSAPP):
        return WHATSAPP + number(given[len(WHATSAPP) :], region=region)
    if _SHORT.fullmatch(given) or _NAME.fullmatch(given):
        return given
    return number(given, region=region)


def recipient(text: str, *, region: str = "") -> str:
    """Return whom a message can be sent to: as `address`, but no name. Raises ValueError with a sentence."""
    found = address(text, region=region)
    if kind_of(found) is AddressKind.NAME:
        raise ValueError(f"{found!r} is the name of a sender; a message can only be sent to a number")
    return found


def came_from(text: str, *, region: str = "") -> str:
    """Return the address of a sender as the network gave it, in E.164 where it is a number. Never raises."""
    given = text.strip()
    # Gateways hand numbers over without their plus, or a plus has become a blank in an address.
    digits = given if not re.fullmatch(r"[1-9][0-9]{9,14}", given) else f"+{given}"
    try:
        return address(digits, region=region)
    except ValueError:
        return given[:40]


def kind_of(value: str) -> AddressKind:
    """Tell what an address is."""
    if value.startswith(WHATSAPP):
        return AddressKind.WHATSAPP
    if re.fullmatch(r"\+[0-9]{5,15}", value):
        return AddressKind.NUMBER
    if _SHORT.fullmatch(value):
        return AddressKind.SHORT_CODE
    return AddressKind.NAME if _NAME.fullmatch(value) else AddressKind.UNKNOWN


def readable(value: str) -> str:
    """Return a number with the blanks people put into it; anything else as it is."""
    if kind_of(value) is not AddressKind.NUMBER:
        return value
    try:
        found = phonenumbers.parse(value)
    except phonenumbers.NumberParseException:
        return value
    return phonenumbers.format_number(found, phonenumbers.PhoneNumberFormat.INTERNATIONAL)


def checked_region(text: str) -> str:
    """Return a country as two capital letters, or nothing. Raises ValueError with a sentence."""
    found = text.strip().upper()
    if found and (not _REGION.fullmatch(found) or not phonenumbers.country_code_for_region(found)):
        raise ValueError(f"{text!r} is not a country; write two letters, such as CN or DE")
    return found
