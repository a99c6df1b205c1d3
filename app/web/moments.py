"""The process tab's slider: a case's process and its work orders as they were at any instant."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import orjson
from flask import Blueprint, Response, render_template, request

from app.audit import queries as audit
from app.cases import service as cases
from app.clock import utcnow
from app.errors import Invalid
from app.orchestration import queries as orchestration
from app.web import access, frame
from app.web.rules import signed_in
from app.workflow import definitions, moments
from app.workflow.queries import ElementState

blueprint = Blueprint("moments", __name__)
# The state that a work order is in after each of these events.
_BECOMES = {
    "work_order_opened": "draft", "work_order_dispatched": "dispatched", "work_order_accepted": "accepted",
    "work_order_declined": "declined", "work_order_replied": "replied", "work_order_cancelling": "cancelling",
    "work_order_cancelled": "cancelled", "work_order_archived": "archived",
}  # fmt: skip


def asked_at() -> datetime | None:
    """Return the instant that `?at=` names, None for now. Raises Invalid."""
    text = request.args.get("at", "")
    if not text:
        return None
    try:
        at = datetime.fromisoformat(text)
    except ValueError:
        raise Invalid("bad_instant", "Write the instant as 2026-05-01T12:00:00Z.") from None
    return at.replace(tzinfo=UTC) if at.tzinfo is None else at


@blueprint.get("/cases/<number>/moments.json")
@signed_in
def steps(number: str) -> Response:
    """Return the instants at which something moved in the processes of a case, oldest first, with what it was."""
    case = access.case_row(frame.viewer(), number)
    drivings = _drivings(case.id)
    names = {d.instance_id: definitions.labels_of(d.definition_id) for d in drivings}
    orders = {d.instance_id: d.work_order.number for d in drivings if d.work_order}
    body = [
        {
            "at": moment.at.isoformat(), "instance": moment.instance_id, "name": moment.name,
            "zh": names[moment.instance_id].get(moment.element_id, {}).get("zh", ""),
            "order": orders.get(moment.instance_id, ""),
        }
        for moment in moments.moments(list(names))
    ]  # fmt: skip
    return Response(orjson.dumps(body), mimetype="application/json")


@blueprint.get("/cases/<number>/moment")
@signed_in
def moment(number: str) -> str:
    """Return where the case's processes and work orders stood at `?at=`."""
    case = access.case_row(frame.viewer(), number)
    at = asked_at() or utcnow()
    return render_template("partials/_moment.html", at=at, rows=_rows(case, at))


def _drivings(case_id: int) -> list[Any]:
    return list(orchestration.overview(case_id).drivings)


def _rows(case: Any, at: datetime) -> list[dict[str, Any]]:
    states = _order_states(case.id, at)
    rows = []
    for driving in _drivings(case.id):
        order = driving.work_order
        found = moments.state_at(driving.instance_id, at)
        if found:
            labels = definitions.labels_of(driving.definition_id)
            rows.append({
                "driving": driving, "here": _here(found, labels, driving.instance_id, at),
                "state": states.get(order.number, "") if order else "",
            })  # fmt: skip
    return rows


def _here(found: list[ElementState], labels: Any, instance_id: int, at: datetime) -> list[dict[str, Any]]:
    """Return the elements that a token was on, with their names."""
    names = {m.element_id: m.name for m in moments.moments([instance_id]) if m.at <= at}
    return [
        {"name": names[e.element_id], "name_zh": labels.get(e.element_id, {}).get("zh", ""), "state": e}
        for e in found
        if e.tokens and e.element_id in names
    ]


def _order_states(case_id: int, at: datetime) -> dict[str, str]:
    """Return the state of each work order at an instant, as the audit chain tells it."""
    chain = cases.chain_of(case_id)
    seqs = [mark.seq for mark in audit.marks(chain, frozenset(_BECOMES)) if mark.at <= at]
    told = audit.events(chain, seqs)
    return {told[seq].data.get("work_order", ""): _BECOMES[told[seq].kind] for seq in seqs}
