"""`flask user`, `team`, `token`."""

from __future__ import annotations

import pytest

from app.db import unit_of_work
from app.identity import queries, roles, service
from app.identity.models import Role
from app.identity.sessions import SignedIn

PASSWORD = "correct horse battery"


@pytest.fixture
def dora(run):
    """A user made on the command line."""
    run("team", "add", "service", "--name", "Service")
    made = run("user", "add", "Dora", "--role", "admin", "--team", "service", "--password", PASSWORD)
    assert made.exit_code == 0, made.output
    return "dora"


def test_a_user_is_made_listed_changed_and_shut_out(run, dora):
    assert "dora" in run("user", "list").output
    run("user", "add", "eve", "--role", "admin", input=f"{PASSWORD}\n{PASSWORD}\n")
    assert run("user", "role", "dora", "manager").output == "dora is now manager.\n"
    assert run("user", "deactivate", "dora").exit_code == 0
    assert "deactivated" in run("user", "list").output
    assert run("user", "activate", "dora").exit_code == 0


def test_a_role_of_the_desk_s_own_is_given_by_its_key(run, dora):
    with unit_of_work():
        roles.make("front", roles.Wish("Front desk", ["cases_work"]), copy_of=Role.AGENT)
    assert run("user", "add", "frank", "--role", "front", "--password", PASSWORD).output == "Made frank (front).\n"
    assert "front" in run("user", "list").output
    assert run("user", "role", "frank", "agent").output == "frank is now agent.\n"
    assert run("user", "role", "frank", "Front").output == "frank is now front.\n"


def test_a_new_password_works(run, dora):
    assert run("user", "password", "dora", "--password", "another long one").exit_code == 0
    with unit_of_work():
        assert isinstance(service.sign_in("dora", "another long one", address="192.0.2.1"), SignedIn)


@pytest.mark.parametrize(
    "args,says",
    [
        (("user", "add", "dora", "--password", PASSWORD), "already a user dora"),
        (("user", "add", "x", "--role", "root", "--password", PASSWORD), "agent, manager, designer, admin"),
        (("user", "add", "x", "--password", "short"), "8 to 200 characters"),
        (("user", "add", "x", "--team", "nowhere", "--password", PASSWORD), "no team 'nowhere'"),
        (("user", "role", "nobody", "agent"), "no user 'nobody'"),
        (("user", "role", "dora", "agent"), "last active administrator"),
        (("team", "add", "Bad Key"), "team key"),
        (("team", "join", "service", "nobody"), "no user"),
        (("token", "revoke", "999999999"), "no such token"),
        (("token", "revoke", "9" * 30), "can not be stored"),
        (("token", "new", "dora", "--days", "0"), "1 to 3650"),
    ],
)
def test_what_is_wrong_is_said_in_a_sentence(run, dora, args, says):
    answer = run(*args)
    assert answer.exit_code == 1
    assert answer.output.startswith("Error: ")
    assert says in answer.output
    assert "Traceback" not in answer.output


def test_a_refused_user_is_not_half_made(run, dora):
    run("user", "add", "x", "--team", "nowhere", "--password", PASSWORD)
    assert "x " not in run("user", "list").output


def test_teams_have_members_and_leads(run, dora):
    assert "leads" in run("team", "join", "service", "dora", "--lead").output
    assert "dora*" in run("team", "list").output
    run("team", "leave", "service", "dora")
    assert "dora" not in run("team", "list").output


def test_a_token_is_shown_once_alone_and_can_be_revoked(run, dora):
    answer = run("token", "new", "dora", "--name", "script", "--days", "30")
    text = answer.stdout.strip()
    with unit_of_work():
        assert queries.token_viewer(text).login == "dora"
        ((token, _login),) = queries.api_tokens()
    listed = run("token", "list", "--user", "dora").output
    assert "script" in listed
    assert text not in listed
    assert run("token", "revoke", token.id).exit_code == 0
    assert "revoked" in run("token", "list").output
    with unit_of_work():
        assert queries.token_viewer(text) is None


def test_empty_lists_say_so(run):
    assert run("token", "list").output == "None.\n"
