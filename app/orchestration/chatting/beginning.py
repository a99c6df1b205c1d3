"""How a chat begins: which widget, on which page, who the visitor says they are and who has signed for it."""

from __future__ import annotations

import mimetypes
import re
from collections.abc import Mapping
from datetime import datetime
from typing import Any, cast

from app import scanning
from app.clock import iso, utcnow
from app.contacts.spelling import normal_address
from app.crypto import unseal
from app.errors import Forbidden, Invalid, NotFound
from app.messaging import accounts, intake, providers
from app.messaging.chats import visitors
from app.messaging.chats.models import Chat
from app.messaging.chats.visitors import Visitor
from app.messaging.models import ChannelAccount
from app.routing import service as routing
from app.sla import service as sla
from channels.chat import identity, lines
from channels.chat.config import WidgetConfig
from channels.outcomes import BadSignature
from channels.port import RawEnvelope

MAX_PAGE = 500
MAX_TEXT = lines.MAX_TEXT
MAX_NAME = 120
_CONTROL = re.compile(r"[\x00-\x1f\x7f-\x9f\u200e\u200f\u202a-\u202e\u2066-\u2069]")


def widget(key: str) -> tuple[ChannelAccount, WidgetConfig]:
    """Return an account by its widget's key, with its settings; raises NotFound when there is none that is switched on."""
    account = accounts.by_address("chat", key)
    if account is None or account.removed_at is not None:
        raise NotFound("widget_unknown", "There is no such chat widget, or it is switched off.")
    values = {**account.config, **unseal(account.secrets)}
    return account, cast("WidgetConfig", providers.checked_config(account.kind, account.provider, values))


def is_staffed(account: ChannelAccount, *, at: datetime | None = None) -> bool:
    """Tell whether the queue of a widget works now, by its calendar."""
    return sla.calendar(routing.queue(account.queue_key).calendar_id).is_open(at or utcnow())


def begin(account: ChannelAccount, config: WidgetConfig, given: Mapping[str, Any]) -> tuple[Chat, str]:
    """Begin a chat with what the visitor filled in; returns it with its token. Raises Invalid per field, Forbidden for a bad identity."""
    return visitors.begin(account.id, visitor(config, given))


def visitor(config: WidgetConfig, given: Mapping[str, Any]) -> Visitor:
    """Return who a visitor is: what the host has signed counts, what they typed fills the rest."""
    known = _identity(config, str(given.get("identity") or ""))
    name = known.name if known and known.name else _line(given, "name", 120)
    email = known.email if known and known.email else _line(given, "email", 200)
    fields = {} if known else _missing(config, name=name, email=email)
    topic = _line(given, "topic", 80)
    if config.topics and topic not in config.topics:
        fields["topic"] = "Choose one."
    if email:
        try:
            email = normal_address("email", email)
        except Invalid:
            fields["email"] = "Write it as name@example.com."
    if fields:
        raise Invalid("form_incomplete", "Something is missing.", fields=fields)
    return Visitor(
        name=name, email=email, topic=topic, language=_language(given), page=_page(given),
        address=f"signed:{config.address}:{known.key}" if known else "",
    )  # fmt: skip


def _identity(config: WidgetConfig, token: str) -> identity.Identity | None:
    if not token:
        if config.requires_identity:
            raise Forbidden("identity_needed", "Sign in on this site first, then chat.")
        return None
    try:
        return identity.verified(token, secret=config.identity_secret.get_secret_value(), now=utcnow())
    except BadSignature as error:
        raise Forbidden(error.code, error.sentence) from None


def _missing(config: WidgetConfig, **values: str) -> dict[str, str]:
    asked = {"name": config.ask_name, "email": config.ask_email}
    return {key: "Please fill this in." for key, value in values.items() if asked[key] == "required" and not value}


def _line(given: Mapping[str, Any], key: str, most: int) -> str:
    value = given.get(key)
    return " ".join(value.split())[:most] if isinstance(value, str) else ""


def _language(given: Mapping[str, Any]) -> str:
    tag = _line(given, "language", 12)
    return tag if tag.replace("-", "").isalpha() else ""


def _page(given: Mapping[str, Any]) -> str:
    """Return the page on which the visitor is, without what stands behind ? and #: secrets of the host may."""
    page = _line(given, "page", MAX_PAGE).partition("#")[0].partition("?")[0]
    return page if page.startswith(("https://", "http://")) else ""


def take(account: ChannelAccount, chat: Chat, facts: Mapping[str, Any], content: bytes = b"") -> None:
    """Store a line of a visitor as an envelope, once for each id that their browser gave it. The caller commits, then acknowledges.

    Raises Conflict when the chat is over.
    """
    visitors.check_open(chat)
    whole = {
        **facts, "chat": chat.id, "visitor": chat.address, "name": chat.name, "topic": chat.topic,
        "language": chat.language,
    }  # fmt: skip
    item = RawEnvelope(
        lines.written(whole, content), lines.line_id(chat.id, str(facts["id"])), utcnow(),
        {"mail_from": f"{lines.THREAD}{chat.id}", "via": "widget", "at": iso(utcnow())},
    )  # fmt: skip
    intake.accept(account.id, [item])


def check_file(config: WidgetConfig, name: str, content: bytes) -> dict[str, str]:
    """Return the name and type of a visitor's file that may be taken. Raises Invalid naming the file, Unavailable without the scanner.

    Its type comes of its name, which is checked against the widget's list; what the browser says of it counts for nothing.
    """
    plain = _CONTROL.sub("", name.replace("\\", "/").rpartition("/")[2]).strip(" .")
    stem, dot, ending = plain.rpartition(".")
    if not dot or not stem or ending.lower() not in config.file_types:
        raise Invalid(
            "file_kind", f"{plain[:80] or 'The file'}: files of this kind cannot be sent.", fields={"file": "kind"}
        )
    if not 0 < len(content) <= config.file_megabytes * 1024 * 1024:
        raise Invalid(
            "file_size", f"{plain[:80]} is empty, or larger than {config.file_megabytes} MB.", fields={"file": "size"}
        )
    scanning.check(plain[:80], content)
    media_type = mimetypes.guess_type(f"x.{ending}", strict=True)[0] or "application/octet-stream"
    return {"name": f"{stem[:MAX_NAME]}.{ending}", "type": media_type}
