"""What mail servers say, in the port's words."""

from __future__ import annotations

import pytest

from channels.email.smtp_replies import reply_failure, reply_reason, reply_text, status_reason
from channels.outcomes import PermanentFailure, Reason, TemporaryFailure


@pytest.mark.parametrize(
    "status,reason",
    [
        ("5.1.1", Reason.NO_SUCH_RECIPIENT),
        ("5.1.10", Reason.NO_SUCH_RECIPIENT),
        ("5.1.3", Reason.BAD_ADDRESS),
        ("5.2.2", Reason.MAILBOX_FULL),
        ("4.2.2", Reason.MAILBOX_FULL),
        ("5.3.4", Reason.TOO_LARGE),
        ("5.4.6", Reason.LOOP),
        ("4.4.7", Reason.EXPIRED),
        ("4.4.1", Reason.UNREACHABLE),
        ("5.6.0", Reason.CONTENT_REFUSED),
        ("5.7.1", Reason.BLOCKED),
        ("4.7.1", Reason.RATE_LIMITED),
        ("5.7.8", Reason.BAD_CREDENTIALS),
        ("5.9.9", Reason.UNKNOWN),
        ("2.0.0", Reason.UNKNOWN),
        ("", Reason.UNKNOWN),
        ("nonsense", Reason.UNKNOWN),
    ],
)
def test_enhanced_codes(status, reason):
    assert status_reason(status) is reason


@pytest.mark.parametrize(
    "code,text,reason",
    [
        (550, "5.7.1 relaying denied", Reason.BLOCKED),
        (550, "no such user", Reason.NO_SUCH_RECIPIENT),
        (552, "too big", Reason.TOO_LARGE),
        (421, "busy", Reason.RATE_LIMITED),
        (535, "bad login", Reason.BAD_CREDENTIALS),
        (599, "?", Reason.UNKNOWN),
    ],
)
def test_plain_codes_serve_where_there_is_no_enhanced_one(code, text, reason):
    assert reply_reason(code, text) is reason


def test_only_5xx_is_for_good():
    assert isinstance(reply_failure(550, b"no", doing="x"), PermanentFailure)
    for code in (421, 450, 299, -1, 354, 600):
        assert isinstance(reply_failure(code, b"no", doing="x"), TemporaryFailure)


def test_a_reply_is_shown_as_one_short_line():
    assert reply_text(b"one\ntwo\x00\x1b[31m" + b"x" * 1000) == ("one two[31m" + "x" * 1000)[:300]
    assert reply_text(b"\xff\xfe") == "\ufffd\ufffd"
