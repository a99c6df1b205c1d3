"""S/MIME mails signed in one opaque part (PKCS #7 SignedData): the content inside, without judging the signature.

A reader of the few DER and BER tags in the way to the content, with limits; nothing is verified here.
"""

from __future__ import annotations

from dataclasses import dataclass

_SIGNED_DATA = bytes.fromhex("2a864886f70d010702")
_MAX_STEPS = 200_000
_SEQUENCE, _OID, _OCTETS, _OCTETS_IN_PIECES, _EXPLICIT = 0x30, 0x06, 0x04, 0x24, 0xA0


@dataclass(frozen=True, slots=True)
class _Element:
    tag: int
    start: int  # of the content
    end: int  # of the content; of what is around it for an indefinite length
    indefinite: bool


def signed_content(data: bytes) -> bytes | None:
    """The signed MIME entity inside `data`, or None when it is something else, encrypted, or damaged."""
    try:
        return _content(data)
    except (IndexError, ValueError):
        return None


def _content(data: bytes) -> bytes | None:
    info = _element(data, 0, len(data))
    kind = _element(data, info.start, info.end)
    if info.tag != _SEQUENCE or kind.tag != _OID or data[kind.start : kind.end] != _SIGNED_DATA:
        return None
    signed = _element(data, _element(data, kind.end, info.end).start, info.end)
    position = signed.start
    for _field in range(2):  # version, digest algorithms
        position = _after(data, _element(data, position, signed.end))
    inner = _element(data, position, signed.end)
    oid = _element(data, inner.start, inner.end)
    wrapped = _element(data, oid.end, inner.end)
    if wrapped.tag != _EXPLICIT:
        return None
    return _octets(data, _element(data, wrapped.start, wrapped.end))


def _element(data: bytes, position: int, end: int) -> _Element:
    tag, first = data[position], data[position + 1]
    position += 2
    if first == 0x80:
        return _Element(tag, position, end, indefinite=True)
    length = first
    if first > 0x80:
        width = first & 0x7F
        if width > 4:
            raise ValueError("a length of more than four bytes")
        length = int.from_bytes(data[position : position + width])
        position += width
    if position + length > end:
        raise ValueError("an element longer than what is around it")
    return _Element(tag, position, position + length, indefinite=False)


def _after(data: bytes, element: _Element) -> int:
    """Where the next element begins; elements of indefinite length are walked to their end mark."""
    if not element.indefinite:
        return element.end
    depth, position = 1, element.start
    for _step in range(_MAX_STEPS):
        if data[position : position + 2] == b"\0\0":
            depth -= 1
            position += 2
            if not depth:
                return position
            continue
        inner = _element(data, position, element.end)
        depth += inner.indefinite
        position = inner.start if inner.indefinite else inner.end
    raise ValueError("too many elements")


def _octets(data: bytes, element: _Element) -> bytes | None:
    if element.tag == _OCTETS:
        return data[element.start : element.end]
    if element.tag != _OCTETS_IN_PIECES:
        return None
    out = bytearray()
    position = element.start
    for _step in range(_MAX_STEPS):
        if position >= element.end or data[position : position + 2] == b"\0\0":
            break
        piece = _element(data, position, element.end)
        if piece.tag != _OCTETS:
            return None
        out += data[piece.start : piece.end]
        position = piece.end
    return bytes(out)
