"""What people asked to be told: watchers hear of what happens on a case, and cases that were laid aside come back.

Looked up once, just before a unit of work commits, and only for cases on which something worth telling happened.
"""

from __future__ import annotations

from collections.abc import Sequence

from app import events
from app.cases import service as cases
from app.cases import snoozing
from app.cases.models import Case
from app.db import before_commit, frame, run
from app.errors import NotFound
from app.events import Event
from app.identity import policy
from app.identity import queries as people
from app.identity import service as identity
from app.orchestration import holding, mentioning
from app.workorders import queries as workorders
from app.workorders.models import WorkOrder

#: Kinds of events that watchers are told, each with the kind of notice and what it says, the weightiest first.
TOLD = {
    "case_archived": ("watched_end", "the case is closed"),
    "case_reopened": ("watched_end", "the case is open again"),
    "case_merged": ("watched_end", "the case is merged with another"),
    "case_unmerged": ("watched_end", "merged cases are apart again"),
    "case_escalated": ("watched_limit", "escalated"),
    "work_order_escalated": ("watched_limit", "a work order is escalated"),
    "timer_fired": ("watched_limit", "a time limit has passed"),
    "action_taken": ("watched_action", "a colleague acted"),
    "case_chased": ("watched_action", "chased"),
    "work_order_chased": ("watched_action", "a work order is chased"),
    "work_order_replied": ("watched_action", "a work order is replied to"),
    "case_amended": ("watched_action", "amended"),
    "delivery_failed": ("watched_message", "a message could not be delivered"),
    "message_received": ("watched_message", "the customer wrote"),
    "message_moved": ("watched_message", "a message was moved"),
    "message_written": ("watched_message", "a reply went out"),
    "note_written": ("watched_message", "a colleague left a note"),
}
#: What brings a case back that was laid aside.
WAKES = {
    "message_received": snoozing.CUSTOMER,
    "attention_drawn": snoozing.ATTENTION,
    "case_escalated": snoozing.ATTENTION,
    "case_archived": snoozing.AGENT,
}
_WHO = """select 'watcher' as what, case_id, user_id from watchers where case_id = any(%(cases)s)
 union select 'asleep', case_id, user_id from snoozes where case_id = any(%(cases)s) and ended_at is null
 union select 'held', h.case_id, h.user_id from held_replies h where h.case_id = any(%(cases)s) and h.ended_at is null
  and exists (select 1 from messages m where m.case_id = h.case_id and m.id > h.seen_message_id and m.direction = 'in'
   and m.auto = 'none')"""
PENDING = "noticed"


def listen() -> None:
    """Hear from now on of what watchers are told and what brings cases back."""
    for kind in {*TOLD, *WAKES, "case_opened"}:
        events.subscribe(kind, note)


def note(event: Event) -> None:
    """Keep an event until its unit of work commits; a case that is only now opened has nobody to tell."""
    chain, _, case_id = event.chain.partition(":")
    if chain != "case" or event.data.get("side") == "from":
        return  # two cases are merged: told once, on the one that lives on
    pending: list[tuple[int, Event]] = frame().info.setdefault(PENDING, [])
    if not pending:  # also after a savepoint took everything back, with the hook
        before_commit(_tell_all)
    pending.append((int(case_id), event))


def _tell_all() -> None:
    heard: dict[int, list[Event]] = {}
    for case_id, event in frame().info.pop(PENDING, []):
        heard.setdefault(case_id, []).append(event)
    old = {case: found for case, found in heard.items() if all(event.kind != "case_opened" for event in found)}
    if not old:
        return
    watchers: dict[int, list[int]] = {}
    for row in run(_WHO, {"cases": sorted(old)}):
        if row.what == "watcher":
            watchers.setdefault(row.case_id, []).append(row.user_id)
        elif row.what == "held":
            holding.customer_wrote(row.case_id)
        else:
            _wake(row.case_id, old[row.case_id], user_id=row.user_id)
    for case_id, users in watchers.items():
        _tell(cases.lock(case_id), users, old[case_id])


def _wake(case_id: int, heard: Sequence[Event], *, user_id: int | None) -> None:
    back = next((WAKES[event.kind] for event in heard if event.kind in WAKES), "")
    if back and snoozing.end(cases.lock(case_id), back=back) and back != snoozing.AGENT:
        tell_back(cases.lock(case_id), user_id, back=back)


def tell_back(case: Case, user_id: int | None, *, back: str) -> None:
    """Tell who laid a case aside, and whose it is, that it is back and why."""
    why = {
        snoozing.TIME: "the time you set has come", snoozing.CUSTOMER: "the customer wrote",
        snoozing.ATTENTION: "it needs attention",
    }[back]  # fmt: skip
    users = {user for user in (user_id, case.assignee_id) if user is not None}
    _notify(case, sorted(users), kind="case_back", text=why)


def _tell(case: Case, users: Sequence[int], heard: Sequence[Event]) -> None:
    told = {event.kind: event for event in heard if event.kind in TOLD}
    kind = next((kind for kind in TOLD if kind in told), None)
    if kind is None:
        return
    actor = told[kind].actor
    others = [user for user in users if not (actor.kind == "user" and actor.id == user)]
    if kind == "note_written":
        others = [user for user in others if not mentioning.has_heard(case.id, user)]
    _notify(case, others, kind=TOLD[kind][0], text=TOLD[kind][1])


def _notify(case: Case, users: Sequence[int], *, kind: str, text: str) -> None:
    """Write a notice to those of these users who may still see the case."""
    orders = [order for order in workorders.of_case(case.id) if order.ended_at is None] if users else []
    allowed = [user for user in users if _may_see(user, case, orders)]
    if allowed:
        identity.notify(allowed, kind=kind, text=f"{case.number}: {text}", link=f"/cases/{case.number}")


def _may_see(user_id: int, case: Case, orders: Sequence[WorkOrder]) -> bool:
    try:
        viewer = people.viewer(user_id)
    except NotFound:  # deactivated
        return False
    return policy.may_see_case(viewer, case, orders=orders)


def snooze_over(case_id: int) -> None:
    """Bring a case back whose time has come; harmless when it was brought back or moved before."""
    case = cases.lock(case_id)
    if case.merged_into is not None:
        return
    row = snoozing.of_case(case_id)
    user_id = row.user_id if row else None
    if snoozing.is_due(case_id) and snoozing.end(case, back=snoozing.TIME):
        tell_back(case, user_id, back=snoozing.TIME)
