"""Delivery reports: is this mail one, for whom, is it final, and which mail of ours does it speak of."""

from __future__ import annotations

import re
from collections.abc import Sequence

from channels.email import bouncewords as words
from channels.email.charset import decode
from channels.email.headers import Header, decode_header, message_id, one_line, read_header
from channels.email.limits import Problems
from channels.email.parsed import Bounce, ParsedMail

_STATUS_TYPES = frozenset(("message/delivery-status", "message/global-delivery-status"))
_RECEIPT = "message/disposition-notification"
_RETURNED_TYPES = frozenset(
    ("message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "text/rfc822")
)
_LOOKED_AT = 20_000
_MAX_REASON = 500
_GROUPS = re.compile(rb"\r?\n[ \t]*\r?\n")
_QUOTED_ID = re.compile(r"^[ \t>]*message-id:\s*(<[^<>\s]{1,900}>)", re.IGNORECASE | re.MULTILINE)
_QUOTED_TO = re.compile(r"^[ \t>]*(?:to|an|à|para|a|aan|收件人|宛先)\s*[:：]", re.IGNORECASE)
_RETURNED = re.compile(
    r"^[ \t]*-{2,}.{0,60}(?:copy of|original message|returned message|message (?:header|follows)|undelivered message|"
    r"below this line)|^[ \t]*(?:included is a copy|received: (?:from|by) |return-path: <|original[- ]message headers|reporting-mta:)",
    re.IGNORECASE | re.MULTILINE,
)  # fmt: skip
# What stands between the address and the reason.
_NO_REASON = re.compile(
    r"on \w{3}, \d|(?:because|reason|due to|for the following reasons?)\s*:?$|\(?(?:ultimately )?generated from|\d",
    re.IGNORECASE,
)
_DONE = frozenset(("delivered", "relayed", "expanded"))
_FULL = ("5.2.2", "4.2.2", "5.5.2.2")


def detect(mail: ParsedMail, header: Header, *, reports: Sequence[tuple[str, bytes]]) -> Bounce | None:
    """The bounce that `mail` is, or None. Receipts of delivery or reading, complaints and absence notes are none."""
    kinds = {kind for kind, _content in reports}
    content_type = header.get("content-type").lower()
    if b"feedback-report" in content_type:
        return None
    if (_RECEIPT in kinds or b"disposition-notification" in content_type) and not words.REFUSED.search(mail.subject):
        return None
    from_daemon = _from_daemon(mail, header)
    statuses = [content for kind, content in reports if kind in _STATUS_TYPES]
    if statuses and (from_daemon or b"multipart/report" in content_type):
        return _standard(mail, header, statuses=statuses, reports=reports)
    if not from_daemon or not _says_failure(mail, header):
        return None
    return _free_text(mail, header, reports=reports)


def _from_daemon(mail: ParsedMail, header: Header) -> bool:
    null_path = header.has("return-path") and not header.get("return-path").strip(b" <>\t")
    if null_path or header.has("x-failed-recipients"):
        return True
    if words.DAEMON.match(mail.from_addr) or (not mail.from_addr and words.DAEMON.match(mail.from_name)):
        return True
    if words.DAEMON_NAME.search(mail.from_name) and words.SUBJECT.search(mail.subject):
        return True
    return _as_if_by_hand(mail, header)


def _as_if_by_hand(mail: ParsedMail, header: Header) -> bool:
    """Some systems report under a person's name; nobody begins a subject like that, and quotes a code, by hand."""
    text = mail.text[:_LOOKED_AT]
    if words.SUBJECT.match(mail.subject.lstrip("[*! ")):
        return header.has("auto-submitted") or bool(words.STATUS.search(text) or words.SURE.search(text))
    return bool(words.SUBJECT.search(mail.subject) and words.SURE.search(text)) and not words.ANSWER.match(mail.subject)


def _says_failure(mail: ParsedMail, header: Header) -> bool:
    if header.has("x-failed-recipients"):
        return True
    text = mail.text[:_LOOKED_AT]
    if words.STRICT.match(mail.from_addr) and words.SUBJECT.search(mail.subject):
        return bool(words.BODY.search(text)) or not words.SUCCESS.search(f"{mail.subject} {text}")
    return bool(words.BODY.search(text)) and bool(
        words.SUBJECT.search(mail.subject) or words.ADDRESS.search(text) or words.DAEMON.match(mail.from_addr)
    )


# ---------------------------------------------------------------- RFC 3464


def _standard(
    mail: ParsedMail, header: Header, *, statuses: list[bytes], reports: Sequence[tuple[str, bytes]]
) -> Bounce | None:
    groups = [_fields(group) for content in statuses for group in _GROUPS.split(content) if group.strip()]
    recipients = [group for group in groups if group.has("final-recipient") or group.has("original-recipient")]
    recipients = recipients or [group for group in groups if group.has("status") or group.has("action")]
    failed = [group for group in recipients if _action(group) not in _DONE]
    if recipients and not failed:
        return None
    if not failed:
        return _free_text(mail, header, reports=reports)
    group = min(failed, key=lambda one: _action(one) != "failed")
    diagnostic = _without_type(decode_header(group.get("diagnostic-code")))
    status = _status(decode_header(group.get("status")), diagnostic)
    recipient = _recipient(group) or _free_recipient(mail, header)
    reason = diagnostic or _reason_near(mail.text, recipient) or mail.subject
    return Bounce(
        recipient=recipient,
        status=status,
        hard=_action(group) != "delayed" and _is_hard(status, diagnostic or mail.text[:2000], said=reason),
        reason=one_line(reason)[:_MAX_REASON],
        original_message_id=_original_id(mail, header, reports=reports, groups=groups),
    )


def _fields(group: bytes) -> Header:
    header, _body = read_header(group.lstrip(b"\r\n"), 0, len(group), problems=Problems())
    return header


def _action(group: Header) -> str:
    return decode_header(group.get("action")).lower().split("(")[0].split(";")[0].strip()


def _without_type(value: str) -> str:
    """`smtp; 550 no such user` without its type."""
    kind, semicolon, rest = value.partition(";")
    return rest.strip() if semicolon and len(kind) < 20 and " " not in kind.strip() else value


def _recipient(group: Header) -> str:
    for name in ("original-recipient", "final-recipient"):
        text = _without_type(decode_header(group.get(name))).strip("<> ")
        if found := words.ADDRESS.search(text):
            return found[0]
        if "@" in text:
            return text.split()[0].strip("<>;,")[:320]
    return ""


def _status(stated: str, diagnostic: str) -> str:
    """The enhanced code; the server's own words are more exact than a bare 5.0.0."""
    found = words.STATUS.search(stated)
    code = found[1] if found else ""
    if code in {"", "5.0.0", "4.0.0"}:
        better = words.STATUS.search(diagnostic)
        if better and (not code or better[1][0] == code[0]):
            return better[1]
    return code


# ---------------------------------------------------------------- everybody else


def _free_text(mail: ParsedMail, header: Header, *, reports: Sequence[tuple[str, bytes]]) -> Bounce | None:
    text = _own_words(mail.text)
    recipient = _free_recipient(mail, header)
    reason = _reason_near(text, recipient)
    stated = words.STATUS.search(reason) or words.STATUS.search(text)
    code = words.CODE.search(reason) or (None if stated else words.CODE.search(text))
    status = stated[1] if stated else f"{code[1][0]}.0.0" if code else ""
    return Bounce(
        recipient=recipient or _returned_to(reports, mail),
        status=status,
        hard=_is_hard(status, text, said=reason, subject=mail.subject),
        reason=one_line(reason or mail.subject)[:_MAX_REASON],
        original_message_id=_original_id(mail, header, reports=reports, groups=[]),
    )


def _own_words(text: str) -> str:
    """The report without the mail it returns."""
    text = text[:_LOOKED_AT]
    found = _RETURNED.search(text, 1)
    return text[: found.start()] if found and words.ADDRESS.search(text[: found.start()]) else text


def _free_recipient(mail: ParsedMail, header: Header) -> str:
    if failed := words.ADDRESS.search(decode_header(header.get("x-failed-recipients"))):
        return failed[0]
    text = _own_words(mail.text)
    start = words.BODY.search(text)
    ours = _ours(mail)
    for found in [*words.ADDRESS.finditer(text, start.start() if start else 0), *words.ADDRESS.finditer(text)]:
        address = found[0].strip(".'`")
        if address[:5].lower() == "smtp=":  # how X.400 writes it
            address = address[5:]
        if not words.DAEMON.match(address) and address.lower() not in ours:
            return address
    return ""


def _ours(mail: ParsedMail) -> set[str]:
    """Addresses that did not fail: who reports, and who is told."""
    return {mail.from_addr.lower(), *(box.address.lower() for box in mail.to)}


def _returned_to(reports: Sequence[tuple[str, bytes]], mail: ParsedMail) -> str:
    """Whom the returned mail was sent to, when it went to one address only."""
    for kind, content in reports:
        if kind in _RETURNED_TYPES:
            found: list[str] = words.ADDRESS.findall(decode_header(_fields(content).get("to")))
            return found[0] if len(found) == 1 and found[0].lower() not in _ours(mail) else ""
    return ""


def _reason_near(text: str, recipient: str) -> str:
    """The line that gives a code, or the words after the failed address."""
    lines = [line for line in map(str.strip, _own_words(text).splitlines()) if any(map(str.isalpha, line))]
    coded = [line for line in lines if words.STATUS.search(line) or words.CODE.match(line)]
    if coded:
        return coded[0]
    for at, line in enumerate(lines):
        if recipient and recipient in line:
            rest = line.partition(recipient)[2].strip(" <>:()（），,;\"'")
            told = [rest, *lines[at + 1 : at + 4]]
            return next((one for one in told if len(one) > 8 and not _NO_REASON.match(one)), "")
    return next((line for line in lines if words.BODY.search(line)), "")


# ---------------------------------------------------------------- both


def _is_hard(status: str, text: str, *, said: str, subject: str = "") -> bool:
    """Whether trying again is useless. `text` is all that is told, `said` the reason alone."""
    if status.startswith("4") or status in _FULL:
        return False
    exact = status not in {"", "5.0.0", "5.5.0"}
    if not status.startswith("5.1.") and words.FULL.search(said if exact else f"{said} {text}"):
        return False
    soft = bool(words.SOFT.search(text)) or bool(words.SOFT.search(subject))
    return exact or not soft or bool(words.HARD.search(text))


def _original_id(
    mail: ParsedMail, header: Header, *, reports: Sequence[tuple[str, bytes]], groups: Sequence[Header]
) -> str:
    for kind, content in reports:
        if kind in _RETURNED_TYPES and (found := message_id(_fields(content).get("message-id"))):
            return found
    for group in groups:
        if found := message_id(group.get("x-original-message-id") or group.get("original-message-id")):
            return found
    if quoted := _QUOTED_ID.search(mail.text[: 10 * _LOOKED_AT]):
        return quoted[1]
    for file in mail.attachments:
        small_text = file.media_type.startswith("text/") and file.size < _LOOKED_AT
        if small_text and (attached := _QUOTED_ID.search(decode(file.content).text)):
            return attached[1]
    return message_id(header.get("in-reply-to")) or (mail.references[-1] if mail.references else "")
