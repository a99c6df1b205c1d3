"""Whatever comes, a mail is read without an error; and the finer points of addresses, names, charsets and the command."""

from __future__ import annotations

import codecs
import io
import json
import subprocess
import sys
import time
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.addresses import parse_addresses
from channels.email.charset import decode
from channels.email.explain import as_dict, explain, iter_explain, main
from channels.email.headers import decode_header
from channels.email.labels import LABELS, codec_of
from channels.email.limits import Problems
from channels.email.mime import parse_mail
from channels.email.names import name_by_type, safe_name
from channels.email.parsed import from_wire, to_wire

MAILS = Path(__file__).parent / "mails"
KEYS = [
    "path", "from", "from_name", "to", "cc", "subject", "message_id", "date", "text", "html", "reply_text", "attachments", "auto", "bounce", "problems",
]  # fmt: skip
PIECES = [
    b"From: ", b"To: ", b"Subject: ", b"Content-Type: ", b"multipart/mixed; boundary=b", b"text/html", b"message/rfc822", b"\r\n", b"\r\n\r\n", b"\n", b"--b", b"--b--", b"--",
    b"=?utf-8?q?", b"=?gb2312?b?", b"?=", b"<", b">", b"@", b'"', b"(", b"\\", b",", b";", b":", b"=", b"\xff", b"\xe6\xb0\xb4", b"\x1b$B", b"\x00", b"Content-Transfer-Encoding: base64",
    b"Content-Transfer-Encoding: quoted-printable", b"charset=utf-7", b"charset=iso-2022-jp", b"filename*0*=", b"application/ms-tnef", b"\x78\x9f\x3e\x22\x01\x00", b"QUJD", b"begin 644 a", b"end",
    b"Content-Type: message/delivery-status", b"Content-Type: application/pkcs7-mime", b"\x30\x80\x06\x09", b"Date: ", b"Mon, 6 May 2024 15:59:10 +0200", b"> ", b"On 5/6/2024 wrote:", b" ",
]  # fmt: skip


def check(raw: bytes) -> None:
    mail = parse_mail(raw)
    assert not any("the reader failed" in problem for problem in mail.problems), mail.problems
    found = as_dict(mail, path="x")
    assert list(found) == KEYS
    text = json.dumps(found, ensure_ascii=False)
    text.encode()
    assert "\\u0000" not in text
    assert all(
        "\n" not in value and "\r" not in value
        for value in (mail.from_addr, mail.from_name, mail.subject, mail.message_id)
    )
    assert all("/" not in file.name and file.name for file in mail.attachments)
    document, contents = to_wire(mail)
    assert from_wire(document, contents) == mail


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=400))
def test_random_bytes(raw):
    check(raw)


@settings(max_examples=500, deadline=None)
@given(st.lists(st.sampled_from(PIECES) | st.binary(max_size=8), max_size=60).map(b"".join))
def test_random_pieces(raw):
    check(raw)


@settings(max_examples=300, deadline=None)
@given(
    st.sampled_from(sorted(MAILS.glob("*.eml"))),
    st.lists(st.tuples(st.integers(0, 5000), st.binary(max_size=3)), max_size=6),
    st.integers(0, 5000),
)
def test_damaged_mails(path, changes, cut):
    raw = bytearray(path.read_bytes())
    for at, change in changes:
        raw[at % len(raw) : at % len(raw) + len(change)] = change
    check(bytes(raw))
    check(bytes(raw[: cut % len(raw)]))


@settings(max_examples=200, deadline=None)
@given(st.binary(max_size=60), st.sampled_from(sorted(LABELS)) | st.text(max_size=20))
def test_every_label_decodes_anything(data, label):
    decode(data, label).text.encode()


@pytest.mark.parametrize("codec", sorted(set(LABELS.values()) - {"iso-2022-jp"}))
def test_every_codec_exists(codec):
    assert codecs.lookup(codec)
    assert decode("A 1".encode(codec), codec).text == "A 1"


@pytest.mark.parametrize(
    "label, codec",
    [
        ("UTF-8", "utf-8"), ('"utf-8"', "utf-8"), ("utf8; format=flowed", "utf-8"), ("GB2312", "gb18030"), ("x-gbk", "gb18030"), ("cp-1251", "cp1251"), ("windows1252", "cp1252"),
        ("ISO_8859-1:1987", "cp1252"), ("ibm850", "cp850"), ("x-sjis", "cp932"), ("ks_c_5601-1987", "cp949"), ("iso-8859-8-i", "iso8859-8"), ("nonsense", None), ("hex", None),
        ("zlib_codec", None), ("rot13", None), ("unicode_escape", None), ("idna", None), ("", None),
    ],
)  # fmt: skip
def test_labels(label, codec):
    assert codec_of(label) == codec


TEXTS = {
    "gb18030": "您好，我的订单还没有收到，请尽快处理，谢谢",
    "cp950": "您好，我的訂單還沒有收到，請盡快處理，謝謝",
    "cp932": "お世話になっております。注文した商品が届きません。",
    "euc_jp": "お世話になっております。注文した商品が届きません。",
    "cp949": "안녕하세요 주문한 상품이 아직 도착하지 않았습니다",
    "cp1252": "Grüße aus München, café déjà vu – “quoted”",
    "cp1251": "Здравствуйте, мой заказ ещё не пришёл",
    "koi8-r": "Здравствуйте, мой заказ ещё не пришёл",
    "utf-8": "Здравствуйте 您好 Grüße",
    "iso2022_jp": "お世話になっております。",
}


@pytest.mark.parametrize("codec", TEXTS)
@pytest.mark.parametrize("label", ["", "us-ascii", "x-unknown", "iso-8859-1", "utf-8"])
def test_detection(codec, label):
    assert decode(TEXTS[codec].encode(codec), label).text == TEXTS[codec]


@pytest.mark.parametrize(
    "value, boxes",
    [
        (b"Bob <bob@x.com>", [("bob@x.com", "Bob")]),
        (
            b'"Doe, Jane" <j@x.com>, k@y.com (Kate (the) Great)',
            [("j@x.com", "Doe, Jane"), ("k@y.com", "Kate the Great")],
        ),
        (b"Doe, Jane <j@x.com>", [("j@x.com", "Doe, Jane")]),
        (b"undisclosed-recipients:;", []),
        (b'Team: a@b.c, "Q" <d@e.f>; g@h.i', [("a@b.c", ""), ("d@e.f", "Q"), ("g@h.i", "")]),
        (b"=?utf-8?Q?Name_=3Ca=40b.c=3E?=", [("a@b.c", "")]),
        (b"=?utf-8?Q?Doe=2C_Jane?= <j@x.com>", [("j@x.com", "Doe, Jane")]),
        (b"=?utf-8?Q?Doe,_Jane?= <j@x.com>", [("j@x.com", "Doe, Jane")]),
        (b'"=?utf-8?B?5byg5LiJ?=" <z@x.cn>', [("z@x.cn", "张三")]),
        (b"<a@b.c> Bob", [("a@b.c", "Bob")]),
        (b"Bob <a@b.c", [("a@b.c", "Bob")]),
        (b"bob smith a@b.c", [("a@b.c", "bob smith")]),
        (b"'Bob' <mailto:bob@x.com>", [("bob@x.com", "Bob")]),
        (b"a @ b.com", [("a@b.com", "")]),
        (b'"open <a@b.c>, c@d.e', [("a@b.c", "open"), ("c@d.e", "")]),
        (b'"Bob \\"The B\\" Smith" <b@x.com>', [("b@x.com", 'Bob "The B" Smith')]),
        (b'"very.unusual.@.unusual.com"@example.com', [('"very.unusual.@.unusual.com"@example.com', "")]),
        (b"bob@x.com <bob@x.com>", [("bob@x.com", "")]),
        (b"Mary <@node.test,@n2:mary@example.net>", [("mary@example.net", "Mary")]),
        (b"MAILER-DAEMON", []),
        (b"<>", []),
        (b"", []),
        (b"a@b.c, , ,;, d@e.f", [("a@b.c", ""), ("d@e.f", "")]),
        (b"a@b.c" + b"x" * 400, []),
    ],
)
def test_addresses(value, boxes):
    assert [(box.address, box.name) for box in parse_addresses(value, problems=Problems())] == boxes


@settings(max_examples=300, deadline=None)
@given(st.binary(max_size=80))
def test_addresses_never_carry_a_line_break(value):
    for box in parse_addresses(value, problems=Problems()):
        assert not set("\r\n\0<>\t ") & set(box.address)
        assert not set("\r\n\0") & set(box.name)


HARD = [
    b"(" * 50_000, b"()" * 30_000, b"a@b.c," * 11_000, b'"' * 60_000, b"<" * 60_000, b"\\" * 60_000, b'"\\' * 30_000, b"=?a?q?x" * 9_000 + b"?=", b"=?utf-8?q?a?= " * 4_600, b"=?" * 30_000,
    b"a," * 30_000, b"@ " * 30_000, b". " * 30_000, b":" * 60_000, b";" * 60_000,
]  # fmt: skip


@pytest.mark.parametrize("value", HARD, ids=range(len(HARD)))
def test_hard_header_values_are_quick(value):
    before = time.thread_time()
    parse_addresses(value, problems=Problems())
    decode_header(value)
    assert time.thread_time() - before < 1


@pytest.mark.parametrize(
    "written, safe",
    [
        ("../../etc/passwd", "passwd"), ("\u200b.htaccess", "htaccess"), ("a\u202efdp.exe", "afdp.exe"), ("CON.txt", "_CON.txt"), ("..", ""), ("a/b\\c.txt", "c.txt"),
        ("\ufeff..\u200b/.ssh", "ssh"), ("a:b*c?.txt", "a_b_c_.txt"), ("x.txt ", "x.txt"), (" ", ""), ("e\u0301.txt", "é.txt"), ("名前.txt", "名前.txt"), ("a\u2028b.txt", "ab.txt"), ("nul", "_nul"),
    ],
)  # fmt: skip
def test_safe_names(written, safe):
    assert safe_name(written) == safe


def test_long_names_keep_their_extension():
    assert safe_name("n" * 4096 + ".pdf") == "n" * 196 + ".pdf"
    assert len(safe_name("水" * 4096 + ".pdf").encode()) <= 200
    assert name_by_type("application/x-unheard", number=3) == "attachment-3.bin"


@pytest.mark.parametrize(
    "subject, body, codec",
    [
        ("=?koi8-r?B?9OXz9A==?=", "ТЕСТ", "koi8-r"),
        ("=?gb2312?B?suLK1A==?=", "水泵", "gb18030"),
        ("=?iso-2022-jp?B?GyRCRnwbKEI=?=", "ポンプ", "cp932"),
        ("=?windows-1251?B?8u7q?=", "ТОК", "cp1251"),
        ("=?utf-8?B?suLK1A==?=", "Grüße", "cp1252"),
    ],
)
def test_a_short_text_without_a_charset_has_that_of_the_header(subject, body, codec):
    assert parse_mail(f"Subject: {subject}\n\n".encode() + body.encode(codec)).text == body


def test_explain_has_the_shape_of_the_command():
    found = explain((MAILS / "inline-image.eml").read_bytes(), path="x.eml")
    assert list(found) == KEYS
    assert set(found["attachments"][0]) == {"name", "type", "size", "sha256"}


def test_explain_walks_folders_files_and_standard_input(monkeypatch, tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "a" / "1.eml").write_bytes(b"From: a@example.com\n\nx")
    (tmp_path / "b.eml").write_bytes(b"From: b@example.com\n\nx")

    class Input:
        buffer = io.BytesIO(b"From: c@example.com\n\nx")

    monkeypatch.setattr(sys, "stdin", Input())
    found = list(iter_explain([tmp_path, "-", tmp_path / "missing.eml"]))
    assert [each["from"] for each in found] == ["a@example.com", "b@example.com", "c@example.com", ""]
    assert [each["path"] for each in found] == [
        str(tmp_path / "a" / "1.eml"),
        str(tmp_path / "b.eml"),
        "-",
        str(tmp_path / "missing.eml"),
    ]
    assert found[-1]["problems"][0].startswith("unparsed: the file cannot be read")


def test_explain_on_a_terminal():
    ran = subprocess.run(
        [sys.executable, "-m", "channels.email.explain", str(MAILS)],
        capture_output=True,
        check=True,
        timeout=60,
        text=True,
    )
    lines = [json.loads(line) for line in ran.stdout.splitlines()]
    assert len(lines) == len(list(MAILS.iterdir()))
    assert main([]) == 2


def test_reading_is_fast_enough():
    mails = [path.read_bytes() for path in MAILS.glob("*.eml")]
    before = time.thread_time()
    for raw in mails:
        explain(raw)
    assert len(mails) / (time.thread_time() - before) > 50
