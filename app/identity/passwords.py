"""Passwords: argon2id hashes, what a usable password is, and a comparison that costs the same for unknown accounts."""

from __future__ import annotations

from functools import cache

from argon2 import PasswordHasher
from argon2.exceptions import InvalidHashError, VerificationError

from app.errors import Invalid

MIN_LENGTH = 8
MAX_LENGTH = 200
# About 50 ms on one slow core: OWASP's second argon2id profile with more memory.
_hasher = PasswordHasher(time_cost=2, memory_cost=32 * 1024, parallelism=1)
_TOO_COMMON = frozenset(
    {"password", "passw0rd", "12345678", "123456789", "1234567890", "qwertyui", "iloveyou", "11111111"}
)


def hash_password(password: str, *, login: str = "") -> str:
    """Return the hash that is stored; raises Invalid for a password that is too short, too long or easily guessed."""
    if not MIN_LENGTH <= len(password) <= MAX_LENGTH:
        raise Invalid(
            "bad_password",
            f"A password has {MIN_LENGTH} to {MAX_LENGTH} characters.",
            fields={"password": f"{MIN_LENGTH} to {MAX_LENGTH} characters"},
        )
    if password.lower() in _TOO_COMMON or password.lower() == login.lower():
        raise Invalid(
            "bad_password", "This password is easily guessed: choose another.", fields={"password": "too common"}
        )
    return _hasher.hash(password)


@cache
def _nobodys_hash() -> str:
    return _hasher.hash("nobody has this password")


def matches(stored: str | None, password: str) -> bool:
    """Tell whether the password is the one; without an account (None) it takes as long and is never true."""
    try:
        _hasher.verify(stored or _nobodys_hash(), password[:MAX_LENGTH])
    except (VerificationError, InvalidHashError):
        return False
    return stored is not None


def is_outdated(stored: str) -> bool:
    """Tell whether the hash was made with other parameters than today's."""
    return _hasher.check_needs_rehash(stored)
