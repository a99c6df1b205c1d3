"""`flask user`, `flask team`, `flask token`."""

from __future__ import annotations

import click

from app.cli.frame import table, unit
from app.identity import queries, roles, service, sessions


@click.group()
def user() -> None:
    """People who work in the desk."""


@user.command("add")
@click.argument("login")
@click.option("--name", default="", help="Full name; the login when not given.")
@click.option(
    "--role",
    default="agent",
    show_default=True,
    help="agent, manager, designer, admin, or the key of a role of your own.",
)
@click.option("--email", default="")
@click.option("--team", "teams", multiple=True, help="Key of a team to join; may be given several times.")
@click.password_option(help="Asked for when not given.")
@unit
def user_add(login: str, *, name: str, role: str, email: str, teams: tuple[str, ...], password: str) -> None:
    """Make a user."""
    made = service.create_user(login, password, name=name or login, role=roles.find(role), email=email)
    for key in teams:
        service.add_member(queries.team_by_key(key).id, made.id)
    click.echo(f"Made {made.login} ({roles.key_of(roles.of_user(made))}).")


@user.command("list")
@unit
def user_list() -> None:
    """List all users."""
    teams, own = queries.team_keys_by_user(), roles.by_id()
    rows = [
        (
            u.login,
            u.name,
            own[u.role_id].key if u.role_id else u.role,
            ",".join(teams.get(u.id, [])),
            "" if u.is_active else "deactivated",
        )
        for u in queries.users()
    ]
    table(("LOGIN", "NAME", "ROLE", "TEAMS", ""), rows)


@user.command("password")
@click.argument("login")
@click.password_option(help="Asked for when not given.")
@unit
def user_password(login: str, password: str) -> None:
    """Set a new password; the user is signed out everywhere."""
    service.set_password(queries.user_by_login(login).id, password)
    click.echo(f"{login.lower()} has a new password and is signed out everywhere.")


@user.command("role")
@click.argument("login")
@click.argument("role")
@unit
def user_role(login: str, role: str) -> None:
    """Give a user another role: agent, manager, designer, admin, or the key of a role of your own."""
    changed = service.change_user(queries.user_by_login(login).id, role=roles.find(role))
    click.echo(f"{changed.login} is now {roles.key_of(roles.of_user(changed))}.")


@user.command("deactivate")
@click.argument("login")
@unit
def user_deactivate(login: str) -> None:
    """Shut a user out at once; sessions end and tokens are revoked."""
    service.deactivate_user(queries.user_by_login(login).id)
    click.echo(f"{login.lower()} is shut out.")


@user.command("activate")
@click.argument("login")
@unit
def user_activate(login: str) -> None:
    """Let a deactivated user in again; tokens stay revoked."""
    service.activate_user(queries.user_by_login(login).id)
    click.echo(f"{login.lower()} may sign in again.")


# ---------------------------------------------------------------- teams
@click.group()
def team() -> None:
    """Teams, which processes and lanes name by their key."""


@team.command("add")
@click.argument("key")
@click.option("--name", default="", help="What people read; the key when not given.")
@click.option("--name-zh", default="", help="The same in Chinese.")
@click.option("--email", default="")
@unit
def team_add(key: str, name: str, name_zh: str, email: str) -> None:
    """Make or rename a team."""
    made = service.save_team(key, name=name or key, name_zh=name_zh, email=email)
    click.echo(f"Saved team {made.key} ({made.name}).")


@team.command("list")
@unit
def team_list() -> None:
    """List all teams with their members; a star marks who leads."""
    rows = []
    for each in queries.teams():
        leads = {member.id for member in queries.members(each.id, leads_only=True)}
        names = [f"{member.login}{'*' if member.id in leads else ''}" for member in queries.members(each.id)]
        rows.append((each.key, each.name, each.name_zh, ", ".join(names)))
    table(("KEY", "NAME", "中文", "MEMBERS"), rows)


@team.command("join")
@click.argument("key")
@click.argument("login")
@click.option("--lead", is_flag=True, help="Escalations go to leads.")
@unit
def team_join(key: str, login: str, lead: bool) -> None:  # noqa: FBT001 -- click hands options over by name
    """Put a user into a team."""
    service.add_member(queries.team_by_key(key).id, queries.user_by_login(login).id, is_lead=lead)
    click.echo(f"{login.lower()} {'leads' if lead else 'is in'} {key}.")


@team.command("leave")
@click.argument("key")
@click.argument("login")
@unit
def team_leave(key: str, login: str) -> None:
    """Take a user out of a team."""
    service.remove_member(queries.team_by_key(key).id, queries.user_by_login(login).id)
    click.echo(f"{login.lower()} is not in {key}.")


# ---------------------------------------------------------------- API tokens
@click.group()
def token() -> None:
    """Bearer tokens for the API."""


@token.command("new")
@click.argument("login")
@click.option("--name", default="command line", show_default=True, help="What it is for.")
@click.option("--days", type=int, default=None, help="Days it lives; until revoked when not given.")
@unit
def token_new(login: str, name: str, days: int | None) -> None:
    """Make a token and print it, this once, alone on standard output."""
    made = sessions.new_api_token(queries.user_by_login(login).id, name, days=days)
    click.echo(f"Token {made.id}; it is not shown again:", err=True)
    click.echo(made.text)


@token.command("revoke")
@click.argument("token_id", type=int)
@unit
def token_revoke(token_id: int) -> None:
    """Revoke a token for good; `flask token list` shows the numbers."""
    sessions.revoke_api_token(token_id)
    click.echo(f"Token {token_id} is revoked.")


@token.command("list")
@click.option("--user", "login", default=None, help="Only those of this login.")
@unit
def token_list(login: str | None) -> None:
    """List tokens; never their text."""
    user_id = queries.user_by_login(login).id if login else None
    rows = [
        (t.id, owner, t.name, f"{t.created_at:%Y-%m-%d}", f"{t.expires_at:%Y-%m-%d}" if t.expires_at else "never",
         "revoked" if t.revoked_at else "")
        for t, owner in queries.api_tokens(user_id)
    ]  # fmt: skip
    table(("ID", "USER", "NAME", "MADE", "EXPIRES", ""), rows)
