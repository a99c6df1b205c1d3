"""What is left behind: words when nobody is there, a file, a rating, a transcript by mail."""

from __future__ import annotations

from collections.abc import Mapping
from email.message import EmailMessage
from email.utils import format_datetime, formataddr
from typing import Any

from app import events
from app.cases import service as cases
from app.clock import utcnow
from app.contacts.spelling import clean_name, normal_address
from app.db import session
from app.errors import Conflict, Invalid, Unavailable
from app.messaging import accounts, intake, outbox
from app.messaging.chats import shown
from app.messaging.chats.models import Chat, ChatState
from app.messaging.models import ChannelAccount
from app.orchestration.chatting import beginning, news
from channels.chat.config import WidgetConfig
from channels.port import RawEnvelope

STARS = range(1, 6)
MAX_SAID = 1_000
#: Longest transcript, in lines.
MOST_LINES = 1_000


def mailbox(config: WidgetConfig) -> ChannelAccount | None:
    """Return the mailbox that a widget names, else the first one that is switched on; None without any."""
    usable = accounts.accounts(kind="email", enabled=True)
    named = config.mail_account.strip().lower()
    return next((each for each in usable if not named or each.address == named), None)


def leave(account: ChannelAccount, config: WidgetConfig, given: Mapping[str, Any], *, line_id: str) -> None:
    """Take in what a visitor leaves when nobody is there: a mail to the widget's mailbox, so that it is answered by mail.

    It opens a case of its own whatever it says: an address that somebody typed into a form proves nothing. The caller
    commits, then acknowledges. Raises Invalid per field, Unavailable without a mailbox.
    """
    visitor = beginning.visitor(config, given)
    text = given.get("text")
    text = text.strip() if isinstance(text, str) else ""
    if not text or len(text) > beginning.MAX_TEXT:
        raise Invalid("text_missing", "Write your message.", fields={"text": "Write your message."})
    if not visitor.email:
        raise Invalid("email_missing", "Say where we can answer.", fields={"email": "Say where we can answer."})
    box = mailbox(config)
    if box is None:
        raise Unavailable("no_mailbox", "Messages cannot be left here at the moment.")
    mail = _written(visitor, text, to=box.address, line_id=line_id, title=config.title or account.name)
    meta = {
        "mail_from": visitor.email,
        "rcpt_to": [box.address],
        "via": f"widget:{account.address}",
        "is_unproven": True,
    }
    intake.accept(box.id, [RawEnvelope(mail, f"left.{account.address}.{line_id}", utcnow(), meta)])


def _written(visitor: Any, text: str, *, to: str, line_id: str, title: str) -> bytes:
    """Write the mail that a visitor would have sent; nothing they typed reaches a header unencoded."""
    mail = EmailMessage()
    mail["From"] = formataddr((clean_name(visitor.name), visitor.email))
    mail["To"] = to
    first = next((line.strip() for line in text.splitlines() if line.strip()), "")
    mail["Subject"] = clean_name(visitor.topic or first)[:120]
    mail["Date"] = format_datetime(utcnow())
    mail["Message-ID"] = f"<left.{line_id}@widget.invalid>"
    if visitor.language:
        mail["Content-Language"] = visitor.language
    footer = "\n".join(part for part in (clean_name(title), visitor.page) if part)
    mail.set_content(f"{text}\n\n-- \n{footer}\n")
    return mail.as_bytes()


def rate(chat: Chat, stars: object, said: object) -> None:
    """Keep what a visitor thinks of the chat; they may change it. Records `chat_rated` on the case. Raises Invalid, Conflict."""
    if not isinstance(stars, int) or isinstance(stars, bool) or stars not in STARS:
        raise Invalid("bad_rating", "A rating is 1 to 5.", fields={"stars": "1 to 5"})
    if chat.case_id is None:
        raise Conflict("nothing_said", "Nothing was said in this chat.")
    text = said.strip()[:MAX_SAID] if isinstance(said, str) else ""
    chat.rating, chat.rating_text = stars, text or chat.rating_text
    session().flush()
    case = cases.lock(chat.case_id)
    events.record("chat_rated", chain=cases.chain_of(case.id), stars=stars, said=chat.rating_text, chat=chat.id)
    cases.announce(case, change="chat")
    news.tell_agents(chat, changed=True)


def send_transcript(chat: Chat, config: WidgetConfig, email: object) -> None:
    """Send the chat by mail to the address that the visitor names; a signed visitor's goes to the signed one alone.

    Raises Conflict before an agent has said something: nobody shall have us carry their words to others. Raises Invalid, Unavailable.
    """
    if chat.state is not ChatState.ENDED or chat.case_id is None:
        raise Conflict("chat_goes_on", "The chat goes on: it is sent when it is over.")
    wanted = chat.email if chat.is_verified and chat.email else email
    address = normal_address("email", wanted if isinstance(wanted, str) else "")
    box = mailbox(config)
    if box is None:
        raise Unavailable("no_mailbox", "This chat cannot be sent by mail at the moment.")
    lines = _all(chat)
    if not any(line["from"] for line in lines):
        raise Conflict("nobody_answered", "Nobody has answered in this chat: there is nothing to send.")
    case = cases.lock(chat.case_id)
    outgoing = outbox.Outgoing(
        case_id=case.id, case_number=case.number, account_id=box.id, contact_id=case.contact_id, to=[(address, chat.name)],
        subject=_subject(case.number, chat.language), text=_transcript(lines, chat, title=config.title), auto=True,
    )  # fmt: skip
    outbox.queue_auto(outgoing, inbound_auto="none", cause={"chat": chat.id})


def _all(chat: Chat) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    while len(found) < MOST_LINES and (more := shown.lines(chat, after=found[-1]["id"] if found else 0)):
        found += more
    return found


def _subject(number: str, language: str) -> str:
    return f"[{number}] 聊天记录" if language.lower().startswith("zh") else f"[{number}] Your chat with us"


def _transcript(lines: list[dict[str, Any]], chat: Chat, *, title: str) -> str:
    own = chat.name or ("您" if chat.language.lower().startswith("zh") else "You")
    parts = []
    for line in lines:
        who = own if line["own"] else line["from"] or title or "–"
        files = "".join(f"\n    [{file['name']}]" for file in line["files"])
        parts.append(f"{line['at'][11:16]} UTC  {who}: {line['text']}{files}")
    return "\n".join(parts)
