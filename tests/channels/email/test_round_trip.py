"""Whatever the standard library writes is read back: subjects, names, texts, files, dates."""

from __future__ import annotations

import unicodedata
from datetime import UTC, datetime, timedelta, timezone
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.mime import parse_mail

ALPHABET = st.sampled_from(
    [
        *"abcXYZ 019.,;:!?()<>@\"'/\\=_-+&%#~",
        *"äöüßéçñøåžł",
        *"水泵订单维修謝謝",
        *"ポンプお願い한국어",
        *"Привет",
        *"🙂👍",
        "–",
        "“",
        "€",
    ]
)
LINE = st.text(ALPHABET, min_size=1, max_size=120).map(lambda text: " ".join(text.split())).filter(bool)
BODY = (
    st.lists(st.text(ALPHABET, max_size=90).map(str.rstrip), min_size=1, max_size=12)
    .map("\n".join)
    .filter(lambda text: text.strip())
)
NAME = (
    st.text(st.sampled_from([*"abcXYZ 019_-", *"äß水泵ポ"]), min_size=1, max_size=40)
    .map(lambda text: " ".join(text.split()))
    .filter(bool)
)
CHARSETS = st.sampled_from(
    ["utf-8", "utf-8", "iso-8859-15", "windows-1252", "gb18030", "shift_jis", "iso-2022-jp", "euc-kr", "koi8-r"]
)


def looks_like_utf8(data: bytes) -> bool:
    """By chance: then nobody can tell."""
    try:
        return not data.isascii() and bool(data.decode("utf-8"))
    except UnicodeDecodeError:
        return False


def fits(text: str, charset: str) -> str:
    """The part of `text` that the charset knows, and that comes back the same from it."""
    return "".join(letter for letter in text if letter.encode(charset, "ignore").decode(charset, "ignore") == letter)


@settings(max_examples=300, deadline=None)
@given(LINE, NAME, BODY, CHARSETS, st.sampled_from(["quoted-printable", "base64", "8bit"]))
def test_subject_sender_and_text(subject, name, body, charset, encoding):
    mail = EmailMessage()
    mail["Subject"] = subject
    mail["From"] = f'"{name}" <dana@example.com>'
    body = fits(body, charset)
    if not body.strip() or (charset == "iso-2022-jp" and encoding == "8bit"):
        return
    if charset != "utf-8" and looks_like_utf8(body.encode(charset)):
        return
    if charset == "windows-1252" and sum(letter > "\x7f" for letter in body) > len(body) / 4:
        return  # no Latin text; whether such a label lies is tested elsewhere
    mail.set_content(
        body,
        charset=charset,
        cte=encoding if encoding != "8bit" or max(map(len, body.encode(charset).split(b"\n"))) < 900 else "base64",
    )
    found = parse_mail(mail.as_bytes(policy=SMTP))
    assert found.subject == subject
    assert found.from_name.split() == name.split()
    assert found.from_addr == "dana@example.com"
    assert found.text == body.rstrip().strip("\n")
    assert not found.unparsed


@settings(max_examples=150, deadline=None)
@given(NAME, st.binary(max_size=3000), st.booleans())
def test_files(name, content, inline):
    mail = EmailMessage()
    mail.set_content("x")
    disposition = "inline" if inline else "attachment"
    mail.add_attachment(content, maintype="application", subtype="pdf", filename=f"{name}.pdf", disposition=disposition)
    (file,) = parse_mail(mail.as_bytes(policy=SMTP)).attachments
    assert file.name == unicodedata.normalize("NFC", f"{name}.pdf").lstrip(". ")
    assert (file.content, file.media_type) == (content, "application/pdf")


@settings(max_examples=100, deadline=None)
@given(st.datetimes(datetime(1971, 1, 1), datetime(2100, 1, 1)), st.integers(-14 * 4, 14 * 4))
def test_dates(moment, quarters):
    aware = moment.replace(microsecond=0, tzinfo=timezone(timedelta(minutes=15 * quarters)) if quarters else UTC)
    found = parse_mail(f"Date: {format_datetime(aware)}\n\n".encode()).date
    assert found == aware
    assert found is not None
    assert found.utcoffset() == aware.utcoffset()
