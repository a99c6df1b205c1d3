"""From a stored mail to the port's events: a message somebody wrote, or the news that one of ours did not arrive."""

from __future__ import annotations

from collections.abc import Callable, Sequence

from channels.email.mime import parse_mail
from channels.email.parsed import Bounce, MailAddress, ParsedMail
from channels.email.smtp_replies import status_reason
from channels.outcomes import DeliveryState, Reason, Unsupported
from channels.port import (
    Address,
    Attachment,
    Auto,
    DeliveryUpdate,
    InboundEvent,
    InboundMessage,
    RawEnvelope,
    WebhookRequest,
)

Parse = Callable[[bytes], ParsedMail]


class EmailReceiver:
    """Receiver of mail. `parse` is the limited child's in production, the plain function where the mail is trusted."""

    def __init__(self, parse: Parse = parse_mail) -> None:
        self._parse = parse

    def verify(self, request: WebhookRequest) -> Sequence[RawEnvelope]:
        """Refuse: mail comes in by SMTP and IMAP."""
        raise Unsupported("no_webhook", "Mail comes in by SMTP and IMAP, not by a webhook.", path=request.url)

    def parse(self, envelope: RawEnvelope) -> Sequence[InboundEvent]:
        """Return one event; a mail that cannot be read is a message with `problems`."""
        mail = self._parse(envelope.raw)
        problems = (*mail.problems, envelope.problem) if envelope.problem else mail.problems
        return [bounce_update(mail, mail.bounce)] if mail.bounce else [message_event(mail, envelope, problems=problems)]


def message_event(mail: ParsedMail, envelope: RawEnvelope, *, problems: tuple[str, ...]) -> InboundMessage:
    """Return the parsed mail in the port's words."""
    return InboundMessage(
        external_id=mail.message_id,
        sender=Address(mail.from_addr, mail.from_name),
        to=_addresses(mail.to),
        cc=_addresses(mail.cc),
        reply_to=_addresses(mail.reply_to),
        subject=mail.subject,
        text=mail.text,
        html=mail.html,
        new_text=mail.reply_text,
        attachments=tuple(
            Attachment(each.name, each.media_type, each.content, each.content_id, each.inline)
            for each in mail.attachments
        ),
        sent_at=mail.date,
        in_reply_to=mail.in_reply_to,
        references=mail.references,
        reply_tokens=mail.reply_tokens,
        auto=Auto(mail.auto),
        problems=problems,
        raw={"headers": dict(mail.headers), "envelope": dict(envelope.meta)},
    )


def bounce_update(mail: ParsedMail, bounce: Bounce) -> DeliveryUpdate:
    """Return the bounce as news of the mail with that Message-ID."""
    reason = status_reason(bounce.status)
    return DeliveryUpdate(
        provider_id=bounce.original_message_id,
        state=DeliveryState.FAILED if bounce.hard else DeliveryState.DEFERRED,
        reason=Reason.UNREACHABLE if reason is Reason.UNKNOWN and not bounce.hard else reason,
        recipient=bounce.recipient,
        permanent=bounce.hard,
        detail=bounce.reason,
        at=mail.date,
        raw={"status": bounce.status, "message_id": mail.message_id},
    )


def _addresses(boxes: Sequence[MailAddress]) -> tuple[Address, ...]:
    return tuple(Address(box.address, box.name) for box in boxes)
