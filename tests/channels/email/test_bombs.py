"""Mail built to hurt: each is read in the child within its limits, and told as far as it could be read."""

from __future__ import annotations

import base64
import os
from pathlib import Path

import pytest

from channels.email.child import ParserChild
from channels.email.limits import MAX_ADDRESSES, MAX_DEPTH, MAX_PARTS
from channels.email.mime import parse_mail

HEAD = b"From: Dana <dana@example.com>\r\nTo: desk@example.com\r\nSubject: pump\r\nMIME-Version: 1.0\r\n"


def nested_multiparts(depth: int) -> bytes:
    levels = (b'Content-Type: multipart/mixed; boundary="b%d"\r\n\r\n--b%d' % (level, level) for level in range(depth))
    lines = [HEAD.rstrip(), *levels]
    return b"\r\n".join(lines) + b"\r\nContent-Type: text/plain\r\n\r\ndeep\r\n"


def nested_mails(depth: int) -> bytes:
    return HEAD + b"Content-Type: message/rfc822\r\n\r\n" * depth + b"Subject: x\r\n\r\nbody"


def many_parts(count: int) -> bytes:
    return HEAD + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n" + b"--b\r\n\r\n" * count + b"--b--\r\n"


def html_mail(source: bytes) -> bytes:
    return HEAD + b"Content-Type: text/html; charset=utf-8\r\n\r\n" + source


BOMBS: dict[str, bytes] = {
    "encoded words in the subject": HEAD
    + b"Subject2: x\r\nSubject: "
    + b"=?utf-8?q?a?=\r\n " * 20000
    + b"\r\n\r\nbody",
    "50,000 brackets in From": b"From: " + b"(" * 50000 + b"\r\nSubject: pump\r\n\r\nbody",
    "20,000 addresses": HEAD + b"Cc: " + b"a@example.com,\r\n " * 20000 + b"b@example.com\r\n\r\nbody",
    "a subject of 50 MB": b"From: dana@example.com\r\nSubject: " + b"a" * 50_000_000 + b"\r\n\r\nbody",
    "a header of 5 MB folded": b"From: dana@example.com\r\nSubject: a" + b"\r\n b" * 1_250_000 + b"\r\n\r\nbody",
    "100,000 header fields": b"From: dana@example.com\r\n" + b"X: y\r\n" * 100_000 + b"\r\nbody",
    "multiparts 500 deep": nested_multiparts(500),
    "multiparts 5,000 deep": nested_multiparts(5000),
    "mails 2,000 deep": nested_mails(2000),
    "100,000 empty parts": many_parts(100_000),
    "one boundary, prefixes of it": HEAD
    + b"Content-Type: multipart/mixed; boundary=a\r\n\r\n"
    + b"".join(b"--" + b"a" * n + b"\r\n\r\n" for n in range(1, 1500)),
    "nested divs": html_mail(b"<div>" * 200_000 + b"deep"),
    "unclosed fonts": html_mail(b"".join(b"<b title=%d>" % n for n in range(400)) + b"<p>x" * 100_000),
    "100,000 attributes": html_mail(b"<div " + b" ".join(b"a%d=1" % n for n in range(100_000)) + b">x"),
    "a million ampersands": html_mail(b"&" * 1_000_000),
    "a million brackets": html_mail(b"<" * 1_000_000),
    "comments that never close": html_mail(b"<!--" * 200_000),
    "20 MB of HTML": html_mail(b"<p>word</p>" * 2_000_000),
    "one line of 5 MB": HEAD + b"\r\n" + b"x" * 5_000_000,
    "one line of quotes": HEAD + b"\r\n" + b"> " * 1_000_000,
    "a million lines": HEAD + b"\r\n" + b"On 3 May 2024 15:59 x@example.com wrot:\r\n" * 60_000,
    "a boundary of 60 KB": HEAD
    + b"Content-Type: multipart/mixed; boundary="
    + b"x" * 60_000
    + b"\r\n\r\n--"
    + b"x" * 60_000,
    "parameters without end": HEAD + b"Content-Type: text/plain" + b"; a*0*=x" * 7000 + b"\r\n\r\nbody",
    "a file name of 1 MB": HEAD
    + b"Content-Type: multipart/mixed; boundary=b\r\n\r\n--b\r\nContent-Disposition: attachment; filename="
    + b"n" * 1_000_000
    + b"\r\n\r\nx\r\n--b--",
    "base64 of 40 MB": HEAD
    + b"Content-Type: application/zip\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + (b"QUFB" * 19 + b"\r\n") * 520_000,
    "quoted-printable of 10 MB": HEAD + b"Content-Transfer-Encoding: quoted-printable\r\n\r\n" + b"=3D" * 3_300_000,
    "uuencode without end": HEAD + b"\r\n" + b"begin 644 x\r\n" * 80_000,
    "nothing": b"",
    "only nulls": b"\0" * 1_000_000,
    "only line ends": b"\r\n" * 500_000,
    "no line ends": bytes(range(32, 256)) * 20_000,
    "tnef": HEAD
    + b"Content-Type: application/ms-tnef\r\nContent-Transfer-Encoding: base64\r\n\r\n"
    + base64.encodebytes(
        b"\x78\x9f\x3e\x22\x01\x00" + b"\x01\x05\x90\x06\x00\x04\x00\x00\x00\xff\xff\xff\xff\0\0" * 50_000
    ),
}


def memory_peak(pid: int) -> int:
    """The most memory the process ever held, in MiB."""
    status = Path(f"/proc/{pid}/status").read_text()
    return int(status.split("VmHWM:")[1].split()[0]) // 1024


def cpu_seconds(pid: int) -> float:
    """The computing time the process has used in its life."""
    fields = Path(f"/proc/{pid}/stat").read_text().rpartition(")")[2].split()
    return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")


@pytest.mark.parametrize("name", BOMBS)
def test_a_bomb_costs_little_and_says_what_is_wrong(name):
    raw = BOMBS[name]
    with ParserChild() as parser:
        parser.parse(b"From: warm@example.com\r\n\r\nup")
        mail = parser.parse(raw)
        assert parser.pid is not None, mail.problems  # the limits by counting were enough, the child lives
        seconds = cpu_seconds(parser.pid)
        assert memory_peak(parser.pid) <= 256
    assert seconds < 5
    if b"Subject: pump" in raw[:200]:
        assert mail.subject
    if b"dana@example.com" in raw[:200]:
        assert mail.from_addr == "dana@example.com"


@pytest.mark.parametrize(
    "name",
    [
        "multiparts 500 deep", "100,000 empty parts", "a subject of 50 MB", "100,000 header fields", "nested divs", "20,000 addresses",
        "unclosed fonts", "100,000 attributes", "a million ampersands", "20 MB of HTML", "encoded words in the subject", "one line of 5 MB",
    ],
)  # fmt: skip
def test_what_was_left_unread_is_told(name):
    assert parse_mail(BOMBS[name]).unparsed


def test_limits_are_exact():
    assert not parse_mail(nested_multiparts(MAX_DEPTH)).unparsed
    assert parse_mail(nested_multiparts(MAX_DEPTH + 1)).unparsed
    assert not parse_mail(many_parts(MAX_PARTS)).unparsed
    assert parse_mail(many_parts(MAX_PARTS + 1)).unparsed
    addresses = b", ".join(b"u%d@example.com" % n for n in range(MAX_ADDRESSES + 1))
    assert len(parse_mail(b"To: " + addresses + b"\r\n\r\n").to) == MAX_ADDRESSES


def test_html_that_no_sanitiser_may_see_is_attached_and_its_words_are_shown():
    mail = parse_mail(html_mail(b"<p>Hello</p>" + b"<div>" * 600 + b"deep</div>"))
    assert mail.html == ""
    assert mail.text == "Hello deep"
    assert [file.name for file in mail.attachments] == ["message.html"]
