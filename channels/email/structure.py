"""The tree of a mail's parts, cut out of the raw bytes without recursion; parts are offsets, nothing is copied or decoded.

The standard library's parser feeds every line through a generator per level and gives up at a thousand levels. This one
looks for boundary lines with the speed of `bytes.find`, outer boundaries first, so that a part which never closes ends
where the part around it ends.
"""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass, field

from channels.email.headers import Header, read_header, unbase64
from channels.email.limits import MAX_DEPTH, MAX_PARTS, Problems
from channels.email.params import parse_value

_GUESSED_BOUNDARY = re.compile(rb"^--([^\s][^\r\n]{0,200}?)[ \t]*\r?\n(?:Content-|\r?\n)", re.MULTILINE | re.IGNORECASE)
_WORDS_OF_KNOWN_MAIN = "text multipart message application image audio video model font chemical example"
_KNOWN_MAIN = frozenset(_WORDS_OF_KNOWN_MAIN.split())


@dataclass(slots=True)
class Part:
    """One part: its header, and its body as a range of `raw`, still encoded for transfer."""

    raw: bytes = field(repr=False)
    header: Header
    start: int
    end: int
    media_type: str = "text/plain"
    params: dict[str, str] = field(default_factory=dict)
    disposition: str = ""
    disposition_params: dict[str, str] = field(default_factory=dict)
    encoding: str = ""
    children: list[Part] = field(default_factory=list)

    @property
    def main_type(self) -> str:
        return self.media_type.partition("/")[0]

    @property
    def body(self) -> bytes:
        return self.raw[self.start : self.end]


@dataclass(slots=True)
class _Count:
    parts: int = 0


def read_parts(raw: bytes, *, problems: Problems) -> Part:
    """The tree below `raw`, with at most MAX_PARTS parts and MAX_DEPTH levels; what is left out is told in `problems`."""
    root = _part(raw, 0, len(raw), default="text/plain", problems=problems)
    count = _Count()
    waiting = [(root, 1)]
    while waiting:
        part, depth = waiting.pop()
        if part.main_type != "multipart":
            continue
        if depth > MAX_DEPTH:
            problems.unparsed(f"parts nested deeper than {MAX_DEPTH} levels")
            continue
        _split(part, count=count, problems=problems)
        waiting.extend((child, depth + 1) for child in part.children)
    return root


def _part(raw: bytes, start: int, end: int, *, default: str, problems: Problems) -> Part:
    header, body = read_header(raw, start, end, problems=problems)
    part = Part(raw=raw, header=header, start=body, end=end, media_type=default)
    if content_type := header.get("content-type"):
        part.media_type, part.params = parse_value(content_type)
        part.media_type = _known_type(part.media_type, default)
    if disposition := header.get("content-disposition"):
        part.disposition, part.disposition_params = parse_value(disposition)
    encoding = header.get("content-transfer-encoding")
    part.encoding = encoding.decode("ascii", "replace").strip("\"' ;").lower().partition(";")[0] if encoding else ""
    return part


def _known_type(media_type: str, default: str) -> str:
    main, slash, subtype = media_type.partition("/")
    if slash and subtype and (main in _KNOWN_MAIN or main.startswith("x-")):
        return media_type
    if main in {"html", "plain"}:
        return "text/" + main
    return default if main in {"text", ""} else "application/octet-stream"


def _split(part: Part, *, count: _Count, problems: Problems) -> None:
    """Find the children of a multipart; without any it becomes plain text."""
    _decode_whole(part, problems=problems)
    default = "message/rfc822" if part.media_type == "multipart/digest" else "text/plain"
    boundary = part.params.get("boundary", "").rstrip().encode("utf-8", "surrogateescape")
    ranges = _ranges(part, boundary, room=MAX_PARTS - count.parts) if boundary else []
    if not ranges and (guessed := _GUESSED_BOUNDARY.search(part.raw, part.start, part.end)):
        problems.add("the multipart boundary was missing or wrong, another one was found")
        ranges = _ranges(part, guessed[1], room=MAX_PARTS - count.parts)
    if not ranges:
        if part.raw[part.start : part.end].strip():
            problems.add("a multipart without parts was read as text")
        part.media_type = "text/plain"
        return
    for start, end in ranges:
        if count.parts >= MAX_PARTS:
            problems.unparsed(f"more than {MAX_PARTS} parts")
            break
        part.children.append(_part(part.raw, start, end, default=default, problems=problems))
        count.parts += 1


def _decode_whole(part: Part, *, problems: Problems) -> None:
    """A multipart must not be encoded as a whole. Some are."""
    if part.encoding == "base64":
        decoded = unbase64(part.body)
    elif part.encoding == "quoted-printable" and b"=3D" in part.raw[part.start : part.start + 4096]:
        decoded = binascii.a2b_qp(part.body)
    else:
        return
    if b"--" in decoded:
        problems.add(f"a multipart was encoded in {part.encoding} as a whole")
        part.raw, part.start, part.end = decoded, 0, len(decoded)


def _ranges(part: Part, boundary: bytes, *, room: int) -> list[tuple[int, int]]:
    """Where the parts between the boundary lines lie, one more than there is room for at most."""
    raw, position = part.raw, part.start
    token = b"--" + boundary
    ranges: list[tuple[int, int]] = []
    opened = -1
    while len(ranges) <= room:
        found = raw.find(token, position, part.end)
        if found < 0:
            break
        position = found + len(token)
        if found != part.start and raw[found - 1 : found] not in {b"\n", b"\r"}:
            continue
        closing = raw.startswith(b"--", position)
        line_end = raw.find(b"\n", position, part.end)
        line_end = part.end if line_end < 0 else line_end
        if raw[position + 2 * closing : min(line_end, position + 1000)].strip():
            continue
        if opened >= 0:
            ranges.append((opened, _before(raw, found, opened)))
        opened = -1 if closing else min(line_end + 1, part.end)
        position = max(position, line_end)
    if opened >= 0 and len(ranges) <= room:
        ranges.append((opened, part.end))
    return ranges


def _before(raw: bytes, found: int, opened: int) -> int:
    """The end of a part: the line break before the boundary belongs to the boundary."""
    end = found - 1 if raw[found - 1 : found] == b"\n" else found
    if raw[end - 1 : end] == b"\r":
        end -= 1
    return max(end, opened)
