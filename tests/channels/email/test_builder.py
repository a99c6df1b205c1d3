"""Outgoing mails, read back by the standard library: what is said stays what was meant, and nothing breaks out."""

from __future__ import annotations

import time
from datetime import UTC, datetime
from email import message_from_bytes, policy
from email.header import decode_header, make_header
from email.utils import getaddresses

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.message_builder import build_mail, reference_chain
from channels.outcomes import PermanentFailure
from channels.port import Address, Attachment, OutboundMessage


def people(raw):
    """Read the To header as RFC 2047 has it; the library's own address parser puts spaces between encoded words."""
    pairs = getaddresses([message_from_bytes(raw)["To"].replace("\r\n", "")])
    return [(str(make_header(decode_header(name))), address) for name, address in pairs]


DATE = datetime(2026, 11, 22, 9, 30, tzinfo=UTC)
SUPPORT = Address("support@desk.test", "Support 客服")


def build(plus_addressing=False, **fields):
    known = {
        "to": (Address("dana@customer.test", "Dana"),),
        "idempotency_key": "1",
        "subject": "Your case",
        "text": "Hello",
        "message_id": "<m1@desk.test>",
    }
    message = OutboundMessage(**{**known, **fields})
    raw = build_mail(message, sender=SUPPORT, date=DATE, plus_addressing=plus_addressing)
    assert all(len(line) <= 998 for line in raw.split(b"\r\n"))
    assert raw.replace(b"\r\n", b"").count(b"\n") == 0
    raw.decode("ascii")
    return raw


def read(**fields):
    return message_from_bytes(build(**fields), policy=policy.default)


def test_the_head_of_a_mail():
    mail = read(cc=(Address("eve@customer.test"),))
    assert mail["From"].addresses[0].display_name == "Support 客服"
    assert mail["From"].addresses[0].addr_spec == "support@desk.test"
    assert mail["To"] == "Dana <dana@customer.test>"
    assert mail["Cc"] == "eve@customer.test"
    assert mail["Message-ID"] == "<m1@desk.test>"
    assert mail["Date"].datetime == DATE
    assert mail["X-Ringback-Loop"] == "support@desk.test"
    assert mail["Auto-Submitted"] is None
    assert mail["Reply-To"] is None


def test_the_same_message_gives_the_same_bytes():
    fields = {"html": "<p>x</p>", "attachments": (Attachment("a.txt", "text/plain", b"x"),)}
    assert build(**fields) == build(**fields)


@pytest.mark.parametrize(
    "subject",
    [
        "Plain",
        "Über-Größe",
        "您的工单 RB-1024 已受理，" * 12,
        "🙂" * 40,
        "x" * 400,
        "a " * 200 + "end",
        "=?utf-8?q?Not=20encoded?=",
        'Quotes " and \\ and , ; : <>',
        "double  spaces   stay",
    ],
)
def test_subjects_are_read_as_they_were_written(subject):
    raw = build(subject=subject)
    head = raw.partition(b"\r\n\r\n")[0]
    assert all(len(line) <= 78 for line in head.split(b"\r\n"))
    assert message_from_bytes(raw, policy=policy.default)["Subject"] == subject.strip()


@pytest.mark.parametrize(
    "name",
    ["Dana", "Dana, Dr. (Sales)", 'Dana "D" \\ Q', "丹娜" * 20, "Ünï", "a@b.test", "=?x?=", "x" * 100, "D. " * 40],
)
def test_names_are_read_as_they_were_written(name):
    raw = build(to=(Address("dana@customer.test", name), Address("eve@customer.test", name)))
    assert people(raw) == [(name.strip(), "dana@customer.test"), (name.strip(), "eve@customer.test")]


BREAKS = [
    "\r\nBcc: evil@x.test",
    "\nBcc: evil@x.test",
    "\rBcc: evil@x.test",
    "\r\n\r\nbody",
    "\x00",
    "\x85Bcc: a",
    "\u2028Bcc: b",
    "\ud800",
]


@pytest.mark.parametrize("injected", BREAKS)
def test_no_text_can_start_a_header_or_the_body(injected):
    attachment = Attachment(f"a{injected}.txt", f"text/plain{injected}", b"x", content_id=f"c{injected}", inline=True)
    raw = build(
        subject=f"a{injected}",
        to=(Address("dana@customer.test", f"n{injected}"),),
        headers={"X-Case": f"v{injected}"},
        in_reply_to=f"<x{injected}@y>",
        references=(f"<x{injected}@y>", "<good@y>"),
        html=f"<p>cid:c{injected}</p>",
        attachments=(attachment,),
    )
    mail = message_from_bytes(raw, policy=policy.default)
    assert mail["Bcc"] is None
    assert mail["References"] == "<good@y>"
    assert {name.lower() for name in mail.keys()} <= {  # noqa: SIM118
        *("from", "to", "subject", "date", "message-id", "references", "x-ringback-loop", "x-case"),
        *("mime-version", "content-type"),
    }


@pytest.mark.parametrize("injected", BREAKS)
def test_an_address_with_a_break_is_refused(injected):
    for fields in ({"to": (Address(f"dana{injected}@x.test"),)}, {"sender": Address(f"a@x{injected}.test")}):
        with pytest.raises(PermanentFailure) as failure:
            build(**fields)
        assert failure.value.code == "bad_address"


@pytest.mark.parametrize("name", ["Bcc", "from", "X-A\r\nBcc", "Content-Type", "", "X A", "X-Ringback-Loop", "Ü"])
def test_headers_that_are_ours_or_none_are_refused(name):
    with pytest.raises(PermanentFailure):
        build(headers={name: "x"})


@pytest.mark.parametrize(
    "address", ["", "dana", "@x.test", "dana@", "a b@x.test", "a@b@c,d@x.test", "<a@x.test>", "丹@x.test"]
)
def test_an_address_that_is_none_is_refused(address):
    with pytest.raises(PermanentFailure) as failure:
        build(to=(Address(address),))
    assert failure.value.code == "bad_address"


def test_a_mail_to_nobody_is_refused():
    with pytest.raises(PermanentFailure):
        build(to=())


def test_a_domain_of_other_letters_goes_out_in_ascii():
    assert read(to=(Address("dana@例子.test"),))["To"] == "dana@xn--fsqu00a.test"


@pytest.mark.parametrize(
    "fields,value", [({"auto": True}, "auto-generated"), ({"auto": True, "automatic_reply": True}, "auto-replied")]
)
def test_automatic_mail_says_so(fields, value):
    mail = read(**fields)
    assert mail["Auto-Submitted"] == value
    assert mail["X-Auto-Response-Suppress"] == "All"
    assert mail["Precedence"] == "bulk"


def test_replies_come_back_with_the_token_behind_the_plus():
    mail = read(reply_token="a-abcdefghijklmnop-rb-1", plus_addressing=True)
    assert mail["Reply-To"].addresses[0].addr_spec == "support+rb-a-abcdefghijklmnop-rb-1@desk.test"
    assert mail["From"].addresses[0].addr_spec == "support@desk.test"
    assert read(reply_token="a-abcdefghijklmnop-rb-1")["Reply-To"] is None


def test_the_chain_of_references_is_cut_in_the_middle():
    ids = [f"<{number}@x>" for number in range(50)]
    chain = reference_chain(ids, "<last@x>")
    assert len(chain) == 20
    assert chain[0] == "<0@x>"
    assert chain[-1] == "<last@x>"
    assert reference_chain(["<a@x>", "<b@x>", "<a@x>"], "<a@x>") == ("<b@x>", "<a@x>")
    assert reference_chain(["no id", "<a b@x>", "<>", "<" + "x" * 600 + ">"], "none") == ()


def test_text_html_inline_images_and_files_stand_where_they_belong():
    attachments = (
        Attachment("logo.png", "image/png", b"png", content_id="logo@x", inline=True),
        Attachment("报告 2026.pdf", "application/pdf", b"pdf" * 100),
        Attachment("unused.png", "image/png", b"png2", content_id="nowhere"),
        Attachment("mail.eml", "message/rfc822", b"Subject: x\n\n\xff"),
    )
    mail = read(text="Grüße\n你好", html='<p>你好 <img src="cid:logo@x"></p>', attachments=attachments)
    assert [part.get_content_type() for part in mail.walk()] == [
        "multipart/mixed",
        "multipart/alternative",
        "text/plain",
        "multipart/related",
        "text/html",
        "image/png",
        "application/pdf",
        "image/png",
        "application/octet-stream",
    ]
    assert mail.get_body(("plain",)).get_content() == "Grüße\r\n你好\r\n"
    assert "cid:logo@x" in mail.get_body(("html",)).get_content()
    image, report, unused, eml = list(mail.walk())[5:]
    assert image["Content-ID"] == "<logo@x>"
    assert image.get_content_disposition() == "inline"
    assert report.get_filename() == "报告 2026.pdf"
    assert report.get_content() == b"pdf" * 100
    assert unused.get_content_disposition() == "attachment"
    assert eml.get_content() == b"Subject: x\n\n\xff"


@pytest.mark.parametrize(
    "name,expected",
    [
        ("plain.txt", "plain.txt"),
        ('a"b\\c.txt', 'a"b_c.txt'),
        ("../../etc/passwd", ".._.._etc_passwd"),
        ("", "attachment"),
        ("报告" * 100 + ".pdf", None),
        ("x" * 300 + ".tar", None),
        ("a'b*c%20d.txt", "a'b*c%20d.txt"),
        ("🙂.png", "🙂.png"),
    ],
)
def test_file_names(name, expected):
    (part,) = read(attachments=(Attachment(name, "application/pdf", b"x"),)).iter_attachments()
    found = part.get_filename()
    if expected is None:
        assert len(found) == 160
        assert found[-4:] == name[-4:]
        assert found[:50] == name[:50]
    else:
        assert found == expected


@given(
    subject=st.text(max_size=200),
    text=st.text(max_size=500),
    html=st.text(max_size=200),
    name=st.text(max_size=80),
    file=st.text(max_size=80),
)
@settings(max_examples=150, deadline=None)
def test_any_text_makes_a_sound_mail(subject, text, html, name, file):
    raw = build(
        subject=subject,
        text=text,
        html=html,
        to=(Address("dana@customer.test", name),),
        attachments=(Attachment(file, "text/x", b"\0\xff"),),
    )
    mail = message_from_bytes(raw, policy=policy.default)
    assert [address for _, address in people(raw)] == ["dana@customer.test"]
    plain = mail.get_body(("plain",)).get_content().replace("\r\n", "\n")
    wanted = text.replace("\r\n", "\n").replace("\r", "\n")
    assert plain.rstrip("\n") == wanted.encode("utf-8", "replace").decode().rstrip("\n")
    (part,) = mail.iter_attachments()
    assert (
        part.get_content() == b"\0\xff"
        if part.get_content_maintype() != "text"
        else part.get_payload(decode=True) == b"\0\xff"
    )
    assert not any(each.defects for each in mail.walk())


def test_building_is_fast_enough_for_the_delivery_job():
    build(subject="您的工单", text="Hello\n" * 50)
    began = time.thread_time()  # what other programs take of the machine is not counted
    for _ in range(20):
        build(subject="您的工单", text="Hello\n" * 50)
    assert (time.thread_time() - began) / 20 < 0.1
