"""The pieces of a mail's text made into one text, one sanitised HTML, and the final list of files."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

from channels.email import htmlguard
from channels.email.bodies import bare_text
from channels.email.collect import Piece, Reading
from channels.email.html import from_text, sanitise
from channels.email.htmltext import to_text
from channels.email.limits import MAX_HTML
from channels.email.parsed import ParsedAttachment


@dataclass(frozen=True, slots=True)
class Body:
    text: str
    html: str
    html_only: bool  # the text was made from the HTML, because the mail had no other
    attachments: tuple[ParsedAttachment, ...]


def render(pieces: list[Piece], reading: Reading) -> Body:
    """Join the pieces. HTML that would hurt a sanitiser is attached as a file, and its words become the text."""
    shown = [piece for piece in pieces if piece.text.strip() or piece.html.strip()]
    cleaned = _clean_all(shown, reading)
    texts = [
        piece.text if piece.text.strip() else to_text(html) if html else bare_text(piece.html)
        for piece, html in zip(shown, cleaned, strict=True)
    ]
    html = ""
    if any(cleaned):
        html = "\n".join(clean or from_text(text) for clean, text in zip(cleaned, texts, strict=True))
    return Body(
        text="\n\n".join(text.strip("\n") for text in texts).rstrip(),
        html=html,
        html_only=bool(shown) and not any(piece.text.strip() for piece in shown),
        attachments=tuple(_inline(file, html) for file in reading.files),
    )


def _clean_all(pieces: list[Piece], reading: Reading) -> list[str]:
    """The sanitised HTML of each piece, "" where it has none or where it is too much for the sanitiser."""
    room = MAX_HTML
    cleaned: list[str] = []
    for piece in pieces:
        source = piece.html
        if len(source) > room:
            source = htmlguard.without_data_uris(source)
        words = htmlguard.breach(source) if len(source) <= room else f"HTML of more than {MAX_HTML >> 20} MiB"
        if words:
            reading.problems.unparsed(words)
            reading.files.append(_as_file(piece.html))
            source = ""
        room -= len(source)
        cleaned.append(sanitise(source).strip() if source.strip() else "")
    return cleaned


def _as_file(source: str) -> ParsedAttachment:
    content = source.encode("utf-8", "replace")
    return ParsedAttachment(
        name="message.html",
        media_type="text/html",
        size=len(content),
        sha256=hashlib.sha256(content).hexdigest(),
        content=content,
    )


def _inline(file: ParsedAttachment, html: str) -> ParsedAttachment:
    """A file is inline when the HTML shows it, or when it came as a picture with its own place in the text."""
    if file.content_id and f"cid:{file.content_id}" in html:
        return file if file.inline else replace(file, inline=True)
    if file.inline and not file.media_type.startswith("image/"):
        return replace(file, inline=False)
    return file
