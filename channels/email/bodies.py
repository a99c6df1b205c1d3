"""Bodies of parts: out of the transfer encoding, into text, with soft line breaks joined and uuencoded files taken out."""

from __future__ import annotations

import binascii
import re

from channels.email.charset import decode
from channels.email.headers import unbase64
from channels.email.labels import codec_of
from channels.email.limits import MAX_TEXT, Problems
from channels.email.structure import Part

_META = re.compile(rb"<meta\s[^>]{0,200}?charset\s*=\s*[\"']?\s*([\w:.-]{2,40})", re.IGNORECASE)
_XML = re.compile(rb"<\?xml\s[^>]{0,100}?encoding=[\"']([\w:.-]{2,40})", re.IGNORECASE)
_QP_ESCAPE = re.compile(rb"=(?:[0-9A-Fa-f]{2}|\r?\n)")
_GARBAGE = re.compile(rb"[\x00-\x08\x0e-\x1a\x1c-\x1f\x7f]")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/=\s]")
_UNWANTED = re.compile("[\x00\x0b\x0c\x0e-\x1a\x1c-\x1f\x7f\ufdd0-\ufdef\ufffe\uffff]")
_UU = re.compile(
    rb"^begin [0-7]{3,4} ([^\r\n]{1,200})\r?\n((?:[\x20-\x60]{1,62}\r?\n)+)(?:`?\r?\n)?end\r?$", re.MULTILINE
)
_NOT_SURE = frozenset((None, "cp1252"))  # labels that software puts there without looking
_TAG = re.compile(r"<[^<>]*>")


def content_of(part: Part, *, problems: Problems) -> bytes:
    """The bytes of a part, decoded. What is damaged is decoded as far as it goes."""
    data = part.body
    encoding = part.encoding.replace(" ", "").replace("_", "-")
    if encoding in {"base64", "base-64", "b"}:
        return _from_base64(data, part, problems=problems)
    if encoding in {"quoted-printable", "quoted/printable", "quotedprintable", "qp", "q"}:
        return binascii.a2b_qp(data)
    if encoding in {"uuencode", "x-uuencode", "x-uue", "uue"}:
        return next((content for _name, content in uu_files(data)[1]), data)
    if encoding not in {"", "7bit", "8bit", "binary", "none", "7-bit", "8-bit"}:
        problems.add("an unknown transfer encoding was read as it stands")
    return data


def _from_base64(data: bytes, part: Part, *, problems: Problems) -> bytes:
    decoded = unbase64(data)
    if part.main_type == "text" and _NOT_BASE64.search(data[:2000]):
        problems.add("a text in base64 is damaged")
        sample = decoded[:2000]
        if len(_GARBAGE.findall(sample)) > len(sample) // 50:
            return data  # it never was base64
    return decoded


def text_of(part: Part, content: bytes, *, problems: Problems, around: str = "") -> str:
    """The text of a text part with plain line ends and no control characters. `around`: the charset of the mail's header."""
    label = part.params.get("charset", "")
    if part.media_type == "text/html" and codec_of(label) in _NOT_SURE:
        found = _META.search(content[:4096]) or _XML.match(content[:200])
        label = found[1].decode("ascii") if found else label
    decoded = decode(content, label, fallback=around)
    if decoded.problem:
        problems.add(decoded.problem)
    text = decoded.text
    if len(text) > MAX_TEXT:
        problems.unparsed(f"text of more than {MAX_TEXT >> 20} MiB, cut")
        text = text[:MAX_TEXT]
    text = plain(text)
    if part.params.get("format", "").lower() == "flowed" and part.media_type == "text/plain":
        text = unflow(text, delsp=part.params.get("delsp", "").lower() == "yes")
    return text


def plain(text: str) -> str:
    """The text with plain line ends and without the control characters that no column of a database takes."""
    return _UNWANTED.sub("", text.replace("\r\n", "\n").replace("\r", "\n"))


def unflow(text: str, *, delsp: bool) -> str:
    """Join the soft line breaks of RFC 3676, each quote depth for itself."""
    lines: list[str] = []
    open_depth = -1
    for raw_line in text.split("\n"):
        content = raw_line.lstrip(">")
        depth = len(raw_line) - len(content)
        content = content.removeprefix(" ")
        soft = content.endswith(" ") and content != "-- "
        kept = content[:-1] if soft and delsp else content
        if open_depth == depth and content != "-- ":
            lines[-1] += kept
        else:
            lines.append((">" * depth + " " if depth else "") + kept)
        open_depth = depth if soft else -1
    return "\n".join(lines)


def uu_files(content: bytes) -> tuple[bytes, list[tuple[str, bytes]]]:
    """The text without its uuencoded files, and those files as (name, bytes)."""
    files: list[tuple[str, bytes]] = []
    if b"begin " not in content:
        return content, files

    def take(match: re.Match[bytes]) -> bytes:
        out = bytearray()
        for line in match[2].splitlines():
            try:
                out += binascii.a2b_uu(line)
            except binascii.Error:
                length = ((line[0] - 32 & 63) * 4 + 5) // 3
                out += binascii.a2b_uu(line[: length + 1]) if length < len(line) else b""
        files.append((decode(match[1].strip()).text, bytes(out)))
        return b""

    try:
        return _UU.sub(take, content), files
    except (binascii.Error, ValueError):
        return content, []


def bare_text(html: str) -> str:
    """The words of HTML that no sanitiser may see: tags blanked out, nothing interpreted."""
    return " ".join(_TAG.sub(" ", html[:MAX_TEXT]).split())
