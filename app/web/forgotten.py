"""A forgotten password: asking for a link by mail, and choosing a new password with it. Works without JavaScript."""

from __future__ import annotations

from flask import Blueprint, Response, make_response, redirect, render_template, request

from app.db import savepoint
from app.errors import DeskError, Forbidden, Invalid
from app.identity import resets, service
from app.messaging import password_links
from app.web import cookies, csrf, frame, i18n
from app.web.errors import status_of
from app.web.rules import public

blueprint = Blueprint("forgotten", __name__)


def _asking(*, status: int = 200, error: str = "", wait: int = 0, login: str = "", asked: bool = False) -> Response:
    can_send = password_links.can_send()
    return _page("forgot.html", status=status, error=error, wait=wait, login=login, asked=asked, can_send=can_send)


def _page(template: str, *, status: int = 200, **shown: object) -> Response:
    cookie = request.cookies.get(cookies.form_cookie()) or csrf.new_form_value()
    response = make_response(render_template(template, token=csrf.form_token(cookie), **shown), status)
    # The address of the page with the new password is a secret.
    response.headers["Referrer-Policy"] = "no-referrer"
    response.headers["Cache-Control"] = "no-store"
    cookies.set_form(response, cookie)
    return response


def _is_stale() -> bool:
    cookie = request.cookies.get(cookies.form_cookie(), "")
    try:
        csrf.check(request, csrf.form_token(cookie) if cookie else "-")
    except Forbidden:
        return True
    return False


# ---------------------------------------------------------------- asking
@blueprint.get("/login/forgot")
@public
def forgot() -> Response:
    """Show the form, or whom to ask when the desk has no mailbox to send from."""
    return _asking()


@blueprint.post("/login/forgot")
@public
def ask() -> Response:
    """Have a link sent. The answer is the same whether there is such a person or not; 429 when asked too often."""
    login = request.form.get("login", "")
    if _is_stale():
        return _asking(status=403, error="stale", login=login)
    if not password_links.can_send():
        return _asking()
    wait = resets.ask(login, address=request.remote_addr or "", locale=i18n.locale())
    if not wait:
        return _asking(asked=True)
    frame.keep()
    response = _asking(status=429, error="wait", wait=wait, login=login)
    response.headers["Retry-After"] = str(wait)
    return response


# ---------------------------------------------------------------- choosing
@blueprint.get("/login/new/<token>")
@public
def choose(token: str) -> Response:
    """Show the form for a new password; looking uses up nothing, for mail scanners follow links too."""
    return _choose(token)


def _choose(token: str, *, error: DeskError | None = None) -> Response:
    try:
        login = resets.owner(token).login
    except Forbidden as over:
        return _page("new_password.html", status=403, error=over, login="")
    return _page("new_password.html", status=status_of(error) if error else 200, error=error, login=login)


@blueprint.post("/login/new/<token>")
@public
def change(token: str) -> Response:
    """Set the password, end all sessions of the person, and lead to the form that signs in."""
    new = request.form.get("new", "")
    try:
        with savepoint():
            if _is_stale():
                raise Forbidden("stale", "This form was out of date. Please try again.")
            if new != request.form.get("again", ""):
                raise Invalid("not_the_same", "The two new passwords differ.", fields={"again": "different"})
            service.renew_password(token, new)
    except (Forbidden, Invalid) as error:
        return _choose(token, error=error)
    response: Response = redirect("/login?changed=1", 303)  # type: ignore[assignment]
    cookies.drop_session(response)
    return response
