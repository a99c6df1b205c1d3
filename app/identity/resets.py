"""Links by which a person sets a new password themselves: asked for, made when the mail goes out, good for one use.

Asking does the same work whether the person exists or not, so neither answer nor time tells; the job that sends the mail
finds out. Only a digest of the link's token is stored. An open link ends when the password or the address changes.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta

from sqlalchemy import delete, func, select

from app import events, schedule
from app.clock import utcnow
from app.crypto import new_token, token_digest
from app.db import session
from app.errors import Conflict, Forbidden
from app.identity import queries, throttle
from app.identity.models import PasswordReset, User

JOB = "password_link"
LIFE = timedelta(minutes=30)
PER_HOUR = 3
AGAIN_AFTER = timedelta(minutes=1)
FORGET_AFTER = timedelta(days=1)


@dataclass(frozen=True, slots=True)
class Link:
    """What the mail says, and to whom: the token is in no table."""

    reset_id: int
    user_id: int
    name: str
    login: str
    email: str
    locale: str
    token: str


def alarm(reset_id: int) -> str:
    """Return the key of the timer that has the mail sent."""
    return f"password_link:{reset_id}"


# ---------------------------------------------------------------- asking
def ask(login: str, *, address: str, locale: str) -> int:
    """Ask for a link for whoever has this login; returns seconds to wait when it was asked for too often, else 0."""
    login = login.strip().lower()[:200]
    place = f"address:reset {throttle.address_key(address)}"
    wait = throttle.attempt(place) or throttle.attempt(throttle.account_key(f"reset:{login}"))
    if not wait:
        _put(session().scalar(select(User.id).where(User.login == login)), locale=locale)
    return wait


def ask_for(user_id: int, *, locale: str) -> None:
    """Have a link sent to a user, as an administrator. Records `password_link_asked`. Raises NotFound, Conflict."""
    user = queries.get_user(user_id)
    if not user.is_active:
        raise Conflict("user_inactive", "Switch this person on first: a link would open nothing.")
    if not user.email:
        raise Conflict("no_email", "This person has no email address: add one first, or give a new password.")
    _put(user_id, locale=locale, is_counted=False)
    events.record("password_link_asked", chain=f"user:{user_id}")


def _put(user_id: int | None, *, locale: str, is_counted: bool = True) -> None:
    row = PasswordReset(user_id=user_id, locale=locale, is_counted=is_counted, created_at=utcnow())
    session().add(row)
    session().flush()
    schedule.set_timer(alarm(row.id), row.created_at, job=JOB, ref=row.id)


# ---------------------------------------------------------------- sending
def issue(reset_id: int) -> Link | None:
    """Make the link for a mail that goes out now; None when nothing is to be sent, and then it is forgotten.
    Records `password_link_failed` when it was asked for too long ago.

    A second try makes another link, and the one before opens nothing any more.
    """
    row = session().get(PasswordReset, reset_id, with_for_update=True)
    user = session().get(User, row.user_id) if row is not None and row.user_id is not None else None
    if row is None or row.sent_at is not None:
        schedule.cancel_timer(alarm(reset_id))
        return None
    if user is None or not _may_go(row, user):
        forget_one(reset_id)
        return None
    token = new_token()
    row.digest, row.expires_at = token_digest(token), utcnow() + LIFE
    session().flush()
    schedule.set_timer(alarm(reset_id), utcnow() + AGAIN_AFTER, job=JOB, ref=reset_id)
    return Link(row.id, user.id, user.name, user.login, user.email, user.locale or row.locale, token)


def _may_go(row: PasswordReset, user: User) -> bool:
    if not user.is_active or not user.email:
        return False
    if row.created_at + LIFE < utcnow():
        events.record("password_link_failed", chain=f"user:{user.id}", reason="too_late")
        return False
    return not row.is_counted or _sent_lately(user.id) < PER_HOUR


def _sent_lately(user_id: int) -> int:
    lately = utcnow() - timedelta(hours=1)
    wanted = select(func.count()).where(PasswordReset.user_id == user_id, PasswordReset.sent_at > lately)
    return session().scalar(wanted) or 0


def sent(link: Link) -> None:
    """Note that the mail has gone. Records `password_link_sent`."""
    row = session().get(PasswordReset, link.reset_id)
    if row is not None:
        row.sent_at = utcnow()
        session().flush()
    schedule.cancel_timer(alarm(link.reset_id))
    events.record("password_link_sent", chain=f"user:{link.user_id}")


def not_sent(link: Link, *, reason: str) -> None:
    """Give up a mail that cannot go. Records `password_link_failed`."""
    forget_one(link.reset_id)
    events.record("password_link_failed", chain=f"user:{link.user_id}", reason=reason)


# ---------------------------------------------------------------- using
def owner(token: str) -> User:
    """Return whose link this is, and hold it until the transaction ends; raises Forbidden for one that opens nothing."""
    row: PasswordReset | None = session().scalar(
        select(PasswordReset)
        .where(PasswordReset.digest == token_digest(token), PasswordReset.expires_at > utcnow())
        .with_for_update()
    )
    user = session().get(User, row.user_id) if row is not None and row.user_id is not None else None
    if user is None or not user.is_active:
        raise Forbidden("link_over", "This link was used, or is too old. Ask for a new one.")
    return user


# ---------------------------------------------------------------- forgetting
def forget_one(reset_id: int) -> None:
    """End one link."""
    session().execute(delete(PasswordReset).where(PasswordReset.id == reset_id))
    schedule.cancel_timer(alarm(reset_id))


def void(user_id: int) -> None:
    """End all links of a user: the password or the address is another one now. How many were sent stays counted."""
    for row in session().scalars(select(PasswordReset).where(PasswordReset.user_id == user_id)):
        row.digest = None
        if row.sent_at is None:
            session().delete(row)
            schedule.cancel_timer(alarm(row.id))
    session().flush()


def forget_old() -> int:
    """Delete links that are long over; returns how many."""
    old = utcnow() - FORGET_AFTER
    gone = session().execute(delete(PasswordReset).where(PasswordReset.created_at < old).returning(PasswordReset.id))
    return len(gone.all())
