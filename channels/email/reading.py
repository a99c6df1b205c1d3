"""Turns a parsed mail into the port's neutral events: one message, or the news of a bounce. Never raises for bad input."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from channels.email.parsed import Bounce, MailAddress, ParsedMail
from channels.outcomes import DeliveryState, Reason
from channels.port import Address, Attachment, Auto, DeliveryUpdate, InboundEvent, InboundMessage, RawEnvelope

Parse = Callable[[bytes], ParsedMail]


def read_mail(envelope: RawEnvelope, context: Mapping[str, Any], *, parse: Parse) -> Sequence[InboundEvent]:
    """Parse the envelope's bytes. `context["own_addresses"]`: mail from these is a loop.

    `text` is the whole text, `new_text` what the sender wrote anew.
    """
    mail = parse(envelope.raw)
    if mail.bounce is not None:
        return [bounce_update(mail.bounce)]
    return [_message(mail, envelope, frozenset(context.get("own_addresses", ())))]


def bounce_update(bounce: Bounce) -> DeliveryUpdate:
    """Return the port's form of a bounce."""
    return DeliveryUpdate(
        provider_id=bounce.original_message_id,
        state=DeliveryState.FAILED if bounce.hard else DeliveryState.DEFERRED,
        reason=Reason.NO_SUCH_RECIPIENT if bounce.status.startswith("5.1.1") else Reason.UNKNOWN,
        recipient=bounce.recipient,
        permanent=bounce.hard,
        detail=bounce.reason,
        raw={"status": bounce.status},
    )


def _message(mail: ParsedMail, envelope: RawEnvelope, own: frozenset[str]) -> InboundMessage:
    sender = mail.from_addr or str(envelope.meta.get("mail_from") or "")
    auto = Auto.LOOP if sender.lower() in own else Auto(mail.auto)
    problems = (*mail.problems, envelope.problem) if envelope.problem else mail.problems
    return InboundMessage(
        external_id=mail.message_id,
        sender=Address(sender, mail.from_name),
        to=_addresses(mail.to),
        cc=_addresses(mail.cc),
        reply_to=_addresses(mail.reply_to),
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        new_text=mail.reply_text,
        attachments=tuple(
            Attachment(file.name, file.media_type, file.content, file.content_id, file.inline)
            for file in mail.attachments
        ),
        sent_at=mail.date,
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        reply_tokens=(*mail.reply_tokens, *map(str, envelope.meta.get("rcpt_to") or ())),
        auto=auto,
        problems=problems,
        raw={"headers": dict(mail.headers)},
    )


def _addresses(boxes: Sequence[MailAddress]) -> tuple[Address, ...]:
    return tuple(Address(box.address, box.name) for box in boxes)
