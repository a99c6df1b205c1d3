"""What Twilio calls back with, translated: messages by SMS and WhatsApp, and what became of those sent. Pure functions."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from channels.outcomes import DeliveryState, Reason
from channels.port import DeliveryUpdate, InboundEvent, RawEnvelope
from channels.sms import encoding, keys, twilio_codes
from channels.sms.incoming import clean, fields_of, text_message

_WISHES = {"STOP": "opt_out", "START": "opt_in", "HELP": "help"}
_UNKEPT = frozenset({"Body"})
MAX_MEDIA = 10
Fields = Mapping[str, str]


def parse(envelope: RawEnvelope) -> Sequence[InboundEvent]:
    """Translate one call; nothing for one that is neither a message nor a status."""
    fields = read_fields(envelope.raw)
    if _status(fields) and _sid(fields):
        return [_update(fields)]
    return [_message(fields)] if fields.get("From") and _sid(fields) else ()


def read_fields(raw: bytes) -> dict[str, str]:
    """Return the fields of a call as texts."""
    return {clean(name): clean(value.decode("utf-8", "replace")) for name, value in fields_of(raw).items()}


def id_of(raw: bytes) -> str:
    """Return what makes a repeat one envelope: a message by its id, a status by id, status and error."""
    fields = read_fields(raw)
    if not _status(fields):
        return _sid(fields)
    return ":".join((_sid(fields), _status(fields), fields.get("ErrorCode", "")))


def _sid(fields: Fields) -> str:
    return fields.get("MessageSid") or fields.get("SmsSid", "")


def _status(fields: Fields) -> str:
    """Return the status of a message that we sent; `received` is what Twilio says of one that came in."""
    status = fields.get("MessageStatus") or fields.get("SmsStatus", "")
    return "" if status in ("received", "receiving") else status


def _update(fields: Fields) -> InboundEvent:
    state = twilio_codes.STATES.get(_status(fields).lower(), DeliveryState.UNKNOWN)
    code = fields.get("ErrorCode", "")
    has_failed = state in (DeliveryState.FAILED, DeliveryState.UNKNOWN)
    reason = twilio_codes.reason_of(int(code)) if code.isascii() and code.isdigit() and len(code) < 9 else Reason.NONE
    if has_failed and reason is Reason.NONE:
        reason = Reason.UNKNOWN
    words = (fields.get("ErrorMessage", ""), fields.get("ChannelStatusMessage", ""), f"Twilio {code}" if code else "")
    return DeliveryUpdate(
        keys.read(fields.get("delivery", "")) or _sid(fields), state, reason, recipient=fields.get("To", ""),
        permanent=state is DeliveryState.FAILED and not twilio_codes.is_worth_another_try(reason),
        detail="; ".join(filter(None, words)), raw=dict(fields),
    )  # fmt: skip


def _message(fields: Fields) -> InboundEvent:
    raw: dict[str, Any] = {name: value for name, value in fields.items() if name not in _UNKEPT}
    wish = _WISHES.get(fields.get("OptOutType", "").upper())
    if wish:
        raw["wish"] = wish
    media = _media(fields)
    if media:
        raw["media"] = media
    return text_message(
        _sid(fields), sender=fields["From"], to=fields.get("To", ""), text=_text(fields),
        name=fields.get("ProfileName", ""), in_reply_to=fields.get("OriginalRepliedMessageSid", ""),
        problems=("files not fetched",) if media else (), raw=raw,
    )  # fmt: skip


def _text(fields: Fields) -> str:
    """Return what was written, with the label of a button and a place where there is one."""
    place = ", ".join(filter(None, (fields.get("Label"), fields.get("Address"))))
    if fields.get("Latitude") and fields.get("Longitude"):
        place = f"{place} ({fields['Latitude']}, {fields['Longitude']})".strip()
    body = fields.get("Body") or fields.get("ButtonText", "")
    return encoding.normal("\n".join(filter(None, (body, place))))


def _media(fields: Fields) -> list[dict[str, str]]:
    count = fields.get("NumMedia", "")
    total = min(int(count), MAX_MEDIA) if count.isascii() and count.isdigit() and len(count) < 4 else 0
    found = [(fields.get(f"MediaUrl{each}", ""), fields.get(f"MediaContentType{each}", "")) for each in range(total)]
    return [{"url": url, "type": kind} for url, kind in found if url]
