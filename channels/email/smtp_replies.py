"""What an SMTP reply or an enhanced status code (RFC 3463) means, in the port's closed list of reasons."""

from __future__ import annotations

import re

from channels.outcomes import ChannelError, PermanentFailure, Reason, TemporaryFailure

_ENHANCED = re.compile(r"\b([245])\.(\d{1,3})\.(\d{1,3})\b")
_BY_DETAIL = {
    "1.1": Reason.NO_SUCH_RECIPIENT,
    "1.2": Reason.BAD_ADDRESS,
    "1.3": Reason.BAD_ADDRESS,
    "1.6": Reason.NO_SUCH_RECIPIENT,
    "1.10": Reason.NO_SUCH_RECIPIENT,
    "2.1": Reason.NO_SUCH_RECIPIENT,
    "2.2": Reason.MAILBOX_FULL,
    "2.3": Reason.TOO_LARGE,
    "3.4": Reason.TOO_LARGE,
    "4.6": Reason.LOOP,
    "4.7": Reason.EXPIRED,
    "7.8": Reason.BAD_CREDENTIALS,
    "7.9": Reason.BAD_CREDENTIALS,
}
_BY_SUBJECT = {
    "1": Reason.BAD_ADDRESS,
    "2": Reason.NO_SUCH_RECIPIENT,
    "3": Reason.VENDOR_FAULT,
    "4": Reason.UNREACHABLE,
    "5": Reason.VENDOR_FAULT,
    "6": Reason.CONTENT_REFUSED,
    "7": Reason.BLOCKED,
}
_BY_CODE = {
    421: Reason.RATE_LIMITED,
    450: Reason.RATE_LIMITED,
    451: Reason.VENDOR_FAULT,
    452: Reason.RATE_LIMITED,
    454: Reason.BAD_CREDENTIALS,
    501: Reason.BAD_ADDRESS,
    530: Reason.BAD_CREDENTIALS,
    534: Reason.BAD_CREDENTIALS,
    535: Reason.BAD_CREDENTIALS,
    550: Reason.NO_SUCH_RECIPIENT,
    551: Reason.NO_SUCH_RECIPIENT,
    552: Reason.TOO_LARGE,
    553: Reason.BAD_ADDRESS,
    554: Reason.BLOCKED,
}


def status_reason(status: str) -> Reason:
    """Return the reason for an enhanced status code such as 5.1.1, UNKNOWN for what is none."""
    match = _ENHANCED.search(status)
    if match is None:
        return Reason.UNKNOWN
    kind, subject, detail = match.groups()
    if kind == "4" and subject == "7":
        return Reason.RATE_LIMITED  # a policy that may let the mail pass later: greylisting, throttling
    return _BY_DETAIL.get(f"{subject}.{detail}") or _BY_SUBJECT.get(subject, Reason.UNKNOWN)


def reply_reason(code: int, text: str) -> Reason:
    """Return the reason for an SMTP reply; its enhanced code says more than the plain one."""
    enhanced = status_reason(text[:20])
    return enhanced if enhanced is not Reason.UNKNOWN else _BY_CODE.get(code, Reason.UNKNOWN)


def reply_text(raw: bytes) -> str:
    """Return a reply as one short printable line."""
    text = raw.decode("utf-8", "replace").replace("\n", " ")
    return "".join(char for char in text if char.isprintable())[:300]


def reply_failure(code: int, raw: bytes, *, doing: str) -> ChannelError:
    """Return the error for a refused command: 5xx is permanent, all else is worth another try."""
    text = reply_text(raw)
    reason = reply_reason(code, text)
    sentence = f"The mail server refused {doing}: {code} {text}"
    if 500 <= code <= 599:
        return PermanentFailure(reason.value, sentence, reply=code)
    return TemporaryFailure(reason.value, sentence, reply=code)
