"""Signed reply tokens: an address or header that proves that a mail answers one we sent to just this recipient about just this case."""

from __future__ import annotations

import base64
import hashlib
import hmac
import re

from app import crypto

_TOKEN = re.compile(r"(?<![0-9a-z])(\d{1,15})-([a-z2-7]{20})(?![0-9a-z])")


def issue(case_id: int, recipient: str) -> str:
    """Return the token for a case and recipient: lower case letters and digits, so that it survives a mail address."""
    return f"{case_id}-{_mac(case_id, recipient)}"


def case_of(candidate: str, sender: str) -> int | None:
    """Return the case id that `candidate` proves for this sender, or None. Compared in constant time."""
    for match in _TOKEN.finditer(candidate.lower()):
        case_id = int(match[1])
        if hmac.compare_digest(_mac(case_id, sender), match[2]):
            return case_id
    return None


def _mac(case_id: int, address: str) -> str:
    text = f"{case_id}\0{address.strip().lower()}".encode()
    digest = hmac.new(crypto.derive_key("reply-token"), text, hashlib.sha256).digest()
    return base64.b32encode(digest)[:20].decode().lower()
