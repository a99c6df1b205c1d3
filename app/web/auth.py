"""Signing in and out. Both work without JavaScript."""

from __future__ import annotations

from flask import Blueprint, Response, g, make_response, redirect, render_template, request

from app.errors import Forbidden
from app.identity import service, sessions
from app.identity.service import SignInRefused
from app.web import cookies, csrf, frame
from app.web.rules import public, signed_in

blueprint = Blueprint("auth", __name__)


def safe_next(target: str) -> str:
    """Return `target` when it is a path of this desk, else the front page: no link signs in and then leads elsewhere."""
    is_path = target.startswith("/") and not target.startswith(("//", "/\\")) and target.isprintable()
    return target if is_path and not target.startswith(("/login", "/logout")) else "/"


@blueprint.get("/login")
@public
def login() -> Response:
    """Show the form, or go on when somebody is signed in already."""
    frame.identify()
    target = safe_next(request.args.get("next", ""))
    if frame.optional_viewer() is not None:
        return redirect(target, 303)  # type: ignore[return-value]
    return _form(target)


def _form(target: str, *, error: str = "", wait: int = 0, login: str = "", status: int = 200) -> Response:
    cookie = request.cookies.get(cookies.form_cookie()) or csrf.new_form_value()
    page = render_template(
        "login.html",
        next=target,
        error=error,
        wait=wait,
        login=login,
        token=csrf.form_token(cookie),
        changed="changed" in request.args,
    )
    response = make_response(page, status)
    cookies.set_form(response, cookie)
    return response


@blueprint.post("/login")
@public
def sign_in() -> Response:
    """Check login and password. 401 when wrong, 429 when throttled: both show the form again."""
    cookie = request.cookies.get(cookies.form_cookie(), "")
    target, login = safe_next(request.form.get("next", "")), request.form.get("login", "")
    try:
        csrf.check(request, csrf.form_token(cookie) if cookie else "-")
    except Forbidden:
        return _form(target, error="stale", login=login, status=403)
    outcome = service.sign_in(
        login, request.form.get("password", ""), address=request.remote_addr or "",
        instead_of=cookies.session_token(request),
    )  # fmt: skip
    if isinstance(outcome, SignInRefused):
        return _refused(outcome, target=target, login=login)
    response: Response = redirect(target, 303)  # type: ignore[assignment]
    cookies.set_session(response, outcome.token, until=outcome.expires_at)
    return response


def _refused(outcome: SignInRefused, *, target: str, login: str) -> Response:
    frame.keep()
    if not outcome.wait:
        return _form(target, error="wrong", login=login, status=401)
    response = _form(target, error="wait", wait=outcome.wait, login=login, status=429)
    response.headers["Retry-After"] = str(outcome.wait)
    return response


@blueprint.post("/logout")
@signed_in
def logout() -> Response:
    """End this session."""
    token = cookies.session_token(request)
    if token:
        sessions.end(token)
    return _gone()


@blueprint.post("/logout/everywhere")
@signed_in
def logout_everywhere() -> Response:
    """End all sessions of this user, on all devices."""
    sessions.end_all(frame.viewer().user_id)
    return _gone()


def _gone() -> Response:
    g.pop("new_cookie", None)
    response: Response = redirect("/login", 303)  # type: ignore[assignment]
    cookies.drop_session(response)
    return response
