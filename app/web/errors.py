"""Turns errors into answers: the only place that knows status codes. Pages for people, problem+json (RFC 9457) for programs."""

from __future__ import annotations

import secrets
from http import HTTPStatus
from typing import Any
from urllib.parse import quote, urlsplit

import orjson
from flask import Flask, Response, redirect, render_template, request
from sqlalchemy.exc import DataError, OperationalError
from sqlalchemy.orm.exc import StaleDataError
from werkzeug.exceptions import HTTPException

from app.errors import Conflict, DeskError, Forbidden, Invalid, NotFound, Unavailable
from app.logs import log
from app.web.frame import LoginNeeded, PasswordNeeded

STATUS: dict[type[DeskError], int] = {NotFound: 404, Forbidden: 403, Invalid: 422, Conflict: 409, Unavailable: 503}
PROBLEM = "application/problem+json"


def install(app: Flask) -> None:
    """Answer all errors of this application."""
    app.register_error_handler(LoginNeeded, _login_needed)
    app.register_error_handler(PasswordNeeded, _password_needed)
    app.register_error_handler(DeskError, _refused)
    app.register_error_handler(StaleDataError, _stale)
    app.register_error_handler(DataError, _unstorable)
    app.register_error_handler(UnicodeEncodeError, _unstorable)
    app.register_error_handler(HTTPException, _http)
    app.register_error_handler(Exception, _unexpected)


def status_of(error: DeskError) -> int:
    """Return the status code of a domain error."""
    return next((status for kind, status in STATUS.items() if isinstance(error, kind)), 400)


def wants_problem() -> bool:
    """Tell whether the caller is a program."""
    if request.path.startswith("/api/"):
        return True
    best = request.accept_mimetypes.best_match(["text/html", "application/json", PROBLEM])
    return best in {"application/json", PROBLEM}


def answer(
    status: int, code: str, message: str, *, error_id: str = "", fields: dict[str, str] | None = None,
    at: tuple[int, int] | None = None,
) -> Response:  # fmt: skip
    """Return a refusal in the caller's language: problem document, htmx fragment or page."""
    if wants_problem():
        return problem(status, code, message, error_id=error_id, fields=fields, at=at)
    template = "error_fragment.html" if request.headers.get("HX-Request") else "error.html"
    page = render_template(
        template, title=HTTPStatus(status).phrase, status=status, code=code, message=message, error_id=error_id,
        fields=fields or {},
    )  # fmt: skip
    response = Response(page, status)
    response.headers["X-Error-Code"] = code
    return response


def problem(
    status: int, code: str, message: str, *, error_id: str = "", fields: dict[str, str] | None = None,
    at: tuple[int, int] | None = None,
) -> Response:  # fmt: skip
    """Return an RFC 9457 problem document; `code` is stable, `detail` is for people."""
    body: dict[str, Any] = {
        "type": "about:blank", "title": HTTPStatus(status).phrase, "status": status, "code": code, "detail": message,
    }  # fmt: skip
    if fields:
        body["errors"] = [{"field": name, "message": text} for name, text in fields.items()]
    if at:
        body["start"], body["end"] = at
    if error_id:
        body["instance"] = f"urn:ringback:error:{error_id}"
    return Response(orjson.dumps(body), status, content_type=PROBLEM)


def _login_needed(error: LoginNeeded) -> Response:
    if wants_problem():
        response = answer(401, "login_needed", error.because or "Send a token: Authorization: Bearer …")
        response.headers["WWW-Authenticate"] = 'Bearer realm="Ringback"'
        return response
    if request.headers.get("HX-Request"):
        shown = urlsplit(request.headers.get("HX-Current-URL", ""))  # the page the part is of: where to come back to
        return Response(status=401, headers={"HX-Redirect": _login_path(shown.path, shown.query)})
    path, query = (request.path, request.query_string.decode(errors="replace")) if request.method == "GET" else ("", "")
    return redirect(_login_path(path, query), 303)  # type: ignore[return-value]


def _password_needed(_error: PasswordNeeded) -> Response:
    if wants_problem():
        return answer(403, "password_needed", "Choose a password of your own first.")
    if request.headers.get("HX-Request"):
        return Response(status=403, headers={"HX-Redirect": "/account"})
    return redirect("/account", 303)  # type: ignore[return-value]


def _login_path(path: str, query: str) -> str:
    target = f"{path}?{query}" if query else path
    return f"/login?next={quote(target)}" if target not in {"", "/"} else "/login"


def _refused(error: DeskError) -> Response:
    status = status_of(error)
    log().info("refused", code=error.code, status=status, path=request.path, **_loggable(error.facts))
    response = answer(status, error.code, error.message, fields=error.fields, at=error.at)
    if status == 503:
        response.headers["Retry-After"] = "5"
    return response


def _loggable(facts: dict[str, object]) -> dict[str, object]:
    return {f"fact_{name}": value for name, value in facts.items()}


def _stale(_error: StaleDataError) -> Response:
    return answer(409, "changed_meanwhile", "Somebody else changed this in the meantime. Load it again.")


def _unstorable(error: Exception) -> Response:
    """Numbers beyond all ids, characters that no text has (NUL, half of a pair): the database says no, and so do we."""
    log().info("unstorable", path=request.path, why=type(error).__name__)
    return answer(422, "unstorable", "The input holds a number or character that can not be stored.")


def _http(error: HTTPException) -> Response:
    status = error.code or 500
    if status < 400:
        return error.get_response()  # type: ignore[return-value]
    code = HTTPStatus(status).name.lower()
    response = answer(status, code, _SENTENCES.get(status) or error.description or code)
    for name, value in error.get_headers(request.environ):
        if name.lower() not in {"content-type", "content-length"}:
            response.headers[name] = value
    return response


_SENTENCES = {
    400: "The request could not be understood.",
    404: "There is nothing here, or it is not for you.",
    405: "This can not be done here.",
    413: "This is too large.",
}


UNEXPECTED = "Something went wrong on our side. When you report it, name the error number."


def _unexpected(error: Exception) -> Response:
    error_id = secrets.token_hex(4)
    log().error("request_failed", error_id=error_id, path=request.path, method=request.method, exc_info=error)
    if isinstance(error, OperationalError):
        return answer(
            503, "database_unavailable", "The database does not answer. Try again in a moment.", error_id=error_id
        )
    # A page shows the number beside the sentence, in the reader's language; a program gets both as one.
    return answer(500, "unexpected", f"{UNEXPECTED} {error_id}" if wants_problem() else UNEXPECTED, error_id=error_id)
