"""The English of keys that chats show at the desk."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "chat_ended_visitor": "The visitor has ended the chat", "chat_ended_agent": "An agent has ended the chat",
    "chat_ended_time": "The chat ended when nobody said anything", "event_chat_ended": "Chat ended", "event_chat_rated": "Chat rated", "event_chat_handed_over": "Chat handed over",
    "js_visitor_types": "The visitor is typing …", "js_tick_sent": "sent", "js_tick_got": "delivered", "js_tick_read": "read",
}  # fmt: skip
