"""From an OutboundMessage to the bytes of a mail: who, threading, loop marks, alternatives, inline images and files.

The same message gives the same bytes, whatever attempt it is, but for the Date.
"""

from __future__ import annotations

import hashlib
import re
from collections.abc import Iterable, Mapping
from datetime import datetime
from email.utils import format_datetime

from channels.email import mime_writer
from channels.email.mime_writer import Part
from channels.email.reply_token import plus_address
from channels.outcomes import PermanentFailure
from channels.port import Address, Attachment, OutboundMessage

LOOP_HEADER = "X-Ringback-Loop"
MAX_REFERENCES = 20
_MESSAGE_ID = re.compile(r"<[\x21-\x3b\x3d\x3f-\x7e]{1,500}>")
_HEADER_NAME = re.compile(r"[A-Za-z0-9-]{1,70}")
_MEDIA_TYPE = re.compile(r"[a-z0-9!#$&^_.+-]{1,60}/[a-z0-9!#$&^_.+-]{1,100}")
_CONTENT_ID = re.compile(r"[\x21-\x3b\x3d\x3f-\x7e]{1,200}")
_BAD_ADDRESS = re.compile(r"[\x00-\x20\x7f-\x9f<>,;:\\\"()\[\]\u2028\u2029]")
_OURS = {
    *("from", "to", "cc", "bcc", "subject", "date", "message-id", "in-reply-to", "references", "reply-to", "sender"),
    *("auto-submitted", "precedence", "mime-version", "return-path", "received", LOOP_HEADER.lower()),
}


def build_mail(message: OutboundMessage, *, sender: Address, date: datetime, plus_addressing: bool = False) -> bytes:
    """Return the mail with CRLF line ends; `sender` is the account's own. Raises PermanentFailure for what no mail can carry."""
    author = message.sender or sender
    headers = [_mailboxes("From", [author]), _mailboxes("To", message.to)]
    if message.cc:
        headers.append(_mailboxes("Cc", message.cc))
    headers += [mime_writer.text_header("Subject", message.subject), f"Date: {format_datetime(date)}"]
    headers += _threading(message)
    tagged = plus_address(author.value, message.reply_token) if plus_addressing and message.reply_token else None
    if tagged:
        headers.append(_mailboxes("Reply-To", [Address(tagged, author.name)]))
    headers += _loop_marks(message, author)
    headers += _extra(message.headers)
    return mime_writer.write(headers, _body(message))


def reference_chain(references: Iterable[str], in_reply_to: str) -> tuple[str, ...]:
    """Return the References of a reply: valid ids, once each, the first and the last ones when there are too many."""
    ids = dict.fromkeys(each for each in references if _MESSAGE_ID.fullmatch(each))
    if _MESSAGE_ID.fullmatch(in_reply_to):
        ids.pop(in_reply_to, None)
        ids[in_reply_to] = None
    chain = tuple(ids)
    return chain if len(chain) <= MAX_REFERENCES else (chain[0], *chain[-(MAX_REFERENCES - 1) :])


def wire_address(address: str) -> str:
    """Return the address as it goes over the wire, its domain in ASCII. Raises PermanentFailure when it is none."""
    value = address.strip()
    local, at, domain = value.rpartition("@")
    if not (local and at and domain) or _BAD_ADDRESS.search(value) or len(local) > 64 or not local.isascii():
        raise PermanentFailure("bad_address", f"{value!r} is not a mail address this desk can write to.", address=value)
    try:
        return f"{local}@{domain if domain.isascii() else domain.encode('idna').decode()}"
    except UnicodeError:
        raise PermanentFailure("bad_address", f"{value!r} has no valid domain.", address=value) from None


def _mailboxes(name: str, addresses: Iterable[Address]) -> str:
    pairs = [(each.name, wire_address(each.value)) for each in addresses]
    if not pairs:
        raise PermanentFailure("no_recipient", "A mail needs somebody to go to.")
    return mime_writer.address_header(name, pairs)


def _threading(message: OutboundMessage) -> Iterable[str]:
    if not _MESSAGE_ID.fullmatch(message.message_id):
        raise PermanentFailure("bad_message_id", f"A mail needs a Message-ID in <>, not {message.message_id!r}.")
    yield f"Message-ID: {message.message_id}"
    if _MESSAGE_ID.fullmatch(message.in_reply_to):
        yield f"In-Reply-To: {message.in_reply_to}"
    if chain := reference_chain(message.references, message.in_reply_to):
        yield mime_writer.fold("References", chain)


def _loop_marks(message: OutboundMessage, author: Address) -> Iterable[str]:
    yield f"{LOOP_HEADER}: {wire_address(author.value)}"
    if message.auto:
        yield f"Auto-Submitted: {'auto-replied' if message.automatic_reply else 'auto-generated'}"
        yield "X-Auto-Response-Suppress: All"
        yield "Precedence: bulk"


def _extra(headers: Mapping[str, str]) -> Iterable[str]:
    for name, value in headers.items():
        if not _HEADER_NAME.fullmatch(name) or name.lower() in _OURS or name.lower().startswith("content-"):
            raise PermanentFailure("bad_header", f"The header {name!r} cannot be set on a mail from here.")
        yield mime_writer.text_header(name, value)


def _body(message: OutboundMessage) -> Part:
    mark = hashlib.sha256(message.message_id.encode()).hexdigest()[:20]
    body = mime_writer.text_part(message.text, subtype="plain")
    shown = [each for each in message.attachments if _is_shown(each, message.html)]
    if message.html:
        page = mime_writer.text_part(message.html, subtype="html")
        if shown:
            images = [_file(each, content_id=each.content_id) for each in shown]
            page = mime_writer.multipart("related", [page, *images], boundary=f"{mark}r")
        body = mime_writer.multipart("alternative", [body, page], boundary=f"{mark}a")
    files = [_file(each) for each in message.attachments if each not in shown]
    return mime_writer.multipart("mixed", [body, *files], boundary=f"{mark}m") if files else body


def _is_shown(attachment: Attachment, html: str) -> bool:
    return bool(_CONTENT_ID.fullmatch(attachment.content_id)) and f"cid:{attachment.content_id}" in html


def _file(attachment: Attachment, *, content_id: str = "") -> Part:
    kind = attachment.media_type.lower().split(";")[0].strip()
    if not _MEDIA_TYPE.fullmatch(kind) or kind.startswith(("multipart/", "message/")):
        kind = "application/octet-stream"
    return mime_writer.file_part(attachment.content, media_type=kind, name=attachment.name, content_id=content_id)
