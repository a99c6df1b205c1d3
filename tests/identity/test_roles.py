"""Roles of a desk's own: sets of single rights that follow from a copy, and what they need."""

from __future__ import annotations

import pytest

from app.db import session as db
from app.errors import Conflict, Invalid, NotFound
from app.identity import policy, queries, roles, service
from app.identity.models import Role
from app.identity.policy import OwnRoleFacts, Viewer
from app.identity.rights import BUILT_IN, GROUPS, NEEDS, Right, known, with_needed
from tests.support.people import make_user


def viewer(*rights: Right, role: Role = Role.AGENT) -> Viewer:
    return Viewer(1, "me", "Me", role, own_role=OwnRoleFacts("own", "Own", "", frozenset(rights)))


def test_every_right_stands_in_one_group_and_what_is_needed_is_there():
    assert sorted(right for group in GROUPS.values() for right in group) == sorted(Right)
    assert all(with_needed(rights) == rights for rights in BUILT_IN.values())
    assert with_needed({Right.CONTACTS_MERGE}) == {Right.CONTACTS_MERGE, Right.CONTACTS_EDIT, Right.CONTACTS_SEE}
    assert not set(NEEDS) & {NEEDS[right] for right in NEEDS if right is NEEDS[right]}
    assert known(["people", "long gone"]) == {Right.PEOPLE}


def test_administrators_may_do_everything_and_each_other_role_lacks_something():
    assert BUILT_IN[Role.ADMIN] == set(Right)
    assert all(BUILT_IN[role] < set(Right) for role in Role if role is not Role.ADMIN)


def test_an_own_role_takes_the_place_of_the_built_in_one():
    auditor = viewer(Right.CASES_ALL, Right.CASES_NEW, Right.CASES_PROOF, role=Role.MANAGER)
    assert auditor.sees_all
    assert not policy.may_work_on_cases(auditor)
    assert policy.acting_roles(auditor) == frozenset()
    assert auditor.role_key == "own"


def test_who_sees_all_but_does_not_lead_does_not_act_for_others():
    watcher = viewer(Right.CASES_ALL, Right.CASES_NEW, Right.CASES_WORK, role=Role.ADMIN)
    assert policy.acting_roles(watcher) == {"agent"}
    assert policy.acting_roles(viewer(*Right, role=Role.ADMIN)) == {"agent", "manager", "admin", "holder"}


@pytest.mark.parametrize(
    "mine,role,wanted,may",
    [
        ({Right.PEOPLE, Right.CASES_WORK}, Role.AGENT, {Right.CASES_WORK}, True),
        ({Right.PEOPLE}, Role.AGENT, {Right.CASES_WORK}, False),
        (set(Right), Role.ADMIN, set(), False),
    ],
)
def test_nobody_hands_out_what_he_does_not_have(mine, role, wanted, may):
    assert policy.may_grant(viewer(*mine), role, wanted) is may


def test_the_stream_serves_by_what_is_seen():
    assert policy.watches_as(viewer(Right.CASES_ALL)) == "manager"
    assert policy.watches_as(viewer(Right.CASES_NEW)) == "agent"
    assert policy.watches_as(viewer(Right.PEOPLE)) == ""


def test_a_role_is_made_given_changed_and_taken_away(session, wire):
    row = roles.make("front-desk", roles.Wish("Front desk", ["cases_reply"], "前台"), copy_of=Role.AGENT)
    assert row.rights == ["cases_work", "cases_reply"]
    with pytest.raises(Conflict):
        roles.make("front-desk", roles.Wish("Again", []), copy_of=Role.AGENT)
    user = make_user("fred")
    service.change_user(user.id, role=row)
    assert roles.of_user(user) is row
    seen = queries.viewer(user.id)
    assert (seen.role, seen.role_key, seen.rights) == (Role.AGENT, "front-desk", {Right.CASES_WORK, Right.CASES_REPLY})
    roles.change(row, roles.Wish("Front desk", ["cases_work", "contacts_see"]), version=row.version)
    assert queries.viewer(user.id).rights == {Right.CASES_WORK, Right.CONTACTS_SEE}
    with pytest.raises(Conflict, match="Fred"):
        roles.delete(row)
    service.change_user(user.id, role=Role.AGENT)
    assert queries.viewer(user.id).own_role is None
    roles.delete(row)
    with pytest.raises(NotFound):
        roles.get("front-desk")


@pytest.mark.parametrize("key", ["agent", "new", "Über", "", "1st", "x" * 41])
def test_keys_that_cannot_be(session, key):
    with pytest.raises((Invalid, Conflict)):
        roles.make(key, roles.Wish("Name", []), copy_of=Role.AGENT)


def test_what_is_wrong_is_said(session):
    row = roles.make("helper-desk", roles.Wish("Some", []), copy_of=Role.DESIGNER)
    assert row.base is Role.DESIGNER
    with pytest.raises(Invalid, match="name"):
        roles.change(row, roles.Wish(" ", []))
    with pytest.raises(Invalid, match="no right"):
        roles.change(row, roles.Wish("Some", ["everything"]))
    with pytest.raises(Conflict, match="opened"):
        roles.change(row, roles.Wish("Some", []), version=row.version + 1)
    with pytest.raises(Invalid, match="agent, manager, designer, admin, helper-desk"):
        roles.find("king")


def test_a_copy_of_administrator_does_not_count_as_the_last_administrator(session):
    boss = make_user("boss", Role.ADMIN)
    for other in queries.users():
        if other.role is Role.ADMIN and other is not boss:
            other.role = Role.AGENT
    copy = roles.make("copy-of-all", roles.Wish("Copy", list(Right)), copy_of=Role.ADMIN)
    service.create_user("second", "correct horse battery", name="Second", role=copy)
    with pytest.raises(Conflict, match="last active administrator"), db().begin_nested():
        service.change_user(boss.id, role=copy)
