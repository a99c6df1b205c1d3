"""Which parts of a mail are its text and which are files: the tree walked once, in the order a reader would see it."""

from __future__ import annotations

import hashlib
import re
from dataclasses import dataclass, field
from urllib.parse import unquote

from channels.email import cms, tnef
from channels.email.bodies import content_of, plain, text_of, uu_files
from channels.email.headers import decode_header, read_header
from channels.email.limits import MAX_DECODED, MAX_TEXT, Problems
from channels.email.names import name_by_type, safe_name
from channels.email.parsed import ParsedAttachment
from channels.email.structure import Part, read_parts

_BODY_TYPES = frozenset(("text/plain", "text/html", "text/enriched", "text/richtext"))
_MARKUP = frozenset(("text/html", "text/enriched", "text/richtext"))
_NEVER_BODY = frozenset(("text/calendar", "text/vcard", "text/x-vcard", "text/csv", "text/rfc822-headers", "text/rtf"))
_REPORT_TYPES = frozenset(
    (
        "message/delivery-status", "message/global-delivery-status", "message/disposition-notification",
        "message/rfc822", "message/global", "text/rfc822-headers", "message/global-headers", "text/rfc822",
    )
)  # fmt: skip
_TNEF_TYPES = frozenset(("application/ms-tnef", "application/vnd.ms-tnef"))
_SIGNED_TYPES = frozenset(("application/pkcs7-mime", "application/x-pkcs7-mime"))
_LOST = re.compile(r"\?{2}|\ufffd")
_PERCENT = re.compile(r"%[89A-F][0-9A-F]%[89AB][0-9A-F]", re.IGNORECASE)
_MAX_REPORTS = 20
_MAX_REPORT = 256 * 1024


@dataclass(slots=True)
class Piece:
    """A stretch of the mail's text in one or both of its forms; html is still the sender's own."""

    text: str = ""
    html: str = ""


@dataclass(slots=True)
class Reading:
    """What has been found so far in one mail."""

    problems: Problems
    charset: str = ""  # of the header: unlabelled text is most likely in the same
    files: list[ParsedAttachment] = field(default_factory=list)
    reports: list[tuple[str, bytes]] = field(default_factory=list)  # parts a delivery report may consist of
    decoded: int = 0
    opened: int = 0  # signed envelopes opened so far


def collect(part: Part, reading: Reading, *, inside: str = "") -> list[Piece]:
    """The pieces of text below `part`, in order; files go to `reading`. `inside`: the subtype of the multipart around it.

    Recursion is bounded: `structure.read_parts` keeps trees at most MAX_DEPTH deep.
    """
    if part.children:
        if part.media_type == "multipart/alternative":
            return _alternative(part, reading)
        subtype = part.media_type.partition("/")[2]
        return [piece for child in _ordered(part) for piece in collect(child, reading, inside=subtype)]
    if part.main_type == "multipart":
        return []
    if _is_body(part, inside=inside):
        return _body(part, reading)
    return _file(part, reading, inside=inside)


def _ordered(part: Part) -> list[Part]:
    """The children; of a `related`, the one named as its start comes first."""
    start = part.params.get("start", "").strip("<> ")
    if part.media_type != "multipart/related" or not start:
        return part.children
    return sorted(part.children, key=lambda child: _content_id(child) != start)


def _alternative(part: Part, reading: Reading) -> list[Piece]:
    """One piece out of several forms of the same: the last HTML, the last plain text."""
    text = html = ""
    for child in part.children:
        if child.media_type == "text/x-amp-html":
            continue
        pieces = collect(child, reading, inside="alternative")
        rich = "\n".join(piece.html for piece in pieces if piece.html)
        plain = "\n\n".join(piece.text for piece in pieces if piece.text and not piece.html)
        html = rich or html
        if plain.strip() and not rich:
            text = plain
    return [Piece(text, html)] if text or html else []


def _is_body(part: Part, *, inside: str) -> bool:
    known = part.media_type in _BODY_TYPES or (not inside and part.main_type == "text")
    if not known or part.disposition == "attachment" or part.media_type in _NEVER_BODY:
        return False
    named = part.disposition_params.get("filename") or part.params.get("name")
    return not named or inside in {"", "alternative"}


def _body(part: Part, reading: Reading) -> list[Piece]:
    content = content_of(part, problems=reading.problems)
    files: list[tuple[str, bytes]] = []
    if part.media_type == "text/plain":
        content, files = uu_files(content)
    for name, data in files:
        _add(reading, data, media_type="application/octet-stream", name=name)
    text = text_of(part, content, problems=reading.problems, around=reading.charset)
    if not text.strip():
        return []
    if part.media_type not in _MARKUP:
        if text.lstrip()[:15].lower().startswith(("<!doctype html", "<html")):
            reading.problems.add("a text part was HTML")
            return [Piece(html=text)]
        return [Piece(text=text)]
    return [Piece(html=text)]


def _file(part: Part, reading: Reading, *, inside: str) -> list[Piece]:
    content = content_of(part, problems=reading.problems)
    if part.media_type in _REPORT_TYPES and len(reading.reports) < _MAX_REPORTS:
        reading.reports.append((part.media_type, content[:_MAX_REPORT]))
    written = _written_name(part)
    if part.media_type in _TNEF_TYPES or written.lower() == "winmail.dat":
        pieces = _unpack_tnef(content, reading)
        if pieces is not None:
            return pieces
    opened = _open_signed(part, content, reading)
    _add(
        reading,
        content,
        media_type=part.media_type,
        name=written,
        title=_title(part, content),
        content_id=_content_id(part),
        inline=part.disposition != "attachment" and (inside == "related" or part.disposition == "inline"),
    )
    return opened


def _written_name(part: Part) -> str:
    """The name the sender gave: the disposition's, unless only the type's came through in one piece."""
    given = part.disposition_params.get("filename", "")
    typed = part.params.get("name") or part.params.get("filename") or ""
    name = typed if not given or (_LOST.search(given) and typed and not _LOST.search(typed)) else given
    if _PERCENT.search(name):  # encoded for the web, and not said so
        try:
            return unquote(name, errors="strict")
        except UnicodeDecodeError:
            return name
    return name


def _content_id(part: Part) -> str:
    return decode_header(part.header.get("content-id")).strip("<> ")[:500]


def _title(part: Part, content: bytes) -> str:
    """What a nameless part is about: the subject of an attached mail, or its description."""
    if part.media_type in {"message/rfc822", "message/global"}:
        header, _body_start = read_header(content, 0, min(len(content), 64 * 1024), problems=Problems())
        return decode_header(header.get("subject"))
    return ""


def _add(
    reading: Reading,
    content: bytes,
    *,
    media_type: str,
    name: str,
    title: str = "",
    content_id: str = "",
    inline: bool = False,
) -> None:
    reading.decoded += len(content)
    if reading.decoded > MAX_DECODED:
        reading.problems.unparsed(f"attachments of more than {MAX_DECODED >> 20} MiB together")
        return
    shown = safe_name(name)
    if name and shown != name.strip():
        reading.problems.add("a file name was unsafe and has been changed")
    if "." not in shown and media_type == "message/rfc822" and shown:
        shown += ".eml"
    reading.files.append(
        ParsedAttachment(
            name=shown or name_by_type(media_type, number=len(reading.files) + 1, title=title),
            media_type=media_type,
            size=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            content=content,
            content_id=content_id,
            inline=inline,
        )
    )


def _unpack_tnef(content: bytes, reading: Reading) -> list[Piece] | None:
    """What is in a winmail.dat, instead of it; None when it cannot be read and stays a file."""
    unpacked = tnef.unpack(content)
    if unpacked is None:
        reading.problems.add("winmail.dat could not be unpacked and is attached as it came")
        return None
    for file in unpacked.files:
        _add(
            reading, file.content, media_type=file.media_type, name=file.name, content_id=file.content_id,
            inline=bool(file.content_id),
        )  # fmt: skip
    if unpacked.html or unpacked.text:
        return [Piece(plain(unpacked.text[:MAX_TEXT]), plain(unpacked.html[:MAX_TEXT]))]
    return []


def _open_signed(part: Part, content: bytes, reading: Reading) -> list[Piece]:
    """A mail signed with S/MIME in one opaque part: the file stays, its content is read too."""
    if part.media_type not in _SIGNED_TYPES or reading.opened >= 2:
        return []
    inner = cms.signed_content(content)
    if inner is None:
        return []
    reading.opened += 1
    return collect(read_parts(inner, problems=reading.problems), reading)
