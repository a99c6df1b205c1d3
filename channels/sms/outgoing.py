"""What every text message provider asks of an order before it sends: one recipient, no more than text, a readable number."""

from __future__ import annotations

from channels.outcomes import PermanentFailure, Reason, Unsupported
from channels.port import OutboundMessage
from channels.sms import encoding, numbers
from channels.sms.config import MAX_TEXT, SmsConfig


def checked(message: OutboundMessage, config: SmsConfig) -> tuple[str, str]:
    """Return the recipient in E.164 and the text as it will be sent. Raises Unsupported or PermanentFailure."""
    _refuse_what_texts_lack(message)
    given = message.to[0].value
    try:
        to = numbers.recipient(given, region=config.region)
    except ValueError as error:
        raise PermanentFailure(Reason.BAD_ADDRESS.value, f"{error}.") from None
    return to, checked_text(message.text, config)


def checked_text(text: str, config: SmsConfig) -> str:
    """Return the text as it will be sent, neither empty nor too long. Raises PermanentFailure."""
    whole = encoding.simplified(text) if config.simplify else encoding.normal(text)
    if not whole.strip():
        raise PermanentFailure(Reason.CONTENT_REFUSED.value, "A text message needs a text: write one.")
    if len(whole) > MAX_TEXT:
        sentence = (
            f"The text has {len(whole)} characters; a text message takes {MAX_TEXT}: shorten it or send it another way."
        )
        raise PermanentFailure(Reason.TOO_LARGE.value, sentence)
    return whole


def _refuse_what_texts_lack(message: OutboundMessage) -> None:
    if message.cc:
        raise Unsupported(Reason.CONTENT_REFUSED.value, "A text message has one recipient: nobody can be in copy.")
    if message.attachments:
        sentence = "A text message carries no files: send them by mail, or a link to them."
        raise Unsupported(Reason.CONTENT_REFUSED.value, sentence)
    if len(message.to) != 1:
        raise Unsupported(Reason.BAD_ADDRESS.value, "A text message has one recipient: send one message to each.")
