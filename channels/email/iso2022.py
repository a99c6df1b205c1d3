"""ISO-2022-JP as mail really uses it: with the signs of NEC and IBM, JIS X 0212 and half-width katakana."""

from __future__ import annotations

import re

_SHIFT = re.compile(rb"\x1b(\$[@B]|\$\([DO-Q]|\([BJIH])")
_PLAIN = frozenset({b"(B", b"(J", b"(H"})


def decode_iso2022_jp(data: bytes) -> str:
    """The text; pairs that no table knows become U+FFFD. A missing escape back to ASCII at a line end is forgiven."""
    try:
        return data.decode("iso2022_jp")
    except UnicodeDecodeError:
        pieces = _SHIFT.split(data)
    text = [pieces[0].decode("ascii", "replace")]
    for mode, segment in zip(pieces[1::2], pieces[2::2], strict=True):
        text.append(_segment(segment, mode))
    return "".join(text)


def _segment(segment: bytes, mode: bytes) -> str:
    if mode in _PLAIN:
        return segment.decode("ascii", "replace")
    head, line_end, rest = segment.partition(b"\n")
    tail = (line_end + rest).decode("ascii", "replace")
    if mode == b"(I":
        return _high(head).decode("cp932", "replace") + tail
    if mode == b"$(D":
        return (
            b"".join(b"\x8f" + _high(head[i : i + 2]) for i in range(0, len(head), 2)).decode("euc_jp", "replace")
            + tail
        )
    if mode in {b"$(O", b"$(P", b"$(Q"}:
        return (b"\x1b" + mode + head + b"\x1b(B").decode("iso2022_jp_2004", "replace") + tail
    return _shifted(head).decode("cp932", "replace") + tail


def _high(data: bytes) -> bytes:
    return bytes(byte | 0x80 for byte in data)


def _shifted(data: bytes) -> bytes:
    """JIS pairs as Shift-JIS, whose table in Python (cp932) holds the vendors' signs too."""
    out = bytearray()
    for first, second in zip(data[::2], data[1::2], strict=False):
        if not (0x21 <= first <= 0x7E and 0x21 <= second <= 0x7E):
            out += bytes((first & 0x7F, second & 0x7F))
            continue
        row = (first - 0x21) // 2
        out.append(row + (0x81 if row < 0x1F else 0xC1))
        if first % 2:
            out.append(second + (0x1F if second < 0x60 else 0x20))
        else:
            out.append(second + 0x7E)
    return bytes(out)
