"""Users and teams: made, changed, shut out."""

from __future__ import annotations

import pytest
from sqlalchemy import select

from app import events
from app.errors import Conflict, Invalid, NotFound
from app.identity import queries, roles, service, sessions
from app.identity.models import Role
from tests.support.people import PASSWORD, make_cast, make_user

pytestmark = pytest.mark.usefixtures("session")


def test_a_user_is_found_by_login_whatever_its_case():
    made = service.create_user("Dora", PASSWORD, name="  Dora   Vogel ", role=Role.AGENT)
    assert queries.user_by_login(" DORA ").id == made.id
    assert made.name == "Dora Vogel"
    assert PASSWORD not in made.password_hash


def test_a_login_is_given_once():
    service.create_user("dora", PASSWORD, name="Dora", role=Role.AGENT)
    with pytest.raises(Conflict):
        service.create_user("DORA", PASSWORD, name="Another", role=Role.AGENT)


@pytest.mark.parametrize("login", ["", "a b", "-x", "x" * 81, "ä", "a\n"])
def test_unusable_logins_are_refused(login):
    if login == "a\n":
        assert service.create_user(login, PASSWORD, name="A", role=Role.AGENT).login == "a"
        return
    with pytest.raises(Invalid) as error:
        service.create_user(login, PASSWORD, name="A", role=Role.AGENT)
    assert "login" in error.value.fields


@pytest.mark.parametrize("password", ["short", "x" * 201, "Password", "12345678", "dora1234"])
def test_weak_passwords_are_refused(password):
    with pytest.raises(Invalid):
        service.create_user("dora1234", password, name="Dora", role=Role.AGENT)


def test_unknown_roles_name_the_known_ones(session):
    assert roles.find("Agent") is Role.AGENT
    with pytest.raises(Invalid, match="agent, manager, designer, admin"):
        roles.find("king")


def test_a_change_is_recorded_with_what_differs():
    heard = []
    user = make_user("dora")
    events.subscribe("user_changed", heard.append)
    try:
        service.change_user(user.id, name="Dora V.", locale="zh", theme="dark")
        service.change_user(user.id, name="Dora V.")
    finally:
        events._subscribers["user_changed"].remove(heard.append)
    assert [sorted(event.data["changes"]) for event in heard] == [["locale", "name", "theme"]]


def test_unknown_locales_and_themes_are_refused():
    user = make_user("dora")
    for values in ({"locale": "xx"}, {"theme": "pink"}, {"name": " "}, {"name": "a\x00b"}):
        with pytest.raises(Invalid):
            service.change_user(user.id, **values)  # type: ignore[arg-type]


def test_a_new_role_or_password_ends_all_sessions():
    user = make_user("dora")
    sessions.start(user.id)
    service.change_user(user.id, role=Role.MANAGER)
    assert sessions.live_sessions(user.id) == 0
    token = sessions.start(user.id).token
    service.set_password(user.id, "another long one")
    assert queries.visit(token) is None


def test_the_last_admin_can_not_be_lost():
    cast = make_cast()
    with pytest.raises(Conflict):
        service.change_user(cast.ada.id, role=Role.AGENT)
    cast.ada.role = Role.ADMIN
    with pytest.raises(Conflict):
        service.deactivate_user(cast.ada.id)


def test_who_is_deactivated_is_out_at_once_and_can_come_back():
    user = make_user("dora")
    make_user("root", Role.ADMIN)
    cookie, bearer = sessions.start(user.id).token, sessions.new_api_token(user.id, "script").text
    service.deactivate_user(user.id)
    assert queries.visit(cookie) is None
    assert queries.token_viewer(bearer) is None
    assert not isinstance(service.sign_in("dora", PASSWORD, address="192.0.2.1"), sessions.SignedIn)
    service.activate_user(user.id)
    assert isinstance(service.sign_in("dora", PASSWORD, address="192.0.2.1"), sessions.SignedIn)
    assert queries.token_viewer(bearer) is None


def test_teams_are_saved_by_key_and_have_members_and_leads():
    cast = make_cast()
    again = service.save_team("repairs", name="Repairs North", name_zh="维修")
    assert again.id == cast.repairs.id
    service.add_member(again.id, cast.bob.id, is_lead=True)
    assert [user.login for user in queries.members(again.id)] == ["bob", "charlie"]
    assert [user.login for user in queries.members(again.id, leads_only=True)] == ["bob"]
    assert [team.key for team in queries.teams_of(cast.bob.id)] == ["repairs", "service"]
    assert queries.team_keys_by_user()[cast.bob.id] == ["repairs", "service"]
    service.remove_member(again.id, cast.bob.id)
    assert [user.login for user in queries.members(again.id)] == ["charlie"]


def test_what_is_not_there_is_said():
    with pytest.raises(Invalid):
        service.save_team("Bad Key", name="x")
    for ask in (queries.get_user, queries.get_team, queries.viewer):
        with pytest.raises(NotFound):
            ask(999_999_999)
    for look in (queries.team_by_key, queries.user_by_login):
        with pytest.raises(NotFound, match="nobody"):
            look("nobody")
    with pytest.raises(NotFound):
        service.add_member(999_999_999, 1)


def test_notices_reach_each_user_once_and_can_be_read(wire):
    user = make_user("dora")
    service.notify([user.id, user.id], kind="chased", text="RB-1 was chased", link="/cases/1")
    assert queries.unread_notices(user.id) == 1
    (notice,) = queries.notices(user.id)
    service.mark_notices_read(user.id, up_to=notice.id)
    assert queries.unread_notices(user.id) == 0


def test_names_are_asked_for_at_once():
    cast = make_cast()
    assert queries.user_names([cast.alice.id, None, cast.bob.id]) == {cast.alice.id: "Alice", cast.bob.id: "Bob"}
    assert queries.user_names([None]) == {}


def test_a_viewer_carries_role_and_teams(session):
    cast = make_cast()
    viewer = queries.viewer(cast.alice.id)
    assert (viewer.login, viewer.role, viewer.team_keys) == ("alice", Role.AGENT, frozenset({"service"}))
    assert viewer.team_ids == {cast.service_team.id}
    assert queries.viewer(cast.mona.id).team_ids == frozenset()
    assert session.scalar(select(1)) == 1
