"""The one place for authorisation: who may see and do what. Pure decisions; nothing here reads the database."""

from __future__ import annotations

from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Any, NamedTuple, Protocol

from sqlalchemy import ColumnElement, false, or_, true

from app.identity.models import Role
from app.identity.rights import BUILT_IN, Right


class OwnRoleFacts(NamedTuple):
    """A role of the desk's own, as far as its users' screens and rights need to know."""

    key: str
    name: str
    name_zh: str
    rights: frozenset[Right]


@dataclass(frozen=True, slots=True)
class Viewer:
    """The signed-in user of this request, as far as rights and the screen need to know.

    `own_role` is their role when it is one of the desk's own; `role` is then the built-in one that it counts as.
    """

    user_id: int
    login: str
    name: str
    role: Role
    team_ids: frozenset[int] = frozenset()
    team_keys: frozenset[str] = frozenset()
    locale: str = ""
    theme: str = "auto"
    must_change: bool = False
    own_role: OwnRoleFacts | None = None

    @property
    def rights(self) -> frozenset[Right]:
        """What this viewer may do."""
        return BUILT_IN[self.role] if self.own_role is None else self.own_role.rights

    @property
    def role_key(self) -> str:
        """The key of the viewer's role, built in or the desk's own."""
        return str(self.role) if self.own_role is None else self.own_role.key

    def may(self, right: str) -> bool:
        """Tell whether the viewer has this right."""
        return right in self.rights

    @property
    def sees_all(self) -> bool:
        """Whether no case is hidden from this viewer."""
        return Right.CASES_ALL in self.rights

    @property
    def leads_all(self) -> bool:
        """Whether the viewer may do what is meant for other teams and persons."""
        return Right.CASES_LEAD in self.rights


class CaseLike(Protocol):
    """What the decision needs to know of a case."""

    @property
    def team_id(self) -> int | None:
        """The team that it lies with."""

    @property
    def assignee_id(self) -> int | None:
        """The user that it is assigned to."""


class OrderLike(Protocol):
    """What the decision needs to know of a work order."""

    @property
    def team_id(self) -> int | None:
        """The team that holds it."""

    @property
    def holder_id(self) -> int | None:
        """The user that holds it."""


class TaskLike(Protocol):
    """What the decision needs to know of a task."""

    @property
    def candidate_teams(self) -> list[str]:
        """Keys of the teams that may do it."""

    @property
    def candidate_users(self) -> list[str]:
        """Logins of the users that may do it."""

    @property
    def assignee_id(self) -> int | None:
        """The user that has taken it."""


# ---------------------------------------------------------------- cases and work orders
def holds(viewer: Viewer, order: OrderLike) -> bool:
    """Tell whether the viewer or one of their teams holds this work order."""
    return order.holder_id == viewer.user_id or order.team_id in viewer.team_ids


def may_see_case(viewer: Viewer, case: CaseLike, *, orders: Collection[OrderLike] = ()) -> bool:
    """Tell whether the viewer may know of this case: it is theirs, their team's, in triage, or they hold work under it."""
    if viewer.sees_all or case.assignee_id == viewer.user_id or case.team_id in viewer.team_ids:
        return True
    if case.team_id is None and Right.CASES_NEW in viewer.rights:
        return True
    return any(holds(viewer, order) for order in orders)


def visible_case_filter(viewer: Viewer) -> Callable[..., ColumnElement[bool]]:
    """Return `condition(team_id=…, assignee_id=…, held=…)`, the SQL form of `may_see_case` on the columns passed in.

    `held` is a condition that says whether the viewer holds work under the case (see `held_order_filter`), if that counts.
    """

    def condition(*, team_id: Any, assignee_id: Any, held: ColumnElement[bool] | None = None) -> ColumnElement[bool]:
        if viewer.sees_all:
            return true()
        ways = [assignee_id == viewer.user_id]
        if viewer.team_ids:
            ways.append(team_id.in_(sorted(viewer.team_ids)))
        if Right.CASES_NEW in viewer.rights:
            ways.append(team_id.is_(None))
        if held is not None:
            ways.append(held)
        return or_(*ways)

    return condition


def held_order_filter(viewer: Viewer) -> Callable[..., ColumnElement[bool]]:
    """Return `condition(team_id=…, holder_id=…)`, the SQL form of `holds` on the columns of work orders passed in."""

    def condition(*, team_id: Any, holder_id: Any) -> ColumnElement[bool]:
        teams = team_id.in_(sorted(viewer.team_ids)) if viewer.team_ids else false()
        return or_(holder_id == viewer.user_id, teams)

    return condition


def may_see_order(viewer: Viewer, order: OrderLike, *, case: CaseLike) -> bool:
    """Tell whether the viewer may know of this work order: they hold it, or they may see its case."""
    return holds(viewer, order) or may_see_case(viewer, case)


def may_work_on_cases(viewer: Viewer) -> bool:
    """Tell whether the viewer may write on the cases they see: reply, note, act, complete tasks."""
    return Right.CASES_WORK in viewer.rights


def may_reply(viewer: Viewer) -> bool:
    """Tell whether the viewer may write to customers on the cases they work on."""
    return Right.CASES_REPLY in viewer.rights


def may_merge_cases(viewer: Viewer) -> bool:
    """Tell whether the viewer may merge and split cases, and take that back."""
    return Right.CASES_MERGE in viewer.rights


def may_change_many(viewer: Viewer) -> bool:
    """Tell whether the viewer may change many cases at once."""
    return Right.CASES_BULK in viewer.rights


def may_take_proof(viewer: Viewer) -> bool:
    """Tell whether the viewer may download the record of a case with its proof."""
    return Right.CASES_PROOF in viewer.rights


def may_do_task(viewer: Viewer, task: TaskLike) -> bool:
    """Tell whether the viewer is one of those that the process names for this task; without candidates anyone who sees it is."""
    if not may_work_on_cases(viewer):
        return False
    if viewer.leads_all or task.assignee_id == viewer.user_id:
        return True
    if not task.candidate_teams and not task.candidate_users:
        return True
    return viewer.login in task.candidate_users or not viewer.team_keys.isdisjoint(task.candidate_teams)


def acting_roles(viewer: Viewer, *, is_holder: bool = False) -> frozenset[str]:
    """Return the roles of a process's actions that the viewer can take: `agent`, `manager`, `admin`, `holder`."""
    if not may_work_on_cases(viewer):
        return frozenset()
    roles = {"agent"}
    if viewer.leads_all:
        roles |= {"manager", "holder", str(viewer.role)}
    if is_holder:
        roles.add("holder")
    return frozenset(roles)


def may_perform(viewer: Viewer, roles: Collection[str], *, is_holder: bool = False) -> bool:
    """Tell whether the viewer may take an action that is meant for these roles; one without roles is for all who work on cases."""
    return role_for(viewer, roles, is_holder=is_holder) is not None


def role_for(viewer: Viewer, roles: Collection[str], *, is_holder: bool = False) -> str | None:
    """Return the role in which the viewer takes an action meant for `roles`; None when they may not take it."""
    own = acting_roles(viewer, is_holder=is_holder)
    wanted = own & set(roles) if roles else own
    order = ("holder", "agent", "manager", "admin") if is_holder else ("agent", "holder", "manager", "admin")
    return next((role for role in order if role in wanted), None)


def watches_as(viewer: Viewer) -> str:
    """Return as whom the event stream serves the viewer: those who see all as managers, who see new cases as agents."""
    if viewer.sees_all:
        return "manager"
    return "agent" if Right.CASES_NEW in viewer.rights else ""


# ---------------------------------------------------------------- the desk itself
def may_deploy(viewer: Viewer) -> bool:
    """Tell whether the viewer may draw, check and upload processes."""
    return Right.PROCESSES_UPLOAD in viewer.rights


def may_publish(viewer: Viewer) -> bool:
    """Tell whether the viewer may publish and withdraw processes, say which case takes which, and move running ones."""
    return Right.PROCESSES_PUBLISH in viewer.rights


def may_see_processes(viewer: Viewer) -> bool:
    """Tell whether the viewer may look at process definitions and their findings."""
    return Right.PROCESSES_SEE in viewer.rights


def may_configure_channels(viewer: Viewer) -> bool:
    """Tell whether the viewer may add, change and test channel accounts."""
    return Right.CHANNELS in viewer.rights


def may_resolve_faults(viewer: Viewer) -> bool:
    """Tell whether the viewer may see stuck steps and retry or skip them."""
    return Right.FAULTS in viewer.rights


def may_manage_people(viewer: Viewer) -> bool:
    """Tell whether the viewer may make and change users, and revoke tokens of others."""
    return Right.PEOPLE in viewer.rights


def may_manage_teams(viewer: Viewer) -> bool:
    """Tell whether the viewer may make, change and archive teams, and say who is in them."""
    return Right.TEAMS in viewer.rights


def may_see_people(viewer: Viewer) -> bool:
    """Tell whether the viewer may open the list of people and teams."""
    return not {Right.PEOPLE, Right.TEAMS}.isdisjoint(viewer.rights)


def may_manage_roles(viewer: Viewer) -> bool:
    """Tell whether the viewer may make and change roles."""
    return Right.ROLES in viewer.rights


def may_make_tokens(viewer: Viewer) -> bool:
    """Tell whether the viewer may make API tokens for themselves."""
    return Right.TOKENS in viewer.rights


def may_grant(viewer: Viewer, role: Role, rights: Collection[Right]) -> bool:
    """Tell whether the viewer may give this to somebody, or change somebody who has it: nobody hands out what he does not have.

    `role` is what the role counts as in processes; only administrators make others count as administrators.
    """
    return viewer.rights.issuperset(rights) and (role is not Role.ADMIN or viewer.role is Role.ADMIN)


def may_plan_absences(viewer: Viewer) -> bool:
    """Tell whether the viewer may note who is away and hand over what they have in hand."""
    return Right.ABSENCES in viewer.rights


def may_manage_calendars(viewer: Viewer) -> bool:
    """Tell whether the viewer may change business calendars."""
    return Right.CALENDARS in viewer.rights


def may_manage_queues(viewer: Viewer) -> bool:
    """Tell whether the viewer may make and change queues."""
    return Right.QUEUES in viewer.rights


def may_manage_service_levels(viewer: Viewer) -> bool:
    """Tell whether the viewer may make, change and delete service levels."""
    return Right.SERVICE_LEVELS in viewer.rights


def may_manage_fields(viewer: Viewer) -> bool:
    """Tell whether the viewer may make, change and retire custom fields."""
    return Right.FIELDS in viewer.rights


def may_manage_checklists(viewer: Viewer) -> bool:
    """Tell whether the viewer may make, change and delete the checklists that cases can be given."""
    return Right.CHECKLISTS in viewer.rights


def may_see_contacts(viewer: Viewer) -> bool:
    """Tell whether the viewer may see contacts and organizations."""
    return Right.CONTACTS_SEE in viewer.rights


def may_edit_contacts(viewer: Viewer) -> bool:
    """Tell whether the viewer may make and change contacts and organizations."""
    return Right.CONTACTS_EDIT in viewer.rights


def may_merge_contacts(viewer: Viewer) -> bool:
    """Tell whether the viewer may merge contacts, take that back, and tell them apart."""
    return Right.CONTACTS_MERGE in viewer.rights


def may_open_settings(viewer: Viewer) -> bool:
    """Tell whether the viewer may open the front page of the settings: some part of them is theirs."""
    return not {Right.SETTINGS_SEE, Right.ABSENCES, Right.TEAMS, Right.ROLES}.isdisjoint(viewer.rights)


def may_see_settings(viewer: Viewer) -> bool:
    """Tell whether the viewer may look at how the desk is set: calendars, queues, service levels."""
    return Right.SETTINGS_SEE in viewer.rights


def may_verify_audit(viewer: Viewer) -> bool:
    """Tell whether the viewer may verify and export any audit chain."""
    return viewer.sees_all
