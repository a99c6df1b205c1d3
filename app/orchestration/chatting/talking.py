"""What agents say to visitors, at once; typing and read marks of both sides; the end of a chat."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from app import events
from app.cases import service as cases
from app.cases.models import Case
from app.errors import Conflict, Invalid
from app.messaging.chats import shown, visitors
from app.messaging.chats.models import Chat, ChatState
from app.orchestration import standing, writing
from app.orchestration.chatting import news, seats
from channels.chat.lines import MAX_TEXT


def say(case_id: int, *, user_id: int, author: str, text: str, files: Sequence[Mapping[str, Any]] = ()) -> int:
    """Say something to the visitor of a case, at once; returns the message id. Records `message_written`.

    What came in meanwhile holds nothing up: people speak at the same time. Raises Invalid without text, or when it is too
    long; Conflict when the chat is over or the case is a colleague's.
    """
    if len(text) > MAX_TEXT:
        raise Invalid("text_too_long", f"A line may have {MAX_TEXT} characters.", fields={"text": "too long"})
    case = cases.lock(case_id)
    cases.check_standing(case)
    check_talking(case)
    if not any(seats.is_in(chat, user_id) for chat in visitors.of_case(case.id)):
        standing.check_free(case, user_id)
    if case.assignee_id is None:
        cases.assign(case, user_id)
    words = text if text.strip() else ", ".join(str(file["name"]) for file in files)
    # Several lines in a row are one answer: the process hears of the first.
    goes_on = shown.is_answered(case.id)
    return writing.send(case, user_id=user_id, author=author, text=words, to=None, files=files, goes_on=goes_on)


def check_talking(case: Case) -> None:
    """Raise Conflict when no chat of this case goes on."""
    if not any(chat.state is ChatState.OPEN for chat in visitors.of_case(case.id)):
        raise Conflict("chat_ended", "This chat is over: the visitor does not see what is written here.")


def types(chat: Chat, *, is_typing: bool) -> None:
    """Tell agents that the visitor types, or no longer."""
    news.tell_agents(chat, typing=is_typing)


def agent_types(case: Case, *, name: str, is_typing: bool) -> None:
    """Tell the visitors of a case that somebody types."""
    for chat in visitors.of_case(case.id):
        if chat.state is ChatState.OPEN:
            news.tell_visitor(chat.id, typing=is_typing, name=name)


def seen(case_id: int, message_id: int) -> None:
    """Note that an agent has looked up to this message, and tell the visitor."""
    for chat_id in visitors.note_seen(case_id, message_id):
        news.tell_visitor(chat_id, seen=message_id)


def here(chat: Chat) -> None:
    """Tell agents that a visitor who had been away is back."""
    news.tell_agents(chat, here=True)


def came(chat: Chat, *, got: int = 0, read: int = 0) -> None:
    """Note how far the visitor's browser has come, and tell agents what they see of it."""
    if visitors.mark(chat, got=got, read=read):
        news.tell_agents(chat, got=max(chat.got_id, got, read), read=max(chat.read_id, read))


def end(chat: Chat, *, by: str) -> None:
    """End a chat, by the `visitor`, an `agent` or `time`. The case goes on by its process. Records `chat_ended`."""
    if not visitors.end(chat, by=by):
        return
    seats.close(chat)
    if chat.case_id is not None:
        case = cases.lock(chat.case_id)
        events.record("chat_ended", chain=cases.chain_of(case.id), by=by, chat=chat.id)
        cases.announce(case, change="chat")
    news.tell_agents(chat, ended=by)
    news.tell_visitor(chat.id, ended=by)
