"""The mail-taking process: the SMTP listener, and a thread for each IMAP account that follows changes of the accounts."""

from __future__ import annotations

import threading
import time
from collections.abc import Sequence
from typing import Any

from app import db
from app.faultpoints import crash_point
from app.logs import log
from app.messaging import accounts, intake, providers
from app.messaging.models import ChannelAccount
from app.settings import settings
from channels.email.smtp_listener import LATER, STORED, ListenerLimits, Verdict, run_listener
from channels.outcomes import ChannelError, Health
from channels.port import Poller, RawEnvelope

LOOK_SECONDS = 5.0
_kept: dict[str, tuple[float, int | None]] = {}


def account_for(recipient: str) -> int | None:
    """Return the account that takes mail for an address; remembered for a few seconds."""
    known = _kept.get(recipient)
    if known is not None and time.monotonic() - known[0] < LOOK_SECONDS:
        return known[1]
    found = db.transact(lambda: _find(recipient))
    if len(_kept) > 10_000:
        _kept.clear()
    _kept[recipient] = (time.monotonic(), found)
    return found


def _find(recipient: str) -> int | None:
    account = accounts.by_address("email", recipient)
    if account is not None:
        return account.id
    for other in accounts.accounts(kind="email", enabled=True):
        config = providers.checked_config(other.kind, other.provider, _open_config(other))
        if hasattr(config, "accepts") and config.accepts(recipient):  # aliases and whole domains
            return other.id
    return None


def _open_config(account: ChannelAccount) -> dict[str, Any]:
    return {key: value for key, value in account.config.items() if key in ("address", "aliases")}


def accept(items: Sequence[RawEnvelope]) -> list[Verdict]:
    """Store a group of mails in one transaction; they are ours once this returns."""
    crash_point("edge.before_commit")
    verdicts = db.transact(lambda: [_accept_one(item) for item in items])
    crash_point("edge.after_commit")
    return verdicts


def _accept_one(item: RawEnvelope) -> Verdict:
    recipients = [str(address) for address in item.meta.get("rcpt_to") or ()]
    account_id = next((found for found in map(account_for, recipients) if found is not None), None)
    if account_id is None:
        return LATER  # the account was switched off between RCPT and DATA; the sender keeps the mail
    intake.accept(account_id, [item])
    return STORED


def run(stop: threading.Event) -> None:
    """Listen and poll until `stop` is set."""
    watchers = threading.Thread(target=_follow_accounts, args=(stop,), name="accounts", daemon=True)
    watchers.start()
    current = settings()
    run_listener(
        current.smtp_host,
        current.smtp_port,
        accept=accept,
        check_recipient=lambda address: account_for(address) is not None,
        hostname=current.mail_hostname,
        stop=stop,
        limits=ListenerLimits(message=current.max_message_bytes),
    )


def _follow_accounts(stop: threading.Event) -> None:
    """Keep one watcher for each enabled polling account; one whose settings changed starts anew."""
    running: dict[int, tuple[int, threading.Event]] = {}
    while not stop.is_set():
        try:
            wanted = db.transact(_polling_accounts)
            for account_id in [a for a, (version, _) in running.items() if wanted.get(a) != version]:
                running.pop(account_id)[1].set()
            for account_id, version in wanted.items():
                if account_id not in running:
                    own_stop = threading.Event()
                    running[account_id] = (version, own_stop)
                    threading.Thread(target=_watch, args=(account_id, own_stop), daemon=True).start()
        except Exception:  # noqa: BLE001 -- logged; the mailboxes that run must not stop for it
            log().error("accounts_unreadable", exc_info=True)
        stop.wait(LOOK_SECONDS)
    for _, own_stop in running.values():
        own_stop.set()


def _polling_accounts() -> dict[int, int]:
    return {
        account.id: account.version
        for account in accounts.accounts(kind="email", enabled=True)
        if account.config.get("inbound") == "imap"
    }


def _watch(account_id: int, stop: threading.Event) -> None:
    def report(health: Health) -> None:
        db.transact(lambda: accounts.note_health(account_id, "inbound", health))

    def commit(items: Sequence[RawEnvelope], cursor: str) -> None:
        def store() -> None:
            intake.accept(account_id, items)
            accounts.save_cursor(account_id, cursor)

        db.transact(store)
        crash_point("edge.after_commit")

    while not stop.is_set():
        try:
            adapter, cursor = db.transact(lambda: _opened(account_id))
            if not isinstance(adapter, Poller):
                return
            adapter.watch(cursor, commit=commit, stop=stop, report=report)
        except ChannelError as error:
            log().warning("mailbox_failing", account=account_id, code=error.code)
            stop.wait(30)
        except Exception:  # noqa: BLE001 -- logged; the mailbox is tried again
            log().error("watcher_failed", account=account_id, exc_info=True)
            stop.wait(10)


def _opened(account_id: int) -> tuple[Any, str]:
    account = accounts.get(account_id)
    return providers.adapter(account), str(account.cursor.get("at", ""))
