"""Opens and changes work orders. Their events stand on the chain of their case."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from sqlalchemy import select

from app import events, realtime
from app.clock import utcnow
from app.db import session
from app.errors import Invalid, NotFound
from app.workorders.models import Amendment, WorkOrder, WorkOrderState, work_order_numbers

MAX_TITLE = 300
MAX_FIELDS = 40
SETTABLE = frozenset({"state", "team_id", "holder_id", "due_at", "round", "reply"})
# An amendment asks for acceptance once more, whatever has been done by then.
ACCEPTED_ONCE = frozenset({WorkOrderState.ACCEPTED, WorkOrderState.REPLIED})


def chain_of(order: WorkOrder) -> str:
    """Return the audit chain that the order's events belong to."""
    return f"case:{order.case_id}"


def _record(kind: str, order: WorkOrder, **data: Any) -> None:
    events.record(kind, chain=chain_of(order), work_order=order.number, **data)
    realtime.publish(
        "case", teams=[order.team_id] if order.team_id else [], users=[order.holder_id] if order.holder_id else [],
        case=order.case_id, change=kind,
    )  # fmt: skip


def open_work_order(
    *, case_id: int, title: str, fields: Mapping[str, Any], team_id: int | None, holder_id: int | None,
    opened_by: int | None,
) -> WorkOrder:  # fmt: skip
    """Make a work order under a case. Records `work_order_opened`. Raises Invalid without a title or a party."""
    if not title.strip():
        raise Invalid("title_missing", "Say in a line what is to be done.", fields={"title": "required"})
    if team_id is None and holder_id is None:
        raise Invalid("party_missing", "Choose the team or person that gets it.", fields={"team": "required"})
    now = utcnow()
    number = session().scalar(select(work_order_numbers.next_value()))
    order = WorkOrder(
        number=f"WO-{now.year}-{number:05d}", case_id=case_id, title=title.strip()[:MAX_TITLE],
        fields=checked_fields(fields), state=WorkOrderState.DRAFT, team_id=team_id, holder_id=holder_id,
        opened_by=opened_by, dispatched_at=now, reply={},
    )  # fmt: skip
    session().add(order)
    session().flush()
    _record("work_order_opened", order, title=order.title, team=team_id, holder=holder_id, fields=order.fields)
    return order


def checked_fields(fields: Mapping[str, Any]) -> dict[str, Any]:
    """Return plain fields; raises Invalid for too many, too long or nested ones."""
    if len(fields) > MAX_FIELDS:
        raise Invalid("too_many_fields", f"A work order has at most {MAX_FIELDS} fields.")
    for name, value in fields.items():
        if not isinstance(value, str | int | float | bool | None) or len(str(value)) > 10_000 or len(name) > 80:
            raise Invalid("bad_field", f"The field {name[:80]} must be a plain value.", fields={name[:80]: "bad value"})
    return dict(fields)


def lock(order_id: int) -> WorkOrder:
    """Return the order under its row lock; raises NotFound."""
    order = session().scalar(
        select(WorkOrder).where(WorkOrder.id == order_id).with_for_update().execution_options(populate_existing=True)
    )
    if order is None:
        raise NotFound("work_order_unknown", "There is no such work order.")
    return order


def change(
    order: WorkOrder, values: Mapping[str, Any], *, kind: str = "work_order_changed", since: datetime | None = None,
    **data: Any,
) -> None:  # fmt: skip
    """Set state, party or limits; stamps the times that belong to a state. Records `kind` with what differs.

    `since` is when a new limit begins to count.
    """
    unknown = set(values) - SETTABLE
    if unknown:
        raise Invalid("unknown_field", f"A work order has no field {min(unknown)} that could be set.")
    changes: dict[str, Any] = {}
    for name, value in values.items():
        wanted = WorkOrderState(value) if name == "state" else value
        before = getattr(order, name)
        if before != wanted:
            setattr(order, name, wanted)
            changes[name] = {"from": _plain(before), "to": _plain(wanted)}
    if "state" in changes:
        _stamp(order)
    if since is not None:
        order.due_from = since
    session().flush()
    _record(kind, order, changes=changes, **data)


def _plain(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def _stamp(order: WorkOrder) -> None:
    now = utcnow()
    if order.state is WorkOrderState.DISPATCHED:
        order.dispatched_at, order.accepted_at = now, None
    elif order.state is WorkOrderState.ACCEPTED:
        order.accepted_at = order.accepted_at or now
    elif order.state is WorkOrderState.REPLIED:
        order.replied_at = now


def count_chase(order: WorkOrder, *, by: str) -> int:
    """Count a chase and raise the urgency; returns the count. Records `work_order_chased`."""
    order.chase_count += 1
    order.urgency = min(order.urgency + 1, 9)
    session().flush()
    _record("work_order_chased", order, by=by, count=order.chase_count, urgency=order.urgency)
    return order.chase_count


def raise_urgency(order: WorkOrder) -> int:
    """Raise the urgency by one and return it. Records `urgency_raised`."""
    order.urgency = min(order.urgency + 1, 9)
    session().flush()
    _record("urgency_raised", order, urgency=order.urgency)
    return order.urgency


def escalate(order: WorkOrder, *, level: int, reason: str, to: list[str]) -> None:
    """Note an escalation. Records `work_order_escalated`."""
    order.escalation = max(order.escalation, level)
    session().flush()
    _record("work_order_escalated", order, level=level, reason=reason, to=to)


def amend(
    order: WorkOrder, changes: Mapping[str, Any], *, reason: str, by: str, due_at: datetime | None = None
) -> Amendment:
    """Change fields, shown field by field; the order must be accepted again, until `due_at`. Records `work_order_amended`."""
    wanted = checked_fields(changes)
    differing = {
        name: {"from": order.fields.get(name), "to": value}
        for name, value in wanted.items()
        if order.fields.get(name) != value
    }
    order.fields = {**order.fields, **wanted}
    if "title" in wanted:
        order.title = str(wanted["title"])[:MAX_TITLE] or order.title
    if order.state in ACCEPTED_ONCE:
        order.state, order.accepted_at = WorkOrderState.DISPATCHED, None
    if due_at is not None:
        order.due_at, order.due_from = due_at, utcnow()
    row = Amendment(work_order_id=order.id, changes=differing, reason=reason, made_by=by, made_at=utcnow())
    session().add(row)
    session().flush()
    _record("work_order_amended", order, changes=differing, reason=reason)
    return row


def accept_amendments(order: WorkOrder) -> None:
    """Stamp the amendments that were waiting for the new acceptance."""
    for row in session().scalars(
        select(Amendment).where(Amendment.work_order_id == order.id, Amendment.accepted_at.is_(None))
    ):
        row.accepted_at = utcnow()
    session().flush()


def close(order: WorkOrder, *, outcome: str, retain_until: datetime) -> None:
    """Close the loop of the order. Records `work_order_archived` or `work_order_cancelled`."""
    order.state = WorkOrderState.CANCELLED if outcome == "cancelled" else WorkOrderState.ARCHIVED
    order.outcome, order.ended_at, order.due_at, order.retain_until = outcome, utcnow(), None, retain_until
    session().flush()
    kind = "work_order_cancelled" if outcome == "cancelled" else "work_order_archived"
    _record(kind, order, outcome=outcome, retain_until=retain_until.isoformat())
