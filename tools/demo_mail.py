"""`make demo-mail`: sends sample mails to the running desk over SMTP: new requests in several languages, with files and quotes."""

from __future__ import annotations

import json
import os
import secrets
import smtplib
import sys
from email.message import EmailMessage
from email.utils import formatdate
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
ADDRESS = "support@ringback.test"
SAMPLES = (
    ("李伟", "li.wei", "昨天开始没有热水，12-3 室", "您好，\n\n锅炉显示 E4，昨天晚上开始没有热水。家里有老人，请尽快派人来看看。\n\n李伟\n138 0013 8000"),
    ("Dana Fox", "dana.fox", "No hot water since yesterday", "Hello,\n\nthe boiler shows E4 and there is no hot water. Photo attached.\n\nThanks,\nDana"),
    ("Ana Souza", "ana.souza", "Change the delivery address on order 88213", "Hi,\n\nplease send order 88213 to Rua Nova 12 instead.\n\nAna"),
    ("Kreuz GmbH", "buchhaltung", "Rechnung 2231 stimmt nicht", "Guten Tag,\n\nauf der Rechnung 2231 fehlt der vereinbarte Rabatt.\n\nMit freundlichen Grüßen\nM. Kreuz"),
    ("Marie Dupont", "marie.dupont", "L'ascenseur est en panne", "Bonjour,\n\nl'ascenseur du bâtiment B est bloqué au troisième étage.\n\nMarie Dupont"),
    ("王芳", "wang.fang", "投诉：维修人员没有按时到", "你好，\n\n约好上午十点上门，等到中午也没有人来，也没有电话。请给一个说法。\n\n王芳"),
    ("Tom Becker", "tom.becker", "Urgent: water is running down the wall", "It started an hour ago, flat 4-1. Please send somebody at once!"),
    ("Yuki Tanaka", "yuki.tanaka", "請求書について", "お世話になっております。\n\n十月分の請求書を再送していただけますか。\n\n田中"),
)  # fmt: skip


def build(number: int) -> EmailMessage:
    """Return one sample mail; each call makes a new one with a Message-ID of its own."""
    name, local, subject, text = SAMPLES[number % len(SAMPLES)]
    mail = EmailMessage()
    mail["From"] = f'"{name}" <{local}@example.com>'
    mail["To"] = ADDRESS
    mail["Subject"] = subject
    mail["Date"] = formatdate(localtime=True)
    mail["Message-ID"] = f"<demo-{secrets.token_hex(8)}@example.com>"
    mail.set_content(text)
    paragraphs = "".join(f"<p>{line}</p>" for line in text.split("\n\n"))
    mail.add_alternative(f"<html><body>{paragraphs}</body></html>", subtype="html")
    if "attached" in text:
        mail.add_attachment(
            b"Boiler BX-20, error E4, 22 bar\n" * 20, maintype="text", subtype="plain", filename="boiler.txt"
        )
    return mail


def main(arguments: list[str]) -> int:
    """Send the samples (or as many as the first argument says); returns the exit code."""
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
        for number in range(count):
            far.send_message(build(number))
    print(f"Sent {count} mails to {ADDRESS}. Look at {running['url']}/inbox/all")
    return 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
