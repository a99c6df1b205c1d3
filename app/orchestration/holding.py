"""Replies that wait before they go: to be taken back for some seconds, or until a chosen time.

The row is the promise. The process hears of a reply only when it goes, and a step that was to follow happens with it or not at all.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from app import db, events, schedule
from app.cases import service as cases
from app.cases.models import Case
from app.clock import utcnow
from app.errors import Conflict, DeskError, Forbidden, Invalid
from app.events import Actor
from app.identity import policy
from app.identity import queries as people
from app.identity import service as identity
from app.knowledge import filling
from app.messaging import drafts, held, outbox
from app.messaging.models import HeldReply
from app.orchestration import driving, sharing, standing, tasks, writing

LONGEST = timedelta(days=366)
#: How a wait ends: it went, its writer took it back, the customer wrote first, it could not go.
SENT, UNDONE, CUSTOMER, REFUSED = "sent", "undone", "customer", "refused"


@dataclass(frozen=True, slots=True)
class Words:
    """What is to be said, by whom and to whom (`to`: None means the customer)."""

    user_id: int
    author: str
    text: str
    to: writing.Parties | None = None
    cc: writing.Parties = ()
    subject: str = ""
    files: Sequence[Mapping[str, Any]] = ()
    writers: Sequence[int] = ()
    channel: str = ""  # empty: the case's own
    in_quiet_hours: bool = False


def hold(
    case_id: int, words: Words, *, seconds: int = 0, send_at: datetime | None = None,
    seen_message_id: int | None = None, step: Mapping[str, Any] | None = None,
) -> HeldReply:  # fmt: skip
    """Let a reply wait for some seconds, or until `send_at`; the draft goes into it. Records `reply_held`.

    `step` is what is done when it goes: the id of a `task` and the `values` of its form. Raises Conflict when something came in
    after `seen_message_id`, another reply waits or the reply is a colleague's; Invalid without text or recipient, or for a
    time that cannot be.
    """
    case = cases.lock(case_id)
    cases.check_standing(case)
    standing.check_free(case, words.user_id)
    writing.check_still_current(case_id, seen_message_id)
    recipients: dict[str, Any] = {
        "to": [list(pair) for pair in words.to or writing.customer(case, words.channel)],
        "cc": [list(pair) for pair in words.cc],
    }
    if words.channel:
        recipients |= {"channel": words.channel, "in_quiet_hours": words.in_quiet_hours}
    _check_words(words)
    row = held.add(
        case.id, user_id=words.user_id, author=words.author, text=words.text, recipients=recipients,
        subject=words.subject, files=words.files, due_at=_due(send_at, seconds), is_later=send_at is not None,
        step=step or {}, writers=words.writers,
    )  # fmt: skip
    if drafts.discard(case.id, words.user_id):
        sharing.tell(case)
    events.record("reply_held", chain=cases.chain_of(case.id), held=row.id, until=row.due_at.isoformat())
    cases.announce(case, change="held")
    return row


def _check_words(words: Words) -> None:
    filling.check_filled(words.text)
    if not words.text.strip():
        raise Invalid("text_missing", "Write something before you send.", fields={"text": "required"})
    if len(words.text) > outbox.MAX_TEXT:
        raise Invalid("text_too_long", f"A message may have {outbox.MAX_TEXT} characters.", fields={"text": "too long"})


def _due(send_at: datetime | None, seconds: int) -> datetime:
    now = utcnow()
    if send_at is None:
        return now + timedelta(seconds=seconds)
    if not now < send_at <= now + LONGEST:
        raise Invalid("bad_time", "Choose a time within the coming year.", fields={"send_at": "not possible"})
    return send_at


def take_back(held_id: int) -> Case:
    """Take a waiting reply back: its words are in its writer's draft again. Records `reply_withdrawn`. Raises Conflict too late."""
    case, row = _waiting(held_id)
    held.end(row, outcome=UNDONE)
    held.to_draft(row, case_id=case.merged_into or case.id)
    _record(case, row)
    actor = events.current_actor()
    if actor.kind == "user" and actor.id != row.user_id:
        _tell(case, row, f"{actor.name} took your reply back")
    return case


def send_now(held_id: int) -> Case:
    """Let a waiting reply go at once. Raises Conflict when it waits no more."""
    case, row = _waiting(held_id)
    held.hurry(row)
    cases.announce(case, change="held")
    return case


def _waiting(held_id: int) -> tuple[Case, HeldReply]:
    case = cases.lock(held.get(held_id).case_id)
    row = held.again(held_id)
    if row.ended_at is not None:
        raise Conflict("reply_gone", "This reply does not wait any more: it has gone, or somebody took it back.")
    return case, row


def customer_wrote(case_id: int) -> None:
    """Give a waiting reply back, since the customer wrote first, and tell its writer. Records `reply_withdrawn`."""
    case = cases.lock(case_id)
    row = held.waiting(case_id)
    if row is not None:
        _give_back(case, row, outcome=CUSTOMER, why="the customer wrote before your reply went out")


def release(held_id: int) -> None:
    """Let a reply go whose time has come, with its step; what cannot go comes back to its writer. Harmless when repeated."""
    case = cases.lock(held.get(held_id).case_id)
    row = held.again(held_id)
    if row.ended_at is not None:
        schedule.cancel_timer(held.alarm(held_id))
        return
    if row.due_at > utcnow():
        return  # it was moved; its timer with it
    try:
        with db.savepoint(), events.acting(Actor("user", row.user_id, row.author), {**row.cause, "held": row.id}):
            message_id = _send(case, row)
    except DeskError as error:
        _give_back(
            cases.lock(row.case_id),
            held.again(held_id),
            outcome=REFUSED,
            why=f"your reply did not go out. {error.message}",
        )
        return
    held.end(held.again(held_id), outcome=SENT, message_id=message_id)


def _send(case: Case, row: HeldReply) -> int:
    to, cc = ([(address, name) for address, name in row.recipients.get(key, ())] for key in ("to", "cc"))
    cases.check_standing(case)
    message_id = writing.send(
        case, user_id=row.user_id, author=row.author, text=row.text, to=to, cc=cc, subject=row.subject, files=row.files,
        keep_draft=True, writers=row.writers, channel=row.recipients.get("channel", ""),
        in_quiet_hours=bool(row.recipients.get("in_quiet_hours")),
    )  # fmt: skip
    if row.step:
        _step(row)
    return message_id


def _step(row: HeldReply) -> None:
    task = tasks.hold(int(row.step["task"]))
    if task is None or task.case.id != row.case_id:
        raise Conflict("task_gone", "The task that was to follow is not there any more.")
    if not policy.may_do_task(people.viewer(row.user_id), task):
        raise Forbidden("not_your_task", "The task that was to follow is not yours any more.")
    driving.complete_held(task, row.step["values"])


def _give_back(case: Case, row: HeldReply, *, outcome: str, why: str) -> None:
    held.end(row, outcome=outcome, problem=why if outcome == REFUSED else "")
    held.to_draft(row, case_id=case.merged_into or case.id)
    _record(case, row)
    _tell(case, row, why)


def _record(case: Case, row: HeldReply) -> None:
    events.record("reply_withdrawn", chain=cases.chain_of(case.id), held=row.id, back=row.outcome)
    cases.announce(case, change="held")


def _tell(case: Case, row: HeldReply, why: str) -> None:
    identity.notify([row.user_id], kind="reply_back", text=f"{case.number}: {why}", link=f"/cases/{case.number}")
