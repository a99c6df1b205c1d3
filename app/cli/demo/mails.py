"""The mails of the demo, byte for byte as a mail server hands them over: what customers write, and what comes back undelivered."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from email.message import EmailMessage
from email.policy import SMTP
from email.utils import format_datetime, formataddr
from html import escape
from typing import Any, NamedTuple

from app.cli.demo import pictures


class Header(NamedTuple):
    """Who writes to whom, and what the mail answers."""

    sender: tuple[str, str]
    to: str
    subject: str
    at: datetime
    message_id: str
    answers: str = ""
    cc: Sequence[str] = ()
    is_automatic: bool = False


def written(header: Header, text: str, *, files: Sequence[str] = (), picture: str = "") -> bytes:
    """Return a mail in plain text and HTML, with files (see `pictures`) and a picture between the lines."""
    mail = _headed(header)
    mail.set_content(text)
    shown = "".join(f"<p>{escape(part).replace(chr(10), '<br>')}</p>" for part in text.split("\n\n"))
    shown += '<p><img src="cid:picture@demo" alt=""></p>' if picture else ""
    mail.add_alternative(f"<html><body>{shown}</body></html>", subtype="html")
    if picture:
        whole: Any = mail.get_payload(1)
        whole.add_related(
            pictures.content(picture), "image", "png", cid="<picture@demo>", filename=picture, disposition="inline"
        )
    for name in files:
        kind, _, subkind = pictures.media_type(name).partition("/")
        mail.add_attachment(pictures.content(name), maintype=kind, subtype=subkind, filename=name)
    return mail.as_bytes(policy=SMTP)


def _headed(header: Header) -> EmailMessage:
    mail = EmailMessage()
    name, address = header.sender
    mail["From"] = formataddr((name, address))
    mail["To"] = header.to
    if header.cc:
        mail["Cc"] = ", ".join(header.cc)
    if header.is_automatic:
        mail["Auto-Submitted"] = "auto-replied"
    mail["Subject"] = header.subject
    mail["Date"] = format_datetime(header.at)
    mail["Message-ID"] = header.message_id
    if header.answers:
        mail["In-Reply-To"] = mail["References"] = header.answers
    return mail


def undelivered(to: str, *, lost: Mapping[str, str], at: datetime, message_id: str) -> bytes:
    """Return the report of a mail server that `lost["recipient"]` is not there; `lost["id"]` is the mail that came back."""
    recipient, domain = lost["recipient"], lost["recipient"].rpartition("@")[2]
    said = f"550 5.1.1 <{recipient}>: Recipient address rejected: User unknown"
    lines = [
        f"From: Mail Delivery System <mailer-daemon@mx.{domain}>", f"To: {to}", f"Message-ID: {message_id}",
        f"Date: {format_datetime(at)}", "Subject: Undelivered Mail Returned to Sender", "Auto-Submitted: auto-replied",
        "MIME-Version: 1.0", 'Content-Type: multipart/report; report-type=delivery-status; boundary="report"', "",
        "--report", "Content-Type: text/plain; charset=utf-8", "",
        "I'm sorry to have to inform you that your message could not be delivered to one or more recipients.", "",
        f"<{recipient}>: {said}", "", "--report", "Content-Type: message/delivery-status", "",
        f"Reporting-MTA: dns; mx.{domain}", "", f"Final-Recipient: rfc822; {recipient}", "Action: failed",
        "Status: 5.1.1", f"Diagnostic-Code: smtp; {said}", "", "--report", "Content-Type: text/rfc822-headers", "",
        f"Message-ID: {lost['id']}", f"To: {recipient}", "", "--report--", "",
    ]  # fmt: skip
    return "\r\n".join(lines).encode()
