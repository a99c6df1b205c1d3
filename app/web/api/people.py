"""API: users and teams, for administrators."""

from __future__ import annotations

from datetime import datetime

from flask import Blueprint, Response
from pydantic import Field

from app.errors import Forbidden, NotFound
from app.identity import policy, queries, roles, service
from app.identity.models import OwnRole, Team, User
from app.messaging import password_links
from app.web import frame, granting
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if

blueprint = Blueprint("api_people", __name__)
sees = allow_if(policy.may_see_people)
administers = allow_if(policy.may_manage_people)
keeps_teams = allow_if(policy.may_manage_teams)
TAG = "people"


class NewUser(In):
    """A user."""

    login: str = Field(max_length=80, examples=["alice"])
    password: str = Field(max_length=1000)
    name: str = Field(max_length=120)
    role: str = Field(
        "agent", max_length=40, description="agent, manager, designer, admin, or the key of a role of your own."
    )
    email: str = Field("", max_length=254)
    locale: str = Field("", description="en, zh, or empty: as the browser asks.")
    teams: list[str] = Field(default_factory=list, max_length=100, description="Keys of teams.")


class UserChange(In):
    """What is to change; what is not given stays. A new role signs the user out everywhere."""

    name: str | None = Field(None, max_length=120)
    role: str | None = Field(None, max_length=40, description="The key of a role; not one that may do more than you.")
    email: str | None = Field(None, max_length=254)
    locale: str | None = None
    password: str | None = Field(None, max_length=1000, description="A new one signs the user out everywhere.")
    is_active: bool | None = Field(None, description="false: sessions end and tokens are revoked.")


class NewTeam(In):
    """A team."""

    key: str = Field(max_length=60, description="What processes and lanes name; a key that exists is changed.")
    name: str = Field(max_length=120)
    name_zh: str = Field("", max_length=120)
    email: str = Field("", max_length=254)


class Membership(In):
    """How the user belongs to the team."""

    is_lead: bool = Field(False, description="Escalations go to leads.")


class UserRow(Out):
    """A user."""

    id: int
    login: str
    name: str
    email: str
    role: str
    locale: str
    is_active: bool
    created_at: datetime
    teams: list[str]


class UserPage(Out):
    """All users by login."""

    items: list[UserRow]


class MemberRow(Out):
    """A member of a team."""

    user_id: int
    login: str
    is_lead: bool


class TeamRow(Out):
    """A team with its active members."""

    id: int
    key: str
    name: str
    name_zh: str
    email: str
    members: list[MemberRow]


class TeamPage(Out):
    """All teams by name."""

    items: list[TeamRow]


# ---------------------------------------------------------------- users
@blueprint.get("/users")
@operation("List users", tag=TAG, answers=UserPage)
@sees
def list_users() -> UserPage:
    """List all users, also those that are deactivated."""
    keys, own = queries.team_keys_by_user(), roles.by_id()
    return UserPage(items=[_user(user, keys.get(user.id, []), own) for user in queries.users()])


@blueprint.post("/users")
@operation("Add a user", tag=TAG, answers=UserRow, body=NewUser, status=201, is_repeatable=True)
@administers
def add_user(body: NewUser) -> UserRow:
    """Make a user. 409: the login is taken."""
    teams = [queries.team_by_key(key) for key in body.teams]
    if teams and not policy.may_manage_teams(frame.viewer()):
        raise Forbidden("no_teams", "Your role may not say who is in which team.")
    role = granting.chosen(body.role)
    user = service.create_user(
        body.login, body.password, name=body.name, role=role, email=body.email, locale=body.locale
    )
    for team in teams:
        service.add_member(team.id, user.id)
    return _user(user, sorted(team.key for team in teams))


@blueprint.patch("/users/<int:user_id>")
@operation("Change a user", tag=TAG, answers=UserRow, body=UserChange)
@administers
def change_user(user_id: int, body: UserChange) -> UserRow:
    """Change a user. 409: the last active administrator must stay one."""
    granting.person(user_id)
    role = None if body.role is None else granting.chosen(body.role)
    service.change_user(user_id, name=body.name, role=role, email=body.email, locale=body.locale)
    if body.password is not None:
        service.set_password(user_id, body.password)
    if body.is_active is not None:
        (service.activate_user if body.is_active else service.deactivate_user)(user_id)
    return _user(queries.get_user(user_id), sorted(team.key for team in queries.teams_of(user_id)))


@blueprint.post("/users/<int:user_id>/password-link")
@operation("Send a user a link to a new password", tag=TAG, answers=None, status=202, is_repeatable=False)
@administers
def send_password_link(user_id: int) -> Response:
    """Mail the user a link that works once, for 30 minutes. 409: no address, switched off, or no mailbox to send from."""
    granting.person(user_id)
    password_links.ask_for(user_id, locale="")
    return Response(status=202)


def _user(user: User, teams: list[str], own: dict[int, OwnRole] | None = None) -> UserRow:
    known = roles.by_id() if own is None else own
    copied = ("id", "login", "name", "email", "locale", "is_active", "created_at")
    return UserRow(
        **{name: getattr(user, name) for name in copied},
        role=known[user.role_id].key if user.role_id else str(user.role),
        teams=teams,
    )


# ---------------------------------------------------------------- teams
@blueprint.get("/teams")
@operation("List teams", tag=TAG, answers=TeamPage)
@sees
def list_teams() -> TeamPage:
    """List all teams with their active members."""
    members = queries.members_by_team()
    return TeamPage(items=[_team(team, members.get(team.id, [])) for team in queries.teams()])


@blueprint.post("/teams")
@operation("Make or change a team", tag=TAG, answers=TeamRow, body=NewTeam)
@keeps_teams
def save_team(body: NewTeam) -> TeamRow:
    """Make the team of this key, or change the one there is."""
    return _one(service.save_team(body.key, name=body.name, name_zh=body.name_zh, email=body.email))


@blueprint.put("/teams/<int:team_id>/members/<int:user_id>")
@operation("Put a user into a team", tag=TAG, answers=TeamRow, body=Membership)
@keeps_teams
def put_member(team_id: int, user_id: int, body: Membership) -> TeamRow:
    """Put a user into a team, or change whether they lead it."""
    service.add_member(team_id, user_id, is_lead=body.is_lead)
    return _one(queries.get_team(team_id))


@blueprint.delete("/teams/<int:team_id>/members/<int:user_id>")
@operation("Take a user out of a team", tag=TAG, answers=TeamRow)
@keeps_teams
def remove_member(team_id: int, user_id: int) -> TeamRow:
    """Take a user out of a team; what they have taken stays theirs."""
    team = queries.get_team(team_id)
    if user_id not in {member.user_id for member in queries.members_by_team().get(team_id, [])}:
        raise NotFound("member_unknown", "This user is not in this team.")
    service.remove_member(team_id, user_id)
    return _one(team)


def _one(team: Team) -> TeamRow:
    return _team(team, queries.members_by_team().get(team.id, []))


def _team(team: Team, members: list[queries.Member]) -> TeamRow:
    copied = ("id", "key", "name", "name_zh", "email")
    rows = [MemberRow(user_id=m.user_id, login=m.login, is_lead=m.is_lead) for m in members]
    return TeamRow(**{name: getattr(team, name) for name in copied}, members=rows)
