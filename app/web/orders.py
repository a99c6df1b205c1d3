"""The work orders that somebody holds: what a crew looks at, and what is overdue for everybody."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect

from app.cases import queries as all_cases
from app.clock import utcnow
from app.web import access, frame, shell
from app.web.rules import signed_in
from app.workorders import queries

blueprint = Blueprint("orders", __name__)


@blueprint.get("/work-orders")
@signed_in
def work_orders() -> str:
    """List the open work orders of the viewer and their teams, and those past their limit that they may see."""
    viewer = frame.viewer()
    held = queries.held_by(user_id=viewer.user_id, team_ids=sorted(viewer.team_ids))
    late = queries.overdue(now=utcnow(), where=[access.visible_orders(viewer)])
    cases = {order.case_id: all_cases.get(order.case_id) for order in (*held, *late)}
    return shell.page("orders.html", section="orders", held=held, late=late, cases=cases, now=utcnow())


@blueprint.get("/cases/<number>/work-orders/<order_number>")
@signed_in
def work_order(number: str, order_number: str) -> Any:  # noqa: ARG001 -- the case's number is part of the address
    """Go to a work order on its case's page."""
    order = access.work_order_by_number(frame.viewer(), order_number)
    case = all_cases.get(order.case_id)
    return redirect(f"/cases/{case.number}?tab=work-orders#{order.number}", 303)
