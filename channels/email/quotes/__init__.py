"""What is new in a mail: the sender's own words without the mail they answer.

Decided:
- A quote at the end, or announced at the top, is cut off together with the line that announces it.
- Answers written between quoted lines keep everything from the first to the last answer, quotes included: alone they
  make no sense.
- A forwarded mail is what its sender wants to show: it stays.
- Signatures: see `signature`.
- Fails open: where nothing new would be left, or nothing is sure, everything stays. Losing a sentence of a customer is
  worse than showing a quote, and the original is kept in any case.
"""

from __future__ import annotations

import re

from channels.email.htmltext import INDENT, to_text
from channels.email.quotes import sieve, words
from channels.email.quotes.classify import (
    ATTRIBUTED,
    CUTS,
    EMPTY,
    FORWARDED,
    MAX_LINES,
    QUOTED,
    TEXT,
    Lines,
    classify,
)
from channels.email.quotes.signature import without_signature

_MAX_TEXT = 256 * 1024  # characters that are looked at
_BLANK = " " + INDENT
_LEADING_BLOCK = re.compile(f"({EMPTY}*{CUTS}+){EMPTY}*{QUOTED}")
_EXTRA_LINES = re.compile(r"\n{4,}")
_SIGNS = tuple(map(chr, range(0xFDD0, 0xFDD6)))
_MARKS = str.maketrans({sign: "> " if sign == INDENT else "" for sign in _SIGNS})


def extract_reply(text: str, *, html: str = "", html_only: bool = False, subject: str = "") -> str:
    """The new text of a mail with this text and sanitised HTML. The HTML is asked when it is all there is, or knows more."""
    if not text.strip():
        return ""
    if html_only and html:
        return _extract(to_text(html, marks=True), subject=subject)
    reply = _extract(text, subject=subject)
    if html and len(reply) > 0.9 * len(text.rstrip()) and _html_knows_quote(html):
        by_html = _extract(to_text(html, marks=True), subject=subject)
        if by_html and len(by_html) < 0.9 * len(reply) and _starts_alike(reply, by_html):
            return by_html
    return reply


def _html_knows_quote(html: str) -> bool:
    return 'class="' in html or 'id="' in html or 'type="cite"' in html


def _starts_alike(text: str, part: str) -> bool:
    """Whether `part` is how `text` begins, blanks aside: then the HTML speaks of the same words."""
    head = "".join(part[:2000].split())[:300]
    return "".join(text[:4000].split()).startswith(head[: max(1, len(head) - 20)])


def _extract(text: str, *, subject: str) -> str:
    head, tail = _head(text)
    mail = classify(head)
    kept = _new_part(mail, forwarded=bool(words.FORWARD_SUBJECT.match(subject)))
    if tail and not (len(kept.lines) < len(mail.lines) and _is_quoted(tail, mail)):
        return text
    lines = without_signature([line if line.strip(_BLANK) else "" for line in kept.lines])
    reply = "\n".join(lines)
    if sieve.has(reply, _SIGNS):
        reply = reply.translate(_MARKS)
    return _EXTRA_LINES.sub("\n\n", reply).strip("\n").rstrip()


def _head(text: str) -> tuple[str, str]:
    """The part of a long text that is looked at, and the rest."""
    if len(text) <= _MAX_TEXT and text.count("\n") < MAX_LINES:
        return text, ""
    head = "\n".join(text[:_MAX_TEXT].split("\n", MAX_LINES)[:MAX_LINES])
    return head, text[len(head) :]


def _is_quoted(tail: str, head: Lines) -> bool:
    """Whether what stands after the lines looked at belongs to a quote that began in them."""
    if CUTS in head.kinds:
        return True
    return all(line.startswith(">") for line in tail.split("\n") if line.strip())


def _new_part(mail: Lines, *, forwarded: bool) -> Lines:
    """The lines that are new."""
    mail = _cut_at_separator(mail, forwarded=forwarded)
    if not mail.has_text() or FORWARDED in mail.kinds[: _first(mail, QUOTED + ATTRIBUTED)]:
        return mail
    start = _first(mail, QUOTED + ATTRIBUTED)
    if start == len(mail.lines):
        return mail
    return _without_quotes(mail, start)


def _first(mail: Lines, kinds: str) -> int:
    return min((at for kind in kinds if (at := mail.kinds.find(kind)) >= 0), default=len(mail.lines))


def _cut_at_separator(mail: Lines, *, forwarded: bool) -> Lines:
    """Everything from `--- Original Message ---` or a block of headers is quote, when there is text before it."""
    at = mail.kinds.find(CUTS)
    if at >= 0 and not mail.has_text(0, at) and (block := _LEADING_BLOCK.match(mail.kinds)):
        kinds = ATTRIBUTED * block.end(1) + mail.kinds[block.end(1) :]
        return Lines(mail.lines, kinds)
    if at < 0 or forwarded or not mail.has_text(0, at) or FORWARDED in mail.kinds[:at]:
        return mail
    return mail.part(0, at)


def _without_quotes(mail: Lines, start: int) -> Lines:
    kinds = mail.kinds
    end = _region_end(mail, start)
    if QUOTED not in kinds[start:end] and kinds[start] == ATTRIBUTED:
        # Announced, but not marked line by line: the rest is the quote, when something stands before it.
        return mail.part(0, start) if mail.has_text(0, start) else mail
    if not mail.has_text(end):
        return _trimmed(mail, start)
    if QUOTED in kinds[end:]:
        return _interleaved(mail, end)
    if ATTRIBUTED not in kinds[start:end]:
        return mail  # a few lines quoted on purpose, with words after them
    return mail.part(end) if not mail.has_text(0, start) else mail.without(start, end)


def _region_end(mail: Lines, start: int) -> int:
    """Where the run of quoted lines, with what announces them and the empty lines between, ends."""
    end = start
    while end < len(mail.kinds) and mail.kinds[end] in QUOTED + ATTRIBUTED + EMPTY:
        end += 1
    return end


def _trimmed(mail: Lines, start: int) -> Lines:
    return mail.part(0, start) if mail.has_text(0, start) else mail


def _interleaved(mail: Lines, end: int) -> Lines:
    """Answers between quotes: all of it stays, but for a quote after the last answer."""
    last = mail.kinds.rfind(TEXT) + 1
    tail = mail.kinds[last:]
    announced = mail.kinds.find(ATTRIBUTED, end)
    if announced >= 0 and QUOTED not in mail.kinds[announced:] and mail.has_text(0, announced):
        return mail.part(0, announced)
    return mail.part(0, last) if QUOTED in tail else mail
