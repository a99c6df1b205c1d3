"""What a mail says, once read: the neutral result of the parser and its form on the wire between parser child and parent."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any, Literal

import orjson

AutoKind = Literal["none", "auto-reply", "list", "loop"]


@dataclass(frozen=True, slots=True)
class MailAddress:
    """One mailbox: the address as written, and the decoded name shown beside it ("" where there is none)."""

    address: str
    name: str = ""


@dataclass(frozen=True, slots=True)
class ParsedAttachment:
    """One file of a mail. The name is already safe to show and to save; the bytes are decoded from the transfer encoding."""

    name: str
    media_type: str
    size: int
    sha256: str
    content: bytes = field(repr=False)
    content_id: str = ""  # without angle brackets; what `cid:` in the html refers to
    inline: bool = False


@dataclass(frozen=True, slots=True)
class Bounce:
    """A report that a mail of ours was not delivered. `hard`: trying again is useless."""

    recipient: str
    status: str  # enhanced status code such as 5.1.1, "" when none was given
    hard: bool
    reason: str
    original_message_id: str = ""  # with angle brackets; of the mail that bounced


@dataclass(frozen=True, slots=True)
class ParsedMail:
    """One mail, decoded. Problems that begin with `unparsed:` mean that part of it could not be read."""

    from_addr: str = ""
    from_name: str = ""
    reply_to: tuple[MailAddress, ...] = ()
    to: tuple[MailAddress, ...] = ()
    cc: tuple[MailAddress, ...] = ()
    subject: str = ""
    message_id: str = ""  # with angle brackets, "" when missing
    in_reply_to: str = ""
    references: tuple[str, ...] = ()
    date: datetime | None = None  # aware
    text: str = ""
    html: str = ""  # sanitised; remote images are held back in data-blocked-src
    reply_text: str = ""
    attachments: tuple[ParsedAttachment, ...] = ()
    auto: AutoKind = "none"
    bounce: Bounce | None = None
    reply_tokens: tuple[str, ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)  # names in lower case
    problems: tuple[str, ...] = ()

    @property
    def unparsed(self) -> bool:
        """Whether some of the mail could not be read, so that the raw mail has to be shown beside it."""
        return any(problem.startswith("unparsed:") for problem in self.problems)


def to_wire(mail: ParsedMail) -> tuple[bytes, tuple[bytes, ...]]:
    """The mail as one JSON document and the attachments' bytes, in their order."""
    document = {
        "from_addr": mail.from_addr,
        "from_name": mail.from_name,
        "subject": mail.subject,
        "message_id": mail.message_id,
        "in_reply_to": mail.in_reply_to,
        "references": mail.references,
        "date": mail.date.isoformat() if mail.date else None,
        "text": mail.text,
        "html": mail.html,
        "reply_text": mail.reply_text,
        "auto": mail.auto,
        "reply_tokens": mail.reply_tokens,
        "headers": dict(mail.headers),
        "problems": mail.problems,
        "bounce": _bounce_to_wire(mail.bounce),
        "attachments": [
            [file.name, file.media_type, file.size, file.sha256, file.content_id, file.inline]
            for file in mail.attachments
        ],
    }
    for key in ("reply_to", "to", "cc"):
        document[key] = [[box.address, box.name] for box in getattr(mail, key)]
    return _dump(document), tuple(file.content for file in mail.attachments)


def _dump(document: dict[str, Any]) -> bytes:
    try:
        return orjson.dumps(document)
    except orjson.JSONEncodeError:  # half a surrogate pair, which only escapes can say
        return json.dumps(document).encode()


def _load(document: bytes) -> dict[str, Any]:
    try:
        loaded = orjson.loads(document)
    except orjson.JSONDecodeError:
        loaded = json.loads(document)
    return dict(loaded)


def _bounce_to_wire(bounce: Bounce | None) -> list[Any] | None:
    if bounce is None:
        return None
    return [bounce.recipient, bounce.status, bounce.hard, bounce.reason, bounce.original_message_id]


def from_wire(document: bytes, contents: tuple[bytes, ...]) -> ParsedMail:
    """The mail back from `to_wire`. Raises ValueError or TypeError when it is not one."""
    data = _load(document)
    data["date"] = datetime.fromisoformat(data["date"]) if data["date"] else None
    data["bounce"] = Bounce(*data["bounce"]) if data["bounce"] else None
    for key in ("references", "reply_tokens", "problems"):
        data[key] = tuple(data[key])
    for key in ("reply_to", "to", "cc"):
        data[key] = tuple(MailAddress(*pair) for pair in data[key])
    data["attachments"] = tuple(
        ParsedAttachment(
            name=name,
            media_type=media_type,
            size=size,
            sha256=sha256,
            content=content,
            content_id=content_id,
            inline=inline,
        )
        for (name, media_type, size, sha256, content_id, inline), content in zip(
            data["attachments"], contents, strict=True
        )
    )
    return ParsedMail(**data)
