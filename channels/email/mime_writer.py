"""Writes MIME: folded headers, encoded words, addresses, file names and parts, the same bytes on every Python version.

Nothing given here can start a header or a part of its own: control characters become spaces, text that could be
taken for markup is encoded.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from urllib.parse import quote

WIDTH = 76
BOUNDARY = "=_rb_"  # cannot occur in quoted-printable or base64
_BREAKS = re.compile(r"[\x00-\x1f\x7f\x85\u2028\u2029]+")
_PLAIN_PHRASE = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~ -]*")
_DOT_ATOM = re.compile(r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*")
_SAFE_NAME = re.compile(r"[A-Za-z0-9!#$&+.^_`{}~ ()@,-]{1,60}")
_FILE_NAME_LIMIT = 160


@dataclass(frozen=True, slots=True)
class Part:
    """One MIME part: its header lines (without Content-Transfer-Encoding surprises) and its encoded body."""

    headers: tuple[str, ...]
    body: str


def one_line(text: str) -> str:
    """Return `text` as one line: breaks and control characters become a space, lone surrogates a question mark."""
    return _BREAKS.sub(" ", text).strip().encode("utf-8", "replace").decode()


def text_header(name: str, value: str) -> str:
    """Return the header line(s) for free text such as a subject."""
    line = one_line(value)
    words = line.split(" ")
    if line.isascii() and "=?" not in line and all(len(word) < WIDTH - len(name) - 2 for word in words):
        return fold(name, words)
    return fold(name, encoded_words(line, room=WIDTH - len(name) - 2))


def address_header(name: str, addresses: Sequence[tuple[str, str]]) -> str:
    """Return the header line(s) for (display name, address) pairs; the addresses are valid and ASCII."""
    tokens: list[str] = []
    for position, (shown, address) in enumerate(addresses):
        comma = "," if position + 1 < len(addresses) else ""
        local, _, domain = address.rpartition("@")
        spec = f"{local if _DOT_ATOM.fullmatch(local) else _quoted(local)}@{domain}"
        tokens += [*_phrase(one_line(shown)), f"<{spec}>{comma}"] if shown else [spec + comma]
    return fold(name, tokens)


def fold(name: str, tokens: Iterable[str]) -> str:
    """Join tokens with spaces, breaking lines before they pass 76 characters."""
    lines: list[str] = []
    line = f"{name}:"
    for token in tokens:
        if len(line) + 1 + len(token) > WIDTH and line.strip() and (lines or line != f"{name}:"):
            lines.append(line)
            line = ""
        line = f"{line} {token}"
    return "\r\n".join([*lines, line])


def encoded_words(text: str, *, room: int = WIDTH - 1) -> list[str]:
    """Return RFC 2047 words for `text`; the first fits in `room`, none splits a character."""
    words, chunk, size = [], bytearray(), max(3, (room - len("=?utf-8?b??=")) // 4 * 3)
    for char in text:
        encoded = char.encode()
        if len(chunk) + len(encoded) > size:
            words.append(_word(chunk))
            chunk, size = bytearray(), (WIDTH - 1 - len("=?utf-8?b??=")) // 4 * 3
        chunk += encoded
    return [*words, _word(chunk)]


def text_part(text: str, *, subtype: str) -> Part:
    """Return a text part: readable as it is where it can be, else quoted-printable or base64, whichever is shorter."""
    body = text.replace("\r\n", "\n").replace("\r", "\n").encode("utf-8", "replace").decode()
    body = body if body.endswith("\n") else body + "\n"
    content_type = f'Content-Type: text/{subtype}; charset="utf-8"'
    lines = body.split("\n")
    if body.isascii() and "\0" not in body and BOUNDARY not in body and all(len(line) < 900 for line in lines):
        return Part((content_type, "Content-Transfer-Encoding: 7bit"), "\r\n".join(lines))
    data = "\r\n".join(lines).encode()
    if sum(not char.isascii() for char in body) * 6 > len(body):
        return Part((content_type, "Content-Transfer-Encoding: base64"), _base64(data))
    quoted = binascii.b2a_qp(data, istext=True).decode("ascii")
    return Part((content_type, "Content-Transfer-Encoding: quoted-printable"), quoted)


def file_part(content: bytes, *, media_type: str, name: str, content_id: str = "") -> Part:
    """Return an attachment, or with `content_id` an image shown inside the html."""
    disposition = "inline" if content_id else "attachment"
    headers = [
        f"Content-Type: {media_type}",
        "Content-Transfer-Encoding: base64",
        f"Content-Disposition: {disposition}{_file_name(name)}",
    ]
    if content_id:
        headers.append(f"Content-ID: <{content_id}>")
    return Part(tuple(headers), _base64(content))


def multipart(subtype: str, parts: Sequence[Part], *, boundary: str) -> Part:
    """Return one part holding the others; `boundary` is unique within the mail."""
    mark = f"{BOUNDARY}{boundary}"
    pieces = ["".join((f"--{mark}\r\n", _head(part), part.body, "\r\n")) for part in parts]
    return Part((f'Content-Type: multipart/{subtype};\r\n boundary="{mark}"',), "".join(pieces) + f"--{mark}--\r\n")


def write(headers: Iterable[str], root: Part) -> bytes:
    """Return the whole mail."""
    return ("\r\n".join(headers) + "\r\nMIME-Version: 1.0\r\n" + _head(root) + root.body).encode("ascii")


def _head(part: Part) -> str:
    return "\r\n".join(part.headers) + "\r\n\r\n"


def _word(chunk: bytes | bytearray) -> str:
    return f"=?utf-8?b?{base64.b64encode(chunk).decode()}?="


def _phrase(shown: str) -> list[str]:
    if not shown.isascii() or "=?" in shown or len(shown) > WIDTH:
        return encoded_words(shown, room=WIDTH - 20)
    return shown.split(" ") if _PLAIN_PHRASE.fullmatch(shown) else [_quoted(shown)]


def _quoted(text: str) -> str:
    escaped = text.replace("\\", "\\\\").replace('"', '\\"')
    return f'"{escaped}"'


def _base64(data: bytes) -> str:
    return base64.encodebytes(data).decode("ascii").replace("\n", "\r\n")


def _file_name(name: str) -> str:
    safe = one_line(name).replace("/", "_").replace("\\", "_") or "attachment"
    if len(safe) > _FILE_NAME_LIMIT:
        stem, dot, ending = safe.rpartition(".")
        keep = dot + ending if dot and len(ending) <= 10 else ""
        safe = (stem if keep else safe)[: _FILE_NAME_LIMIT - len(keep)] + keep
    if _SAFE_NAME.fullmatch(safe):
        return f';\r\n filename="{safe}"'
    units = re.findall(r"%..|.", quote(safe, safe=""))
    if len(units) <= 50:
        return f";\r\n filename*=utf-8''{''.join(units)}"
    pieces, piece = [], "utf-8''"
    for unit in units:
        if len(piece) + len(unit) > 58:
            pieces.append(piece)
            piece = ""
        piece += unit
    pieces.append(piece)
    return "".join(f";\r\n filename*{number}*={each}" for number, each in enumerate(pieces))
