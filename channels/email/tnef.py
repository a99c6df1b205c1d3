"""winmail.dat (TNEF): the files, names and text that Outlook wrapped up, read by offsets with limits.

Layout after [MS-OXTNEF]: a signature, a key, then attributes of (level, id, length, data, checksum). Attachments are
described by an attribute that starts each one, its title and data, and a property list that knows the better name.
"""

from __future__ import annotations

import struct
from collections.abc import Iterator
from dataclasses import dataclass, field

from channels.email.charset import decode
from channels.email.rtf import html_from_rtf, text_from_rtf, uncompress

_SIGNATURE = 0x223E9F78
_BODY, _MESSAGE_PROPERTIES, _CODEPAGE = 0x800C, 0x9003, 0x9007
_ATTACHMENT_STARTS, _TITLE, _DATA, _ATTACHMENT_PROPERTIES = 0x9002, 0x8010, 0x800F, 0x9005
_P_BODY, _P_RTF, _P_HTML = 0x1000, 0x1009, 0x1013
_P_DATA, _P_FILE_NAME, _P_LONG_NAME, _P_MIME, _P_CONTENT_ID, _P_DISPLAY = 0x3701, 0x3704, 0x3707, 0x370E, 0x3712, 0x3001
_T_STRING, _T_UNICODE, _T_BINARY, _T_OBJECT = 0x1E, 0x1F, 0x0102, 0x0D
_FIXED = {0x02: 4, 0x03: 4, 0x04: 4, 0x05: 8, 0x06: 8, 0x07: 8, 0x0A: 4, 0x0B: 4, 0x14: 8, 0x40: 8, 0x48: 16}
_MAX_ATTRIBUTES, _MAX_PROPERTIES, _MAX_VALUES = 5000, 2000, 1000


@dataclass(slots=True)
class TnefFile:
    name: str = ""
    media_type: str = "application/octet-stream"
    content_id: str = ""
    content: bytes = field(default=b"", repr=False)


@dataclass(slots=True)
class Unpacked:
    """The content of one winmail.dat; text and html are "" when the mail itself carried them."""

    text: str = ""
    html: str = ""
    files: list[TnefFile] = field(default_factory=list)


def unpack(data: bytes) -> Unpacked | None:
    """The content of `data`, or None when it is no TNEF or breaks off before anything could be read."""
    try:
        attributes = list(_attributes(data))
    except (struct.error, ValueError):
        return None
    codepage = "cp1252"
    unpacked = Unpacked()
    for name, content in attributes:
        if name == _CODEPAGE and len(content) >= 4:
            codepage = f"cp{struct.unpack_from('<I', content)[0]}"
        elif name == _ATTACHMENT_STARTS:
            unpacked.files.append(TnefFile())
        elif name in {_TITLE, _DATA, _ATTACHMENT_PROPERTIES} and unpacked.files:
            _read_file(unpacked.files[-1], name, content, codepage=codepage)
        elif name == _BODY:
            unpacked.text = decode(content.rstrip(b"\0"), codepage).text
        elif name == _MESSAGE_PROPERTIES:
            _read_message(unpacked, content, codepage=codepage)
    unpacked.files = [file for file in unpacked.files if file.content or file.name]
    return unpacked if attributes else None


def _attributes(data: bytes) -> Iterator[tuple[int, bytes]]:
    if len(data) < 6 or struct.unpack_from("<I", data)[0] != _SIGNATURE:
        raise ValueError("no TNEF signature")
    position = 6
    for _count in range(_MAX_ATTRIBUTES):
        if position + 9 > len(data):
            return
        _level, name, _kind, length = struct.unpack_from("<BHHI", data, position)
        position += 9
        yield name, data[position : position + length]
        position += length + 2


def _read_file(file: TnefFile, name: int, content: bytes, *, codepage: str) -> None:
    if name == _TITLE:
        file.name = file.name or decode(content.rstrip(b"\0"), codepage).text
    elif name == _DATA:
        file.content = content
    else:
        for tag, value in _properties(content, codepage=codepage):
            _set_property(file, tag, value)


def _set_property(file: TnefFile, tag: int, value: str | bytes) -> None:
    if tag == _P_DATA and isinstance(value, bytes):
        if not file.content:
            file.content = value[16:] if len(value) > 16 else value
            if file.content[:4] == struct.pack("<I", _SIGNATURE):
                file.media_type, file.name = "application/ms-tnef", file.name or "attached-mail.dat"
    elif not isinstance(value, str) or not value:
        return
    elif tag == _P_LONG_NAME or (tag in {_P_FILE_NAME, _P_DISPLAY} and not file.name):
        file.name = value
    elif tag == _P_MIME:
        file.media_type = value.lower() if "/" in value and value.isascii() and value.isprintable() else file.media_type
    elif tag == _P_CONTENT_ID:
        file.content_id = value.strip("<>")[:500]


def _read_message(unpacked: Unpacked, content: bytes, *, codepage: str) -> None:
    for tag, value in _properties(content, codepage=codepage):
        if tag == _P_BODY and isinstance(value, str):
            unpacked.text = value
        elif tag == _P_HTML and value:
            unpacked.html = value if isinstance(value, str) else decode(value, codepage).text
        elif tag == _P_RTF and isinstance(value, bytes) and not unpacked.html:
            rtf = uncompress(value)
            unpacked.html = html_from_rtf(rtf)
            unpacked.text = unpacked.text or ("" if unpacked.html else text_from_rtf(rtf))


def _properties(data: bytes, *, codepage: str) -> Iterator[tuple[int, str | bytes]]:
    """The properties of a list whose value is text or bytes. What breaks off ends the list quietly."""
    try:
        yield from _walk(data, codepage=codepage)
    except (struct.error, IndexError, KeyError, ValueError):
        return


def _walk(data: bytes, *, codepage: str) -> Iterator[tuple[int, str | bytes]]:
    count = min(struct.unpack_from("<I", data)[0], _MAX_PROPERTIES)
    position = 4
    for _index in range(count):
        kind, tag = struct.unpack_from("<HH", data, position)
        position += 4
        if tag >= 0x8000:
            position = _skip_name(data, position)
        many, kind = bool(kind & 0x1000), kind & 0x0FFF
        if kind in _FIXED:
            values = 1
            if many:
                values = struct.unpack_from("<I", data, position)[0]
                position += 4
            position += _FIXED[kind] * min(values, len(data))
            continue
        values = min(struct.unpack_from("<I", data, position)[0], _MAX_VALUES)
        position += 4
        for _value in range(values):
            length = struct.unpack_from("<I", data, position)[0]
            content = data[position + 4 : position + 4 + length]
            position += 4 + length + -length % 4
            yield tag, _value_of(kind, content, codepage=codepage)


def _skip_name(data: bytes, position: int) -> int:
    """A named property carries a GUID and a number or a name."""
    kind, value = struct.unpack_from("<II", data, position + 16)
    return position + 24 if kind == 0 else int(position + 24 + value + -value % 4)


def _value_of(kind: int, content: bytes, *, codepage: str) -> str | bytes:
    if kind == _T_UNICODE:
        return content.decode("utf-16-le", "replace").rstrip("\0")
    if kind == _T_STRING:
        return decode(content.rstrip(b"\0"), codepage).text
    if kind in {_T_BINARY, _T_OBJECT}:
        return content
    raise ValueError("an unknown type of property")
