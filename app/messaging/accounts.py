"""Channel accounts: mailboxes and numbers, their settings, secrets and health."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from sqlalchemy import func, select, update

from app import crypto, events, realtime
from app.clock import iso, utcnow
from app.db import forget, known, session
from app.errors import Conflict, Invalid, NotFound
from app.messaging import pacing, providers
from app.messaging.models import ChannelAccount
from channels.outcomes import Health, HealthState

UNKNOWN_HEALTH: dict[str, Any] = {"state": "unknown", "cause": "none", "detail": "", "at": None}


def get(account_id: int) -> ChannelAccount:
    """Return an account; raises NotFound."""
    return known(("account", account_id), lambda: _find(account_id))


def in_use(account_id: int) -> ChannelAccount:
    """Return an account that was not removed; raises NotFound."""
    account = get(account_id)
    if account.removed_at is not None:
        raise NotFound("account_unknown", "There is no such channel account.")
    return account


def _find(account_id: int) -> ChannelAccount:
    account = session().get(ChannelAccount, account_id)
    if account is None:
        raise NotFound("account_unknown", "There is no such channel account.")
    return account


def accounts(*, kind: str | None = None, enabled: bool | None = None) -> list[ChannelAccount]:
    """Return the accounts by name, without those that were removed."""
    query = select(ChannelAccount).where(ChannelAccount.removed_at.is_(None)).order_by(ChannelAccount.name)
    if kind:
        query = query.where(ChannelAccount.kind == kind)
    if enabled is not None:
        query = query.where(ChannelAccount.is_enabled == enabled)
    return list(session().scalars(query))


def by_address(kind: str, address: str) -> ChannelAccount | None:
    """Return the enabled account that an address belongs to; a plus part (`support+x@…`) is passed over."""
    local, at, domain = address.strip().lower().rpartition("@")
    plain = f"{local.split('+', 1)[0]}{at}{domain}"
    return session().scalar(
        select(ChannelAccount)
        .where(ChannelAccount.kind == kind, ChannelAccount.is_enabled, func.lower(ChannelAccount.address) == plain)
        .order_by(ChannelAccount.id)
        .limit(1)
    )


def mailbox_of(address: str) -> str:
    """Return one name for all spellings of a mailbox: case, plus parts, ways to write the domain, Gmail's dots."""
    local, _, domain = address.strip().lower().rpartition("@")
    try:
        domain = domain if domain.isascii() else domain.encode("idna").decode()
    except UnicodeError:
        domain = domain[:255]  # no mail server has that name; it names itself
    local = local.split("+", 1)[0] or local
    if domain in ("gmail.com", "googlemail.com"):
        return f"{local.replace('.', '')}@gmail.com"
    return f"{local}@{domain}"


def is_own(address: str) -> bool:
    """Tell whether an address is that of a mailbox of ours or an alias of one: mail from there is a loop."""
    return mailbox_of(address) in known("own_addresses", _own_mailboxes)


def _own_mailboxes() -> set[str]:
    # A whole domain (`@example.com`) is no alias in this sense: colleagues write from there.
    aliases = ChannelAccount.config["aliases"]
    rows = session().execute(select(ChannelAccount.address, aliases).where(ChannelAccount.removed_at.is_(None)))
    named = [one for address, more in rows for one in (address, *_listed(more))]
    return {mailbox_of(one) for one in named if not one.startswith("@")}


def _listed(aliases: Any) -> list[str]:
    if isinstance(aliases, str):  # as the form sends it
        return [part for part in re.split(r"[,;\s]+", aliases) if part]
    return [str(one) for one in aliases or ()]


def save(
    account_id: int | None, *, kind: str, provider: str, name: str, address: str, config: Mapping[str, Any],
    secrets: Mapping[str, str], queue_key: str = "", is_enabled: bool = True, version: int | None = None, pace: Mapping[str, Any] | None = None,
) -> ChannelAccount:  # fmt: skip
    """Make or change an account. Empty secrets keep the stored ones. Records `account_saved` without any secret.

    Raises Invalid naming each wrong setting, Conflict when the address is taken or somebody else changed it meanwhile.
    """
    if not name.strip() or not address.strip():
        raise Invalid("account_incomplete", "An account needs a name and an address.",
                      fields={key: "required" for key, value in (("name", name), ("address", address)) if not value.strip()})  # fmt: skip
    taken = by_address(kind, address)
    if taken is not None and taken.id != account_id:
        raise Conflict("address_taken", f"{address} belongs to the account {taken.name} already.")
    account = _for_change(account_id) if account_id else ChannelAccount(
        kind=kind, provider=provider, created_at=utcnow(), cursor={}, inbound_health=dict(UNKNOWN_HEALTH),
        outbound_health=dict(UNKNOWN_HEALTH),
    )  # fmt: skip
    if version is not None and account_id and account.version != version:
        raise Conflict("account_changed", "Somebody else changed this account. Look at it again before you save.")
    kept = {**crypto.unseal(account.secrets or ""), **{key: value for key, value in secrets.items() if value}}
    providers.checked_config(kind, provider, {**config, **kept})
    account.name, account.address = name.strip(), address.strip().lower()
    account.config, account.secrets = dict(config), crypto.seal(kept)
    account.queue_key, account.is_enabled, account.updated_at = queue_key, is_enabled, utcnow()
    account.pace = dict(account.pace or {}) if pace is None else pacing.checked(pace)
    session().add(account)
    session().flush()
    forget()
    events.record("account_saved", chain=f"account:{account.id}", name=account.name, address=account.address,
                  enabled=is_enabled)  # fmt: skip
    realtime.publish("account", account=account.id)
    return account


def remove(account_id: int, *, version: int | None = None) -> None:
    """Take an account out of use for good: its messages stay, its secrets are wiped. Records `account_removed`.

    Raises NotFound, Conflict when somebody else changed it meanwhile.
    """
    account = _for_change(account_id)
    if version is not None and account.version != version:
        raise Conflict("account_changed", "Somebody else changed this account. Look at it again before you save.")
    account.is_enabled, account.secrets, account.removed_at = False, "", utcnow()
    account.inbound_health, account.outbound_health = dict(UNKNOWN_HEALTH), dict(UNKNOWN_HEALTH)
    account.updated_at = account.removed_at
    session().flush()
    forget()
    events.record("account_removed", chain=f"account:{account.id}", name=account.name, address=account.address)
    realtime.publish("account", account=account.id)


def _for_change(account_id: int) -> ChannelAccount:
    """Read an account under lock, as it is now: another process may just have kept a rotated secret."""
    account = session().get(ChannelAccount, account_id, with_for_update=True, populate_existing=True)
    if account is None or account.removed_at is not None:
        raise NotFound("account_unknown", "There is no such channel account.")
    return account


def note_health(account_id: int, side: str, health: Health) -> None:
    """Keep the health of one side (`inbound`, `outbound`) with its cause. A change is told to open screens."""
    account = session().get(ChannelAccount, account_id)
    if account is None or account.removed_at is not None:
        return
    before = account.inbound_health if side == "inbound" else account.outbound_health
    fresh = {"state": str(health.state), "cause": str(health.cause), "detail": health.detail[:500], "at": iso(utcnow())}
    changed = {key: before.get(key) for key in ("state", "cause")} != {key: fresh[key] for key in ("state", "cause")}
    if not changed and health.state is HealthState.OK:
        return  # a well account is not written on every mail
    column = ChannelAccount.inbound_health if side == "inbound" else ChannelAccount.outbound_health
    session().execute(
        update(ChannelAccount).where(ChannelAccount.id == account_id).values({column: fresh})
        .execution_options(synchronize_session=False)
    )  # fmt: skip
    if changed:
        realtime.publish("account", account=account_id)


def save_cursor(account_id: int, cursor: str) -> None:
    """Keep where a poller stands, in the transaction that stores what it fetched."""
    session().execute(
        update(ChannelAccount).where(ChannelAccount.id == account_id).values(cursor={"at": cursor})
        .execution_options(synchronize_session=False)
    )  # fmt: skip
