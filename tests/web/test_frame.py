"""The frame: one unit of work per request, who acts, retries, headers, health."""

from __future__ import annotations

import io
import time

import pytest
from flask import Blueprint, Response, request
from sqlalchemy import NullPool, create_engine, select, text
from sqlalchemy.exc import OperationalError
from sqlalchemy.orm import Session

from app import db, doorbell, events, schedule
from app.clock import utcnow
from app.db import unit_of_work
from app.errors import Invalid
from app.identity import service
from app.identity.models import Team
from app.settings import settings
from app.web import create_app, frame, headers
from app.web.rules import allow, allow_if, public, signed_in
from tests.support.browser import Browser, bearer
from tests.support.statements import recorded

SEEN: list[object] = []
probe = Blueprint("probe", __name__)
blueprint = probe


@probe.route("/probe/write", methods=["GET", "POST"])
@signed_in
def write():
    service.save_team(request.values["key"], name="Made by a request")
    SEEN.append((events.current_actor(), db.in_unit_of_work()))
    if request.values.get("refuse"):
        return Response("no", 422)
    if request.values.get("raise"):
        raise Invalid("no", "No.")
    return Response("done")


@probe.post("/probe/flaky")
@signed_in
def flaky():
    SEEN.append((request.form["note"], request.files["file"].read()))
    if len(SEEN) < 3:
        db.session().execute(text("do $$ begin raise exception using errcode = '40001'; end $$"))
    return Response("done")


@probe.get("/probe/agents")
@allow("agent")
def for_agents():
    return Response("agents")


@probe.get("/probe/nobody")
@allow_if(lambda viewer: False)
def for_nobody():
    return Response("never")


@probe.get("/api/probe")
@signed_in
def api_probe():
    return {"login": frame.viewer().login}


@probe.get("/probe/who")
@public
def who():
    return Response(frame.viewer().login)


@probe.get("/probe/framed")
@public
def framed():
    return Response("<p>mail", headers={"Content-Security-Policy": "default-src 'none'; frame-ancestors 'self'"})


@pytest.fixture(scope="module")
def application(engine):
    """The application with probes."""
    return create_app(("app.web.health", "app.web.auth", __name__))


@pytest.fixture(autouse=True)
def _nothing_seen():
    SEEN.clear()


def team(key):
    with unit_of_work() as session:
        return session.scalar(select(Team.name).where(Team.key == key))


def test_a_request_is_one_transaction_in_the_name_of_its_user(browser, cast):
    assert browser(cast.alice).post("/probe/write", {"key": "new"}).status_code == 200
    assert team("new") == "Made by a request"
    assert [(events.Actor("user", cast.alice.id, "Alice"), True)] == SEEN
    assert not db.in_unit_of_work()
    assert events.current_actor() == events.SYSTEM


@pytest.mark.parametrize("how", ["refuse", "raise"])
def test_a_refusal_leaves_nothing_half_done(browser, cast, how):
    assert browser(cast.alice).post("/probe/write", {"key": "new", how: "1"}).status_code == 422
    assert team("new") is None


def test_the_whole_request_is_tried_again_after_a_serialization_failure(browser, cast):
    answer = browser(cast.alice).post("/probe/flaky", {"note": "x", "file": (io.BytesIO(b"bytes"), "a.txt")})
    assert answer.text == "done"
    assert SEEN == [("x", b"bytes")] * 3


def test_unsafe_requests_need_the_sessions_own_token(browser, cast):
    alice = browser(cast.alice)
    assert alice.client.post("/probe/write", data={"key": "new"}).status_code == 403
    assert alice.client.post("/probe/write", data={"key": "new", "csrf": "x"}).status_code == 403
    header = {"X-CSRF-Token": alice.csrf}
    cross = {**header, "Sec-Fetch-Site": "cross-site"}
    assert alice.client.post("/probe/write", data={"key": "new"}, headers=cross).status_code == 403
    assert team("new") is None
    assert alice.client.post("/probe/write", data={"key": "new"}, headers=header).status_code == 200


def test_strangers_are_sent_to_the_login_and_back(browser, cast):
    stranger = browser()
    assert stranger.get("/probe/agents?a=1&b=ü").location == "/login?next=/probe/agents%3Fa%3D1%26b%3D%C3%BC"
    assert stranger.post("/probe/write").location == "/login"
    part = stranger.get("/probe/agents", headers={"HX-Request": "true"})
    assert (part.status_code, part.headers["HX-Redirect"]) == (401, "/login")
    on_page = {"HX-Request": "true", "HX-Current-URL": "http://localhost/cases/7?tab=audit"}
    assert stranger.get("/probe/agents", headers=on_page).headers["HX-Redirect"] == "/login?next=/cases/7%3Ftab%3Daudit"
    program = stranger.get("/api/probe")
    assert (program.status_code, program.content_type) == (401, "application/problem+json")
    assert program.headers["WWW-Authenticate"].startswith("Bearer")


def test_roles_are_kept_apart(browser, cast):
    assert browser(cast.alice).get("/probe/agents").text == "agents"
    assert browser(cast.ada).get("/probe/agents").text == "agents"
    assert browser(cast.desi).get("/probe/agents").status_code == 403
    assert browser(cast.ada).get("/probe/nobody").status_code == 403


def test_tokens_open_the_api_only_and_need_no_form_token(browser, cast):
    stranger, key = browser(), bearer(cast.alice)
    assert stranger.get("/api/probe", headers=key).json == {"login": "alice"}
    assert stranger.get("/probe/agents", headers=key).status_code == 303
    for wrong in ("Bearer rb_nonsense", "Bearer ", "Basic YTpi", "nonsense"):
        assert stranger.get("/api/probe", headers={"Authorization": wrong}).status_code == 401


def test_a_bad_token_is_not_made_good_by_a_cookie(browser, cast):
    alice = browser(cast.alice)
    assert alice.get("/api/probe", headers={"Authorization": "Bearer rb_nonsense"}).status_code == 401
    assert alice.get("/api/probe").json == {"login": "alice"}


def test_a_public_view_knows_nobody(browser, cast):
    assert browser(cast.alice).get("/probe/who").status_code == 303


def test_one_query_finds_out_who_asks(browser, cast):
    alice = browser(cast.alice)
    with recorded() as statements:
        alice.get("/probe/agents")
    assert len(statements) == 1


def test_the_frame_costs_little(browser, cast, application):
    alice = browser(cast.alice)

    def best(path):
        times = []
        for _ in range(40):
            begun = time.thread_time()
            alice.get(path)
            times.append(time.thread_time() - begun)
        return min(times)

    assert best("/probe/agents") - best("/healthz") < 0.008


def test_a_route_without_a_rule_stops_the_start(engine, monkeypatch):
    bare = Blueprint("bare", __name__)
    bare.get("/bare")(lambda: "x")
    monkeypatch.setitem(globals(), "blueprint", bare)
    with pytest.raises(RuntimeError, match="/bare"):
        create_app((__name__,))


# ---------------------------------------------------------------- headers
def test_every_answer_is_guarded(browser, cast):
    alice = browser(cast.alice)
    for path in ("/login", "/probe/agents", "/nothing", "/api/probe", "/healthz"):
        found = alice.get(path).headers
        assert found["X-Content-Type-Options"] == "nosniff"
        assert found["Referrer-Policy"] == "same-origin"
        assert found["X-Frame-Options"] == "DENY"
        assert found["Cache-Control"] == "no-store"
        assert "frame-ancestors 'none'" in found["Content-Security-Policy"]
        assert "Strict-Transport-Security" not in found


def test_only_scripts_of_this_answer_run(browser, cast):
    pages = [browser().get("/login") for _ in range(2)]
    policies = [page.headers["Content-Security-Policy"] for page in pages]
    assert policies[0] != policies[1]
    for page, policy in zip(pages, policies, strict=True):
        script = next(part for part in policy.split(";") if "script-src" in part)
        assert "unsafe" not in script
        nonce = script.split("'nonce-")[1].split("'")[0]
        assert f'<style nonce="{nonce}">' in page.text


def test_a_view_may_set_a_policy_of_its_own(browser, cast):
    found = browser(cast.alice).get("/probe/framed").headers
    assert found["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'self'"
    assert found["X-Frame-Options"] == "SAMEORIGIN"


def test_the_stream_may_be_listened_to():
    assert headers.stream_origin("http://127.0.0.1:8081/stream") == "http://127.0.0.1:8081"
    assert headers.stream_origin("/stream") == "'self'"


def test_proxies_are_believed_only_when_they_are_ours(engine, monkeypatch, cast):
    def address(trusted):
        monkeypatch.setenv("TRUSTED_PROXIES", str(trusted))
        settings.cache_clear()
        app = create_app()
        seen = []
        app.before_request(lambda: seen.append(request.remote_addr))
        Browser(app).get("/healthz", headers={"X-Forwarded-For": "203.0.113.9", "X-Forwarded-Host": "evil.example"})
        return seen[0]

    try:
        assert address(0) == "127.0.0.1"
        assert address(1) == "203.0.113.9"
    finally:
        monkeypatch.undo()
        settings.cache_clear()


def test_a_session_in_use_gets_a_later_cookie(browser, cast, monkeypatch):
    alice = browser(cast.alice)
    with unit_of_work() as session:
        session.execute(text("update login_sessions set expires_at = now() + interval '1 hour'"))
    assert "ringback=" in alice.get("/probe/agents").headers["Set-Cookie"]
    assert "Set-Cookie" not in alice.get("/probe/agents").headers


# ---------------------------------------------------------------- health
def test_live_needs_nothing(browser, db):
    assert browser().get("/healthz").json == {"status": "ok"}


def test_ready_when_all_parts_are_well(browser, live):
    answer = browser().get("/readyz")
    assert answer.status_code == 200
    assert set(answer.json["checks"]) == {"database", "redis", "clock", "envelopes"}


@pytest.mark.committed
def test_ready_again_at_once_when_the_database_is_back(browser, live):
    assert browser().get("/readyz").status_code == 200
    with create_engine(settings().database_url, poolclass=NullPool).connect() as other:
        others = "datname = current_database() and pid <> pg_backend_pid()"
        other.execute(text(f"select pg_terminate_backend(pid, 5000) from pg_stat_activity where {others}"))
    assert browser().get("/readyz").json["checks"]["database"] == {"ok": True, "detail": "answers"}


def test_not_ready_without_redis_says_so(browser, db, monkeypatch):
    monkeypatch.setenv("REDIS_URL", "redis://127.0.0.1:9/0")
    settings.cache_clear()
    doorbell.forget()
    try:
        answer = browser().get("/readyz")
    finally:
        monkeypatch.undo()
        settings.cache_clear()
        doorbell.forget()
    assert answer.status_code == 503
    assert answer.json["checks"]["redis"]["ok"] is False
    assert answer.json["checks"]["database"]["ok"] is True


def test_not_ready_when_the_clock_is_late(browser, live):
    with unit_of_work():
        schedule.set_timer("t", utcnow().replace(year=2020), job="timer", ref=1)
    answer = browser().get("/readyz")
    assert answer.status_code == 503
    assert "late" in answer.json["checks"]["clock"]["detail"]


def test_not_ready_without_the_database(browser, live, monkeypatch):
    def broken(*_args, **_options):
        raise OperationalError("select 1", {}, Exception("gone"))

    monkeypatch.setattr(Session, "execute", broken)
    checks = browser().get("/readyz").json["checks"]
    assert checks["database"]["ok"] is False
    assert checks["clock"] == {"ok": False, "detail": "not known without the database"}
