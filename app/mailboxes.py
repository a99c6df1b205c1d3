"""Watches the mailboxes that are fetched: a thread for each, begun anew when its account changes, ended when it is switched off."""

from __future__ import annotations

import threading
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from app import db
from app.errors import Unavailable
from app.faultpoints import crash_point
from app.logs import log
from app.messaging import accounts, intake, providers
from channels.outcomes import ChannelError, Health, HealthState, Reason, TemporaryFailure, reason_of
from channels.port import Poller, RawEnvelope

LOOK_SECONDS = 5.0
RETRY_SECONDS = 30.0


@dataclass(frozen=True, slots=True)
class _Watcher:
    """The thread of one mailbox, for the version of its account that it was begun with."""

    version: int
    stop: threading.Event
    thread: threading.Thread


def follow(stop: threading.Event, *, also: Callable[[], None] = lambda: None) -> None:
    """Keep one watcher for each enabled account that is fetched, until `stop` is set; `also` is called at each look."""
    running: dict[int, _Watcher] = {}
    while not stop.is_set():
        try:
            _adjust(running, db.transact(_fetched_accounts))
            also()
        except Exception:  # noqa: BLE001 -- logged; the mailboxes that run must not stop for it
            log().error("accounts_unreadable", exc_info=True)
        stop.wait(LOOK_SECONDS)
    for watcher in running.values():
        watcher.stop.set()


def _adjust(running: dict[int, _Watcher], wanted: dict[int, int]) -> None:
    for account_id, watcher in list(running.items()):
        if wanted.get(account_id) != watcher.version or not watcher.thread.is_alive():
            watcher.stop.set()
            del running[account_id]
    for account_id in wanted.keys() - running.keys():
        own_stop = threading.Event()
        thread = threading.Thread(target=watch, args=(account_id, own_stop), name=f"mailbox-{account_id}", daemon=True)
        running[account_id] = _Watcher(wanted[account_id], own_stop, thread)
        thread.start()


def _fetched_accounts() -> dict[int, int]:
    return {
        account.id: account.version
        for account in accounts.accounts(kind="email", enabled=True)
        if account.config.get("inbound") == "imap"
    }


def watch(account_id: int, stop: threading.Event) -> None:
    """Fetch one mailbox until `stop` is set; whatever goes wrong is in the account's health, and tried again."""

    def report(health: Health) -> None:
        db.transact(lambda: accounts.note_health(account_id, "inbound", health))

    while not stop.is_set():
        try:
            adapter, cursor = db.transact(lambda: _opened(account_id))
            if not isinstance(adapter, Poller):
                return
            adapter.watch(cursor, commit=_committing(account_id, stop), stop=stop, report=report)
        except ChannelError as error:
            log().warning("mailbox_failing", account=account_id, code=error.code)
            _try_to_report(report, Health(HealthState.FAILING, reason_of(error), error.sentence))
            stop.wait(RETRY_SECONDS)
        except Exception as error:  # noqa: BLE001 -- logged; the mailbox is tried again
            log().error("watcher_failed", account=account_id, exc_info=True)
            sentence = (
                str(error)
                if isinstance(error, Unavailable)
                else f"This mailbox cannot be read: {type(error).__name__}."
            )
            _try_to_report(report, Health(HealthState.FAILING, Reason.MISCONFIGURED, sentence))
            stop.wait(RETRY_SECONDS)


def _committing(account_id: int, stop: threading.Event) -> Callable[[Sequence[RawEnvelope], str], None]:
    def commit(items: Sequence[RawEnvelope], cursor: str) -> None:
        if stop.is_set():
            # Another watcher may be at work with new settings by now, or nobody should be: the mail stays on the server.
            raise TemporaryFailure(Reason.NONE.value, "This mailbox is not watched with these settings any more.")

        def store() -> None:
            intake.accept(account_id, items)
            accounts.save_cursor(account_id, cursor)

        db.transact(store)
        crash_point("edge.after_commit")

    return commit


def _try_to_report(report: Callable[[Health], None], health: Health) -> None:
    try:
        report(health)
    except Exception:  # noqa: BLE001 -- the database may be what failed; the log has the cause already
        log().error("health_not_kept", exc_info=True)


def _opened(account_id: int) -> tuple[Any, str]:
    account = accounts.get(account_id)
    return providers.adapter(account), str(account.cursor.get("at", ""))
