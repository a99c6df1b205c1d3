"""The mail with the link to a new password. It goes through the desk's own mailboxes and belongs to no case."""

from __future__ import annotations

import secrets
from typing import Any

from app import crypto, db
from app.errors import Conflict, Unavailable
from app.identity import resets
from app.identity.resets import Link
from app.logs import log
from app.messaging import accounts, providers
from app.messaging.models import ChannelAccount
from app.settings import settings
from channels.email.reply_token import make_message_id
from channels.outcomes import ChannelError, Health, HealthState, TemporaryFailure
from channels.port import Address, OutboundMessage

_SUBJECT = {"en": "Your new password for Ringback", "zh": "重设您的 Ringback 密码"}
_TEXT = {
    "en": (
        "Hello {name},\n\n"
        "a new password was asked for your login {login}. Choose one here:\n\n{url}\n\n"
        "The link works once, for {minutes} minutes. Whoever has it can set your password: do not pass it on.\n"
        "If you did not ask for it, do nothing: your password stays as it is.\n"
    ),
    "zh": (
        "{name}，您好！\n\n"
        "有人为您的登录名 {login} 申请了重设密码。请打开以下链接设置新密码：\n\n{url}\n\n"
        "链接 {minutes} 分钟内有效，且只能使用一次。持有链接者即可设置您的密码，请勿转发。\n"
        "如果不是您本人申请的，无需任何操作，您的密码不会改变。\n"
    ),
}


def can_send() -> bool:
    """Tell whether some mailbox of the desk could carry the mail."""
    return bool(_mailboxes())


def ask_for(user_id: int, *, locale: str) -> None:
    """Have a link sent to a user, as an administrator. Records `password_link_asked`. Raises NotFound, Conflict."""
    if not can_send():
        raise Conflict(
            "no_mailbox", "No mailbox is set up to send from: add one under Channels, or give a new password."
        )
    resets.ask_for(user_id, locale=locale)


def _mailboxes() -> list[ChannelAccount]:
    """The enabled mailboxes, those that are known to fail last."""
    found = [each for each in accounts.accounts(kind="email", enabled=True) if _sends(each)]
    return sorted(found, key=lambda each: (each.outbound_health.get("state") == HealthState.FAILING, each.id))


def _sends(account: ChannelAccount) -> bool:
    spec = providers.spec(account.kind, account.provider)
    return "smtp_host" not in spec.config.model_fields or bool(account.config.get("smtp_host"))


def send(reset_id: int) -> None:
    """Send the mail that was asked for. One that cannot go now is tried again in a minute, until the asking is too old."""
    link = db.transact(lambda: resets.issue(reset_id))
    if link is None:
        return
    reason = "no_mailbox"
    for account_id, address, adapter in db.transact(_opened):
        try:
            adapter.send(mail(link, domain=address.rpartition("@")[2]))
        except TemporaryFailure as error:
            log().warning("password_link_waits", account=account_id, reason=error.code)
            return
        except ChannelError as error:
            reason = error.code
            continue
        db.transact(lambda: resets.sent(link))
        return
    db.transact(lambda: resets.not_sent(link, reason=reason))


def _opened() -> list[tuple[int, str, Any]]:
    found = []
    for account in _mailboxes():
        try:
            found.append((account.id, account.address, providers.adapter(account)))
        except ChannelError as error:
            accounts.note_health(account.id, "outbound", Health(HealthState.FAILING, detail=error.sentence))
        except Unavailable as error:
            log().warning("password_link_account_closed", account=account.id, reason=error.code)
    return found


def mail(link: Link, *, domain: str) -> OutboundMessage:
    """Return the mail, in the person's language. The address comes from PUBLIC_URL, never from who asked."""
    language = link.locale if link.locale in _TEXT else "en"
    url = f"{settings().public_url}/login/new/{link.token}"
    minutes = int(resets.LIFE.total_seconds()) // 60
    return OutboundMessage(
        to=(Address(link.email, link.name),), subject=_SUBJECT[language], auto=True,
        text=_TEXT[language].format(name=link.name, login=link.login, url=url, minutes=minutes),
        message_id=make_message_id(secrets.token_hex(12), domain=domain, token=""),
        idempotency_key=crypto.token_digest(link.token),
    )  # fmt: skip
