"""People and teams as an administrator keeps them: every change at once, on the record, and nobody locked out of the desk."""

from __future__ import annotations

import re

import pytest

from app.audit.service import chain_events
from app.cases import service as cases
from app.db import unit_of_work
from app.errors import Invalid
from app.identity import queries, service, sessions
from app.identity.models import Role
from app.orchestration import parties
from app.routing import service as routing
from app.sla import service as sla
from app.workorders import service as workorders
from tests.support.people import PASSWORD
from tests.web.matrix import make_world

PERSON = {"name": "Dora Vogel", "login": "dora", "email": "dora@example.org", "role": "agent"}


@pytest.fixture
def ada(browser, cast):
    """The administrator at the screen."""
    return browser(cast.ada)


def found(login):
    with unit_of_work():
        return queries.user_by_login(login)


def kinds(chain):
    with unit_of_work():
        return [event["kind"] for event in chain_events(chain)]


def given_password(answer):
    return re.search(r'id="new-password">([^<]+)<', answer.text)[1]


def signs_in(login, password):
    with unit_of_work():
        return isinstance(service.sign_in(login, password, address="192.0.2.1"), sessions.SignedIn)


# ---------------------------------------------------------------- a new person
def test_a_new_person_gets_a_password_to_change_and_their_teams(ada, cast):
    answer = ada.post("/people", {**PERSON, "teams": str(cast.repairs.id)})
    assert answer.status_code == 201
    assert "no-store" in answer.headers["Cache-Control"]
    made = found("dora")
    assert made.must_change
    assert signs_in("dora", given_password(answer))
    with unit_of_work():
        assert [team.key for team in queries.teams_of(made.id)] == ["repairs"]
    assert kinds(f"user:{made.id}")[0] == "user_created"
    assert "Dora Vogel" in ada.get("/people").text


def test_a_chosen_password_needs_no_change(ada):
    answer = ada.post("/people", {**PERSON, "password": PASSWORD})
    assert answer.location == f"/people/{found('dora').id}"
    assert not found("dora").must_change


@pytest.mark.parametrize(
    "wrong,says",
    [
        ({"login": "alice"}, "There is already a user alice."),
        ({"login": "no blanks"}, "A login has letters"),
        ({"name": ""}, "A name has 1 to 120"),
        ({"email": "dora"}, "name@example.com"),
        ({"role": "root"}, "The role is one of"),
        ({"password": "short"}, "8 to 200 characters"),
    ],
)
def test_what_is_wrong_is_said_beside_what_was_typed(ada, cast, wrong, says):
    answer = ada.post("/people", {**PERSON, **wrong})
    assert answer.status_code in {409, 422}
    assert says in answer.text
    assert "dora@example.org" in answer.text or "email" in wrong
    with unit_of_work():
        assert not [user for user in queries.users() if user.login in {"dora", "no blanks"}]


# ---------------------------------------------------------------- changes
def changed(ada, user, **fields):
    form = {"name": user.name, "login": user.login, "email": user.email, "role": str(user.role), "locale": user.locale}
    return ada.post(f"/people/{user.id}", {**form, **fields})


def test_every_field_can_be_changed_and_stands_on_the_record(ada, cast):
    answer = changed(
        ada, cast.bob, name="Robert", login="robert", email="r@example.org", role="manager", locale="zh",
        teams=str(cast.repairs.id),
    )  # fmt: skip
    assert answer.location == f"/people/{cast.bob.id}?saved=1"
    bob = found("robert")
    assert (bob.id, bob.name, bob.email, bob.role, bob.locale) == (
        cast.bob.id, "Robert", "r@example.org", Role.MANAGER, "zh",
    )  # fmt: skip
    with unit_of_work():
        assert [team.key for team in queries.teams_of(bob.id)] == ["repairs"]
        (event,) = [e for e in chain_events(f"user:{bob.id}") if e["kind"] == "user_changed"]
    assert event["data"]["changes"]["login"] == {"from": "bob", "to": "robert"}
    assert event["actor_name"] == cast.ada.name
    page = ada.get(f"/people/{bob.id}").text
    assert "User changed" in page


def test_a_login_that_is_taken_is_refused_and_nothing_changes(ada, cast):
    answer = changed(ada, cast.bob, login="alice", name="Another")
    assert answer.status_code == 409
    assert "There is already a user alice." in answer.text
    assert found("bob").name == cast.bob.name


def test_a_new_role_signs_out_and_the_old_rights_are_gone(ada, browser, cast):
    mona = browser(cast.mona)
    assert mona.get("/faults").status_code == 200
    changed(ada, cast.mona, role="agent")
    assert mona.get("/faults").status_code != 200


# ---------------------------------------------------------------- passwords
def test_a_given_password_opens_only_the_way_to_a_new_one(ada, browser, cast):
    text = given_password(ada.post(f"/people/{cast.bob.id}/password"))
    assert not signs_in("bob", PASSWORD)
    assert signs_in("bob", text)
    bob = browser(found("bob"))
    for path in ("/inbox/mine", "/work-orders", "/search?q=x"):
        assert bob.get(path).location == "/account"
    assert "Choose one of your own" in bob.get("/account").text
    assert bob.get("/inbox/mine", headers={"HX-Request": "true"}).headers["HX-Redirect"] == "/account"
    bob.post("/account/password", {"old": text, "new": "my very own one", "again": "my very own one"})
    assert not found("bob").must_change
    assert browser(found("bob")).get("/inbox/mine").status_code == 200
    assert "password_given" in kinds(f"user:{cast.bob.id}")


def test_a_new_password_signs_out_at_once(ada, browser, cast):
    bob = browser(cast.bob)
    ada.post(f"/people/{cast.bob.id}/password")
    assert bob.get("/inbox/mine").location.startswith("/login")


# ---------------------------------------------------------------- in and out
def test_switching_off_ends_sessions_and_tokens_at_once(ada, browser, cast):
    bob = browser(cast.bob)
    with unit_of_work():
        token = sessions.new_api_token(cast.bob.id, "script").text
        assert queries.token_viewer(token)
    ada.post(f"/people/{cast.bob.id}/active", {"active": "false"})
    assert bob.get("/inbox/mine").location.startswith("/login")
    with unit_of_work():
        assert queries.token_viewer(token) is None
    assert not signs_in("bob", PASSWORD)
    ada.post(f"/people/{cast.bob.id}/active", {"active": "true"})
    assert signs_in("bob", PASSWORD)
    with unit_of_work():
        assert queries.token_viewer(token) is None


def test_the_last_administrator_stays(ada, cast):
    for answer in (
        ada.post(f"/people/{cast.ada.id}/active", {"active": "false"}), changed(ada, cast.ada, role="agent"),
    ):  # fmt: skip
        assert answer.status_code == 409
        assert "This is the last active administrator" in answer.text
    assert (found("ada").is_active, found("ada").role) == (True, Role.ADMIN)


def test_tokens_are_listed_and_revoked(ada, cast):
    with unit_of_work():
        made = sessions.new_api_token(cast.bob.id, "night script")
    assert "night script" in ada.get(f"/people/{cast.bob.id}").text
    assert ada.post(f"/people/{cast.alice.id}/tokens/{made.id}/revoke").status_code == 404
    ada.post(f"/people/{cast.bob.id}/tokens/{made.id}/revoke")
    with unit_of_work():
        assert queries.token_viewer(made.text) is None


# ---------------------------------------------------------------- teams
def test_a_team_is_made_renamed_and_filled(ada, cast):
    answer = ada.post("/teams", {"key": "north", "name": "North", "name_zh": "北区"})
    with unit_of_work():
        team = queries.find_team("north")
    assert answer.location == f"/teams/{team.id}"
    ada.post(f"/teams/{team.id}", {"name": "North crew", "name_zh": "北区班", "email": "north@example.org"})
    ada.post(f"/teams/{team.id}/members", {"user": cast.bob.id, "lead": "true"})
    page = ada.get(f"/teams/{team.id}").text
    assert "North crew" in page
    with unit_of_work():
        assert queries.leads(team.id) == {cast.bob.id}
    ada.post(f"/teams/{team.id}/members", {"user": cast.bob.id, "remove": "1"})
    with unit_of_work():
        assert queries.members(team.id) == []
    assert kinds(f"team:{team.id}") == ["team_saved", "team_saved", "member_added", "member_removed"]


@pytest.mark.parametrize(
    "form,says",
    [
        ({"key": "service", "name": "Again"}, "There is already a team service."),
        ({"key": "No Key", "name": "X"}, "A team key starts with a letter"),
        ({"key": "north", "name": ""}, "A name has 1 to 120"),
    ],
)
def test_a_wrong_team_is_refused(ada, cast, form, says):
    answer = ada.post("/teams", form)
    assert answer.status_code in {409, 422}
    assert says in answer.text


def test_a_team_that_holds_work_is_not_archived(ada, cast):
    with unit_of_work():
        make_world(cast)
    answer = ada.post(f"/teams/{cast.service_team.id}/archive")
    assert answer.status_code == 409
    assert "1 open cases, 1 work orders, 1 tasks" in answer.text
    with unit_of_work():
        assert queries.get_team(cast.service_team.id).archived_at is None


def test_an_archived_team_hands_over_all_it_holds(ada, browser, cast):
    with unit_of_work():
        world = make_world(cast)
        calendar = sla.save_calendar("business", name="Business hours")
        routing.save_queue("service", name="Service", team_id=cast.service_team.id, calendar_id=calendar.id)
    assert ada.post(f"/teams/{cast.service_team.id}/archive", {"to": cast.repairs.id}).status_code == 303
    with unit_of_work():
        assert cases.lock(world.case.id).team_id == cast.repairs.id
        assert workorders.lock(world.order.id).team_id == cast.repairs.id
        assert routing.queue("service").team_id == cast.repairs.id
        assert queries.get_team(cast.service_team.id).archived_at is not None
        assert [team.key for team in queries.teams()] == ["repairs"]
    assert world.case.number in browser(cast.charlie).get("/inbox/team").text
    page = ada.get(f"/teams/{cast.service_team.id}").text
    assert "Take it back" in page
    ada.post(f"/teams/{cast.service_team.id}/archive", {"restore": "1"})
    assert kinds(f"team:{cast.service_team.id}")[-2:] == ["team_archived", "team_restored"]


def test_nobody_is_dispatched_to_an_archived_team(ada, cast):
    ada.post(f"/teams/{cast.repairs.id}/archive")
    with unit_of_work(), pytest.raises(Invalid, match="archived"):
        parties.team_id("repairs")


def test_an_archived_team_cannot_take_over(ada, cast):
    with unit_of_work():
        make_world(cast)
        service.archive_team(cast.repairs.id)
    for taker in (cast.repairs.id, cast.service_team.id):
        assert ada.post(f"/teams/{cast.service_team.id}/archive", {"to": taker}).status_code == 422


def test_all_of_it_in_chinese(browser, cast):
    with unit_of_work():
        service.change_user(cast.ada.id, locale="zh")
    ada = browser(cast.ada)
    for path in ("/people", f"/people/{cast.bob.id}", f"/teams/{cast.repairs.id}"):
        page = re.sub(r"<script.*?</script>", "", ada.get(path).text, flags=re.DOTALL)
        for english in ("Add a", "Switch off", "Give a new", "Members", "Archive the team", "On the record"):
            assert english not in page, (path, english)
