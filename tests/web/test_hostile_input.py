"""Input that nobody types: whatever a caller sends, the answer is a refusal with a sentence, never an accident."""

from __future__ import annotations

import io
from urllib.parse import quote

import pytest

from app.db import unit_of_work
from app.web import create_app
from app.web.api.contract import operation_of
from tests.support.browser import bearer
from tests.support.desk import make_desk
from tests.support.lasting import lasting, taken_back
from tests.support.people import make_cast
from tests.web.matrix import SAMPLES, make_world

WORDS = (
    "\x00",
    "a\x00b",
    "'; drop table cases; --",
    "%00",
    "../../etc/passwd",
    "{{7*7}}",
    "\u202egnp.exe",
    "💥" * 50,
    "9" * 40,
    "-1",
    "1e999",
    "",
)
WORST = ("a\x00b", "'; drop table cases; --", "9" * 40)
FIELDS = (
    "q", "text", "to", "cc", "subject", "kind", "name", "login", "email", "role", "locale", "theme", "user", "days", "view", "before", "after",
    "cursor", "tab", "order", "case", "note", "key", "bpmn", "reason", "number", "queue", "team", "address", "provider", "values", "outcome",
    "seen", "draft", "message", "position", "definition_key", "channel", "token", "instance",
)  # fmt: skip
BODIES = (
    "", "null", "[]", "{}", '"x"', "1e999", "{", '{"a":' * 2000, '{"kind":"note","text":"a\\u0000b"}', '{"kind":"note","text":"\\ud800"}',
    '{"verb":"chase","values":{"text":"\\u0000"}}', '{"verb":"\\u0000"}', '{"values":{"outcome":["again"]}}',
    '{"values":{"outcome":"again","answer":{"a":{"b":1}}}}', '{"key":"x","bpmn":"\\u0000"}', '{"take":"maybe"}', "\xff",
)  # fmt: skip


@pytest.fixture(scope="module")
def line(engine):
    """What all tests of this file share is made on this connection."""
    with lasting(engine) as connection:
        yield connection


@pytest.fixture(scope="module")
def cast(line):
    """Everybody."""
    with unit_of_work():
        return make_cast()


@pytest.fixture(scope="module")
def desk(cast):
    """The desk."""
    with unit_of_work():
        return make_desk(cast)


@pytest.fixture
def db(line, desk, bell, wire):
    """What a test changes is taken back."""
    with taken_back(line):
        yield


@pytest.fixture
def ask(application, desk, db):
    """Send anything as an administrator; an answer of 500 fails."""
    client, headers = application.test_client(), bearer(desk.cast.ada)

    def send(method, path, **options):
        answer = client.open(path, method=method, headers=headers, **options)
        assert answer.status_code < 500, f"{method} {path} {options}: {answer.text[:300]}"
        return answer

    return send


def _operations():
    app = create_app()
    return [
        (route, method, operation_of(app.view_functions[route.endpoint]))
        for route in sorted(app.url_map.iter_rules(), key=lambda each: each.rule)
        for method in sorted((route.methods or set()) - {"HEAD", "OPTIONS"})
        if operation_of(app.view_functions[route.endpoint]) is not None
    ]


OPERATIONS = _operations()


def _paths(route, desk):
    """The route with a real thing, and with every odd word where a thing's name belongs."""
    with unit_of_work():
        named = {
            "number": desk.case.number,
            "order_number": desk.order.number,
            "key": "service_case",
            "version": 1,
            "account_id": desk.account.id,
            "user_id": desk.cast.bob.id,
            "team_id": desk.cast.repairs.id,
        }
    path = route.rule
    for name in route.arguments:
        path = path.replace(f"<int:{name}>", str(named.get(name, 1))).replace(f"<{name}>", str(named.get(name, 1)))
    yield path
    for word in WORDS if route.arguments else ():
        odd = route.rule
        for name in route.arguments:
            odd = odd.replace(f"<int:{name}>", word).replace(f"<{name}>", word)
        yield odd.replace("%", "%25").replace("\x00", "%00").replace("?", "%3F")


@pytest.mark.parametrize("route,method,operation", OPERATIONS, ids=[f"{m} {r.rule}" for r, m, _ in OPERATIONS])
def test_odd_names_queries_and_bodies_are_refused(ask, desk, route, method, operation):
    first, *odd = _paths(route, desk)
    for path in odd:
        ask(method, path, json={} if operation.body else None)
    for field in operation.query.model_fields.values() if operation.query else ():
        name = field.alias or next(key for key, each in operation.query.model_fields.items() if each is field)
        for word in WORDS:
            ask(method, first, query_string={name: word})
    if operation.body:
        for body in BODIES:
            ask(method, first, data=body.encode("latin-1"), content_type="application/json")
    if operation.takes_file:
        for word in WORDS:
            ask(method, first, data={"file": (io.BytesIO(b"x"), f"x{word}".replace("\n", ""), "text/plain")})
        ask(method, first, data=b"--x", content_type="multipart/form-data; boundary=x")


@pytest.mark.parametrize("path", ["/api/v1/tasks/" + "9" * 30, "/api/v1/processes/x/versions/" + "9" * 30])
def test_numbers_beyond_all_ids_are_refused(ask, path):
    assert ask("GET", path).status_code in {404, 422}


def test_the_login_form_takes_anything(application, db):
    for word in WORDS:
        client = application.test_client()
        assert (
            client.post("/login", data={"login": word, "password": word, "csrf": word, "next": word}).status_code < 500
        )
        assert client.get("/login", query_string={"next": word, "lang": word}).status_code < 500
        client.set_cookie("ringback", word.replace("\x00", ""))
        assert client.get("/account").status_code < 500
        assert client.get("/api/v1/me", headers={"Authorization": f"Bearer {word!a}"}).status_code == 401


def test_odd_names_on_pages_and_odd_forms_are_refused(application, browser, cast):
    with unit_of_work():
        world = make_world(cast)
    ada = browser(cast.ada)
    for route in application.url_map.iter_rules():
        if route.endpoint == "static" or route.endpoint.startswith("api."):
            continue
        values = {name: SAMPLES[name](world) for name in route.arguments}
        real = application.url_map.bind("localhost").build(route.endpoint, values)
        texts = sorted(name for name, value in values.items() if isinstance(value, str))
        for word in WORST:
            fields = dict.fromkeys(FIELDS, word)
            if "GET" in route.methods:
                odd = real
                for name in texts:
                    odd = odd.replace(str(values[name]), quote(word, safe="") or "x")
                for path in (odd, real):
                    answer = ada.get(path, query_string=fields)
                    assert answer.status_code < 500 or route.endpoint == "health.ready", (
                        f"{path} {word!r}: {answer.text[-600:]}"
                    )
            if "POST" in route.methods and not route.endpoint.startswith("auth."):
                answer = ada.post(real, fields)
                assert answer.status_code < 500, f"{real} {word!r}: {answer.text[-600:]}"
