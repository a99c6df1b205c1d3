"""What the desk does by itself when lower rooms report something."""

from __future__ import annotations

from app import db, events
from app.cases import service as cases
from app.events import Event
from app.orchestration import driving


def listen() -> None:
    """Hear of deliveries that failed: the case's process is told, if it waits for that."""
    events.subscribe("delivery_failed", tell_process)


def tell_process(event: Event) -> None:
    """Deliver `delivery_failed` to the instances of the case, at the end of this unit of work and in its transaction."""
    kind, _, case_id = event.chain.partition(":")
    if kind != "case":
        return
    payload = {"message": event.data.get("message"), "reason": event.data.get("reason", "")}

    def deliver() -> None:
        case = cases.lock(int(case_id))
        driving.deliver(case.id, "delivery_failed", payload)

    db.before_commit(deliver)
