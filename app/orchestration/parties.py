"""Who a process means: teams by key, people by login, and the roles of a case (agent, holder, dispatcher, leads)."""

from __future__ import annotations

from sqlalchemy import select

from app.db import session
from app.errors import Invalid
from app.identity import absences
from app.identity import service as identity
from app.identity.models import Team, TeamMember, User
from app.orchestration.context import Driven


def team_id(key: str | None) -> int | None:
    """Return the id of a team by its key (or name); None for an empty one. Raises Invalid for an unknown one."""
    if not key:
        return None
    named = select(Team.id, Team.archived_at).where((Team.key == key) | (Team.name == key))
    found = session().execute(named.order_by(Team.archived_at.is_not(None)).limit(1)).first()
    if found is None:
        raise Invalid("team_unknown", f"There is no team {key}.", fields={"team": "unknown"})
    if found.archived_at is not None:
        raise Invalid("team_archived", f"The team {key} is archived: choose another.", fields={"team": "archived"})
    return int(found.id)


def user_id(login: str | None) -> int | None:
    """Return the id of an active user by login; None for an empty one. Raises Invalid for an unknown one."""
    if not login:
        return None
    found = session().scalar(select(User.id).where(User.login == login.strip().lower(), User.is_active))
    if found is None:
        raise Invalid("user_unknown", f"There is nobody with the login {login}.", fields={"holder": "unknown"})
    return found


def members(team: int | None, *, leads_only: bool = False) -> list[int]:
    """Return the active members of a team; its leads only, or all when it has none."""
    if team is None:
        return []
    query = select(TeamMember.user_id, TeamMember.is_lead).join(User, User.id == TeamMember.user_id)
    rows = session().execute(query.where(TeamMember.team_id == team, User.is_active).order_by(TeamMember.user_id)).all()
    leads = [row.user_id for row in rows if row.is_lead]
    return leads if leads_only and leads else [row.user_id for row in rows]


def people(who: str, driven: Driven) -> list[int]:
    """Return the users behind a role: agent, holder, dispatcher, lead (of the holder's team), or a login."""
    case, order = driven.case, driven.work_order
    if who == "agent":
        return [case.assignee_id] if case.assignee_id else members(case.team_id)
    if who == "lead":
        return members(order.team_id if order and order.team_id else case.team_id, leads_only=True)
    if who == "holder" and order is not None:
        return [order.holder_id] if order.holder_id else members(order.team_id)
    if who == "dispatcher" and order is not None:
        return [order.opened_by] if order.opened_by else members(case.team_id)
    found = user_id(who)
    return [found] if found else []


def addresses(who: str, driven: Driven) -> list[tuple[str, str]]:
    """Return the mail addresses behind a role, a team's own address before its members'."""
    order = driven.work_order
    if who == "holder" and order is not None and order.holder_id is None and order.team_id is not None:
        team = session().get_one(Team, order.team_id)
        if team.email:
            return [(team.email, team.name)]
    users = [session().get_one(User, user) for user in people(who, driven)]
    return [(user.email, user.name) for user in users if user.email][:20]


def tell(users: list[int], *, kind: str, text: str, link: str) -> None:
    """Write a line to the notice list of each of these users, and tell their open screens."""
    if not users:
        return
    identity.notify(absences.with_stand_ins(users), kind=kind, text=text, link=link)


def tell_stop(driven: Driven) -> None:
    """Tell whoever holds a work order that it is cancelled: nobody goes on working on what is not wanted any more."""
    order, case = driven.work_order, driven.case
    if order is not None:
        link = f"/cases/{case.number}/work-orders/{order.number}"
        tell(people("holder", driven), kind="work_order_cancelled", text=f"{order.number}: cancelled", link=link)
