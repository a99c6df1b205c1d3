"""What the desk does by itself when lower rooms report something."""

from __future__ import annotations

from app import db, events
from app.cases import service as cases
from app.events import Event
from app.orchestration import driving, noticing, own_cases, service_levels, starts
from app.orchestration.chatting import arriving


def listen() -> None:
    """Hear of deliveries that failed: the case's process is told, if it waits for that. Hear of versions that are published, and of what people asked to be told."""
    events.subscribe("delivery_failed", tell_process)
    events.subscribe("process_published", set_starts)
    events.subscribe("process_withdrawn", set_starts)
    noticing.listen()
    service_levels.listen()
    own_cases.listen()
    arriving.listen()


def set_starts(event: Event) -> None:
    """Set the timers that start a process to those of the version that is published now."""
    starts.arrange(event.chain.removeprefix("process:"))


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
