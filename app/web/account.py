"""What users keep for themselves: their password, their sessions, their API tokens."""

from __future__ import annotations

from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from app.errors import Invalid, NotFound
from app.identity import policy, preferences, queries, service, sessions
from app.messaging import composing
from app.web import cookies, frame, keys, notices, shell
from app.web.rules import allow_if, signed_in

blueprint = Blueprint("account", __name__)


def page(*, status: int = 200, **shown: Any) -> Response:
    """Show the account page, with what was typed and refused (`typed`, `fields`, `error`)."""
    user_id = frame.viewer().user_id
    tokens = [token for token, _login in queries.api_tokens(user_id) if token.revoked_at is None]
    undo = composing.undo_seconds(user_id) if policy.may_work_on_cases(frame.viewer()) else None
    context = {"undo": undo, "new_token": "", "error": "", "fields": {}, "typed": None, **shown}
    html = shell.page(
        "account.html", section="account", tokens=tokens, sessions=sessions.live_sessions(user_id),
        shortcuts=keys.SHORTCUTS, groups=keys.GROUPS, own_keys=keys.effective(preferences.of(user_id)),
        kinds=notices.KINDS, zones=preferences.zones(), densities=preferences.DENSITIES, **context,
    )  # fmt: skip
    return make_response(html, status)


@blueprint.get("/account")
@signed_in
def account() -> Response:
    """Show the page."""
    return page()


@blueprint.post("/account/password")
@signed_in
def password() -> Any:
    """Change the own password, knowing the old one. All other browsers are signed out; this one stays in."""
    viewer, form = frame.viewer(), request.form
    if form.get("new", "") != form.get("again", ""):
        return page(
            status=422, error="The two new passwords differ.", fields={"again": "The two new passwords differ."}
        )
    try:
        changed = service.change_own_password(viewer.user_id, form.get("old", ""), form.get("new", ""))
    except Invalid as error:
        return page(status=422, error=error.message, fields={"new": error.message})
    if not changed:
        frame.keep()
        return page(
            status=422, error="The old password is not right.", fields={"old": "The old password is not right."}
        )
    made = sessions.start(viewer.user_id)
    response: Response = redirect("/account", 303)  # type: ignore[assignment]
    cookies.set_session(response, made.token, until=made.expires_at)
    return response


@blueprint.post("/account/tokens")
@allow_if(policy.may_make_tokens)
def new_token() -> Response:
    """Make an API token with the rights of its owner and show it, this once."""
    days = request.form.get("days", 90, type=int)
    try:
        made = sessions.new_api_token(frame.viewer().user_id, request.form.get("name", ""), days=days)
    except Invalid as error:
        return page(status=422, error=error.message, fields=error.fields)
    return page(status=201, new_token=made.text)


@blueprint.post("/account/tokens/<int:token_id>/revoke")
@signed_in
def revoke(token_id: int) -> Any:
    """Revoke a token of one's own."""
    own = {token.id for token, _login in queries.api_tokens(frame.viewer().user_id)}
    if token_id not in own:
        raise NotFound("token_unknown", "There is no such token.")
    sessions.revoke_api_token(token_id)
    return redirect("/account", 303)
