"""What service tasks of a case's process may call. Each writes rows only; docs/processes.md lists inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime, timedelta
from typing import Any

from app import events
from app.cases import service as cases
from app.clock import utcnow
from app.contacts import queries as contacts
from app.errors import Invalid
from app.knowledge import service as knowledge
from app.messaging import outbox
from app.orchestration import context, driving, mailbag, parties, reaching
from app.orchestration.world import Call, capability
from app.routing import service as routing
from app.workflow.language.durations import parse_duration
from app.workorders import service as workorders
from app.workorders.models import WorkOrder
from app.workorders.queries import of_case

PRIORITY_CHANGED = "priority_changed"
RETENTION = timedelta(days=3 * 365)


def business_due(call: Call, within: str | None) -> datetime | None:
    """Return when that much business time has passed from now; None for an empty duration."""
    if not within:
        return None
    return call.world.add_business_time(utcnow(), parse_duration(str(within)).as_timedelta())


def link(call: Call) -> str:
    """Return the address of the case's page, or of the work order's on it."""
    order = call.driven.work_order
    case = f"/cases/{call.driven.case.number}"
    return f"{case}/work-orders/{order.number}" if order else case


@capability("set_case")
def set_case(
    call: Call, *, type: str | None = None, priority: str | None = None, queue: str | None = None,
    status: str | None = None, due_within: str | None = None, due_why: str = "", attention: str = "",
    replied: Any = False, reason: str = "",
) -> None:  # fmt: skip
    """Set fields of the case; a queue brings its team along, `due_within` a time limit in business time."""
    case = call.driven.case
    values: dict[str, Any] = {
        key: value for key, value in (("type", type), ("priority", priority), ("status", status)) if value
    }
    if queue:
        row = routing.queue(queue)
        values |= {"queue_key": row.key, "team_id": row.team_id}
    if due_within:
        values |= {"due_at": business_due(call, due_within), "due_from": utcnow(), "due_why": due_why}
    cases.change(case, values)
    if attention:
        cases.draw_attention(case, why=attention)
    if replied in (True, "true"):
        cases.note_reply(case)
    if reason:
        events.record("reason_given", chain=cases.chain_of(case.id), reason=str(reason)[:1000])


@capability("send_message")
def send_message(call: Call, *, template: str, to: str = "customer", text: str | None = None) -> dict[str, Any]:
    """Send a filled template to the customer (a person's words, given as `text`, go out as a reply, not as automatic mail)."""
    case = call.driven.case
    if to != "customer":
        return _write_to_colleagues(call, to, template=template, text=text)
    if case.contact_id is None or case.account_id is None:
        raise Invalid("nobody_to_write_to", "The case has no customer address to write to.")
    channel = reaching.channel_of(case, context.current_message())
    if channel in outbox.NUMBERED or channel != case.channel:
        return _send_on(call, channel, template=template, text=text)
    address = contacts.address_of(case.contact_id, case.channel)
    if address is None:
        raise Invalid("nobody_to_write_to", f"The customer has no address on the channel {case.channel}.")
    filled = words(template, case.channel, case.language, _slots(call, text))
    message = context.current_message()
    outgoing = outbox.Outgoing(
        case_id=case.id, case_number=case.number, account_id=case.account_id, contact_id=case.contact_id,
        to=[(address, case.contact_name if case.contact_name != address else "")],
        subject=filled.subject, text=filled.body, auto=not text, answers=message.get("id"),
    )  # fmt: skip
    cause = dict(events.current_cause())
    if text:
        message_id: int | None = outbox.queue(outgoing, author=_author(call), cause=cause)
        cases.note_reply(case)
    else:
        message_id = outbox.queue_auto(outgoing, inbound_auto=case.auto, cause=cause)
    return {"message_id": message_id}


def _send_on(call: Call, channel: str, *, template: str, text: str | None) -> dict[str, Any]:
    """Send on another channel than the case's, or to a number: with the case's number, by which the answer comes back."""
    case = call.driven.case
    way = reaching.route(case, channel)
    filled = words(template, channel, case.language, _slots(call, text))
    body = reaching.numbered(case, filled.body) if channel in outbox.NUMBERED else filled.body
    outgoing = replace(reaching.outgoing(case, way, text=body, auto=not text), subject=filled.subject)
    cause = dict(events.current_cause())
    if not text:
        return {"message_id": outbox.queue_auto(outgoing, inbound_auto=case.auto, cause=cause)}
    message_id = outbox.queue(outgoing, author=_author(call), cause=cause)
    cases.note_reply(case)
    return {"message_id": message_id}


def words(template: str, channel: str, language: str, slots: Mapping[str, Any]) -> knowledge.Text:
    """Return a filled text in the words for a channel (`acknowledge.chat`), where it has some of its own."""
    own = f"{template}.{channel}"
    return knowledge.fill(own if knowledge.is_known(own) else template, language, slots)


def _write_to_colleagues(call: Call, who: str, *, template: str, text: str | None) -> dict[str, Any]:
    """Tell colleagues in the desk, and by mail where they have an address: a crew on the road has no desk open."""
    told = notify(call, who=who, template=template, text=text)
    case = call.driven.case
    addresses = parties.addresses(who, call.driven)
    mailbox = reaching.mailbox(case) if addresses else None
    if mailbox is None:
        return told
    filled = knowledge.fill(template, case.language, _slots(call, text))
    outgoing = outbox.Outgoing(
        case_id=case.id, case_number=case.number, account_id=mailbox, contact_id=None, to=addresses,
        subject=filled.subject, text=filled.body, auto=True,
    )  # fmt: skip
    return {**told, "message_id": outbox.queue(outgoing, author="Ringback", cause=dict(events.current_cause()))}


def _author(call: Call) -> str:
    return call.world.person_behind() or "Ringback"


def _slots(call: Call, text: str | None) -> Mapping[str, Any]:
    case, order = call.driven.case, call.driven.work_order
    slots: dict[str, Any] = {
        "case": context.case_names(case), "text": text or "", "message": context.current_message(),
        "reopen_until": f"{case.reopen_until:%Y-%m-%d %H:%M} UTC" if case.reopen_until else "",
    }  # fmt: skip
    if order is not None:
        slots["work_order"] = context.order_names(order)
    return slots


@capability("notify")
def notify(call: Call, *, who: str, template: str, text: str | None = None) -> dict[str, Any]:
    """Tell colleagues (agent, holder, dispatcher, lead, or a login) in the desk. Output: `told`, how many."""
    filled = knowledge.fill(template, "en", _slots(call, text))
    users = parties.people(who, call.driven)
    parties.tell(users, kind=template, text=filled.subject, link=link(call))
    events.record("notified", chain=cases.chain_of(call.driven.case.id), who=who, template=template, users=users)
    return {"told": len(users)}


@capability("escalate")
def escalate(call: Call, *, level: Any = 1, reason: str = "") -> None:
    """Escalate to the leads of the team that holds the work."""
    step = _level(level)
    users = parties.people("lead", call.driven)
    names = [str(user) for user in users]
    order, case = call.driven.work_order, call.driven.case
    if order is not None:
        workorders.escalate(order, level=step, reason=reason, to=names)
    else:
        events.record("case_escalated", chain=cases.chain_of(case.id), level=step, reason=reason, to=names)
    number = order.number if order else case.number
    parties.tell(users, kind="escalated", text=f"{number}: {reason} (level {step})", link=link(call))
    cases.draw_attention(case, why=reason)


def _level(given: Any) -> int:
    try:
        step = int(given)
    except (TypeError, ValueError):
        step = 0
    if not 1 <= step <= 9:
        raise Invalid("bad_level", f"The level of an escalation is a number from 1 to 9, not {given!r}.")
    return step


@capability("raise_urgency")
def raise_urgency(call: Call, *, by: str = "", text: str = "") -> dict[str, Any]:
    """Count a chase and raise the urgency. Output: `chase_count`."""
    order, case = call.driven.work_order, call.driven.case
    del text  # it stands in the message or action that brought it
    if order is not None:
        return {"chase_count": workorders.count_chase(order, by=by or "timer"), "urgency": order.urgency}
    count = cases.count_chase(case, by=by or "timer", channel=case.channel)
    if count >= 2 and case.priority in ("low", "normal"):
        _set_priority(call, "high")
    return {"chase_count": count}


def _set_priority(call: Call, priority: str) -> None:
    """Change the priority and let the processes of the case and its work orders move their time limits."""
    case = call.driven.case
    if cases.change(case, {"priority": priority}):
        mailbag.post(mailbag.Posted(0, case.id, "message", PRIORITY_CHANGED, {"priority": priority}, is_optional=True))


@capability("move_time_limits")
def move_time_limits(call: Call, *, due_within: str | None = None) -> dict[str, Any]:
    """Count the running time limits again, each from when it began; `due_within` is what the shown one has now.

    Output: `due_at`, the moved limit of the case or work order.
    """
    within = parse_duration(str(due_within)).as_timedelta() if due_within else None
    mailbag.post(mailbag.Posted(call.instance_id, call.driven.case.id, "move_limits", "", {}))
    target = call.driven.work_order or call.driven.case
    # Of a case the process's own limit: what is shown may be that of a service level.
    held = (
        (target.due_at, target.due_from) if isinstance(target, WorkOrder) else (target.own_due_at, target.own_due_from)
    )
    if within is None or held[0] is None or held[1] is None:
        return {"due_at": None}
    due = call.world.add_business_time(held[1], within)
    if isinstance(target, WorkOrder):
        workorders.change(target, {"due_at": due})
    else:
        cases.change(target, {"due_at": due})
    return {"due_at": due.isoformat()}


@capability("open_work_order")
def open_work_order(
    call: Call, *, title: str = "", team: str | None = None, holder: str | None = None, instructions: str = "",
    urgency: Any = None, **fields: Any,
) -> dict[str, Any]:  # fmt: skip
    """Open a work order under the case; its own process starts once this step is saved. Outputs: `number`, `id`."""
    case = call.driven.case
    order = workorders.open_work_order(
        case_id=case.id, title=title or case.subject,
        fields={"instructions": instructions, **{k: v for k, v in fields.items() if v is not None}},
        team_id=parties.team_id(team), holder_id=parties.user_id(holder), opened_by=call.world.user_behind(),
    )  # fmt: skip
    if urgency in ("high", "urgent"):
        workorders.raise_urgency(order)
    mailbag.post(mailbag.Posted(call.instance_id, case.id, "start", "", {}, start_work_order=order.id))
    cases.change(case, {"status": "dispatched"})
    return {"number": order.number, "id": order.id}


@capability("tell_work_orders")
def tell_work_orders(call: Call, *, message: str, by: str = "", text: str = "") -> dict[str, Any]:
    """Hand a message (chase, cancel …) on to all open work orders of the case. Outputs: `told`, how many there are; `text`."""
    payload = {"by": by or "agent", "text": text}
    own = call.driven.work_order
    if own is not None:  # a work order that chases itself, when its time is running out
        mailbag.post(
            mailbag.Posted(0, own.case_id, "message", message, payload, target=call.instance_id, is_optional=True)
        )
        return {"told": 1, "text": text}
    open_orders = [order for order in of_case(call.driven.case.id) if order.ended_at is None]
    if open_orders:
        mailbag.post(
            mailbag.Posted(call.instance_id, call.driven.case.id, "message", message, payload, is_optional=True)
        )
    return {"told": len(open_orders), "text": text}


@capability("tell_case")
def tell_case(call: Call, *, message: str, optional: Any = False, **payload: Any) -> None:
    """Hand a message from a work order to its case's process. An `optional` one may find nobody who waits for it."""
    target = driving.case_instance(call.driven.case.id)
    order = call.driven.work_order
    body = {**payload, "work_order": order.number if order else None}
    may_miss = optional in (True, "true")
    mailbag.post(
        mailbag.Posted(
            call.instance_id, call.driven.case.id, "message", message, body, target=target, is_optional=may_miss
        )
    )


@capability("record_amendment")
def record_amendment(
    call: Call, *, changes: Any = None, text: str | None = None, by: str = "", priority: str | None = None,
    due_within: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Record what was amended: on a work order field by field, on a case as an event that goes on to its open work orders.

    A new priority of the case moves the time limits that run. `due_within` is how long a work order has to be accepted again.
    """
    order, case = call.driven.work_order, call.driven.case
    wanted = dict(changes) if isinstance(changes, Mapping) else {}
    if order is not None:
        if not wanted and text:
            wanted = {"instructions": text}
        row = workorders.amend(
            order, wanted, reason=text or "", by=by or "agent", due_at=business_due(call, due_within)
        )
        return {"changes": row.changes}
    shown = {**wanted, "priority": priority} if priority else wanted
    events.record("case_amended", chain=cases.chain_of(case.id), amended=shown, text=(text or "")[:2000], by=by)
    cases.draw_attention(case, why="amended")
    if priority:
        _set_priority(call, priority)
    payload = {"by": by or "agent", "text": text or "", "changes": wanted}
    if (wanted or not priority) and any(other.ended_at is None for other in of_case(case.id)):
        mailbag.post(mailbag.Posted(call.instance_id, case.id, "message", "amend", payload, is_optional=True))
    return {"changes": shown}


@capability("archive_case")
def archive_case(call: Call, *, reopen_within: str | None = None, outcome: str = "resolved") -> dict[str, Any]:
    """Archive the case: seal its chain, start retention; it may be reopened for `reopen_within` of business time."""
    case = call.driven.case
    until = business_due(call, reopen_within)
    if until is not None:
        cases.change(case, {"reopen_until": until})
    if case.status == "cancelled":
        outcome = "cancelled"
    cases.archive(case, outcome=outcome, retain_until=utcnow() + RETENTION)
    mailbag.post(mailbag.Posted(call.instance_id, case.id, "seal", "", {}))
    return {"reopen_until": until.isoformat() if until else None}


@capability("reopen_case")
def reopen_case(call: Call, *, reason: str = "", due_within: str | None = None) -> None:
    """Open an archived case again: the seal is broken openly, on the record."""
    case = call.driven.case
    cases.reopen(case, why=reason or "reopened")
    if due_within:
        limit = {"due_at": business_due(call, due_within), "due_from": utcnow(), "due_why": "first response"}
        cases.change(case, limit)
