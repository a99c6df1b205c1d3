"""Answers kept per user and key, so that a call sent twice is done once."""

from __future__ import annotations

from datetime import timedelta

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app.clock import utcnow
from app.db import session
from app.identity.models import KeptAnswer

KEPT_FOR = timedelta(days=2)


def claim(user_id: int, key: str, *, request_digest: str) -> KeptAnswer | None:
    """Take the key for this request: None when it is new, else what was answered then.

    A second call that runs side by side waits here until the first has committed or rolled back.
    """
    mine = session().execute(
        insert(KeptAnswer)
        .values(user_id=user_id, key=key, request_digest=request_digest, status=0, body="", created_at=utcnow())
        .on_conflict_do_nothing()
        .returning(KeptAnswer.key)
    )
    if mine.first() is not None:
        return None
    return session().scalars(select(KeptAnswer).where(KeptAnswer.user_id == user_id, KeptAnswer.key == key)).one()


def keep(user_id: int, key: str, *, status: int, body: str) -> None:
    """Keep the answer of the request that claimed the key."""
    session().execute(
        update(KeptAnswer)
        .where(KeptAnswer.user_id == user_id, KeptAnswer.key == key)
        .values(status=status, body=body)
        .execution_options(synchronize_session=False)
    )


def forget_old() -> int:
    """Delete answers that are older than two days; returns how many."""
    gone = session().execute(
        delete(KeptAnswer).where(KeptAnswer.created_at < utcnow() - KEPT_FOR).returning(KeptAnswer.key)
    )
    return len(gone.all())
