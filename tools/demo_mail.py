"""`make demo-mail`: sends sample mails to the running desk over SMTP: new requests and follow-ups in English and Chinese, some with files."""

from __future__ import annotations

import json
import os
import secrets
import smtplib
import sys
from collections.abc import Iterator
from email.message import EmailMessage
from email.utils import formataddr, formatdate
from html import escape
from itertools import cycle, islice
from pathlib import Path

from tools.demo_samples import SAMPLES, Sample

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "support@ringback.test"


def build(sample: Sample) -> Iterator[EmailMessage]:
    """Give the mails of one sample, the first and its follow-ups; each call makes new ones with Message-IDs of their own."""
    first = _mail(sample, sample.text, subject=sample.subject)
    if sample.file:
        first.add_attachment(sample.text.encode(), maintype="text", subtype="plain", filename=sample.file)
    yield first
    for text in sample.more:
        later = _mail(sample, text, subject=f"Re: {sample.subject}")
        later["In-Reply-To"] = later["References"] = first["Message-ID"]
        yield later


def _mail(sample: Sample, text: str, *, subject: str) -> EmailMessage:
    mail = EmailMessage()
    mail["From"] = formataddr((sample.name, sample.address))
    mail["To"] = ADDRESS
    mail["Subject"] = subject
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = f"<demo-{secrets.token_hex(8)}@{sample.address.rpartition('@')[2]}>"
    mail.set_content(text)
    paragraphs = "".join(f"<p>{escape(line)}</p>" for line in text.split("\n\n"))
    mail.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
    return mail


def main(arguments: list[str]) -> int:
    """Send the mails of all samples (or of as many as the first argument says); returns the exit code."""
    info = Path(os.environ.get("DATA_DIR") or ROOT / ".run") / "info.json"
    if not info.exists():
        print(
            f"No desk is running here ({info} is missing). Start one with `make run` in another terminal.",
            file=sys.stderr,
        )
        return 1
    count = int(arguments[0]) if arguments and arguments[0].isdigit() else len(SAMPLES)
    running = json.loads(info.read_text())
    host, _, port = running["smtp"].rpartition(":")
    with smtplib.SMTP(host, int(port), timeout=30) as far:
        mails = [mail for sample in islice(cycle(SAMPLES), count) for mail in build(sample)]
        for mail in mails:
            far.send_message(mail)
    print(f"Sent {len(mails)} mails to {ADDRESS}. Look at {running['url']}/inbox/all")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
