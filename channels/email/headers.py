"""The header of a mail or part: its lines as bytes, and its values as text (RFC 2047 as it is really written)."""

from __future__ import annotations

import binascii
import re
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta, timezone
from email.utils import parsedate_tz

from channels.email.charset import decode, printable
from channels.email.limits import MAX_HEADER_BLOCK, MAX_HEADER_LINE, MAX_HEADERS, MAX_REFERENCES, Problems

_FIELD = re.compile(rb"([!-9;-~]{1,200})[ \t]*:")
_LINE = re.compile(rb"[^\n]*\n?")
_WORD = re.compile(rb"=\?([^?\s=][^?\s]{0,79})\?([bBqQ])\?")
_CONTROL = re.compile("[\x00-\x1f\x7f-\x9f\u2028\u2029]+")
_NOT_BASE64 = re.compile(rb"[^A-Za-z0-9+/]")
_BASE64_GOES_ON = re.compile(rb"[=\s]*[A-Za-z0-9+/]{4}[A-Za-z0-9+/=\s]*+$")
_MESSAGE_ID = re.compile(r"<[^<>\s]{1,900}>")
_MAX_WORD = 8192  # bytes of one encoded word; the standard says 75
_FOLD = re.compile(rb"\r?\n[ \t]*")


@dataclass(slots=True)
class Header:
    """The fields of one header in their order; names in lower case, values unfolded but not decoded."""

    fields: list[tuple[str, bytes]]

    def get(self, name: str) -> bytes:
        """The first value, b"" when there is none."""
        for key, value in self.fields:
            if key == name:
                return value
        return b""

    def all(self, name: str) -> list[bytes]:
        return [value for key, value in self.fields if key == name]

    def has(self, name: str) -> bool:
        return any(key == name for key, _value in self.fields)


def read_header(raw: bytes, start: int, end: int, *, problems: Problems) -> tuple[Header, int]:
    """The header that begins at `start`, and where the body begins. A line that is no field begins the body."""
    fields: list[tuple[str, list[bytes]]] = []
    position = start
    stop = min(end, start + MAX_HEADER_BLOCK)
    while position < stop:
        line_end = raw.find(b"\n", position, end) + 1 or end
        line = raw[position : min(line_end, position + MAX_HEADER_LINE + 2)]
        if not _take_line(fields, line):
            if not line.strip(b"\r\n"):
                return _finish(fields, problems), line_end
            if not (fields and not line.strip() and _FIELD.match(raw, line_end)):
                if fields and line.strip():
                    problems.add("the header is not closed by an empty line")
                return _finish(fields, problems), position if line.strip() else line_end
        position = line_end
        if len(fields) > MAX_HEADERS:
            problems.unparsed(f"more than {MAX_HEADERS} header fields")
            return _finish(fields, problems), _body_after(raw, position, end)
    if position < end:
        problems.unparsed(f"a header of more than {MAX_HEADER_BLOCK >> 10} KiB")
        position = _body_after(raw, position, end)
    return _finish(fields, problems), position


def _take_line(fields: list[tuple[str, list[bytes]]], line: bytes) -> bool:
    """Add a line to the fields: a new field, the folded rest of one, or a mailbox separator. False when it is none."""
    if line[:1] in b" \t" and fields and line.strip():
        fields[-1][1].append(line)
    elif match := _FIELD.match(line):
        fields.append((match[1].decode("ascii").lower(), [line[match.end() :]]))
    else:
        return not fields and _is_separator(line)
    return True


def _is_separator(line: bytes) -> bool:
    """The line that mailbox files put before a mail."""
    return line.startswith((b"From ", b">From "))


def _body_after(raw: bytes, position: int, end: int) -> int:
    found = [at + len(gap) for gap in (b"\n\n", b"\n\r\n") if (at := raw.find(gap, position, end)) >= 0]
    return min(found, default=end)


def _finish(fields: list[tuple[str, list[bytes]]], problems: Problems) -> Header:
    done: list[tuple[str, bytes]] = []
    for name, lines in fields:
        value = lines[0] if len(lines) == 1 else b"".join(lines)
        if len(value) > MAX_HEADER_LINE:
            problems.unparsed(f"the header {printable(name)} is longer than {MAX_HEADER_LINE >> 10} KiB and was cut")
            value = value[:MAX_HEADER_LINE]
        value = value.strip(b" \t\r\n")
        done.append((name, _FOLD.sub(b" ", value) if b"\n" in value else value))
    return Header(done)


def decode_header(value: bytes, *, fallback: str = "") -> str:
    """A header value as one line of text: encoded words decoded, raw 8-bit bytes understood, no control characters."""
    if b"=?" not in value and value.isascii() and b"\x1b" not in value:
        return one_line(value.decode("ascii"))
    pieces: list[str] = []
    for data, label in _chunks(value):
        if not label and data.isascii() and b"\x1b" not in data:
            pieces.append(data.decode("ascii"))
            continue
        pieces.append(decode(data, label, fallback=fallback).text)
    text = "".join(pieces)
    if text.startswith("=?") and text.endswith("?=") and text.isascii():  # encoded twice
        return one_line("".join(decode(data, label).text for data, label in _chunks(text.encode())))
    return one_line(text)


def one_line(text: str) -> str:
    """Text fit for a header or a heading: no line breaks or control characters, no blanks around it."""
    return _CONTROL.sub(" ", text).strip()


def _chunks(value: bytes) -> list[tuple[bytes, str]]:
    """The value as (bytes, label) runs; adjacent words of one charset are joined before anybody decodes them."""
    runs: list[tuple[bytearray, str]] = []
    position = 0
    while True:
        word = _next_word(value, position)
        between = value[position : word[0]] if word else value[position:]
        glued = bool(runs) and bool(runs[-1][1]) and word is not None and not between.strip()
        if between and not glued:
            runs.append((bytearray(between), ""))
        if word is None:
            return [(bytes(data), label) for data, label in runs]
        _start, position, label, content = word
        if runs and runs[-1][1] == label:
            runs[-1][0].extend(content)
        else:
            runs.append((bytearray(content), label))


def _next_word(value: bytes, position: int) -> tuple[int, int, str, bytes] | None:
    """The next encoded word from `position`: where it starts and ends, its charset label, its bytes."""
    while match := _WORD.search(value, position):
        if match[2] in b"bB":
            close = value.find(b"?", match.end())
            closed = close >= 0 and value[close + 1 : close + 2] == b"="
        else:
            close = _q_end(value, match.end())
            closed = close >= 0 and not _WORD.search(value, match.end(), close)
        if not closed:
            position = match.end()
            continue
        label = match[1].split(b"*")[0].decode("ascii", "replace").lower()
        content = value[match.end() : close]
        return match.start(), close + 2, label, _unword(content, base64=match[2] in b"bB")
    return None


def _q_end(value: bytes, start: int) -> int:
    """Where a Q word closes. `?=3D` inside it is a question mark and an escape, when the word goes on to close later."""
    stop = start + _MAX_WORD
    close = value.find(b"?=", start, stop)
    if close >= 0 and re.match(rb"[0-9A-F]{2}[^\s]", value[close + 2 : close + 5]):
        later = value.find(b"?=", close + 2, stop)
        opens = value.find(b"=?", close + 2, stop)
        if later >= 0 and (opens < 0 or later < opens):
            return later
    return close


def _unword(content: bytes, *, base64: bool) -> bytes:
    if base64:
        return content if not content.isascii() else unbase64(content)
    return binascii.a2b_qp(content.replace(b" ", b"_"), header=True)


def unbase64(data: bytes) -> bytes:
    """Base64 whatever is wrong with it: line breaks, foreign characters, missing or early padding, text after its end."""
    try:
        out = binascii.a2b_base64(data)
    except binascii.Error:
        return _unbase64_pieces(data)
    padding = data.find(b"=")
    if padding >= 0 and _BASE64_GOES_ON.match(data, padding):
        return _unbase64_pieces(data)
    return out


def _unbase64_pieces(data: bytes) -> bytes:
    out = bytearray()
    for piece in re.split(rb"=+", data):
        letters = _NOT_BASE64.sub(b"", piece)
        if len(letters) % 4 == 1:
            letters = letters[:-1]
        out += binascii.a2b_base64(letters + b"=" * (-len(letters) % 4))
    return bytes(out)


def message_ids(value: bytes) -> tuple[str, ...]:
    """The message ids of References or In-Reply-To, with angle brackets, the newest MAX_REFERENCES of them."""
    return tuple(_MESSAGE_ID.findall(decode_header(value))[-MAX_REFERENCES:])


def message_id(value: bytes) -> str:
    """One message id with angle brackets, also when the sender forgot them; "" when there is none."""
    text = decode_header(value)
    if found := _MESSAGE_ID.search(text):
        return found[0]
    bare = text.strip("<> ").split()
    return f"<{bare[0][:900]}>" if bare and "@" in bare[0] else ""


_NUMERIC = re.compile(
    r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?[T ]+(\d{1,2}):(\d{2})(?::(\d{2}))?(?:\.\d+)?\s*(Z|[+-]\d{2}:?\d{2})?"
)


def parse_date(value: bytes) -> datetime | None:
    """The moment of a Date header, aware (UTC when no zone is given), or None when it cannot be read."""
    text = decode_header(value)[:200]
    try:
        parts = parsedate_tz(text)
    except (ValueError, IndexError, TypeError, OverflowError):
        parts = None
    if parts is None:
        return _numeric_date(text)
    year = parts[0]
    return _moment((year, *parts[1:6]), parts[9] or 0)


def _numeric_date(text: str) -> datetime | None:
    found = _NUMERIC.search(text)
    if not found:
        return None
    zone = (found[7] or "Z").replace(":", "")
    seconds = 0
    if zone != "Z":
        seconds = (int(zone[1:3]) * 3600 + int(zone[3:5]) * 60) * (-1 if zone[0] == "-" else 1)
    year, month, day, hour, minute = (int(found[number]) for number in range(1, 6))
    return _moment((year, month, day, hour, minute, int(found[6] or 0)), seconds)


def _moment(parts: tuple[int, ...], offset: int) -> datetime | None:
    year, month, day, hour, minute, second = parts
    try:
        zone = timezone(timedelta(seconds=offset)) if offset else UTC
        return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=zone)
    except (ValueError, OverflowError):
        try:
            return datetime(year, month, day, hour, minute, min(second, 59), tzinfo=UTC)
        except (ValueError, OverflowError):
            return None
