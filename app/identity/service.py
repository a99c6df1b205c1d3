"""Makes and changes users, teams and notices, and signs people in. Each person's events stand on a chain of their own."""

from __future__ import annotations

import re
import secrets
from dataclasses import dataclass
from typing import Any

from sqlalchemy import delete, select, update
from sqlalchemy.dialects.postgresql import insert

from app import events, realtime
from app.clock import utcnow
from app.db import session
from app.errors import Conflict, Forbidden, Invalid
from app.events import Actor
from app.identity import answers, passwords, queries, resets, roles, sessions, throttle
from app.identity.models import Notice, OwnRole, Role, Team, TeamMember, User
from app.identity.sessions import SignedIn

_LOGIN = re.compile(r"[a-z0-9][a-z0-9._@+-]{0,79}")
_EMAIL = re.compile(r"[^\s@<>,;]{1,64}@[^\s@<>,;]{1,180}")
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,59}")
# Nothing that is mistaken for something else when it is read out on the telephone.
_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
LOCALES = ("", "en", "zh")
THEMES = ("auto", "light", "dark")
MAX_NAME = 120
# Those of the built-in role, which nobody can change: a desk always has one who may do everything.
_ADMINS = select(User.id).where(User.role == Role.ADMIN, User.role_id.is_(None), User.is_active).limit(1)


@dataclass(frozen=True, slots=True)
class SignInRefused:
    """Why nobody was signed in: `wait` seconds to go (throttled), or 0 when login or password are wrong."""

    wait: int


def chain_of(user_id: int) -> str:
    """Return the audit chain of a user."""
    return f"user:{user_id}"


def _one_of(value: str, allowed: tuple[str, ...], field: str) -> str:
    if value not in allowed:
        shown = ", ".join(name for name in allowed if name)
        raise Invalid("bad_choice", f"The {field} is one of {shown}.", fields={field: f"one of {shown}"})
    return value


def _clean_name(name: str) -> str:
    clean = " ".join(name.split())
    if not clean or len(clean) > MAX_NAME or not clean.isprintable():
        raise Invalid("bad_name", f"A name has 1 to {MAX_NAME} printable characters.", fields={"name": "required"})
    return clean


def _clean_login(login: str) -> str:
    clean = login.strip().lower()
    if not _LOGIN.fullmatch(clean):
        raise Invalid(
            "bad_login", "A login has letters, digits and . _ @ + - only, at most 80.", fields={"login": "not usable"}
        )
    return clean


def _free_login(login: str, user_id: int) -> str:
    clean = _clean_login(login)
    if session().scalar(select(User.id).where(User.login == clean, User.id != user_id)) is not None:
        raise Conflict("login_taken", f"There is already a user {clean}.", fields={"login": "taken"})
    return clean


def _clean_email(email: str) -> str:
    clean = email.strip()
    if clean and not _EMAIL.fullmatch(clean):
        raise Invalid("bad_email", "Write the address as name@example.com.", fields={"email": "not an address"})
    return clean


# ---------------------------------------------------------------- users
def create_user(
    login: str,
    password: str,
    *,
    name: str,
    role: Role | OwnRole,
    email: str = "",
    locale: str = "",
    theme: str = "auto",
) -> User:
    """Make a user. Records `user_created`. Raises Invalid, Conflict when the login is taken."""
    login = _clean_login(login)
    user: User | None = session().scalar(
        insert(User)
        .values(
            login=login, name=_clean_name(name), email=_clean_email(email), **_columns(role),
            password_hash=passwords.hash_password(password, login=login), locale=_one_of(locale, LOCALES, "locale"),
            theme=_one_of(theme, THEMES, "theme"), is_active=True, created_at=utcnow(),
        )
        .on_conflict_do_nothing()
        .returning(User)
    )  # fmt: skip
    if user is None:
        raise Conflict("login_taken", f"There is already a user {login}.", fields={"login": "taken"})
    events.record("user_created", chain=chain_of(user.id), login=login, name=user.name, role=roles.key_of(role))
    return user


def change_user(
    user_id: int, *, name: str | None = None, email: str | None = None, role: Role | OwnRole | None = None,
    locale: str | None = None, theme: str | None = None, login: str | None = None,
) -> User:  # fmt: skip
    """Change what is given. A new role signs the user out everywhere. Records `user_changed`. Raises NotFound, Invalid, Conflict."""
    user = queries.get_user(user_id)
    wanted = {
        "name": None if name is None else _clean_name(name),
        "email": None if email is None else _clean_email(email),
        "login": None if login is None else _free_login(login, user_id),
        "locale": None if locale is None else _one_of(locale, LOCALES, "locale"),
        "theme": None if theme is None else _one_of(theme, THEMES, "theme"),
    }
    changes = {}
    for field, value in wanted.items():
        before = getattr(user, field)
        if value is not None and value != before:
            changes[field] = {"from": str(before), "to": str(value)}
            setattr(user, field, value)
    if role is not None and (given := _give_role(user, role)):
        changes["role"] = given
    if "email" in changes:
        resets.void(user_id)
    if changes:
        session().flush()
        events.record("user_changed", chain=chain_of(user_id), changes=changes)
    return user


def _columns(role: Role | OwnRole) -> dict[str, Any]:
    if isinstance(role, Role):
        return {"role": role, "role_id": None}
    # It must not be deleted before this counts.
    there = session().scalar(select(OwnRole.id).where(OwnRole.id == role.id).with_for_update(read=True, key_share=True))
    if there is None:
        raise Conflict("role_gone", "This role was deleted meanwhile: choose another one.", fields={"role": "gone"})
    return {"role": role.base, "role_id": role.id}


def _give_role(user: User, role: Role | OwnRole) -> dict[str, str] | None:
    """Give a user a role, which signs them out everywhere; returns the change, or None when it is theirs already."""
    before = roles.of_user(user)
    if before == role:
        return None
    for column, value in _columns(role).items():
        setattr(user, column, value)
    if before is Role.ADMIN:
        _keep_an_admin()
    session().flush()
    sessions.end_all(user.id)
    return {"from": roles.key_of(before), "to": roles.key_of(role)}


def _keep_an_admin() -> None:
    """Refuse what would leave the desk without anyone who can manage it."""
    session().flush()
    if session().scalar(_ADMINS) is None:
        raise Conflict("last_admin", "This is the last active administrator: make another one first.")


def set_password(user_id: int, password: str) -> None:
    """Set a new password and sign the user out everywhere. Records `password_changed`. Raises NotFound, Invalid."""
    user = queries.get_user(user_id)
    user.password_hash = passwords.hash_password(password, login=user.login)
    user.must_change = False
    session().flush()
    sessions.end_all(user_id)
    resets.void(user_id)
    events.record("password_changed", chain=chain_of(user_id))


def renew_password(token: str, password: str) -> None:
    """Set the password of whoever has the link with this token, which is used up; they are signed out everywhere.

    Records `password_link_used`. Raises Forbidden for a link that opens nothing, Invalid for an unusable password.
    """
    user = resets.owner(token)
    with events.acting(Actor("user", user.id, user.name)):
        set_password(user.id, password)
        throttle.forget(throttle.account_key(user.login))
        events.record("password_link_used", chain=chain_of(user.id))


def first_password() -> str:
    """Return a password that nobody could guess, easily read out."""
    return "-".join("".join(secrets.choice(_LETTERS) for _ in range(4)) for _ in range(4))


def give_password(user_id: int) -> str:
    """Give a user a new password that must be changed when it is used, and return it, this once. The user is signed out
    everywhere. Records `password_given`. Raises NotFound.
    """
    user = queries.get_user(user_id)
    text = first_password()
    user.password_hash, user.must_change = passwords.hash_password(text), True
    session().flush()
    sessions.end_all(user_id)
    resets.void(user_id)
    throttle.forget(throttle.account_key(user.login))
    events.record("password_given", chain=chain_of(user_id))
    return text


def deactivate_user(user_id: int) -> None:
    """Shut a user out: sessions end, tokens are revoked; the name stays on what they did. Records `user_deactivated`."""
    user = queries.get_user(user_id)
    if not user.is_active:
        return
    user.is_active = False
    session().flush()
    if roles.of_user(user) is Role.ADMIN:
        _keep_an_admin()
    sessions.end_all(user_id)
    sessions.revoke_all_api_tokens(user_id)
    events.record("user_deactivated", chain=chain_of(user_id))


def activate_user(user_id: int) -> None:
    """Let a deactivated user in again. Records `user_activated`."""
    user = queries.get_user(user_id)
    if not user.is_active:
        user.is_active = True
        session().flush()
        events.record("user_activated", chain=chain_of(user_id))


# ---------------------------------------------------------------- signing in and out
def sign_in(login: str, password: str, *, address: str, instead_of: str | None = None) -> SignedIn | SignInRefused:
    """Check login and password and start a session. Records `signed_in`.

    Refusals are returned, not raised: the counted failure must be committed. They cost the same time for accounts that
    don't exist. `instead_of` is the session token the browser came with; it is ended.
    """
    login = login.strip().lower()[:200]
    account, place = throttle.account_key(login), throttle.address_key(address)
    wait = throttle.attempt(place) or throttle.attempt(account)
    if wait:
        return SignInRefused(wait)
    user = session().scalar(select(User).where(User.login == login, User.is_active))
    if not passwords.matches(user.password_hash if user else None, password) or user is None:
        return SignInRefused(0)
    throttle.succeeded(account, place)
    if passwords.is_outdated(user.password_hash):
        user.password_hash = passwords.hash_password(password)
    with events.acting(Actor("user", user.id, user.name)):
        events.record("signed_in", chain=chain_of(user.id))
        return sessions.start(user.id, instead_of=instead_of)


def change_own_password(user_id: int, old: str, new: str) -> bool:
    """Change a password by its owner; False when the old one is wrong (returned, so that the counted try is committed).

    Raises Forbidden after too many tries, Invalid for an unusable new password.
    """
    counter = throttle.account_key(f"change:{user_id}")
    if throttle.attempt(counter):
        raise Forbidden("wait", "Too many tries: wait a few minutes.")
    if not passwords.matches(queries.get_user(user_id).password_hash, old):
        return False
    throttle.forget(counter)
    set_password(user_id, new)
    return True


def tidy() -> int:
    """Delete ended sessions, old links and forgotten throttles; returns how many rows went."""
    return sessions.forget_expired() + throttle.forget_old() + answers.forget_old() + resets.forget_old()


# ---------------------------------------------------------------- teams
def save_team(key: str, *, name: str, name_zh: str = "", email: str = "") -> Team:
    """Make or change the team `key`. Records `team_saved`. Raises Invalid."""
    if not _KEY.fullmatch(key):
        raise Invalid(
            "bad_key", "A team key starts with a letter and has a-z, 0-9, _ and - only.", fields={"key": "not usable"}
        )
    team = queries.find_team(key)
    if team is None:
        team = Team(key=key, name=_clean_name(name))
        session().add(team)
    team.name, team.name_zh, team.email = _clean_name(name), name_zh.strip()[:MAX_NAME], _clean_email(email)
    session().flush()
    events.record("team_saved", chain=f"team:{team.id}", key=key, name=team.name)
    return team


def archive_team(team_id: int) -> None:
    """Give a team no more work; its members and what it did stay. Records `team_archived`. Raises NotFound.

    Whoever calls this has seen to it that nothing open is left behind (`app.orchestration.handover`).
    """
    team = queries.get_team(team_id)
    if team.archived_at is None:
        team.archived_at = utcnow()
        session().flush()
        events.record("team_archived", chain=f"team:{team_id}", key=team.key)


def restore_team(team_id: int) -> None:
    """Let an archived team get work again. Records `team_restored`. Raises NotFound."""
    team = queries.get_team(team_id)
    if team.archived_at is not None:
        team.archived_at = None
        session().flush()
        events.record("team_restored", chain=f"team:{team_id}", key=team.key)


def add_member(team_id: int, user_id: int, *, is_lead: bool = False) -> None:
    """Put a user into a team, or change whether they lead it. Records `member_added`. Raises NotFound."""
    queries.get_team(team_id)
    queries.get_user(user_id)
    row = insert(TeamMember).values(team_id=team_id, user_id=user_id, is_lead=is_lead)
    session().execute(row.on_conflict_do_update(index_elements=["team_id", "user_id"], set_={"is_lead": is_lead}))
    realtime.end_admissions(user_id)
    events.record("member_added", chain=f"team:{team_id}", user=user_id, is_lead=is_lead)


def set_teams(user_id: int, wanted: set[int]) -> None:
    """Put a user into exactly these teams; who leads one goes on leading it. Records what differs. Raises NotFound."""
    there = {team.id for team in queries.teams_of(user_id) if team.archived_at is None}
    for team_id in sorted(wanted - there):
        add_member(team_id, user_id)
    for team_id in sorted(there - wanted):
        remove_member(team_id, user_id)


def remove_member(team_id: int, user_id: int) -> None:
    """Take a user out of a team. Records `member_removed` when they were in it."""
    gone = session().execute(
        delete(TeamMember)
        .where(TeamMember.team_id == team_id, TeamMember.user_id == user_id)
        .returning(TeamMember.user_id)
    )
    if gone.first() is not None:
        realtime.end_admissions(user_id)
        events.record("member_removed", chain=f"team:{team_id}", user=user_id)


# ---------------------------------------------------------------- notices
def notify(user_ids: list[int], *, kind: str, text: str, link: str, cause: str = "") -> None:
    """Write a line into the notice lists of these users and tell their screens. `link` is a path of the desk.

    `cause` is who did it or which rule, in words; the actor and cause at hand where none is given.
    """
    now, why = utcnow(), (cause or _cause_at_hand())[:200]
    for user_id in sorted(set(user_ids)):
        session().add(Notice(user_id=user_id, kind=kind, text=text[:500], link=link, cause=why, created_at=now))
    session().flush()
    if user_ids:
        realtime.publish("notice", users=sorted(set(user_ids)))


def _cause_at_hand() -> str:
    cause = events.current_cause()
    found = [str(cause[key]) for key in ("process", "step", "rule", "timer", "capability") if cause.get(key)]
    return " · ".join(found) or events.current_actor().name


def mark_notices_read(user_id: int, *, up_to: int) -> None:
    """Mark a user's notices up to this id as read."""
    session().execute(
        update(Notice)
        .where(Notice.user_id == user_id, Notice.id <= up_to, Notice.read_at.is_(None))
        .values(read_at=utcnow())
        .execution_options(synchronize_session=False)
    )


def mark_notice_read(user_id: int, notice_id: int) -> None:
    """Mark one of a user's notices as read; one that is not theirs stays as it is."""
    session().execute(
        update(Notice)
        .where(Notice.user_id == user_id, Notice.id == notice_id, Notice.read_at.is_(None))
        .values(read_at=utcnow())
        .execution_options(synchronize_session=False)
    )
