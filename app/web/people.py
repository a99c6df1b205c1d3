"""People and teams as an administrator keeps them, and what each user sets for themselves."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, Response, make_response, redirect, request

from app.audit import service as audit
from app.db import savepoint
from app.errors import Conflict, DeskError, Invalid, NotFound
from app.identity import policy, queries, roles, service, sessions
from app.identity.models import Team, User
from app.messaging import password_links
from app.orchestration import handover
from app.web import frame, granting, i18n, shell
from app.web.auth import safe_next
from app.web.errors import status_of
from app.web.rules import allow_if, signed_in

blueprint = Blueprint("people", __name__)
sees = allow_if(policy.may_see_people)
administers = allow_if(policy.may_manage_people)
keeps_teams = allow_if(policy.may_manage_teams)
SHOWN_EVENTS = 20


# ---------------------------------------------------------------- the list
@blueprint.get("/people")
@sees
def people() -> Response:
    """List users and teams."""
    return _list()


def _list(*, error: DeskError | None = None, form: str = "") -> Response:
    members = {team.id: queries.members(team.id) for team in queries.teams()}
    page = shell.page(
        "people.html", section="people", users=queries.users(), teams=queries.teams(), members=members,
        archived=queries.teams(archived=True), teams_of=queries.team_keys_by_user(), error=error,
        roles=granting.givable(), own_roles=roles.by_id(),
        wrong=error.fields if error else {}, values=request.form if error else {}, form=form,
    )  # fmt: skip
    return make_response(page, status_of(error) if error else 200)


def _or_say(work: Callable[[], str], again: Callable[[DeskError], Response]) -> Any:
    """Do the work and go where it says; what it refuses is said on the page that asked, with what was typed."""
    try:
        with savepoint():
            target = work()
    except (Invalid, Conflict) as error:
        return again(error)
    return redirect(target, 303)


@blueprint.post("/people")
@administers
def add() -> Any:
    """Make a user and show them, with the password to hand over when none was chosen."""
    form = request.form
    given = form.get("password", "")
    try:
        with savepoint():
            made = service.create_user(
                form.get("login", ""), given or service.first_password(), name=form.get("name", ""),
                role=granting.chosen(form.get("role", "agent")), email=form.get("email", ""),
            )  # fmt: skip
            _set_teams(made.id)
    except (Invalid, Conflict) as error:
        return _list(error=error, form="person")
    if given:
        return redirect(f"/people/{made.id}", 303)
    return _person(made, password=service.give_password(made.id), status=201)


def _set_teams(user_id: int) -> None:
    """Put a user into the teams that are ticked; the form of those who may not do that has none to tick."""
    if policy.may_manage_teams(frame.viewer()):
        service.set_teams(user_id, set(request.form.getlist("teams", type=int)))


# ---------------------------------------------------------------- one person
@blueprint.get("/people/<int:user_id>")
@administers
def person(user_id: int) -> Response:
    """Show a user: what can be changed, tokens, and what was done to them."""
    return _person(queries.get_user(user_id))


def _person(user: User, *, error: DeskError | None = None, password: str = "", status: int = 200) -> Response:
    chain = audit.chain_events(service.chain_of(user.id))[-SHOWN_EVENTS:][::-1]
    tokens = [token for token, _login in queries.api_tokens(user.id)]
    page = shell.page(
        "person.html", section="people", user=user, own_teams={team.id for team in queries.teams_of(user.id)},
        teams=queries.teams(), roles=granting.givable(), own_roles=roles.by_id(), role_key=roles.key_of(roles.of_user(user)),
        may_change=granting.may_give(frame.viewer(), roles.of_user(user)), tokens=tokens, sessions=sessions.live_sessions(user.id), events=chain,
        password=password, error=error, wrong=error.fields if error else {}, values=request.form if error else {},
    )  # fmt: skip
    response = make_response(page, status_of(error) if error else status)
    if password:
        response.headers["Cache-Control"] = "no-store"
    return response


@blueprint.post("/people/<int:user_id>")
@administers
def change(user_id: int) -> Any:
    """Change name, login, address, role, language and teams."""
    form = request.form
    granting.person(user_id)

    def work() -> str:
        service.change_user(
            user_id, name=form.get("name", ""), login=form.get("login", ""), email=form.get("email", ""),
            role=granting.chosen(form.get("role", "")), locale=form.get("locale", ""),
        )  # fmt: skip
        _set_teams(user_id)
        return f"/people/{user_id}?saved=1"

    return _or_say(work, lambda error: _person(queries.get_user(user_id), error=error))


@blueprint.post("/people/<int:user_id>/password")
@administers
def password(user_id: int) -> Response:
    """Give a user a new password, shown this once; they are signed out and choose their own when they come back."""
    return _person(granting.person(user_id), password=service.give_password(user_id))


@blueprint.post("/people/<int:user_id>/password/link")
@administers
def password_link(user_id: int) -> Any:
    """Send a user a link by which they choose a new password; until they do, the old one works."""
    granting.person(user_id)

    def work() -> str:
        password_links.ask_for(user_id, locale=i18n.locale())
        return f"/people/{user_id}?link=sent"

    return _or_say(work, lambda error: _person(queries.get_user(user_id), error=error))


@blueprint.post("/people/<int:user_id>/active")
@administers
def active(user_id: int) -> Any:
    """Let a user in or keep them out."""
    granting.person(user_id)

    def work() -> str:
        if request.form.get("active") == "true":
            service.activate_user(user_id)
        else:
            service.deactivate_user(user_id)
        return f"/people/{user_id}"

    return _or_say(work, lambda error: _person(queries.get_user(user_id), error=error))


@blueprint.post("/people/<int:user_id>/tokens/<int:token_id>/revoke")
@administers
def revoke(user_id: int, token_id: int) -> Any:
    """Revoke a token of a user."""
    granting.person(user_id)
    if token_id not in {token.id for token, _login in queries.api_tokens(user_id)}:
        raise NotFound("token_unknown", "There is no such token.")
    sessions.revoke_api_token(token_id)
    return redirect(f"/people/{user_id}#tokens", 303)


# ---------------------------------------------------------------- teams
@blueprint.post("/teams")
@keeps_teams
def new_team() -> Any:
    """Make a team."""
    form = request.form

    def work() -> str:
        key = form.get("key", "").strip().lower()
        if queries.find_team(key) is not None:
            raise Conflict("team_exists", f"There is already a team {key}.", fields={"key": "taken"})
        made = service.save_team(
            key, name=form.get("name", ""), name_zh=form.get("name_zh", ""), email=form.get("email", "")
        )
        return f"/teams/{made.id}"

    return _or_say(work, lambda error: _list(error=error, form="team"))


@blueprint.get("/teams/<int:team_id>")
@keeps_teams
def team(team_id: int) -> Response:
    """Show a team: its names, its members, what it holds."""
    return _team(queries.get_team(team_id))


def _team(row: Team, *, error: DeskError | None = None) -> Response:
    page = shell.page(
        "team.html", section="people", team=row, members=queries.members(row.id), leads=queries.leads(row.id),
        people=queries.users(active_only=True), held=handover.holding(row.id),
        others=[other for other in queries.teams() if other.id != row.id], error=error,
        wrong=error.fields if error else {}, values=request.form if error else {},
    )  # fmt: skip
    return make_response(page, status_of(error) if error else 200)


@blueprint.post("/teams/<int:team_id>")
@keeps_teams
def rename_team(team_id: int) -> Any:
    """Change a team's names and address; its key stays, for processes name it."""
    form, row = request.form, queries.get_team(team_id)

    def work() -> str:
        service.save_team(
            row.key, name=form.get("name", ""), name_zh=form.get("name_zh", ""), email=form.get("email", "")
        )
        return f"/teams/{team_id}?saved=1"

    return _or_say(work, lambda error: _team(queries.get_team(team_id), error=error))


@blueprint.post("/teams/<int:team_id>/members")
@keeps_teams
def member(team_id: int) -> Any:
    """Add a member to a team, change whether they lead it, or remove them."""
    user_id = request.form.get("user", 0, type=int)
    if request.form.get("remove"):
        service.remove_member(team_id, user_id)
    else:
        service.add_member(team_id, user_id, is_lead=request.form.get("lead") == "true")
    return redirect(f"/teams/{team_id}", 303)


@blueprint.post("/teams/<int:team_id>/archive")
@keeps_teams
def archive_team(team_id: int) -> Any:
    """Take a team out of service, handing over what it holds; or take it back."""

    def work() -> str:
        if request.form.get("restore"):
            service.restore_team(team_id)
        else:
            handover.archive_team(team_id, to=request.form.get("to", type=int))
        return f"/teams/{team_id}"

    return _or_say(work, lambda error: _team(queries.get_team(team_id), error=error))


# ---------------------------------------------------------------- everybody
@blueprint.post("/preferences")
@signed_in
def preferences() -> Any:
    """Keep the viewer's language and appearance."""
    service.change_user(
        frame.viewer().user_id, locale=request.form.get("locale", ""), theme=request.form.get("theme", "auto")
    )
    return redirect(safe_next(urlsplit(request.referrer or "/").path), 303)
