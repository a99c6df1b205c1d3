"""The timeline of a case: everything, the talk with the customer or the steps of the process, by pages from the newest."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any

from flask import Blueprint, render_template, request
from markupsafe import Markup

from app.audit import queries as audit_queries
from app.cases import service as cases
from app.errors import Invalid
from app.identity import policy
from app.messaging import composing, drafts
from app.messaging import queries as messages
from app.messaging.models import Direction, Message
from app.orchestration.chatting import talking
from app.settings import settings
from app.web import access, frame, kept
from app.web.rules import signed_in

blueprint = Blueprint("case_timeline", __name__)
_MESSAGE, _EVENT = "partials/_message.html", "partials/_event.html"
STEPS_PAGE = 60
#: How much a refresh may draw again of what a reader has loaded.
MOST = 400
SHOWN_EVENTS = frozenset({
    "case_opened", "case_changed", "case_amended", "process_started", "case_archived", "case_reopened", "case_chased",
    "case_escalated", "task_completed", "action_taken", "timer_fired", "work_order_opened", "work_order_dispatched",
    "work_order_accepted", "work_order_declined", "work_order_replied", "work_order_archived", "work_order_cancelled",
    "work_order_chased", "work_order_amended", "work_order_escalated", "work_order_cancelling", "message_moved",
    "auto_mail_held", "delivery_failed", "delivery_bounced", "fault_retried", "fault_skipped", "urgency_raised",
    "attention_drawn", "sla_warned", "sla_breached", "case_related", "task_claimed", "case_tagged", "case_untagged", "case_snoozed", "case_back",
    "case_linked", "case_unlinked", "case_merged", "case_unmerged", "case_split",
    "reply_held", "reply_withdrawn", "macro_run", "chat_ended", "chat_rated", "chat_handed_over",
})  # fmt: skip


@dataclass(frozen=True, slots=True)
class Entry:
    """One line of the timeline, a message with what hangs on it or an event, as it stands on the page."""

    at: datetime
    html: Markup
    message: int = 0


@dataclass(frozen=True, slots=True)
class Wish:
    """Which part of a timeline is asked for: which filter, older than what, or all from where on."""

    show: str
    before: int | None = None
    since: int = 0


def page(case: Any) -> dict[str, Any]:
    """Return the asked part of a timeline with what the composer needs; remembers the filter and how far was read."""
    viewer = frame.viewer()
    desk = composing.desk(case.id, viewer.user_id)
    wish = _wish(desk.shown)
    if wish.show != desk.shown:
        composing.keep_habits(viewer.user_id, shown=wish.show)
    found = _steps(case, wish) if wish.show == composing.STEPS else _talk(case, wish)
    if desk.last_message > (desk.read_up_to or 0):
        composing.read_up_to(case.id, viewer.user_id, desk.last_message)
        if case.channel == "chat" and case.assignee_id in (None, viewer.user_id):
            talking.seen(case.id, desk.last_message)
    return {
        **found, **_unread(desk, found, wish), "show": wish.show, "before": wish.before,
        **composer(case, desk),
    }  # fmt: skip


def _wish(remembered: str) -> Wish:
    show = request.args.get("show", remembered)
    if show not in composing.SHOWN:
        raise Invalid(
            "bad_filter", f"A timeline shows one of {', '.join(composing.SHOWN)}.", fields={"show": "unknown"}
        )
    return Wish(show, request.args.get("before", type=int), max(request.args.get("since", 0, type=int), 0))


def composer(case: Any, desk: Any = None) -> dict[str, Any]:
    """Return what the composer of a case starts from; it holds what its writer has seen against what came in since."""
    viewer = frame.viewer()
    if desk is None:
        desk = composing.desk(case.id, viewer.user_id)
    draft = desk if desk.kind is not None else None
    newer = messages.messages_since(case.id, draft.seen_message_id) if draft and draft.text else []
    return {
        "draft": draft, "draft_version": drafts.version(draft.updated_at if draft else None),
        "shared": desk.shared, "last_message": desk.last_message, "newer": [m for m in newer if _is_news(m)], "waiting": _waiting(desk.waiting),
        "undo": settings().undo_seconds if desk.undo_seconds is None else desk.undo_seconds,
    }  # fmt: skip


def _is_news(message: Message) -> bool:
    """What was written since a draft began, and would hold the reply up: all that goes to the customer; of notes those of others."""
    if message.direction is Direction.NOTE and message.user_id == frame.viewer().user_id:
        return False
    return messages.asks_to_be_read(message)


def _waiting(row: dict[str, Any] | None) -> dict[str, Any] | None:
    return None if row is None else {**row, "due_at": datetime.fromisoformat(row["due_at"])}


def _unread(desk: Any, found: dict[str, Any], wish: Wish) -> dict[str, Any]:
    """Say where the reading goes on: the first message of others since this agent last looked, and how many there are."""
    mark = request.args.get("unread", type=int)
    if wish.before is not None or (desk.read_up_to is None and mark is None):
        return {"unread": None, "unread_count": 0, "unread_above": False}
    begin = mark if mark is not None else desk.read_up_to + 1
    new = [s.id for s in found["stamps"] if s.id >= begin and s.user_id != frame.viewer().user_id]
    # When nothing on the page was read before, what was read last stands further up.
    above = bool(new) and found["older"] is not None and found["stamps"][0].id >= begin
    return {"unread": begin if above else new[0] if new else None, "unread_count": len(new), "unread_above": above}


def _talk(case: Any, wish: Wish) -> dict[str, Any]:
    """Messages by pages; with everything, also the events between them."""
    stamps = messages.stamps(
        case.id, before=wish.before, since=wish.since, talk=wish.show == composing.TALK,
        limit=MOST if wish.since else messages.PAGE + 1,
    )  # fmt: skip
    # A refresh knows from the page whether something stands above what it asks for.
    has_older = request.args.get("older", "1") == "1" if wish.since else len(stamps) > messages.PAGE
    stamps = stamps if wish.since else stamps[-messages.PAGE :]
    entries = _messages(stamps)
    if wish.show == composing.ALL:
        start = entries[0].at if entries and (has_older or wish.before) else None
        end = entries[-1].at if entries and wish.before else None
        entries += _events(case, start=start, end=end)
        entries.sort(key=lambda entry: entry.at)
    return {"entries": entries, "stamps": stamps, "older": stamps[0].id if has_older and stamps else None}


def _steps(case: Any, wish: Wish) -> dict[str, Any]:
    """Events alone, by pages too."""
    chain = cases.chain_of(case.id)
    marks = [mark for mark in audit_queries.marks(chain, SHOWN_EVENTS) if wish.before is None or mark.seq < wish.before]
    marks = [mark for mark in marks if mark.seq >= wish.since] if wish.since else marks
    shown = marks[-STEPS_PAGE:] if not wish.since else marks[-MOST:]
    return {
        "entries": _drawn(chain, shown), "stamps": [], "older": shown[0].seq if len(marks) > len(shown) else None,
    }  # fmt: skip


def _messages(stamps: list[messages.Stamp]) -> list[Entry]:
    """Messages do not change, but for their delivery and a move: what was drawn once is drawn again only when they did."""
    may_work = policy.may_work_on_cases(frame.viewer())
    drawn = {s.id: kept.found(_MESSAGE, (s.id, s.stamp, may_work)) for s in stamps}
    lines = messages.lines([key for key, html in drawn.items() if html is None])
    return [
        Entry(s.at, drawn[s.id] or kept.piece(
            _MESSAGE, (s.id, s.stamp, may_work), {"message": lines[s.id], "may_work": may_work}), s.id)
        for s in stamps
    ]  # fmt: skip


def _events(case: Any, *, start: datetime | None, end: datetime | None) -> list[Entry]:
    chain = cases.chain_of(case.id)
    marks = [
        mark for mark in audit_queries.marks(chain, SHOWN_EVENTS)
        if (start is None or mark.at >= start) and (end is None or mark.at <= end)
    ]  # fmt: skip
    return _drawn(chain, marks)


def _drawn(chain: str, marks: list[Any]) -> list[Entry]:
    """An event's hash covers all of it, so that it names what is drawn."""
    drawn = {mark.seq: kept.found(_EVENT, mark.hash) for mark in marks}
    events = audit_queries.events(chain, [seq for seq, html in drawn.items() if html is None])
    return [
        Entry(mark.at, drawn[mark.seq] or kept.piece(_EVENT, mark.hash, {"e": events[mark.seq]}))
        for mark in marks
    ]  # fmt: skip


@blueprint.get("/cases/<number>/timeline")
@signed_in
def timeline(number: str) -> str:
    """Return the timeline alone: older entries (`?before=`), or the newest ones (`?since=`: all from there on) for a refresh."""
    case = access.case_row(frame.viewer(), number)
    template = "partials/_entries.html" if "before" in request.args else "partials/_flow.html"
    return render_template(template, case=case, may_work=policy.may_work_on_cases(frame.viewer()), **page(case))
