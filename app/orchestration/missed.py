"""What the process of a merged case would have heard, kept until it goes on: then it hears all of it, in order."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from sqlalchemy import delete, insert, select

from app.cases import service as cases
from app.clock import utcnow
from app.db import session
from app.orchestration import context, mailbag
from app.orchestration.models import MissedMessage


def note(case_id: int, name: str, payload: Mapping[str, Any]) -> None:
    """Keep a message for a merged case, and for every case between it and the one it now lives on in."""
    case = cases.lock(case_id)
    now, rows = utcnow(), []
    while case.merged_into is not None:
        rows.append({"case_id": case.id, "name": name, "payload": dict(payload), "missed_at": now})
        case = cases.lock(case.merged_into)
    if rows:
        session().execute(insert(MissedMessage), rows)


def note_from(item: mailbag.Posted) -> None:
    """Keep what a work order tells its case, when that case is merged into the one it is told to."""
    if item.kind != "message" or not item.sender:
        return
    order = context.driven_by(item.sender).work_order
    if order is not None and order.home_id is not None:
        note(order.home_id, item.name, item.payload)


def take(case_id: int) -> list[tuple[str, dict[str, Any]]]:
    """Return what the process of a case has missed, oldest first, and forget it."""
    wanted = select(MissedMessage).where(MissedMessage.case_id == case_id).order_by(MissedMessage.id)
    found = [(row.name, dict(row.payload)) for row in session().scalars(wanted)]
    session().execute(delete(MissedMessage).where(MissedMessage.case_id == case_id))
    return found
