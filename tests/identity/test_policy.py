"""Who may see and do what, decided in one place; the SQL form must agree with the Python form."""

from __future__ import annotations

import itertools
from dataclasses import dataclass, field

import pytest
from sqlalchemy import Column, Integer, MetaData, Table, exists, insert, select

from app.identity import policy
from app.identity.models import Role
from app.identity.policy import Viewer

OWN, OTHER, ME, SOMEBODY = 1, 2, 10, 11


@dataclass
class Thing:
    """A case, work order or task, as far as the policy looks."""

    team_id: int | None = None
    assignee_id: int | None = None
    holder_id: int | None = None
    candidate_teams: list[str] = field(default_factory=list)
    candidate_users: list[str] = field(default_factory=list)


def viewer(role: Role) -> Viewer:
    return Viewer(ME, "me", "Me", role, frozenset({OWN}), frozenset({"own"}))


@pytest.mark.parametrize(
    "case,seen_by",
    [
        (Thing(team_id=OWN), {"agent", "designer", "manager", "admin"}),
        (Thing(team_id=OTHER), {"manager", "admin"}),
        (Thing(team_id=OTHER, assignee_id=ME), {"agent", "designer", "manager", "admin"}),
        (Thing(team_id=None), {"agent", "manager", "admin"}),
        (Thing(team_id=None, assignee_id=SOMEBODY), {"agent", "manager", "admin"}),
    ],
)
def test_who_sees_a_case(case, seen_by):
    assert {str(role) for role in Role if policy.may_see_case(viewer(role), case)} == seen_by


def test_who_holds_work_under_a_case_sees_it_and_the_order():
    case, agent = Thing(team_id=OTHER), viewer(Role.AGENT)
    for order in (Thing(team_id=OWN), Thing(team_id=OTHER, holder_id=ME)):
        assert policy.may_see_case(agent, case, orders=[order])
        assert policy.may_see_order(agent, order, case=case)
    strange = Thing(team_id=OTHER, holder_id=SOMEBODY)
    assert not policy.may_see_case(agent, case, orders=[strange])
    assert not policy.may_see_order(agent, strange, case=case)


@pytest.mark.parametrize("role", list(Role))
@pytest.mark.parametrize("teams", [frozenset(), frozenset({OWN})])
def test_the_sql_form_agrees_with_the_python_form(session, role, teams):
    me = Viewer(ME, "me", "Me", role, teams, frozenset())
    metadata = MetaData()
    cases = Table(
        "seen", metadata, *(Column(name, Integer) for name in ("id", "team_id", "assignee_id")), prefixes=["TEMPORARY"]
    )
    orders = Table(
        "held",
        metadata,
        *(Column(name, Integer) for name in ("case_id", "team_id", "holder_id")),
        prefixes=["TEMPORARY"],
    )
    metadata.create_all(session.connection())
    expected = set()
    shapes = itertools.product((None, OWN, OTHER), (None, ME, SOMEBODY), (None, OWN, OTHER), (None, ME, SOMEBODY))
    for number, (team, assignee, order_team, holder) in enumerate(shapes):
        case, order = Thing(team, assignee), Thing(order_team, holder_id=holder)
        session.execute(insert(cases).values(id=number, team_id=team, assignee_id=assignee))
        session.execute(insert(orders).values(case_id=number, team_id=order_team, holder_id=holder))
        if policy.may_see_case(me, case, orders=[order]):
            expected.add(number)
    held = exists().where(
        orders.c.case_id == cases.c.id,
        policy.held_order_filter(me)(team_id=orders.c.team_id, holder_id=orders.c.holder_id),
    )
    seen = policy.visible_case_filter(me)(team_id=cases.c.team_id, assignee_id=cases.c.assignee_id, held=held)
    assert set(session.scalars(select(cases.c.id).where(seen))) == expected


@pytest.mark.parametrize(
    "task,done_by",
    [
        (Thing(), {"agent", "manager", "admin"}),
        (Thing(candidate_teams=["own"]), {"agent", "manager", "admin"}),
        (Thing(candidate_users=["me"]), {"agent", "manager", "admin"}),
        (Thing(candidate_teams=["other"]), {"manager", "admin"}),
        (Thing(candidate_teams=["other"], assignee_id=ME), {"agent", "manager", "admin"}),
    ],
)
def test_who_does_a_task(task, done_by):
    assert {str(role) for role in Role if policy.may_do_task(viewer(role), task)} == done_by


def test_who_takes_an_action():
    def takers(roles, *, is_holder=False):
        return {str(role) for role in Role if policy.may_perform(viewer(role), roles, is_holder=is_holder)}

    assert takers(["agent"]) == {"agent", "manager", "admin"}
    assert takers([]) == {"agent", "manager", "admin"}
    assert takers(["manager"]) == {"manager", "admin"}
    assert takers(["admin"]) == {"admin"}
    assert takers(["holder"]) == {"manager", "admin"}
    assert takers(["holder"], is_holder=True) == {"agent", "manager", "admin"}
    assert takers(["customer"]) == set()


def test_rights_over_the_desk():
    def having(may):
        return {str(role) for role in Role if may(viewer(role))}

    assert having(policy.may_deploy) == {"designer", "admin"}
    assert having(policy.may_see_processes) == {"designer", "manager", "admin"}
    assert having(policy.may_configure_channels) == {"admin"}
    assert having(policy.may_resolve_faults) == {"designer", "manager", "admin"}
    assert having(policy.may_manage_people) == {"admin"}
    assert having(policy.may_verify_audit) == {"manager", "admin"}
    assert having(policy.may_work_on_cases) == {"agent", "manager", "admin"}
