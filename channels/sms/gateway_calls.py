"""What a gateway calls back with, translated: messages in many charsets and in parts, and reports. Pure functions."""

from __future__ import annotations

import codecs
from collections.abc import Mapping, Sequence
from datetime import UTC, datetime

from channels.port import DeliveryUpdate, InboundEvent, RawEnvelope
from channels.sms import encoding, keys, reassembly, reports
from channels.sms.incoming import clean, fields_of, text_message
from channels.sms.reassembly import Part

# Of Python's codecs only plain tables of characters: some others take very long or are no text at all.
_CHARSETS = frozenset(
    {"utf-8", "utf-16", "utf-16-be", "utf-16-le", "ascii", "gb2312", "gbk", "gb18030", "big5", "big5hkscs", "shift_jis", "euc_kr", "euc_jp", "koi8-r", "koi8-u"}
    | {f"cp125{number}" for number in range(9)} | {f"iso8859-{number}" for number in range(1, 17)}
)  # fmt: skip
_CODINGS = {"1": "binary", "2": "ucs2"}
Fields = Mapping[str, bytes]


def parse(envelope: RawEnvelope) -> Sequence[InboundEvent]:
    """Translate one call; nothing for one that is neither a message nor a report."""
    names = envelope.meta.get("names")
    fields = _named(envelope.raw, names if isinstance(names, Mapping) else {})
    if _is_report(fields):
        return [_report(fields)]
    return [_message(fields, envelope)] if "from" in fields else ()


def id_of(raw: bytes, names: Mapping[str, str]) -> str:
    """Return what makes a repeat one envelope: a message by the gateway's id, a report by what it says; "" when nothing does."""
    fields = _named(raw, names)
    if _is_report(fields):
        return ":".join(_plain(fields, name) for name in ("report", "id", "status", "vendor_id"))
    return _plain(fields, "id")


def _is_report(fields: Fields) -> bool:
    return "report" in fields or ("status" in fields and "text" not in fields)


def _named(raw: bytes, names: Mapping[str, str]) -> Fields:
    return {str(names.get(name, name)): value for name, value in fields_of(raw).items()}


def _plain(fields: Fields, name: str) -> str:
    return clean(fields.get(name, b"").decode("utf-8", "replace"))


def _report(fields: Fields) -> InboundEvent:
    status, answer = _plain(fields, "status"), _plain(fields, "answer")
    found = reports.outcome_of(status, answer)
    return DeliveryUpdate(
        keys.read(_plain(fields, "report")) or _plain(fields, "id"), found.state, found.reason,
        permanent=found.is_permanent, detail=answer, at=_at(fields), raw={"status": status, **_rest(fields)},
    )  # fmt: skip


def _message(fields: Fields, envelope: RawEnvelope) -> InboundEvent:
    content = fields.get("text", b"")
    text, coding, problems = _decoded(content, fields)
    head = reassembly.read_udh(fields.get("udh", b""))
    part = None
    if head:
        body = content if coding in ("ucs2", "binary") else text.encode("utf-8", "replace")
        part = Part(*head, coding, body, envelope.received_at)
    return text_message(
        _plain(fields, "id"), sender=_plain(fields, "from"), to=_plain(fields, "to") or str(envelope.meta.get("to", "")),
        text=encoding.normal(text) if part is None else text, region=str(envelope.meta.get("region", "")),
        part=part, problems=problems, raw=_rest(fields), sent_at=_at(fields),
    )  # fmt: skip


def _decoded(content: bytes, fields: Fields) -> tuple[str, str, tuple[str, ...]]:
    """Return text, coding for joining parts, and what was wrong."""
    charset = _charset(_plain(fields, "charset"))
    coding = _CODINGS.get(_plain(fields, "coding"), "utf8")
    if coding == "ucs2" and charset in ("utf-16-be", "utf-16", ""):
        return reassembly.decode(content, "ucs2"), "ucs2", ()
    if coding == "binary" and not charset:
        return reassembly.decode(content, "binary"), "binary", ("binary content",)
    if charset is None:
        return content.decode("utf-8", "replace"), "utf8", ("unknown charset",)
    return content.decode(charset or "utf-8", "replace"), "utf8", ()


def _charset(name: str) -> str | None:
    """Return Python's name of a charset, "" when none is named, None when it is not one of texts."""
    if not name:
        return ""
    try:
        found = codecs.lookup(name).name
    except (LookupError, ValueError):
        return None
    return found if found in _CHARSETS else None


def _at(fields: Fields) -> datetime | None:
    """Read seconds since 1970."""
    said = _plain(fields, "at")
    try:
        return datetime.fromtimestamp(int(said), UTC) if said.isdecimal() and len(said) <= 11 else None
    except (ValueError, OverflowError, OSError):
        return None


def _rest(fields: Fields) -> dict[str, str]:
    """Return the vendor's own words but the text, which stands in the message; bytes that are no text as hex."""
    kept = {name: _plain(fields, name) for name in fields if name not in ("text", "udh", "status")}
    return {**kept, **({"udh": fields["udh"].hex()} if fields.get("udh") else {})}
