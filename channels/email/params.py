"""Content-Type and Content-Disposition: the value and its parameters, RFC 2231 and what is sent instead of it."""

from __future__ import annotations

import re
from urllib.parse import unquote_to_bytes

from channels.email.charset import decode
from channels.email.headers import decode_header

_NAME = re.compile(rb"(?<![^;\s\"])([^=;\s\"]{1,60})[ \t]*=[ \t]*")
_QUOTED = re.compile(rb'"((?:[^"\\]|\\.)*)"', re.DOTALL)
_BARE = re.compile(rb"[^;]*")
_UNTIL_NEXT = re.compile(rb"(.*?)(?:\"[ \t]*(?=;)|;[ \t]*[a-zA-Z*0-9-]{1,30}[ \t]*=|$)", re.DOTALL)
_SECTION = re.compile(r"([^*]+)\*(\d{1,3})(\*?)$")
_MAX_PARAMETERS = 100
_MAX_VALUE = 32 * 1024


def parse_value(value: bytes) -> tuple[str, dict[str, str]]:
    """The main value in lower case and the parameters by lower-case name, decoded to text. Never raises."""
    head, _, rest = value[:_MAX_VALUE].partition(b";")
    main = decode_header(head).split(" ")[0].strip("\"'").lower()
    plain: dict[str, bytes] = {}
    sections: dict[str, dict[int, tuple[bytes, bool]]] = {}
    for name, content in _parameters(rest):
        if match := _SECTION.match(name):
            sections.setdefault(match[1], {}).setdefault(int(match[2]), (content, bool(match[3])))
        elif name.endswith("*"):
            sections.setdefault(name[:-1], {}).setdefault(0, (content, True))
        else:
            plain.setdefault(name, content)
    found = {name: decode_header(content) for name, content in plain.items()}
    found.update({name: _joined(parts) for name, parts in sections.items()})
    return main, found


def _parameters(rest: bytes) -> list[tuple[str, bytes]]:
    found: list[tuple[str, bytes]] = []
    position = 0
    while len(found) < _MAX_PARAMETERS and (match := _NAME.search(rest, position)):
        name = match[1].decode("ascii", "replace").lower()
        position = match.end()
        if quoted := _QUOTED.match(rest, position):
            content = re.sub(rb"\\([\"\\])", rb"\1", quoted[1])
            position = quoted.end()
        elif rest[position : position + 1] == b'"':
            open_end = _UNTIL_NEXT.match(rest, position + 1)  # the closing quote is missing
            content = open_end[1] if open_end else b""
            position += 1 + len(content)
        else:
            bare = _BARE.match(rest, position)
            content = bare[0].strip() if bare else b""
            position = bare.end() if bare else len(rest)
        found.append((name, content))
    return found


def _joined(parts: dict[int, tuple[bytes, bool]]) -> str:
    """The sections of an RFC 2231 value in order; the charset stands before the first one, sometimes quoted or missing."""
    label = ""
    out = bytearray()
    for index, (number, (content, encoded)) in enumerate(sorted(parts.items())):
        data = content
        if encoded and index == 0 and number <= 1 and data.count(b"'") >= 2:
            named, _, data = data.split(b"'", 2)
            label = named.decode("ascii", "replace")
        out += unquote_to_bytes(data) if encoded else data
    if not label and b"=?" in out:
        return decode_header(bytes(out))
    return decode(bytes(out), label).text
