"""Address lists as they are really written: one pass, no recursion, and never a line break or control character out."""

from __future__ import annotations

import re
from collections.abc import Iterator

from channels.email.headers import decode_header
from channels.email.limits import MAX_ADDRESSES, Problems
from channels.email.parsed import MailAddress

_QUOTED = rb'"(?:[^"\\]|\\.)*+("?)'
_TOKEN = re.compile(_QUOTED + rb"|<[^<>]*>|[(),;:<>]|[^\"(),;:<>]+", re.DOTALL)
_ENCODED = rb"=\?[^?\s]{1,80}\?[bBqQ]\?[^?\s]*\?=|"
_TOKEN_OR_WORD = re.compile(_QUOTED + rb"|" + _ENCODED + rb"<[^<>]*>|[(),;:<>=]|[^\"(),;:<>=]+", re.DOTALL)
_UNQUOTED = re.compile(rb"<[^<>]*>|[(),;:<>\"]|[^\"(),;:<>]+")
_ESCAPED = re.compile(rb"\\(.)", re.DOTALL)
_STRAY = frozenset({b"<", b">", b'"', b"(", b")"})
_BARE = re.compile(r"[^\s@<>,;:\"()\[\]]+@[^\s@<>,;:\"()]+")
_QUOTED_LOCAL = re.compile(r'"[^"]*"@')
_LOOSE_AT = re.compile(r"\s*([@.])\s*")
_UNSAFE = re.compile("[\x00-\x20\x7f-\x9f<>\u200b-\u200f\u2028-\u202f\u2060\ufeff]")
_MAX_ADDRESS = 320
_MAX_NAME = 500


def parse_addresses(value: bytes, *, problems: Problems, fallback: str = "") -> tuple[MailAddress, ...]:
    """Every mailbox of an address header in order, members of groups included. Linear in the size of the value."""
    found: list[MailAddress] = []
    for name, address in _mailboxes(value):
        box = _mailbox(name, address, fallback=fallback)
        if box is not None:
            found.append(box)
        if len(found) >= MAX_ADDRESSES:
            problems.unparsed(f"more than {MAX_ADDRESSES} addresses in one header")
            break
    if not found and b"=?" in value:
        return _wholly_encoded(value, problems=problems)
    return tuple(found)


def _wholly_encoded(value: bytes, *, problems: Problems) -> tuple[MailAddress, ...]:
    """Some senders encode name and address together in one word."""
    text = decode_header(value)
    if "@" not in text:
        return ()
    problems.add("an address was hidden inside an encoded word")
    return parse_addresses(text.replace("=?", "").encode(), problems=problems)


def _mailboxes(value: bytes) -> list[tuple[bytes, bytes]]:
    """The list cut at its commas: (name, address) pairs, still encoded. A piece without an address joins the next one."""
    found: list[tuple[bytes, bytes]] = []
    piece = _Piece()
    for token in _tokens(value):
        if token == b";" or (token == b"," and piece.complete):
            piece.close(found)
            piece = _Piece()
        elif token == b":" and not piece.complete:
            piece = _Piece()  # the name of a group
        else:
            piece.take(token)
        if len(found) > MAX_ADDRESSES:
            return found
    piece.close(found)
    return found


class _Piece:
    """What stands between two commas."""

    __slots__ = ("angle", "comment", "complete", "shown", "words")

    def __init__(self) -> None:
        self.words: list[bytes] = []
        self.shown: list[bytes] = []  # the same without quotes, to be a name
        self.comment = b""
        self.angle = b""
        self.complete = False

    def take(self, token: bytes) -> None:
        if token[:1] == b"<" and len(token) > 1 and not self.angle:
            self.angle = token[1:-1].strip()
            self.complete = True
        elif token[:1] == b"(" and len(token) > 1:
            self.comment = self.comment or token[1:-1]
        elif token[:1] == b'"' and len(token) > 1:
            self.words.append(token)
            self.shown.append(_ESCAPED.sub(rb"\1", token[1:-1]))
        elif token not in _STRAY:
            self.words.append(token)
            self.shown.append(token)
            self.complete = self.complete or b"@" in token

    def close(self, found: list[tuple[bytes, bytes]]) -> None:
        if self.angle:
            found.append((b"".join(self.shown).strip(b", \t") or self.comment, self.angle))
        elif text := b"".join(self.words).strip(b", \t"):
            name, address = _without_angle(text)
            found.append((name or self.comment, address))


def _without_angle(text: bytes) -> tuple[bytes, bytes]:
    """`a@b`, or words around it when the angle brackets are missing."""
    words = text.split()
    if len(words) == 1 or text.startswith(b'"'):
        return b"", text
    for index in range(len(words) - 1, -1, -1):
        if b"@" in words[index].strip(b"@"):
            return b" ".join(words[:index] + words[index + 1 :]), words[index]
    return b"", text


def _tokens(value: bytes) -> list[bytes]:
    """Quoted strings, `<…>`, comments (nested ones whole) and the rest; a bracket that never closes is a plain one."""
    tokens: list[bytes] = []
    depth = opened = 0
    for token in _plain_tokens(value):
        if token == b"(":
            opened = opened if depth else len(tokens)
            depth += 1
        elif token == b")" and depth:
            depth -= 1
            if not depth:
                tokens[opened:] = [b"(" + b"".join(tokens[opened:]) + b")"]
        else:
            tokens.append(token)
    return tokens


def _plain_tokens(value: bytes) -> Iterator[bytes]:
    """The tokens, each comment bracket by itself. After a quote that never closes, quotes mean nothing any more."""
    pattern = _TOKEN_OR_WORD if b"=?" in value else _TOKEN
    position = 0
    for match in pattern.finditer(value):
        token = match[0]
        if token[:1] == b'"' and not match[1]:
            position = match.start() + 1
            break
        yield token
    else:
        return
    for match in _UNQUOTED.finditer(value, position):
        yield match[0]


def _mailbox(name: bytes, address: bytes, *, fallback: str) -> MailAddress | None:
    spelled = _spelled(address, fallback=fallback)
    shown = _name(name, fallback=fallback)
    if not spelled:
        return None
    if shown.strip("'\"<>").lower() == spelled.lower():
        shown = ""
    return MailAddress(spelled, shown)


def _spelled(address: bytes, *, fallback: str) -> str:
    text = decode_header(address, fallback=fallback)
    if text[:7].lower() == "mailto:":
        text = text[7:]
    if text.startswith("@") and ":" in text:  # a source route
        text = text.rsplit(":", 1)[1]
    text = _LOOSE_AT.sub(r"\1", text).strip(" .,;")
    if not _QUOTED_LOCAL.match(text):
        text = text.strip("'\"")
    if not text.startswith('"') and any(blank in text for blank in " \t"):
        found = _BARE.search(text)
        text = found[0] if found else ""
    text = _UNSAFE.sub("", text)
    return text if 0 < text.find("@") < len(text) - 1 and len(text) <= _MAX_ADDRESS else ""


def _name(name: bytes, *, fallback: str) -> str:
    """The name as shown: encoded words decoded also inside quotes, quotes around an encoded name removed."""
    text = decode_header(name.strip(), fallback=fallback)
    if len(text) > 1 and text[0] == text[-1] and text[0] in "'\"":
        text = text[1:-1]
    return " ".join(text.split())[:_MAX_NAME]
