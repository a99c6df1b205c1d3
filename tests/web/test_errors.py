"""Every refusal has a status, a code and a sentence, for people and for programs; accidents have a number."""

from __future__ import annotations

import pytest
from flask import Blueprint, request
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm.exc import StaleDataError
from structlog.testing import capture_logs

from app.errors import Conflict, DeskError, Forbidden, Invalid, NotFound, Unavailable
from app.web import create_app
from app.web.rules import public

blueprint = Blueprint("breaking", __name__)
ERRORS = {
    "notfound": NotFound("thing_unknown", "There is no such thing."),
    "forbidden": Forbidden("not_yours", "This is not yours."),
    "invalid": Invalid("bad_thing", "The thing is <b>wrong</b>.", fields={"name": "required"}),
    "conflict": Conflict("too_late", "Somebody was faster."),
    "unavailable": Unavailable("down", "It does not answer."),
    "other": DeskError("other_code"),
    "stale": StaleDataError("x"),
    "database": OperationalError("select secret", {}, Exception("password=hunter2")),
    "accident": ZeroDivisionError("hunter2"),
}
STATUS = {
    "notfound": 404, "forbidden": 403, "invalid": 422, "conflict": 409, "unavailable": 503, "other": 400, "stale": 409,
    "database": 503, "accident": 500,
}  # fmt: skip


@blueprint.route("/break/<how>", methods=["GET", "POST"])
@blueprint.route("/api/break/<how>", endpoint="api")
@public
def break_it(how):
    if request.method == "POST":
        return {"form": len(request.form)}
    raise ERRORS[how]


@pytest.fixture(scope="module")
def application(engine):
    """The application with views that fail."""
    return create_app(("app.web.auth", __name__))


@pytest.mark.parametrize("how", ERRORS)
def test_programs_get_problem_documents(browser, db, how):
    answer = browser().get(f"/api/break/{how}")
    assert answer.status_code == STATUS[how]
    assert answer.content_type == "application/problem+json"
    assert {"type", "title", "status", "code", "detail"} <= set(answer.json)
    assert answer.json["status"] == STATUS[how]
    assert "hunter2" not in answer.text
    assert "secret" not in answer.text


@pytest.mark.parametrize("how", ERRORS)
def test_people_get_a_page_or_its_part(browser, db, how):
    page = browser().get(f"/break/{how}", headers={"Accept": "text/html"})
    part = browser().get(f"/break/{how}", headers={"HX-Request": "true"})
    for answer in (page, part):
        assert answer.status_code == STATUS[how]
        assert answer.mimetype == "text/html"
        assert "hunter2" not in answer.text
        assert "<b>wrong</b>" not in answer.text
    assert "<html" in page.text
    assert "<html" not in part.text
    assert part.headers["X-Error-Code"]


def test_wrong_fields_are_named(browser, db):
    assert browser().get("/api/break/invalid").json["errors"] == [{"field": "name", "message": "required"}]
    assert "name" in browser().get("/break/invalid").text


def test_json_is_given_to_who_asks_for_it(browser, db):
    answer = browser().get("/break/conflict", headers={"Accept": "application/json"})
    assert answer.json["code"] == "too_late"


def test_an_accident_is_logged_under_the_number_that_is_shown(browser, db):
    with capture_logs() as logs:
        answer = browser().get("/api/break/accident")
    number = answer.json["instance"].rsplit(":", 1)[1]
    assert [entry["error_id"] for entry in logs if entry["event"] == "request_failed"] == [number]
    assert number in answer.json["detail"]


def test_waiting_is_worth_it_says_when(browser, db):
    assert browser().get("/api/break/unavailable").headers["Retry-After"] == "5"


def test_what_is_not_there_and_what_can_not_be_done(browser, db):
    assert browser().get("/nothing").status_code == 404
    answer = browser().get("/logout", headers={"Accept": "text/html"})
    assert answer.status_code == 405
    assert "POST" in answer.headers["Allow"]
    assert browser().get("/api/nothing").json["code"] == "not_found"


def test_too_large_bodies_are_refused(application, browser, db):
    answer = browser().client.post(
        "/break/x", data=b"x" * (application.config["MAX_CONTENT_LENGTH"] + 1), content_type="text/plain"
    )
    assert answer.status_code == 413
    many = "&".join(f"f{n}=1" for n in range(20))
    assert (
        browser().client.post("/break/x", data=many, content_type="application/x-www-form-urlencoded").status_code
        == 200
    )
