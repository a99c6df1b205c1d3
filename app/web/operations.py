"""What waits for an operator: stuck steps, mails that were not taken in, messages that did not go out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, redirect

from app.cases import queries as cases
from app.identity import policy
from app.messaging import delivery, intake, queries
from app.orchestration import driving
from app.web import access, frame, shell
from app.web.rules import allow_if
from app.workflow import queries as workflow

blueprint = Blueprint("operations", __name__)
resolves = allow_if(policy.may_resolve_faults)


@blueprint.get("/faults")
@resolves
def faults() -> str:
    """List stuck steps with their cause, troubled mails and troubled deliveries."""
    stuck = [
        {"fault": fault, "case": cases.get(driving.case_of_instance(fault.instance_id))}
        for fault, _instance in workflow.open_faults()
    ]
    deliveries = [(d, cases.get(d.case_id)) for d in queries.troubled_deliveries()]
    return shell.page(
        "faults.html", section="faults", stuck=stuck, envelopes=queries.troubled_envelopes(), deliveries=deliveries
    )


@blueprint.post("/faults/<int:fault_id>/<any(retry, skip):how>")
@resolves
def resolve(fault_id: int, how: str) -> Any:
    """Retry or skip a stuck step."""
    fault = workflow.get_fault(fault_id)
    access.instance(frame.viewer(), fault.instance_id)
    driving.resolve_fault(fault_id, how=how)
    return redirect("/faults", 303)


@blueprint.post("/envelopes/<int:envelope_id>/replay")
@resolves
def replay(envelope_id: int) -> Any:
    """Work on a mail once more."""
    intake.replay(envelope_id)
    return redirect("/faults", 303)


@blueprint.post("/faults/deliveries/<int:delivery_id>/again")
@resolves
def again(delivery_id: int) -> Any:
    """Send a message once more."""
    access.delivery(frame.viewer(), delivery_id)
    delivery.send_again(delivery_id)
    return redirect("/faults", 303)
