"""Reads of the identity room: the viewer behind a session or token, users, teams, tokens, notices."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from sqlalchemy import Select, bindparam, func, select

from app.clock import utcnow
from app.crypto import token_digest
from app.db import run, session
from app.errors import NotFound
from app.identity import preferences, rights
from app.identity.models import ApiToken, Notice, OwnRole, Role, Team, TeamMember, User
from app.identity.policy import OwnRoleFacts, Viewer


@dataclass(frozen=True, slots=True)
class Visit:
    """A request's session: who, and what protects its forms."""

    viewer: Viewer
    digest: str
    csrf: str
    created_at: datetime
    expires_at: datetime


_OWN = (
    OwnRole.key.label("own_key"), OwnRole.name.label("own_name"), OwnRole.name_zh.label("own_zh"),
    OwnRole.rights.label("own_rights"),
)  # fmt: skip


def _user_with_teams() -> tuple[Any, ...]:
    keyed = func.coalesce(
        select(func.jsonb_object_agg(Team.key, Team.id))
        .join(TeamMember, TeamMember.team_id == Team.id)
        .where(TeamMember.user_id == User.id)
        .correlate(User)
        .scalar_subquery(),
        func.jsonb_build_object(),
    ).label("teams")
    return (User.id, User.login, User.name, User.role, User.locale, User.theme, User.must_change, keyed, *_OWN)


_KEYS = "select id, key from teams"
_TITLES = "select id, key, name, name_zh from teams order by name"
_LOGINS = "select id, login from users where id = any(%(ids)s)"
_NAMES = "select id, name from users where id = any(%(ids)s)"
# Built once: these run with every request, and building a statement costs as much as running it.
_BY_SESSION = f"""select {preferences.COLUMNS}, s.digest, s.csrf, s.created_at, s.expires_at, u.id, u.login, u.name, u.role, u.locale, u.theme, u.must_change,
  o.key as own_key, o.name as own_name, o.name_zh as own_zh, o.rights as own_rights,
  coalesce((select jsonb_object_agg(t.key, t.id) from team_members m join teams t on t.id = m.team_id
   where m.user_id = u.id), '{{}}') as teams
 from login_sessions s join users u on u.id = s.user_id left join preferences p on p.user_id = u.id
 left join roles o on o.id = u.role_id
 where s.digest = %(digest)s and s.expires_at > %(now)s and u.is_active"""  # noqa: S608 -- our own
_BY_BEARER = """select u.id, u.login, u.name, u.role, u.locale, u.theme, u.must_change,
  o.key as own_key, o.name as own_name, o.name_zh as own_zh, o.rights as own_rights,
  coalesce((select jsonb_object_agg(t.key, t.id) from team_members m join teams t on t.id = m.team_id
   where m.user_id = u.id), '{}') as teams
 from api_tokens a join users u on u.id = a.user_id left join roles o on o.id = u.role_id
 where a.digest = %(digest)s and a.revoked_at is null and (a.expires_at is null or a.expires_at > %(now)s)
  and u.is_active"""
_BY_USER: Select[Any] = (
    select(*_user_with_teams())
    .outerjoin(OwnRole, OwnRole.id == User.role_id)
    .where(User.is_active, User.id == bindparam("user_id"))
)


def _viewer(row: Any) -> Viewer:
    teams: dict[str, int] = row.teams
    return Viewer(
        row.id, row.login, row.name, Role(row.role), frozenset(teams.values()), frozenset(teams), row.locale, row.theme,
        row.must_change, _own_role(row),
    )  # fmt: skip


def _own_role(row: Any) -> OwnRoleFacts | None:
    if row.own_key is None:
        return None
    return OwnRoleFacts(row.own_key, row.own_name, row.own_zh, rights.known(row.own_rights))


def visit(token: str) -> Visit | None:
    """Return the live session behind a cookie with its user and teams, in one query; None when it has ended."""
    row = run(_BY_SESSION, {"digest": token_digest(token), "now": utcnow()}).fetchone()
    if row is None:
        return None
    preferences.learn(row.id, row)
    return Visit(_viewer(row), row.digest, row.csrf, row.created_at, row.expires_at)


def token_viewer(token: str) -> Viewer | None:
    """Return the user behind a bearer token with their teams, in one query; None for a revoked, expired or unknown one."""
    row = run(_BY_BEARER, {"digest": token_digest(token), "now": utcnow()}).fetchone()
    return _viewer(row) if row else None


def viewer(user_id: int) -> Viewer:
    """Return an active user as a viewer; raises NotFound."""
    row = session().execute(_BY_USER, {"user_id": user_id}).one_or_none()
    if row is None:
        raise NotFound("user_unknown", "There is no such user, or it is deactivated.")
    return _viewer(row)


# ---------------------------------------------------------------- users and teams
def get_user(user_id: int) -> User:
    """Return a user; raises NotFound."""
    row = session().get(User, user_id)
    if row is None:
        raise NotFound("user_unknown", "There is no such user.")
    return row


def user_by_login(login: str) -> User:
    """Return a user by login (its case does not matter); raises NotFound."""
    row = session().scalar(select(User).where(User.login == login.strip().lower()))
    if row is None:
        raise NotFound("user_unknown", f"There is no user {login.strip()[:80]!r}: `flask user list` names them.")
    return row


def users(*, active_only: bool = False) -> list[User]:
    """Return all users by login."""
    wanted = select(User).order_by(User.login)
    return list(session().scalars(wanted.where(User.is_active) if active_only else wanted))


def user_names(user_ids: Collection[int | None]) -> dict[int, str]:
    """Return the names of these users by id, in one query; None among the ids is left out."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    if not wanted:
        return {}
    return {row.id: row.name for row in run(_NAMES, {"ids": list(wanted)})}


def logins(user_ids: Collection[int | None]) -> dict[int, str]:
    """Return the logins of these users by id, in one query; None among the ids is left out."""
    wanted = {user_id for user_id in user_ids if user_id is not None}
    if not wanted:
        return {}
    return dict(run(_LOGINS, {"ids": list(wanted)}).fetchall())


def get_team(team_id: int) -> Team:
    """Return a team; raises NotFound."""
    row = session().get(Team, team_id)
    if row is None:
        raise NotFound("team_unknown", "There is no such team.")
    return row


def team_by_key(key: str) -> Team:
    """Return a team by key; raises NotFound."""
    row = session().scalar(select(Team).where(Team.key == key.strip()))
    if row is None:
        raise NotFound("team_unknown", f"There is no team {key.strip()[:80]!r}: `flask team list` names them.")
    return row


def find_team(key: str) -> Team | None:
    """Return a team by key, if there is one."""
    return session().scalar(select(Team).where(Team.key == key))


def teams(*, archived: bool = False) -> list[Team]:
    """Return the teams that get work, by name; or those that are archived."""
    wanted = Team.archived_at.is_not(None) if archived else Team.archived_at.is_(None)
    return list(session().scalars(select(Team).where(wanted).order_by(Team.name)))


def team_keys() -> dict[int, str]:
    """Return the keys of all teams by id."""
    return dict(run(_KEYS).fetchall())


def team_titles() -> Sequence[Any]:
    """Return `id`, `key`, `name` and `name_zh` of all teams, also archived ones, by name."""
    return list(run(_TITLES).fetchall())


def members(team_id: int, *, leads_only: bool = False) -> list[User]:
    """Return the active users of a team by login, or only its leads."""
    wanted = (
        select(User)
        .join(TeamMember, TeamMember.user_id == User.id)
        .where(TeamMember.team_id == team_id, User.is_active)
        .order_by(User.login)
    )
    return list(session().scalars(wanted.where(TeamMember.is_lead) if leads_only else wanted))


@dataclass(frozen=True, slots=True)
class Member:
    """An active user in a team."""

    user_id: int
    login: str
    is_lead: bool


def members_by_team() -> dict[int, list[Member]]:
    """Return the active users of every team by login, in one query."""
    rows = session().execute(
        select(TeamMember.team_id, User.id, User.login, TeamMember.is_lead)
        .join(User, User.id == TeamMember.user_id)
        .where(User.is_active)
        .order_by(User.login)
    )
    found: dict[int, list[Member]] = {}
    for team_id, user_id, login, is_lead in rows:
        found.setdefault(team_id, []).append(Member(user_id, login, is_lead))
    return found


def leads(team_id: int) -> set[int]:
    """Return the users who lead a team."""
    return set(session().scalars(select(TeamMember.user_id).where(TeamMember.team_id == team_id, TeamMember.is_lead)))


def teams_of(user_id: int) -> list[Team]:
    """Return the teams of a user by name."""
    wanted = select(Team).join(TeamMember, TeamMember.team_id == Team.id).where(TeamMember.user_id == user_id)
    return list(session().scalars(wanted.order_by(Team.name)))


def team_keys_by_user() -> dict[int, list[str]]:
    """Return the keys of the teams of every user, in one query."""
    rows = session().execute(
        select(TeamMember.user_id, func.array_agg(Team.key))
        .join(Team, Team.id == TeamMember.team_id)
        .group_by(TeamMember.user_id)
    )
    return {user_id: sorted(keys) for user_id, keys in rows}


# ---------------------------------------------------------------- tokens and notices
def api_tokens(user_id: int | None = None) -> Sequence[tuple[ApiToken, str]]:
    """Return tokens with the login of their user, of all users or one, newest first."""
    wanted = select(ApiToken, User.login).join(User, User.id == ApiToken.user_id).order_by(ApiToken.id.desc())
    if user_id is not None:
        wanted = wanted.where(ApiToken.user_id == user_id)
    return [(row[0], row[1]) for row in session().execute(wanted)]


def notices(user_id: int, *, limit: int = 50) -> list[Notice]:
    """Return the latest notices of a user, newest first."""
    wanted = select(Notice).where(Notice.user_id == user_id).order_by(Notice.id.desc()).limit(limit)
    return list(session().scalars(wanted))


def unread_notices(user_id: int) -> int:
    """Return how many notices a user has not read."""
    return session().scalar(select(func.count()).where(Notice.user_id == user_id, Notice.read_at.is_(None))) or 0


def notice_link(user_id: int, notice_id: int) -> str:
    """Return where one of a user's notices leads, or an empty text."""
    wanted = select(Notice.link).where(Notice.user_id == user_id, Notice.id == notice_id)
    return session().scalar(wanted) or ""
