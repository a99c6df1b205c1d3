"""Slows down guessing: failed sign-ins are counted per account and per address; from the tenth on there is a growing wait."""

from __future__ import annotations

import hashlib
from datetime import datetime, timedelta
from ipaddress import IPv6Address, ip_address, ip_network

from sqlalchemy import delete, func
from sqlalchemy.dialects.postgresql import insert

from app.clock import utcnow
from app.db import session
from app.identity.models import LoginThrottle

FREE_TRIES = 10
FIRST_WAIT = timedelta(seconds=5)
LONGEST_WAIT = {"account": timedelta(minutes=5), "address": timedelta(minutes=1)}
FORGET_AFTER = timedelta(hours=1)


def account_key(login: str) -> str:
    """Return the counter of an account, existing or not. Digested: people type passwords into the wrong field."""
    return "account:" + hashlib.sha256(login.encode()).hexdigest()[:32]


def address_key(address: str) -> str:
    """Return the counter of a network address. One customer of a provider has a whole IPv6 /64: it counts as one address."""
    try:
        found = ip_address(address)
    except ValueError:
        return f"address:{address[:64]}"
    if isinstance(found, IPv6Address):
        if found.ipv4_mapped is not None:
            return f"address:{found.ipv4_mapped}"
        return f"address:{ip_network((found, 64), strict=False)}"
    return f"address:{found}"


def attempt(key: str) -> int:
    """Count a try before its password is looked at, and return how many seconds its caller must wait first (0: go on).

    The counter's row stays locked until the transaction ends, so tries that run side by side are counted one by one.
    """
    now = utcnow()
    row = _locked(key, now)
    if row.blocked_until is not None and row.blocked_until > now:
        return max(1, round((row.blocked_until - now).total_seconds()))
    if now - row.last_at > FORGET_AFTER:
        row.failures = 0
    row.failures += 1
    row.last_at = now
    row.blocked_until = now + _wait(key, row.failures) if row.failures >= FREE_TRIES else None
    session().flush()
    return 0


def _locked(key: str, now: datetime) -> LoginThrottle:
    fresh = {"key": key, "failures": 0, "last_at": now, "blocked_until": None}
    statement = insert(LoginThrottle).values(fresh)
    locking = statement.on_conflict_do_update(
        index_elements=[LoginThrottle.key], set_={"failures": LoginThrottle.failures}
    ).returning(LoginThrottle)
    return session().scalars(locking, execution_options={"populate_existing": True}).one()


def _wait(key: str, failures: int) -> timedelta:
    doublings: int = min(failures - FREE_TRIES, 10)
    return min(FIRST_WAIT * (1 << doublings), LONGEST_WAIT[key.partition(":")[0]])


def succeeded(account: str, address: str) -> None:
    """Forget the account's failures; the address only gets its own try back, or one known password would buy endless tries."""
    forget(account)
    row = session().get(LoginThrottle, address)
    if row is not None:
        row.failures, row.blocked_until = max(0, row.failures - 1), None
        session().flush()


def forget(key: str) -> None:
    """Start a counter afresh."""
    session().execute(delete(LoginThrottle).where(LoginThrottle.key == key))


def forget_old() -> int:
    """Delete counters that no longer count; returns how many."""
    old = delete(LoginThrottle).where(LoginThrottle.last_at < utcnow() - FORGET_AFTER)
    gone = session().execute(old.returning(func.length(LoginThrottle.key)))
    return len(gone.all())
