"""What text message providers share when something comes in: size limits, fields of a request, an InboundMessage of a text."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any
from urllib.parse import unquote_to_bytes, urlsplit

from channels.outcomes import BadSignature
from channels.port import Address, Attachment, InboundMessage, WebhookRequest
from channels.sms import keywords, numbers
from channels.sms.reassembly import Part

MAX_BODY = 64 * 1024
MAX_FIELDS = 200


def refuse_oversize(request: WebhookRequest) -> None:
    """Refuse a request that is larger than any text message, before anything reads it. Raises BadSignature."""
    if len(request.body) + len(request.url) > MAX_BODY:
        raise BadSignature("too_large", f"The request is larger than {MAX_BODY} bytes, which no text message is.")


def fields_of(encoded: bytes) -> dict[str, bytes]:
    """Return the fields of a query or form as bytes: gateways send texts in many charsets. The first of a name counts."""
    found: dict[str, bytes] = {}
    for pair in encoded.split(b"&")[:MAX_FIELDS]:
        name, has_value, value = pair.partition(b"=")
        if has_value:
            key = unquote_to_bytes(name.replace(b"+", b" ")).decode("utf-8", "replace")
            found.setdefault(key, unquote_to_bytes(value.replace(b"+", b" ")))
    return found


def carried(request: WebhookRequest) -> bytes:
    """Return the encoded fields of a request: its form, or the query of its address."""
    kind = request.headers.get("content-type", "").partition(";")[0].strip().lower()
    if request.method.upper() == "POST" and kind == "application/x-www-form-urlencoded":
        return request.body
    return query_of(request)


def query_of(request: WebhookRequest) -> bytes:
    """Return the query of a request's address."""
    try:
        return urlsplit(request.url).query.encode("utf-8", "surrogateescape")
    except ValueError:
        return b""


def clean(text: str) -> str:
    """Return a text that can be stored: halves of a character put together, lone ones and NUL replaced."""
    whole = text.encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")
    return whole.replace("\x00", "\ufffd")


def text_message(
    external_id: str,
    *,
    sender: str,
    to: str,
    text: str,
    region: str = "",
    name: str = "",
    in_reply_to: str = "",
    attachments: Sequence[Attachment] = (),
    raw: Mapping[str, Any] | None = None,
    part: Part | None = None,
    problems: Sequence[str] = (),
    sent_at: datetime | None = None,
) -> InboundMessage:
    """Return a message of a text; `raw` says under `wish` what a keyword asks for and under `part` what it is a part of."""
    more: dict[str, Any] = dict(raw or {})
    text = clean(text)
    wish = keywords.wish_of(text) if part is None else None
    if wish:
        more.setdefault("wish", wish.value)
    if part:
        more["part"] = part.as_json()
    return InboundMessage(
        clean(external_id), Address(numbers.came_from(clean(sender), region=region), name),
        to=(Address(numbers.came_from(clean(to), region=region)),) if to else (),
        text=text, new_text=text, in_reply_to=in_reply_to, attachments=tuple(attachments),
        sent_at=sent_at, problems=tuple(problems), raw=more,
    )  # fmt: skip
