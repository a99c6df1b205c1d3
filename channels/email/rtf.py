"""RTF as Outlook puts it into TNEF: decompressed ([MS-OXRTFCP]), and back to the HTML or text it was made from."""

from __future__ import annotations

import re
import struct

from channels.email.charset import decode

_MAX_SIZE = 4 * 1024 * 1024
_DICTIONARY = (
    rb"{\rtf1\ansi\mac\deff0\deftab720{\fonttbl;}{\f0\fnil \froman \fswiss \fmodern \fscript \fdecor MS Sans SerifSymbol"
    rb"ArialTimes New RomanCourier{\colortbl\red0\green0\blue0" b"\r\n" rb"\par \pard\plain\f0\fs20\b\i\u\tab\tx"
)  # fmt: skip
_COMPRESSED, _PLAIN = 0x75465A4C, 0x414C454D
_TOKEN = re.compile(
    rb"\\([a-z]{1,32})(-?\d{1,10})? ?|\\'([0-9a-fA-F]{2})|\\([^a-z])|([{}])|[\r\n]+|([^\\{}\r\n]+)|\\", re.IGNORECASE
)
_SKIPPED = frozenset(
    (b"fonttbl", b"colortbl", b"stylesheet", b"info", b"pict", b"object", b"header", b"footer", b"themedata")
)


def uncompress(data: bytes) -> bytes:
    """The RTF inside a compressed stream; what there is of it when the stream breaks off."""
    if len(data) < 16:
        return b""
    _size, raw_size, kind = struct.unpack_from("<III", data)
    if kind == _PLAIN:
        return data[16 : 16 + min(raw_size, _MAX_SIZE)]
    if kind != _COMPRESSED:
        return b""
    window = bytearray(_DICTIONARY.ljust(4096, b"\0"))
    return _unpack(data, window, write=len(_DICTIONARY), limit=min(raw_size, _MAX_SIZE))


def _unpack(data: bytes, window: bytearray, *, write: int, limit: int) -> bytes:
    out = bytearray()
    position = 16
    while position < len(data) and len(out) < limit:
        flags = data[position]
        position += 1
        for bit in range(8):
            wide = flags >> bit & 1
            token = data[position : position + 1 + wide]
            position += 1 + wide
            if len(token) <= wide:
                return bytes(out[:limit])
            if not wide:
                out.append(token[0])
                window[write] = token[0]
                write = (write + 1) % 4096
                continue
            offset, length = (token[0] << 4 | token[1] >> 4), (token[1] & 15) + 2
            if offset == write:
                return bytes(out[:limit])
            for step in range(length):
                byte = window[(offset + step) % 4096]
                out.append(byte)
                window[write] = byte
                write = (write + 1) % 4096
    return bytes(out[:limit])


def html_from_rtf(rtf: bytes) -> str:
    r"""The HTML that Outlook wrapped in RTF (\fromhtml1), "" when there is none."""
    return _extract(rtf, html=True) if rb"\fromhtml1" in rtf[:2000] else ""


def text_from_rtf(rtf: bytes) -> str:
    """The plain words of RTF."""
    return _extract(rtf, html=False).strip() if rtf.startswith(rb"{\rtf") else ""


def _extract(rtf: bytes, *, html: bool) -> str:
    reader = _Reader(html=html)
    for match in _TOKEN.finditer(rtf):
        reader.take(match)
    reader.flush()
    return "".join(reader.out).encode("utf-16-le", "surrogatepass").decode("utf-16-le", "replace")


class _Reader:
    """Walks RTF tokens; a group may be skipped, hold a tag of the HTML, or be there only for RTF's sake."""

    def __init__(self, *, html: bool) -> None:
        self.html = html
        self.out: list[str] = []
        self.bytes = bytearray()
        self.codepage = "cp1252"
        self.stack: list[tuple[bool, bool]] = []
        self.skip = False
        self.only_rtf = False
        self.starred = False
        self.after_unicode = 0

    def take(self, match: re.Match[bytes]) -> None:
        word, number, escaped, symbol, brace, text = match.groups()
        if brace == b"{":
            if len(self.stack) < 10_000:
                self.stack.append((self.skip, self.only_rtf))
        elif brace == b"}":
            if self.stack:
                self.skip, self.only_rtf = self.stack.pop()
        elif word is not None:
            self.word(word.lower(), int(number) if number else None)
        elif escaped is not None:
            self.put(bytes([int(escaped, 16)]))
        elif symbol is not None:
            self.symbol(symbol)
        elif text is not None:
            self.put(text)
        self.starred = symbol == b"*"

    def word(self, word: bytes, number: int | None) -> None:
        if word == b"htmltag":
            self.skip = False
        elif word == b"htmlrtf":
            self.only_rtf = number != 0
        elif word in _SKIPPED or (self.starred and word != b"htmltag"):
            self.skip = True
        elif word == b"ansicpg" and number:
            self.codepage = f"cp{number}"
        elif word == b"u" and number is not None:
            self.unicode(number % 0x10000)
        elif word in {b"par", b"line"}:
            self.put(b"\n")
        elif word == b"tab":
            self.put(b"\t")

    def unicode(self, number: int) -> None:
        if self.skip or self.only_rtf:
            return
        self.flush()
        self.out.append(chr(number))
        self.after_unicode = 1

    def symbol(self, symbol: bytes) -> None:
        if symbol in {b"\\", b"{", b"}"}:
            self.put(symbol)
        elif symbol == b"~":
            self.put(b" ")

    def put(self, data: bytes) -> None:
        if self.skip or self.only_rtf:
            return
        if self.after_unicode:  # the stand-in for readers that know no Unicode
            data, self.after_unicode = data[1:], 0
        self.bytes += data

    def flush(self) -> None:
        if self.bytes:
            self.out.append(decode(bytes(self.bytes), self.codepage).text)
            self.bytes.clear()
