"""Bytes of mail to text, whatever their label says: labels are tried, checked against the bytes, and overruled by them.

Never raises. A label that does not fit gives a sentence for the mail's problems; a label that fits gives none.
"""

from __future__ import annotations

import codecs
import re
from dataclasses import dataclass

from channels.email.detect import detect
from channels.email.iso2022 import decode_iso2022_jp
from channels.email.labels import codec_of

_BOMS = ((codecs.BOM_UTF8, "utf-8"), (codecs.BOM_UTF16_LE, "utf-16-le"), (codecs.BOM_UTF16_BE, "utf-16-be"))
_SEVEN_BIT = frozenset({"iso-2022-jp", "hz", "iso2022-kr", "utf-7"})
_WIDE = frozenset({"utf-16-le", "utf-16-be", "utf-32"})
_MULTIBYTE = frozenset({"gb18030", "big5", "cp932", "euc-jp", "cp949", "johab"})
_TOO_FEW = 16  # bytes over 127
_ENOUGH, _ENOUGH_SINGLE = 6, 20  # 8-bit bytes that it takes to overrule a label of Latin text, by another sort of set
_ESCAPE = re.compile(rb"\x1b\$[@B]|\x1b\$\([DO-Q]|\x1b\([JI]")
# Signs for private use, or a run of half-width katakana: the bytes fit the table, but nobody wrote that.
_IMPLAUSIBLE = re.compile("[\ue000-\uf8ff]|[\uff61-\uff9f]{12}")
# Scripts that two bytes of other sets make up by chance more often than people write them.
_RARE = re.compile("[\u0700-\u08ff]")
_THREE_BYTES = re.compile(rb"[\xe0-\xef][\x80-\xbf]{2}|[\xf0-\xf4][\x80-\xbf]{3}")
# Tried in turn when the codec of a label is stricter than the world is.
_WIDER = {"big5": ("cp950", "big5hkscs"), "euc-jp": ("euc_jp", "euc_jis_2004"), "cp932": ("cp932", "shift_jis_2004")}


@dataclass(frozen=True, slots=True)
class Decoded:
    """Text, the codec that gave it, and what was wrong with the label ("" = nothing)."""

    text: str
    codec: str
    problem: str = ""


def _whatwg_byte(error: UnicodeError) -> tuple[str, int]:
    """Bytes without a meaning in a single-byte set become the C1 control of the same number, as browsers do."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    return "".join(map(chr, error.object[error.start : error.end])), error.end


def _gbk_euro(error: UnicodeError) -> tuple[str, int]:
    """The lone byte 0x80 is the euro sign of code page 936; other broken bytes are marked."""
    if not isinstance(error, UnicodeDecodeError):
        raise error
    lone = error.object[error.start] == 0x80
    return ("€", error.start + 1) if lone else ("\ufffd", error.end)


codecs.register_error("ringback-whatwg", _whatwg_byte)
codecs.register_error("ringback-gbk", _gbk_euro)


def decode(data: bytes, label: str = "", *, fallback: str = "") -> Decoded:
    """The text of `data`, labelled `label`; `fallback` is the label of the text around it, believed less."""
    codec = codec_of(label) if label else None
    if data.isascii() and codec not in _SEVEN_BIT and codec not in _WIDE:
        if b"\x1b" in data and _ESCAPE.search(data):
            return Decoded(decode_iso2022_jp(data), "iso-2022-jp", _told(label, "iso-2022-jp"))
        return Decoded(data.decode("ascii"), "ascii", _unknown(label, codec))
    if found := _by_bom(data, codec):
        return found
    if codec in _SEVEN_BIT:
        return _seven_bit(data, label, codec or "")
    if codec in _WIDE:
        return _wide(data, label, codec or "")
    return _eight_bit(data, label, codec, fallback)


def _by_bom(data: bytes, codec: str | None) -> Decoded | None:
    for bom, name in _BOMS:
        if data.startswith(bom) and (name == "utf-8" or codec in {None, "utf-16-le", "utf-16-be", "utf-8"}):
            return Decoded(clean(data[len(bom) :].decode(name, "replace")), name)
    return None


def _seven_bit(data: bytes, label: str, codec: str) -> Decoded:
    if not data.isascii():
        among = {"iso-2022-jp": ("cp932", "euc-jp"), "hz": ("gb18030",), "iso2022-kr": ("cp949",)}.get(codec)
        return _guess(data, label, "", among=among)
    if codec == "iso-2022-jp":
        return Decoded(decode_iso2022_jp(data), codec)
    try:
        return Decoded(clean(data.decode(codec)), codec)
    except (UnicodeDecodeError, ValueError):
        return Decoded(clean(data.decode(codec, "replace")), codec, f"charset: not all of the text is {codec}")


def _wide(data: bytes, label: str, codec: str) -> Decoded:
    if b"\0" not in data[:400] and codec != "utf-32":
        try:
            text = data.decode("utf-8")
            return Decoded(text, "utf-8", _told(label, "utf-8"))
        except UnicodeDecodeError:
            pass  # UTF-16 of a script without ASCII has no NUL bytes either
    if codec == "utf-16-le" and data[:1] == b"\0" and data[1:2] != b"\0":
        codec = "utf-16-be"
    return Decoded(clean(data.decode(codec, "replace")), codec)


def _eight_bit(data: bytes, label: str, codec: str | None, fallback: str) -> Decoded:
    if codec != "utf-8" and (text := _hidden_utf8(data, codec)) is not None:
        return Decoded(text, "utf-8", _told(label, "utf-8") if label else "")
    if codec is None:
        around = (codec_of(fallback) or "") if fallback else ""
        around = "cp932" if around == "iso-2022-jp" else around  # its 8-bit sister
        if around not in {"", "cp1252", "utf-8"} and _is_short(data) and (text := _strict(data, around)) is not None:
            return Decoded(text, around, _told(label, around))
        return _guess(data, label, around)
    if codec == "utf-8":
        return _labelled_utf8(data, label)
    if codec in _MULTIBYTE:
        return _labelled_multibyte(data, label, codec)
    if codec == "cp1252" and (better := _not_latin(data)) and (text := _strict(data, better)) is not None:
        return Decoded(text, better, _told(label, better))
    return Decoded(data.decode(codec, "ringback-whatwg"), codec)


def _is_short(data: bytes) -> bool:
    """Whether there is too little to tell a charset from the text itself."""
    return sum(byte > 0x7F for byte in data[:200]) <= _TOO_FEW and data[200:].isascii()


def _not_latin(data: bytes) -> str:
    """The codec of bytes that are surely not the Latin text they are said to be, or ""."""
    strange = sum(byte > 0x7F for byte in data[:2000])
    if strange < _ENOUGH:
        return ""
    found = detect(data, favourite="cp1252")
    return found if found in _MULTIBYTE or (found != "cp1252" and strange >= _ENOUGH_SINGLE) else ""


def _hidden_utf8(data: bytes, codec: str | None) -> str | None:
    """UTF-8 under another label. Two-byte sequences alone are not enough to overrule a double-byte label."""
    if codec in _MULTIBYTE and not _THREE_BYTES.search(data):
        return None
    try:
        text = data.decode("utf-8")
    except UnicodeDecodeError:
        return None
    return None if codec and _RARE.search(text) else text


def _labelled_utf8(data: bytes, label: str) -> Decoded:
    try:
        return Decoded(data.decode("utf-8"), "utf-8")
    except UnicodeDecodeError:
        text = data.decode("utf-8", "replace")
    broken = text.count("\ufffd")
    good = sum(character > "\x7f" for character in text[:20000]) - broken
    if good >= 2 * broken:
        return Decoded(text, "utf-8", "charset: some bytes are not utf-8")
    return _guess(data, label, "")


def _labelled_multibyte(data: bytes, label: str, codec: str) -> Decoded:
    text = _strict(data, codec)
    if text is not None and not _IMPLAUSIBLE.search(text):
        return Decoded(text, codec)
    if codec == "cp932" and _ESCAPE.search(data):
        return Decoded(decode_iso2022_jp(data), "iso-2022-jp", _told(label, "iso-2022-jp"))
    return _guess(data, label, codec)


def _guess(data: bytes, label: str, favourite: str, *, among: tuple[str, ...] | None = None) -> Decoded:
    if (text := _hidden_utf8(data, None)) is not None:
        return Decoded(text, "utf-8", _told(label, "utf-8"))
    codec = detect(data, favourite=favourite, among=among) if among else detect(data, favourite=favourite)
    text = _strict(data, codec)
    if text is not None:
        return Decoded(text, codec, _told(label, codec))
    handler = "ringback-gbk" if codec == "gb18030" else "replace"
    text = data.decode(codec, handler if codec in _MULTIBYTE or codec == "utf-8" else "ringback-whatwg")
    return Decoded(text, codec, f"charset: not all of the text is {codec}")


def _strict(data: bytes, codec: str) -> str | None:
    for name in _WIDER.get(codec, (codec,)):
        try:
            return data.decode(name)
        except UnicodeDecodeError:
            continue
    return None


def _told(label: str, codec: str) -> str:
    if not label:
        return f"charset: not named, read as {codec}"
    return "" if codec_of(label) == codec else f"charset: named {printable(label)}, read as {codec}"


def _unknown(label: str, codec: str | None) -> str:
    return f"charset: nobody knows {printable(label)}" if label and codec is None else ""


def printable(label: str) -> str:
    """A short form of a hostile value, fit for a sentence."""
    return "".join(letter if letter.isprintable() else "?" for letter in label[:40])


def clean(text: str) -> str:
    """Text without lone surrogates, which no database and no JSON can keep."""
    try:
        text.encode()
    except UnicodeEncodeError:
        return text.encode("utf-8", "surrogatepass").decode("utf-8", "replace")
    return text
