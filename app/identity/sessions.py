"""Signed-in browsers and API tokens: only digests are stored, so a stolen database opens no door."""

from __future__ import annotations

import secrets
from dataclasses import dataclass
from datetime import datetime, timedelta

from sqlalchemy import delete, func, select, update

from app import events, realtime
from app.clock import utcnow
from app.crypto import new_token, token_digest
from app.db import session
from app.errors import Invalid, NotFound
from app.identity.models import ApiToken, LoginSession
from app.settings import settings

# However busy its user is, a session ends after this many times SESSION_HOURS.
LONGEST = 7
MAX_NAME = 100


@dataclass(frozen=True, slots=True)
class SignedIn:
    """A new session: the token goes into the cookie and is not kept here."""

    token: str
    csrf: str
    expires_at: datetime


@dataclass(frozen=True, slots=True)
class NewApiToken:
    """A new API token: its text is shown once."""

    id: int
    text: str


def start(user_id: int, *, instead_of: str | None = None) -> SignedIn:
    """Start a session, ending the one (a token) that the browser had before: a planted token never becomes a signed-in one."""
    if instead_of:
        end(instead_of)
    now = utcnow()
    made = SignedIn(new_token(), secrets.token_urlsafe(32), now + timedelta(hours=settings().session_hours))
    session().add(
        LoginSession(
            digest=token_digest(made.token), user_id=user_id, csrf=made.csrf, created_at=now, expires_at=made.expires_at
        )
    )
    session().flush()
    return made


def slide(digest: str, *, created_at: datetime, expires_at: datetime) -> datetime:
    """Move the end of a session that is in use; written at most once in an eighth of its time. Returns the end."""
    now, span = utcnow(), timedelta(hours=settings().session_hours)
    until = min(now + span, created_at + span * LONGEST)
    if until - expires_at < span / 8:
        return expires_at
    session().execute(
        update(LoginSession)
        .where(LoginSession.digest == digest, LoginSession.expires_at < until)
        .values(expires_at=until)
        .execution_options(synchronize_session=False)
    )
    return until


def end(token: str) -> None:
    """End one session; an unknown one is no error."""
    ended = delete(LoginSession).where(LoginSession.digest == token_digest(token)).returning(LoginSession.user_id)
    for user_id in session().scalars(ended):
        realtime.end_admissions(user_id)


def end_all(user_id: int) -> int:
    """End all sessions of a user, everywhere; returns how many. Records `signed_out_everywhere`."""
    ended = session().execute(
        delete(LoginSession).where(LoginSession.user_id == user_id).returning(LoginSession.digest)
    )
    count = len(ended.all())
    realtime.end_admissions(user_id)
    events.record("signed_out_everywhere", chain=f"user:{user_id}", sessions=count)
    return count


def forget_expired() -> int:
    """Delete sessions past their end; returns how many."""
    gone = session().execute(
        delete(LoginSession).where(LoginSession.expires_at < utcnow()).returning(LoginSession.digest)
    )
    return len(gone.all())


# ---------------------------------------------------------------- API tokens
def new_api_token(user_id: int, name: str, *, days: int | None = None) -> NewApiToken:
    """Make a bearer token that lives for `days` (None: until revoked). Records `token_made`. Raises Invalid."""
    if not name.strip() or len(name) > MAX_NAME:
        raise Invalid(
            "bad_name", f"Give the token a name of at most {MAX_NAME} characters.", fields={"name": "required"}
        )
    if days is not None and not 1 <= days <= 3650:
        raise Invalid("bad_days", "A token lives for 1 to 3650 days.", fields={"days": "1 to 3650"})
    text, now = new_token(), utcnow()
    row = ApiToken(
        user_id=user_id, name=name.strip(), digest=token_digest(text), created_at=now,
        expires_at=now + timedelta(days=days) if days is not None else None,
    )  # fmt: skip
    session().add(row)
    session().flush()
    events.record("token_made", chain=f"user:{user_id}", token=row.id, name=row.name, days=days)
    return NewApiToken(row.id, text)


def revoke_api_token(token_id: int) -> None:
    """Revoke a token for good. Records `token_revoked`. Raises NotFound."""
    row = session().get(ApiToken, token_id)
    if row is None:
        raise NotFound("token_unknown", "There is no such token.")
    if row.revoked_at is None:
        row.revoked_at = utcnow()
        session().flush()
        events.record("token_revoked", chain=f"user:{row.user_id}", token=row.id, name=row.name)


def revoke_all_api_tokens(user_id: int) -> int:
    """Revoke all tokens of a user; returns how many."""
    live = session().scalars(
        select(ApiToken.id).where(ApiToken.user_id == user_id, ApiToken.revoked_at.is_(None)).order_by(ApiToken.id)
    )
    ids = list(live)
    for token_id in ids:
        revoke_api_token(token_id)
    return len(ids)


def live_sessions(user_id: int) -> int:
    """Return how many sessions of a user have not ended."""
    wanted = select(func.count()).where(LoginSession.user_id == user_id, LoginSession.expires_at > utcnow())
    return session().scalar(wanted) or 0
