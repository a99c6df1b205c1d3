"""Generated mails: the same ones for the same seed, 5 to 50 KB, in the shapes that customers send."""

from __future__ import annotations

import base64
import random
from collections.abc import Iterator
from dataclasses import dataclass

ADDRESS = "support@ringback.test"
SMALL, LARGE = 5_000, 50_000
WORDS = (
    "heating boiler invoice water pressure kitchen tenant contract meter reading window repair appointment morning "
    "please thanks urgent number customer delivery order refund account password broken leak noise electricity "
    "again since yesterday nobody called promised engineer visit street floor building payment reminder Tuesday "
    "暖气不热 水管漏水 发票错误 请尽快处理 维修师傅 预约时间 账户余额 谢谢"
).split()


@dataclass(frozen=True, slots=True)
class Mail:
    """One generated mail: envelope sender, its bytes, and whether it answers an earlier one."""

    sender: str
    raw: bytes
    is_reply: bool


def generate(count: int, *, seed: int = 1, reply_share: float = 0.3) -> Iterator[Mail]:
    """Yield `count` mails; a reply follows the mail that it answers, from the same sender."""
    chance = random.Random(seed)
    asked: list[tuple[str, str, str]] = []
    for number in range(count):
        if asked and chance.random() < reply_share:
            sender, message_id, subject = chance.choice(asked)
            yield Mail(sender, _mail(chance, sender, f"{seed}.{number}", f"Re: {subject}", answers=message_id), True)
        else:
            sender = f"dana.{seed}.{number}@customer.example"
            subject = " ".join(chance.choices(WORDS, k=5))
            asked.append((sender, f"<{seed}.{number}@customer.example>", subject))
            yield Mail(sender, _mail(chance, sender, f"{seed}.{number}", subject), False)


def _mail(chance: random.Random, sender: str, ident: str, subject: str, *, answers: str = "") -> bytes:
    size = int(SMALL * (LARGE / SMALL) ** chance.random())
    encoded = base64.b64encode(subject.encode()).decode()
    head = [
        f"From: Dana {ident} <{sender}>", f"To: {ADDRESS}", f"Subject: =?utf-8?B?{encoded}?=",
        f"Message-ID: <{ident}@customer.example>", "Date: Sun, 22 Nov 2026 10:00:00 +0000", "MIME-Version: 1.0",
        *(f"Received: from relay{hop}.example by mx{hop}.example with ESMTPS id {ident}.{hop}" for hop in range(4)),
    ]  # fmt: skip
    if answers:
        head += [f"In-Reply-To: {answers}", f"References: {answers}"]
    kind = chance.random()
    if kind < 0.4:
        body = ["Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", _text(chance, size)]
    elif kind < 0.8:
        body = _alternative(chance, size)
    else:
        body = _with_file(chance, size)
    return "\r\n".join([*head, *body, ""]).encode()


def _text(chance: random.Random, size: int) -> str:
    lines: list[str] = []
    length = 0
    while length < size:
        line = " ".join(chance.choices(WORDS, k=12)) + f" {chance.randrange(10**6)}"
        lines.append(line)
        length += len(line.encode()) + 2
    return "\r\n".join(lines)


def _alternative(chance: random.Random, size: int) -> list[str]:
    text = _text(chance, size // 3)
    paragraphs = "\r\n".join(f'<p style="margin:0">{line}</p>' for line in _text(chance, size // 2).split("\r\n"))
    return [
        'Content-Type: multipart/alternative; boundary="alt"', "", "--alt",
        "Content-Type: text/plain; charset=utf-8", "Content-Transfer-Encoding: 8bit", "", text, "--alt",
        "Content-Type: text/html; charset=utf-8", "Content-Transfer-Encoding: 8bit", "",
        f"<html><body>{paragraphs}</body></html>", "--alt--",
    ]  # fmt: skip


def _with_file(chance: random.Random, size: int) -> list[str]:
    content = base64.encodebytes(chance.randbytes(size // 2)).decode().replace("\n", "\r\n")
    return [
        'Content-Type: multipart/mixed; boundary="mix"', "", "--mix", "Content-Type: text/plain; charset=utf-8",
        "Content-Transfer-Encoding: 8bit", "", _text(chance, size // 4), "--mix",
        'Content-Type: image/jpeg; name="meter.jpg"', "Content-Transfer-Encoding: base64",
        'Content-Disposition: attachment; filename="meter.jpg"', "", content, "--mix--",
    ]  # fmt: skip
