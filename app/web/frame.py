"""The frame of every request: who asks, may they, one unit of work around it, transient failures tried again.

A response of 400 or more rolls back what its view wrote, unless the view says `keep()`: a refused form leaves nothing half done.
"""

from __future__ import annotations

from typing import Any

from flask import Flask, Response, g, has_request_context, request
from structlog.contextvars import bound_contextvars

from app import db, events
from app.clock import utcnow
from app.errors import Forbidden
from app.events import Actor
from app.identity import queries, sessions
from app.identity.policy import Viewer
from app.identity.queries import Visit
from app.web import cookies, csrf
from app.web.rules import Rule, is_hopeful, rule_of

BEARER = "Bearer "
# All that is open to somebody who has to choose a password.
WAY_TO_A_PASSWORD = frozenset({"account.account", "account.password", "people.preferences", "auth.logout"})


class LoginNeeded(Exception):
    """Nobody is signed in and the route needs somebody; `because` tells an API client what was wrong with its token."""

    def __init__(self, because: str = "") -> None:
        """Keep the reason."""
        super().__init__(because)
        self.because = because


class PasswordNeeded(Exception):
    """The viewer signed in with a password that somebody gave them: first they choose one of their own."""


class _Undo(Exception):
    """Carries a refusing response out of its transaction."""

    def __init__(self, response: Response) -> None:
        super().__init__()
        self.response = response


class Desk(Flask):
    """Flask with our frame around each view."""

    def dispatch_request(self) -> Response:
        """Run the view of this request inside the frame."""
        if request.routing_exception is not None:
            self.raise_routing_exception(request)
        view = self.view_functions[request.endpoint or ""]
        rule = rule_of(view)
        if rule is None:
            raise Forbidden("no_rule", "Nobody may call this.")
        try:
            return db.transact(lambda: self._in_frame(rule), hopeful=is_hopeful(view))
        except _Undo as undone:
            return undone.response

    def _in_frame(self, rule: Rule) -> Response:
        _start_afresh()
        if not rule.is_public:
            identify()
            self._admit(rule)
        with acting_as(g.viewer), bound_contextvars(user=g.viewer.user_id if g.viewer else None):
            response = self.make_response(super().dispatch_request())
        if response.status_code >= 400 and not g.keep:
            raise _Undo(response)
        return response

    def _admit(self, rule: Rule) -> None:
        viewer = g.viewer
        if viewer is None:
            raise LoginNeeded(g.refused)
        if csrf.is_unsafe(request) and g.visit is not None:
            csrf.check(request, g.visit.csrf)
        if viewer.must_change and g.visit is not None and request.endpoint not in WAY_TO_A_PASSWORD:
            raise PasswordNeeded
        if rule.admits is None or not rule.admits(viewer):
            raise Forbidden("not_for_your_role", "Your role may not do this.")


def _start_afresh() -> None:
    """Forget a first try of this request that a deadlock or lost connection has undone."""
    if "viewer" in g and request.mimetype == "multipart/form-data":
        for files in request.files.listvalues():
            for file in files:
                file.stream.seek(0)
    g.viewer = g.visit = None
    g.begun = utcnow()
    g.refused, g.keep = "", False


def acting_as(viewer: Viewer | None) -> Any:
    """Let the events of this request name the signed-in user."""
    return events.acting(Actor("user", viewer.user_id, viewer.name) if viewer else None)


def identify() -> None:
    """Find out who asks: by bearer token when one is sent (API only), else by session cookie. One query."""
    header = request.headers.get("Authorization", "")
    if header:
        _by_token(header)
        return
    token = cookies.session_token(request)
    if token is None:
        return
    visit = queries.visit(token)
    if visit is None:
        g.refused = "The session has ended."
        return
    g.visit, g.viewer = visit, visit.viewer
    until = sessions.slide(visit.digest, created_at=visit.created_at, expires_at=visit.expires_at)
    if until != visit.expires_at:
        g.new_cookie = (token, until)


def _by_token(header: str) -> None:
    if not request.path.startswith("/api/"):
        g.refused = "Tokens open the API only."
        return
    g.viewer = queries.token_viewer(header[len(BEARER) :].strip()) if header.startswith(BEARER) else None
    if g.viewer is None:
        g.refused = "The token is unknown, revoked or expired."


# ---------------------------------------------------------------- what views ask
def viewer() -> Viewer:
    """Return who is signed in; raises LoginNeeded in a public view where nobody is."""
    found = g.get("viewer")
    if not isinstance(found, Viewer):
        raise LoginNeeded
    return found


def optional_viewer() -> Viewer | None:
    """Return who is signed in, or None: for layouts and error pages."""
    return g.get("viewer") if has_request_context() else None


def visit() -> Visit | None:
    """Return the session of this request; None for API tokens and strangers."""
    found = g.get("visit")
    return found if isinstance(found, Visit) else None


def csrf_token() -> str:
    """Return the token for this session's forms; empty without a session."""
    current = visit()
    return current.csrf if current else ""


def keep() -> None:
    """Commit what this request wrote although its answer is a refusal: counted failures of signing in."""
    g.keep = True
