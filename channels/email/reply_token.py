"""The signed token that brings a reply back to its case: made, found in addresses and Message-IDs, and checked.

Form `KEY-MAC-CASE`, letters and digits of one case only, since mail systems fold case at will. The MAC of 80 bits is
bound to the case and to the one address the mail went to, so a token seen elsewhere opens no other case.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass

MARK = "rb-"
_MAC_CHARS = 16
_LOCAL_PART_LIMIT = 64
_KEY_ID = re.compile(r"[a-z0-9]{1,4}")
_CASE = re.compile(r"[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?")
_TOKEN = re.compile(r"([a-z0-9]{1,4})-([a-z2-7]{16})-([a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?)", re.IGNORECASE)
# In `support+rb-TOKEN@…` and in `<unique.rb-TOKEN@…>`.
_FOUND = re.compile(r"[+.]rb-([a-z0-9]{1,4}-[a-z2-7]{16}-[a-z0-9][a-z0-9-]{0,31})@", re.IGNORECASE)


@dataclass(frozen=True, slots=True)
class TokenKeys:
    """Secrets by short id: `current` signs, all of them are accepted, so that a key can be changed in peace."""

    current: str
    secrets: Mapping[str, bytes]

    def __post_init__(self) -> None:
        if self.current not in self.secrets:
            raise ValueError(f"The current reply-token key {self.current!r} is not among the keys.")
        for name, secret in self.secrets.items():
            if not _KEY_ID.fullmatch(name):
                raise ValueError(f"A reply-token key id has one to four small letters or digits, not {name!r}.")
            if len(secret) < 16:
                raise ValueError(f"The reply-token key {name!r} is too short: at least 16 bytes.")


@dataclass(frozen=True, slots=True)
class ReplyToken:
    """A token taken apart but not yet checked; `case` is in small letters."""

    key_id: str
    mac: str
    case: str


def make_token(keys: TokenKeys, *, case: str, recipient: str) -> str:
    """Return the token for a mail about `case` to `recipient`. Raises ValueError for a case number of odd characters."""
    number = case.lower()
    if not _CASE.fullmatch(number):
        raise ValueError(
            f"The case number {case!r} cannot stand in a mail address: letters, digits and - only, up to 32."
        )
    return f"{keys.current}-{_mac(keys.secrets[keys.current], number, recipient)}-{number}"


def read_token(token: str) -> ReplyToken | None:
    """Take a token apart, or return None when it is none. Says nothing about whether it is genuine."""
    match = _TOKEN.fullmatch(token)
    return ReplyToken(*(part.lower() for part in match.groups())) if match else None


def verify_token(token: str, keys: TokenKeys, *, case: str, recipients: Iterable[str]) -> str | None:
    """Return which of `recipients` the genuine token for `case` was made for, or None when it is not genuine."""
    parts = read_token(token)
    if parts is None or parts.key_id not in keys.secrets or parts.case != case.lower():
        return None
    secret, found = keys.secrets[parts.key_id], None
    for recipient in recipients:
        if hmac.compare_digest(parts.mac, _mac(secret, parts.case, recipient)):
            found = recipient
    return found


def find_tokens(texts: Iterable[str]) -> tuple[str, ...]:
    """Return the token candidates in addresses and Message-IDs (To, Cc, Delivered-To, References …), in order, once each."""
    found: dict[str, None] = {}
    for text in texts:
        for match in _FOUND.finditer(text):
            if _TOKEN.fullmatch(match.group(1)):
                found.setdefault(match.group(1).lower())
    return tuple(found)


def plus_address(address: str, token: str) -> str | None:
    """Return `address` with the token behind a plus, or None when that would be longer than mail allows."""
    local, _, domain = address.rpartition("@")
    tagged = f"{local}+{MARK}{token}"
    return f"{tagged}@{domain}" if len(tagged) <= _LOCAL_PART_LIMIT else None


def without_tag(address: str) -> str:
    """Return the address a plus-address of ours belongs to; any other address stays as it is."""
    local, _, domain = address.rpartition("@")
    base, plus, tag = local.partition("+")
    return f"{base}@{domain}" if plus and tag.lower().startswith(MARK) else address


def make_message_id(unique: str, *, domain: str, token: str = "") -> str:
    """Return the Message-ID of one delivery: the same for the same `unique`, with the token in it where there is one."""
    name = hashlib.sha256(unique.encode()).hexdigest()[:32]
    return f"<{name}.{MARK}{token}@{domain}>" if token else f"<{name}@{domain}>"


def _mac(secret: bytes, case: str, recipient: str) -> str:
    bound: Sequence[str] = ("ringback reply 1", case, recipient.strip().lower())
    digest = hmac.digest(secret, "\0".join(bound).encode(), hashlib.sha256)
    return base64.b32encode(digest)[:_MAC_CHARS].decode().lower()
