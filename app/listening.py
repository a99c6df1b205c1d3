"""The mail-taking process: the SMTP listener with its certificate, and beside it the mailboxes that are fetched."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Mapping, Sequence
from typing import Any

from app import db, mailboxes
from app.faultpoints import crash_point
from app.messaging import accounts, intake, providers
from app.messaging.models import ChannelAccount
from app.settings import settings
from channels.email.smtp_certificate import CertificateFiles
from channels.email.smtp_listener import LATER, STORED, ListenerLimits, Verdict, run_listener
from channels.outcomes import Health, HealthState, Reason
from channels.port import RawEnvelope

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


def run(stop: threading.Event, *, ready: Callable[[str, int], None] = lambda _host, _port: None) -> None:
    """Listen and poll until `stop` is set; `ready` is told the address of the listener."""
    current = settings()
    certificate = _certificate()
    threading.Thread(
        target=mailboxes.follow, args=(stop,), kwargs={"also": lambda: note_certificate(certificate)}, name="accounts",
        daemon=True,
    ).start()  # fmt: skip
    run_listener(
        current.smtp_host,
        current.smtp_port,
        accept=accept,
        check_recipient=lambda address: account_for(address) is not None,
        hostname=current.mail_hostname,
        stop=stop,
        ready=ready,
        limits=ListenerLimits(message=current.max_message_bytes),
        tls=certificate.context if certificate else None,
        require_tls=current.smtp_require_tls,
    )


def _certificate() -> CertificateFiles | None:
    current = settings()
    if current.smtp_tls_cert is None or current.smtp_tls_key is None:
        return None
    return CertificateFiles(current.smtp_tls_cert, current.smtp_tls_key)


def note_certificate(certificate: CertificateFiles | None) -> None:
    """Show on each mailbox that takes mail from the listener whether that can be spoken to encrypted, as it should be."""
    problem = certificate.problem if certificate else ""
    # Without TLS mail still comes in, unless it is required: then senders keep it and come again.
    is_shut = certificate is not None and certificate.context() is None and settings().smtp_require_tls
    state = HealthState.FAILING if is_shut else HealthState.DEGRADED
    health = Health(state, Reason.TLS_FAILED, problem) if problem else Health(HealthState.OK)

    def note() -> None:
        for account in accounts.accounts(kind="email", enabled=True):
            if account.config.get("inbound", "listener") == "listener" and _differs(account.inbound_health, health):
                accounts.note_health(account.id, "inbound", health)

    db.transact(note)


def _differs(known: Mapping[str, Any], health: Health) -> bool:
    return (known.get("state"), known.get("detail")) != (str(health.state), health.detail[:500])
