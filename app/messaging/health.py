"""Trying an account for real: both sides are asked over the network, and what they say is kept as their health."""

from __future__ import annotations

from collections.abc import Mapping

from app import db
from app.messaging import accounts, providers
from app.messaging.models import ChannelAccount
from channels.outcomes import ChannelError, Health, HealthState, reason_of
from channels.port import HealthCheck


def examine(account_id: int) -> ChannelAccount:
    """Try an account, keep the result as its health and return the account. The network is asked with no transaction open.

    Raises NotFound, Unavailable when its secrets cannot be read.
    """
    account = accounts.get(account_id)
    try:
        adapter = providers.adapter(account)
    except ChannelError as error:
        failing = Health(HealthState.FAILING, reason_of(error), error.sentence)
        found: Mapping[str, Health] = {"inbound": failing, "outbound": failing}
    else:
        db.let_go()
        found = _asked(adapter)
    for side, health in found.items():
        accounts.note_health(account_id, side, health)
    db.session().expire_all()
    db.forget()
    return accounts.get(account_id)


def _asked(adapter: object) -> Mapping[str, Health]:
    if not isinstance(adapter, HealthCheck):
        return {}
    both = getattr(adapter, "check_sides", None)
    return dict(both()) if both else {"inbound": (result := adapter.check()), "outbound": result}
