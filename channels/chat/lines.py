"""A chat line on its way in: one line of JSON, and behind it the bytes of a file, if it is one. Written at the edge, read by the job."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import orjson

from channels.port import Address, Attachment, InboundMessage, RawEnvelope

THREAD = "chat:"
MAX_TEXT = 5_000


def written(facts: Mapping[str, Any], content: bytes = b"") -> bytes:
    """Return the raw form of a line: who wrote it in which chat (`facts`), and the file that it carries."""
    return orjson.dumps(dict(facts), option=orjson.OPT_SORT_KEYS) + b"\n" + content


def read(envelope: RawEnvelope) -> list[InboundMessage]:
    """Translate a stored line. What cannot be read is a message that says so; never raises."""
    head, _, content = envelope.raw.partition(b"\n")
    try:
        facts = orjson.loads(head)
    except orjson.JSONDecodeError:
        facts = None
    if not isinstance(facts, dict) or not isinstance(facts.get("chat"), int) or not isinstance(facts.get("id"), str):
        return [InboundMessage("", Address(""), problems=("This chat line cannot be read.",))]
    return [_message(facts, content)]


def _message(facts: dict[str, Any], content: bytes) -> InboundMessage:
    file = facts.get("file")
    files = (Attachment(str(file.get("name")), str(file.get("type")), content),) if isinstance(file, dict) else ()
    text = str(facts.get("text") or "")[:MAX_TEXT] or "".join(each.name for each in files)
    return InboundMessage(
        external_id=line_id(facts["chat"], facts["id"]),
        sender=Address(str(facts.get("visitor") or ""), str(facts.get("name") or "")),
        subject=str(facts.get("topic") or ""), text=text, new_text=text, attachments=files,
        thread_key=f"{THREAD}{facts['chat']}", raw={"language": str(facts.get("language") or "")},
    )  # fmt: skip


def line_id(chat_id: int, client_id: str) -> str:
    """Return the id of a message: the visitor's browser chose its last part, so that a repeat is known."""
    return f"chat.{chat_id}.{client_id}"
