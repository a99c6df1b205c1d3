"""What service tasks of a work order's process may call. Each writes rows only; docs/processes.md lists inputs and outputs."""

from __future__ import annotations

from typing import Any

from app.clock import utcnow
from app.errors import Invalid
from app.orchestration import parties
from app.orchestration.capabilities import business_due
from app.orchestration.world import Call, capability
from app.workflow.language.durations import parse_duration
from app.workorders import service as workorders
from app.workorders.models import WorkOrder, WorkOrderState


def _order(call: Call) -> WorkOrder:
    order = call.driven.work_order
    if order is None:
        raise Invalid("no_work_order", "This step belongs to the process of a work order.")
    return order


@capability("work_order_set")
def work_order_set(
    call: Call, *, state: str | None = None, team: str | None = None, holder: str | None = None,
    due_within: str | None = None, due_why: str = "", next_round: Any = False, reply_outcome: str | None = None,
    reply_text: str | None = None, reason: str | None = None,
) -> dict[str, Any]:  # fmt: skip
    """Set where the order stands, who holds it, its limit, its reply. A new party replaces the old one whole.

    Outputs: `previous` (the state before), `state`, `round`.
    """
    order = _order(call)
    previous = str(order.state)
    values: dict[str, Any] = {"state": state} if state else {}
    if team or holder:
        values |= {"team_id": parties.team_id(team), "holder_id": parties.user_id(holder)}
    if due_within:
        values["due_at"] = business_due(call, due_within)
    if next_round in (True, "true"):
        values["round"] = order.round + 1
    if state == "accepted" and order.holder_id is None and not holder:
        values["holder_id"] = call.world.user_behind()
    if reply_outcome or reply_text:
        values["reply"] = {"outcome": reply_outcome or "", "text": reply_text or ""}
    facts = {key: str(value)[:1000] for key, value in (("reason", reason), ("limit_for", due_why)) if value}
    kind = f"work_order_{state}" if state else "work_order_changed"
    workorders.change(order, values, kind=kind, since=utcnow() if due_within else None, **facts)
    if state == "accepted":
        workorders.accept_amendments(order)
    return {"previous": previous, "state": str(order.state), "round": order.round}


@capability("archive_work_order")
def archive_work_order(call: Call, *, retain_for: str = "P3Y") -> dict[str, Any]:
    """Close the loop of the order and start its retention. Outputs: `outcome` (done, cancelled), `summary` (the reply)."""
    order = _order(call)
    outcome = "cancelled" if order.state in (WorkOrderState.CANCELLED, WorkOrderState.CANCELLING) else "done"
    if outcome == "cancelled":
        parties.tell_stop(call.driven)
    workorders.close(order, outcome=outcome, retain_until=parse_duration(retain_for).add_to(utcnow()))
    text = str(order.reply.get("text") or "") or outcome
    return {"outcome": outcome, "summary": f"{order.number}: {text}"}
