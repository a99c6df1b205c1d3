"""Who watches a case: users who are told what happens on it, beside those whose work it is."""

from __future__ import annotations

from sqlalchemy import delete, select
from sqlalchemy.dialects.postgresql import insert

from app import events
from app.cases import service as cases
from app.cases.beside import OWN, Watcher
from app.cases.models import Case
from app.db import session


def watch(case: Case, user_id: int) -> bool:
    """Let a user watch a locked case; False when they do already. Records `case_watched`."""
    cases.check_standing(case)
    if user_id in watchers(case.id):
        return False
    session().execute(insert(Watcher).values(case_id=case.id, user_id=user_id, via=OWN))
    events.record("case_watched", chain=cases.chain_of(case.id), user=user_id)
    cases.announce(case, change="watchers")
    return True


def stop(case: Case, user_id: int) -> bool:
    """End the watching of a user; False when they did not. Records `case_unwatched`."""
    cases.check_standing(case)
    gone = session().execute(
        delete(Watcher).where(Watcher.case_id == case.id, Watcher.user_id == user_id).returning(Watcher.via)
    )
    if not gone.all():
        return False
    events.record("case_unwatched", chain=cases.chain_of(case.id), user=user_id)
    cases.announce(case, change="watchers")
    return True


def watchers(case_id: int) -> list[int]:
    """Return the users who watch a case."""
    wanted = select(Watcher.user_id).where(Watcher.case_id == case_id).distinct().order_by(Watcher.user_id)
    return list(session().scalars(wanted))


def bring(case_id: int, *, to: int) -> None:
    """Copy the watchers of a case to the one that it is merged into, so that they go with it again."""
    rows = [{"case_id": to, "user_id": user_id, "via": case_id} for user_id in watchers(case_id)]
    if rows:
        session().execute(insert(Watcher), rows)


def take_back(case_id: int, *, origin: int) -> None:
    """Take away again whom a merged case brought along."""
    session().execute(delete(Watcher).where(Watcher.case_id == origin, Watcher.via == case_id))
