"""Where cases and service levels meet: clocks start, rest, are met and breached by what happens on a case.

Worked out once, just before a unit of work commits, from the events it recorded. Clocks move nothing in the case's process, and the
process's own time limits are no clocks: the case shows whichever comes first.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from datetime import datetime
from typing import Any

from app import events
from app.cases import service as cases
from app.cases.models import Case
from app.clock import utcnow
from app.contacts import queries as contacts
from app.db import before_commit, frame
from app.events import Event
from app.orchestration import parties
from app.orchestration.context import Driven
from app.routing import service as routing
from app.sla import clocks, policies
from app.sla import service as sla
from app.sla.clocks import ClockState
from app.sla.models import SlaClock, SlaPolicy

HEARD = (
    "case_opened", "case_changed", "message_received", "message_written", "case_archived", "case_reopened",
    "case_merged", "case_unmerged",
)  # fmt: skip
MATCHED_BY = frozenset({"type", "priority", "queue_key", "contact_id"})
PENDING = "service levels"


def listen() -> None:
    """Hear from now on of what moves clocks."""
    for kind in HEARD:
        events.subscribe(kind, note)


def note(event: Event) -> None:
    """Keep an event until its unit of work commits."""
    chain, _, case_id = event.chain.partition(":")
    if chain != "case":
        return
    pending: list[tuple[int, Event]] = frame().info.setdefault(PENDING, [])
    if not pending:
        before_commit(_settle_all)
    pending.append((int(case_id), event))


def _settle_all() -> None:
    heard: dict[int, list[Event]] = {}
    for case_id, event in frame().info.pop(PENDING, []):
        heard.setdefault(case_id, []).append(event)
    if not policies.are_there():
        return
    for case_id in sorted(heard):
        _settle(cases.lock(case_id), heard[case_id])


def facts_of(case: Case) -> dict[str, str]:
    """Return what policies ask of a case."""
    tier = contacts.tier_of(case.contact_id) if case.contact_id else ""
    return {"priority": case.priority, "type": case.type, "tier": tier, "queue": case.queue_key}


def _settle(case: Case, heard: Sequence[Event]) -> None:
    if (
        case.merged_into is not None
    ):  # what is promised is kept on the other case; taken out again, its own clocks go on
        for clock in clocks.open_clocks(case.id):
            clocks.pause(clock, why="merged")
        return
    found = clocks.open_clocks(case.id)
    changes = [event.data["changes"] for event in heard if event.kind == "case_changed"]
    is_new = any(event.kind == "case_opened" for event in heard)
    if is_new or any(MATCHED_BY & set(change) for change in changes):
        _promise(case, found, is_new=is_new)
    for event in heard:
        step = _STEPS.get(event.kind)
        if step is not None:
            step(case, event)
    found = clocks.open_clocks(case.id)
    for clock in found:
        _rest_or_run(case, clock)
    if found or is_new or changes:
        show(case)


def _calendar_of(case: Case, policy: SlaPolicy) -> int:
    return policy.calendar_id or routing.queue(case.queue_key).calendar_id


def _promise(case: Case, found: Sequence[SlaClock], *, is_new: bool) -> None:
    """Find the policy of a case; clocks that run are counted again by it, from when they began."""
    policy = policies.match(facts_of(case))
    kinds = {clock.kind for clock in found}
    for clock in found:
        if policy is None or clock.kind not in policy.targets:
            clocks.end(clock, ClockState.DROPPED)
        else:
            clocks.promise(clock, policy, calendar_id=_calendar_of(case, policy))
    if policy is None or case.archived_at is not None:
        return
    ended = {clock.kind for clock in clocks.of_case(case.id)} if not is_new else set()
    for kind in ("first_response", "resolution"):
        if kind in policy.targets and kind not in kinds | ended:
            if kind == "first_response" and case.first_reply_at is not None:
                continue
            clocks.start(case.id, kind, policy=policy, calendar_id=_calendar_of(case, policy), at=case.opened_at)


def _begin(case: Case, kind: str, at: datetime) -> None:
    policy = policies.match(facts_of(case))
    if policy is None or kind not in policy.targets or case.archived_at is not None:
        return
    if all(clock.kind != kind for clock in clocks.open_clocks(case.id)):
        clocks.start(case.id, kind, policy=policy, calendar_id=_calendar_of(case, policy), at=at)


def _end(case: Case, state: ClockState, *kinds: str) -> None:
    for clock in clocks.open_clocks(case.id):
        if not kinds or clock.kind in kinds:
            clocks.end(clock, state)


# ---------------------------------------------------------------- what each event means
def _customer_wrote(case: Case, event: Event) -> None:
    """A further message of the customer asks for a further answer, once the first has been given; an automatic one asks for none."""
    if event.data.get("auto", "none") != "none":
        return
    if case.first_reply_at is not None and event.at > case.first_reply_at:
        _begin(case, "next_response", event.at)


def _somebody_wrote(case: Case, event: Event) -> None:
    """A person's words to the customer are an answer; an automatic mail is none."""
    if event.data.get("auto", "none") == "none" and _is_first_or_later(case):
        _end(case, ClockState.MET, "first_response", "next_response")


def _is_first_or_later(case: Case) -> bool:
    """Tell whether a person has answered the customer: what goes to colleagues leaves this mark untouched."""
    return case.first_reply_at is not None


def _changed(case: Case, event: Event) -> None:
    change = event.data["changes"].get("status")
    if change is None:
        return
    if change["to"] == "resolved":
        _end(case, ClockState.MET, "resolution")
    elif change["from"] == "resolved" and case.archived_at is None:
        _begin(case, "resolution", event.at)


def _closed(case: Case, event: Event) -> None:
    if event.data.get("outcome") != "cancelled":
        _end(case, ClockState.MET, "resolution")
    _end(case, ClockState.DROPPED)


def _reopened(case: Case, event: Event) -> None:
    _begin(case, "resolution", event.at)


_STEPS: dict[str, Callable[[Case, Event], None]] = {
    "message_received": _customer_wrote, "message_written": _somebody_wrote, "case_changed": _changed,
    "case_archived": _closed, "case_reopened": _reopened,
}  # fmt: skip


def _rest_or_run(case: Case, clock: SlaClock) -> None:
    policy = policies.get(clock.policy_id)
    if str(case.status) in policy.pauses:
        clocks.pause(clock, why=str(case.status))
    else:
        clocks.resume(clock, policy)


# ---------------------------------------------------------------- what the case shows
def show(case: Case) -> None:
    """Let the case show its next limit: the process's own, or a clock that is due before it; a clock that rests when there is none."""
    clock = clocks.nearest(clocks.open_clocks(case.id))
    own: tuple[datetime | None, datetime | None, str] = (case.own_due_at, case.own_due_from, case.own_due_why)
    if clock is None or (own[0] is not None and (clock.due_at is None or own[0] <= clock.due_at)):
        cases.show_limit(case, *own)
    elif clock.state == ClockState.RUNNING:
        cases.show_limit(case, clock.due_at, clock.started_at, _why(clock))
    else:
        cases.show_limit(case, None, clock.paused_at, f"paused · {_why(clock)} · {clock.paused_why}")


def _why(clock: SlaClock) -> str:
    """Return what stands on hover: which clock, of which policy, by which calendar; each part is translated by itself."""
    return f"{clock.kind.replace('_', ' ')} · {clock.policy_name} · {sla.get_calendar(clock.calendar_id).name}"


# ---------------------------------------------------------------- when its time comes
def ring(clock_id: int) -> None:
    """Warn, or note a breach, when the time of a clock has come, and tell whom its policy names; harmless when it has not."""
    row = clocks.find(clock_id)
    if row is None:
        return
    case, now = cases.lock(row.case_id), utcnow()
    if row.ended_at is not None or row.state != ClockState.RUNNING or row.due_at is None:
        clocks.set_alarm(row)
        return
    policy = policies.get(row.policy_id)
    if row.due_at <= now and row.breached_at is None:
        clocks.breach(row)
        _tell(case, row, policy.breach_who, kind="sla_breached", text="the time limit has passed")
        cases.draw_attention(case, why=f"{row.kind.replace('_', ' ')}: time limit passed")
    elif row.warn_at is not None and row.warn_at <= now and row.warned_at is None:
        clocks.warn(row)
        _tell(case, row, policy.warn_who, kind="sla_warned", text="the time limit is near")
    else:
        clocks.set_alarm(row)


def _tell(case: Case, clock: SlaClock, who: Sequence[Any], *, kind: str, text: str) -> None:
    users = sorted({user for role in who for user in parties.people(str(role), Driven(case, None))})
    words = f"{case.number}: {clock.kind.replace('_', ' ')}, {text} ({clock.policy_name})"
    parties.tell(users, kind=kind, text=words, link=f"/cases/{case.number}")
