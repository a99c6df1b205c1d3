"""This desk's reply tokens: signed with its key, bound to the case and the one address a mail went to."""

from __future__ import annotations

from collections.abc import Iterable

from app import crypto
from channels.email.reply_token import TokenKeys, find_tokens, make_token, read_token, verify_token


def keys() -> TokenKeys:
    """Return the signing key, derived from the desk's secret key."""
    return TokenKeys("1", {"1": crypto.derive_key("reply-token")})


def issue(case_number: str, recipient: str) -> str:
    """Return the token for a mail about a case to `recipient`."""
    return make_token(keys(), case=case_number, recipient=recipient)


def proven_case(candidates: Iterable[str], sender: str) -> str | None:
    """Return the number of the case that one of the candidates proves for this sender, or None."""
    for token in candidates:
        parts = read_token(token)
        if parts is not None and verify_token(token, keys(), case=parts.case, recipients=[sender]):
            return parts.case.upper()
    return None


def candidates_in(addresses: Iterable[str]) -> tuple[str, ...]:
    """Return what looks like a token in these addresses."""
    return find_tokens(addresses)
