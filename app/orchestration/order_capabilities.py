"""What service tasks of a work order's process may call. Each writes rows only; docs/processes.md lists inputs and outputs."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from app.clock import utcnow
from app.errors import Invalid
from app.orchestration import parties
from app.orchestration.capabilities import RETENTION, business_due
from app.orchestration.world import Call, capability
from app.workorders import service as workorders
from app.workorders.models import WorkOrder


def _order(call: Call) -> WorkOrder:
    order = call.driven.work_order
    if order is None:
        raise Invalid("no_work_order", "This step belongs to the process of a work order.")
    return order


@capability("work_order_set")
def work_order_set(
    call: Call, *, state: str | None = None, team: str | None = None, holder: str | None = None,
    due_within: str | None = None, round: Any = None, reply: Any = None, reason: str = "",
    outcome: str = "", text: str = "",
) -> dict[str, Any]:  # fmt: skip
    """Set where the order stands, who holds it, its limit, its reply. A new party replaces the old one whole."""
    order = _order(call)
    values: dict[str, Any] = {}
    if state:
        values["state"] = state
    if team or holder:
        values |= {"team_id": parties.team_id(team), "holder_id": parties.user_id(holder)}
    if due_within:
        values["due_at"] = business_due(call, due_within)
    if round is not None:
        values["round"] = order.round + 1 if round == "next" else int(round)
    if state == "accepted" and order.holder_id is None and not holder:
        values["holder_id"] = call.world.user_behind()
    answer = _reply(reply, outcome, text)
    if answer:
        values["reply"] = answer
    workorders.change(order, values, kind=f"work_order_{state}" if state else "work_order_changed",
                      **({"reason": str(reason)[:1000]} if reason else {}))  # fmt: skip
    if state == "accepted":
        workorders.accept_amendments(order)
    return {"round": order.round, "state": str(order.state)}


def _reply(reply: Any, outcome: str, text: str) -> dict[str, Any]:
    if isinstance(reply, Mapping):
        return {str(key): value for key, value in reply.items() if isinstance(value, str | int | float | bool | None)}
    if outcome or text:
        return {"outcome": outcome, "text": text}
    return {}


@capability("archive_work_order")
def archive_work_order(call: Call, *, outcome: str = "done", reason: str = "") -> dict[str, Any]:
    """Close the loop of the order and start its retention. Outputs: `outcome`, `number`."""
    order = _order(call)
    del reason  # it stands in the event of the decision that led here
    workorders.close(order, outcome=outcome, retain_until=utcnow() + RETENTION)
    return {"outcome": outcome, "number": order.number}
