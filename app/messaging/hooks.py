"""Webhooks: what a vendor posts is proven by the account's provider, stored raw and only then acknowledged; nothing is parsed here."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

from app.clock import utcnow
from app.db import run
from app.errors import Unavailable
from app.logs import log
from app.messaging import intake, providers
from channels.outcomes import BadSignature, ChannelError, Unsupported
from channels.port import Receiver, WebhookRequest

PREFIX = providers.WEBHOOKS
#: The largest body that is read: an SMS is small, a fax is fetched and not posted.
MAX_BODY = 1024 * 1024
UNSIGNED, PAUSED, MISCONFIGURED = "unsigned", "paused", "misconfigured"
SHOWN_DAYS = 7
_FIND = """select id, kind, provider, config, secrets, version, is_enabled from channel_accounts
 where hook_key = %(key)s and removed_at is null"""
_COUNT = """insert into hook_refusals (account_id, day, why, count, last_at) values (%(account)s, %(day)s, %(why)s, 1, %(now)s)
 on conflict (account_id, day, why) do update set count = hook_refusals.count + 1, last_at = excluded.last_at"""
_COUNTED = """select why, sum(count)::bigint as count, max(last_at) as last_at from hook_refusals
 where account_id = %(account)s and day > %(today)s::date - %(days)s::int group by why order by why"""


class Refused(Exception):
    """A webhook that is not taken; `why` is counted and never told to whoever knocked."""

    def __init__(self, why: str) -> None:
        """Keep the reason."""
        super().__init__(why)
        self.why = why


def by_key(key: str) -> Any:
    """Return the account that a webhook's address names, or None."""
    return run(_FIND, {"key": key}).fetchone()


def take(account: Any, request: WebhookRequest) -> list[int]:
    """Store what a proven request carries and ring for it; returns the new envelopes. Raises Refused.

    What came before is stored once: a vendor that repeats itself, or somebody who replays it, is answered and nothing happens.
    """
    items = _proven(account, request)
    if not account.is_enabled:
        raise Refused(PAUSED)
    return intake.accept(account.id, items)


def _proven(account: Any, request: WebhookRequest) -> Sequence[Any]:
    try:
        adapter = providers.adapter(account)
        if not isinstance(adapter, Receiver):
            raise Refused(MISCONFIGURED)
        return adapter.verify(request)
    except (BadSignature, Unsupported) as error:
        log().info("webhook_refused", account=account.id, code=error.code)
        raise Refused(UNSIGNED) from None
    except (ChannelError, Unavailable) as error:
        log().warning("webhook_unreadable", account=account.id, code=error.code)
        raise Refused(MISCONFIGURED) from None


def count_refused(account_id: int, why: str) -> None:
    """Count a refused webhook: it stands in the account's health."""
    now = utcnow()
    run(_COUNT, {"account": account_id, "day": now.date(), "why": why, "now": now})


def refusals(account_id: int) -> list[Any]:
    """Return `why`, `count` and `last_at` of what was refused in the last days."""
    return list(run(_COUNTED, {"account": account_id, "today": utcnow().date(), "days": SHOWN_DAYS}))
