"""One raw mail in, one ParsedMail out: which part is the text, which is a file, and what the header says. Never raises."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import replace

from channels.email import auto, bounce
from channels.email.addresses import parse_addresses
from channels.email.charset import decode
from channels.email.collect import Reading, collect
from channels.email.headers import Header, decode_header, message_id, message_ids, parse_date, read_header
from channels.email.limits import MAX_HEADER_BLOCK, MAX_MESSAGE, Problems
from channels.email.parsed import MailAddress, ParsedMail
from channels.email.quotes import extract_reply
from channels.email.render import render
from channels.email.reply_token import find_tokens
from channels.email.structure import Part, read_parts

_WORDS_OF_KEPT = (
    "return-path sender delivered-to x-original-to envelope-to auto-submitted precedence list-id list-unsubscribe "
    "list-post x-auto-response-suppress x-autoreply x-autorespond x-mailer user-agent x-priority importance "
    "authentication-results received-spf content-language thread-topic thread-index x-ringback-loop "
    "x-ringback-token x-ringback-case x-failed-recipients"
)
_KEPT = frozenset(_WORDS_OF_KEPT.split())
_TOKEN_FIELDS = frozenset(
    (
        "to", "cc", "delivered-to", "x-original-to", "envelope-to", "x-envelope-to", "x-forwarded-to", "x-rcpt-to",
        "in-reply-to", "references",
    )
)  # fmt: skip
_WORD_LABEL = re.compile(rb"=\?([\w.:*-]{2,40})\?[bq]\?", re.IGNORECASE)
_MAX_KEPT = 1000
_MAX_TOKENS = 50


def parse_mail(raw: bytes, *, own_addresses: Collection[str] = ()) -> ParsedMail:
    """Everything a mail says, within the limits of `limits`. `own_addresses`: the desk's mailboxes, to see loops.

    For mail of strangers use `child.ParserChild`, which also bounds memory and time.
    """
    try:
        return _parse(raw, own_addresses=own_addresses)
    except Exception as error:  # noqa: BLE001 - one bad mail never blocks the next; the raw mail is kept and shown
        return scan_headers(raw, problem=f"unparsed: the reader failed with {type(error).__name__}")


def _parse(raw: bytes, *, own_addresses: Collection[str]) -> ParsedMail:
    problems = Problems()
    if len(raw) > MAX_MESSAGE:
        problems.unparsed(f"a mail of more than {MAX_MESSAGE >> 20} MiB, only its beginning was read")
        raw = raw[:MAX_MESSAGE]
    if b"\n" not in raw[:MAX_HEADER_BLOCK] and b"\r" in raw:
        raw = raw.replace(b"\r", b"\n")
    root = read_parts(raw, problems=problems)
    reading = Reading(problems=problems, charset=_header_charset(root.header))
    pieces = collect(root, reading)
    body = render(pieces, reading)
    mail = replace(
        _from_header(root.header, problems=problems, fallback=_charset(root)),
        text=body.text,
        html=body.html,
        attachments=body.attachments,
    )
    mail = replace(
        mail,
        bounce=bounce.detect(mail, root.header, reports=reading.reports),
        auto=auto.kind(root.header, mail, own_addresses=own_addresses),
        reply_text=extract_reply(mail.text, html=mail.html, html_only=body.html_only, subject=mail.subject),
    )
    return replace(mail, problems=tuple(problems.sentences))


def _charset(part: Part) -> str:
    """The charset that the mail names first: raw 8-bit bytes in its header are most likely in the same."""
    waiting = [part]
    while waiting:
        one = waiting.pop()
        if label := one.params.get("charset"):
            return label
        waiting.extend(reversed(one.children))
    return ""


def _header_charset(header: Header) -> str:
    """The charset of the subject or the sender's name, as named or as its bytes tell."""
    for value in (header.get("subject")[:2000], header.get("from")[:2000]):
        if word := _WORD_LABEL.search(value):
            return word[1].decode("ascii", "replace").partition("*")[0]
        if not value.isascii():
            return decode(value).codec
    return ""


def _from_header(header: Header, *, problems: Problems, fallback: str) -> ParsedMail:
    def boxes(name: str) -> tuple[MailAddress, ...]:
        value = b", ".join(header.all(name))
        return parse_addresses(value, problems=problems, fallback=fallback) if value else ()

    sender = boxes("from") or boxes("sender")
    from_name = sender[0].name if sender else decode_header(header.get("from"), fallback=fallback)
    return ParsedMail(
        from_addr=sender[0].address if sender else "",
        from_name=from_name.strip('<>" '),
        reply_to=boxes("reply-to"),
        to=boxes("to"),
        cc=boxes("cc"),
        subject=decode_header(header.get("subject"), fallback=fallback),
        message_id=message_id(header.get("message-id")),
        in_reply_to=message_id(header.get("in-reply-to")),
        references=message_ids(b" ".join(header.all("references"))),
        date=parse_date(header.get("date")),
        reply_tokens=_tokens(header),
        headers=_kept(header),
    )


def _kept(header: Header) -> dict[str, str]:
    kept: dict[str, str] = {}
    for name, value in header.fields:
        if name in _KEPT and name not in kept:
            kept[name] = decode_header(value)[:_MAX_KEPT]
    return kept


def _tokens(header: Header) -> tuple[str, ...]:
    """What looks like a reply token of this desk: in the addresses it came to, and in the ids of what it answers."""
    values = [value for name, value in header.fields if name in _TOKEN_FIELDS and b"rb-" in value.lower()]
    return find_tokens(decode_header(value) for value in values)[:_MAX_TOKENS]


def scan_headers(raw: bytes, *, problem: str) -> ParsedMail:
    """What can be told of a mail whose body must not be touched: its header, read within the same limits."""
    problems = Problems([problem])
    try:
        header, _body = read_header(raw, 0, min(len(raw), MAX_HEADER_BLOCK), problems=problems)
        mail = _from_header(header, problems=problems, fallback="")
    except Exception:  # noqa: BLE001 - the last resort of the last resort
        return ParsedMail(problems=(problem,))
    return replace(mail, problems=tuple(problems.sentences))
