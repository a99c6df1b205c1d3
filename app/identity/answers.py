"""Answers kept per user and key, so that a call sent twice is done once."""

from __future__ import annotations

from datetime import timedelta
from typing import Any

from sqlalchemy import delete

from app.clock import utcnow
from app.db import later, run, session
from app.identity.models import KeptAnswer

KEPT_FOR = timedelta(days=2)
_CLAIM = """insert into kept_answers (user_id, key, request_digest, status, body, created_at)
 values (%(user)s, %(key)s, %(digest)s, 0, '', %(now)s) on conflict do nothing returning key"""
_KEPT = "select request_digest, status, body from kept_answers where user_id = %(user)s and key = %(key)s"
_KEEP = "update kept_answers set status = %(status)s, body = %(body)s where user_id = %(user)s and key = %(key)s"


def claim(user_id: int, key: str, *, request_digest: str) -> Any:
    """Take the key for this request: None when it is new, else `request_digest`, `status` and `body` of the first time.

    A second call that runs side by side waits here until the first has committed or rolled back.
    """
    asked = {"user": user_id, "key": key, "digest": request_digest, "now": utcnow()}
    if run(_CLAIM, asked).fetchone() is not None:
        return None
    return run(_KEPT, asked).fetchone()


def keep(user_id: int, key: str, *, status: int, body: str) -> None:
    """Keep the answer of the request that claimed the key."""
    later(_KEEP, {"user": user_id, "key": key, "status": status, "body": body})


def forget_old() -> int:
    """Delete answers that are older than two days; returns how many."""
    gone = session().execute(
        delete(KeptAnswer).where(KeptAnswer.created_at < utcnow() - KEPT_FOR).returning(KeptAnswer.key)
    )
    return len(gone.all())
