"""Every route × every role, generated from the route table: a new route without a rule, or one that forgets whose case it
shows, fails here without anybody writing a test for it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from urllib.parse import quote

import pytest
from werkzeug.routing import Map

from app.db import unit_of_work
from app.identity import queries, roles, service
from app.identity.models import Role, User
from app.web import create_app
from app.web.rules import rule_of
from tests.support.lasting import lasting, taken_back
from tests.support.people import make_cast, make_user
from tests.web.matrix import OF_A_CASE, SAMPLES, World, make_world

SAFE = {"GET", "HEAD", "OPTIONS"}
# Routes that take their caller's word for something else than a login, each with the reason.
OWN_PROOF = {
    "auth.sign_in": "the login form has a form token of its own",
    "forgotten.ask": "so has the form that asks for a link",
    **dict.fromkeys(
        (
            "visitor.begin",
            "visitor.say",
            "visitor.signs",
            "visitor.end",
            "visitor.send_file",
            "visitor.leave",
            "visitor.rating",
            "visitor.transcript",
        ),
        "a widget's page is known by its origin, a visitor by the token of their chat; no cookie is looked at",
    ),
    "hooks.take": "a vendor's webhook is known by its signature, which the account's provider checks",
    "forgotten.change": "so has the form for a new password, and the token in its address is the proof",
}


def _routes():
    """All routes as (endpoint, method, whether it names something of a case, whether it is public), without a database."""
    app = create_app()
    found = []
    for route in app.url_map.iter_rules():
        is_public = rule_of(app.view_functions[route.endpoint]).is_public
        methods = sorted((route.methods or set()) - {"HEAD", "OPTIONS"})
        found += [(route.endpoint, method, bool(route.arguments & OF_A_CASE), is_public) for method in methods]
    return sorted(each for each in found if each[0] != "static")


ROUTES = _routes()
ALL = [(endpoint, method) for endpoint, method, _of_a_case, _public in ROUTES]
OF_CASES = [(endpoint, method) for endpoint, method, of_a_case, public in ROUTES if of_a_case and not public]


@dataclass(frozen=True)
class Paths:
    """Paths of endpoints in a world: with every parameter naming something real, or something that is not there."""

    url_map: Map
    world: World
    olga: User

    def _route(self, endpoint):
        return max(self.url_map.iter_rules(endpoint), key=lambda rule: len(rule.arguments))

    def _values(self, endpoint):
        route = self._route(endpoint)
        unknown = route.arguments - set(SAMPLES)
        assert not unknown, f"Say in tests/web/matrix.py SAMPLES what {sorted(unknown)} of {route.rule} stands for."
        return {name: SAMPLES[name](self.world) for name in route.arguments}

    def real(self, endpoint):
        return self.url_map.bind("localhost").build(endpoint, self._values(endpoint))

    def unknown(self, endpoint):
        values = self._values(endpoint)
        for name in values.keys() & OF_A_CASE:
            values[name] = "RB-1999-000001" if isinstance(values[name], str) else 999_999_999
        return self.url_map.bind("localhost").build(endpoint, values)

    def blurred(self, text, endpoint):
        """The answer without what was asked for, and without what differs with every answer."""
        for path in (self.real(endpoint), self.unknown(endpoint)):
            text = text.replace(path, "PATH").replace(quote(path), "PATH")
        return re.sub(r'nonce="[^"]*"|value="[^"]*"', "", text)


@pytest.fixture(scope="module")
def line(engine):
    """What all tests of this file share is made on this connection."""
    with lasting(engine) as connection:
        yield connection


@pytest.fixture(scope="module")
def paths(application, line):
    """Paths in a world with one case of the service team and all that hangs on it. Made once: it takes longer than most tests."""
    with unit_of_work():
        cast = make_cast()
        return Paths(application.url_map, make_world(cast), make_olga(cast))


@pytest.fixture
def db(line, paths, bell, wire):
    """What a test changes in the world is rolled back to where the world was."""
    with taken_back(line):
        yield


def make_olga(cast):
    """Somebody of the service team whose role is the desk's own: an agent's without some rights, with others beside them."""
    rights = [
        "cases_new",
        "cases_work",
        "contacts_see",
        "processes_see",
        "processes_publish",
        "settings_see",
        "queues",
        "teams",
    ]
    own = roles.make("own", roles.Wish("Own", rights), copy_of=Role.AGENT)
    olga = make_user("olga", teams=(cast.service_team,))
    return service.change_user(olga.id, role=own)


def viewer_of(person):
    with unit_of_work():
        return queries.viewer(person.id)


@pytest.mark.parametrize("endpoint,method", ALL)
def test_each_route_lets_in_whom_its_rule_names_and_nobody_else(application, browser, paths, endpoint, method):
    path, cast = paths.real(endpoint), paths.world.cast
    rule = rule_of(application.view_functions[endpoint])
    assert rule is not None
    for person in (None, cast.charlie, cast.desi, cast.alice, paths.olga, cast.mona, cast.ada):
        answer = browser(person).request(method, path)
        status, who = answer.status_code, f"{person.login if person else 'a stranger'}: {method} {path}"
        assert status < 500 or endpoint == "health.ready", f"{who} fails with {status}: {answer.text[:300]}"
        if rule.is_public:
            assert status != 401 or endpoint in OWN_PROOF
        elif person is None:
            assert status == 401 or answer.location.startswith("/login"), f"{who} gets {status}"
        elif not (rule.admits and rule.admits(viewer_of(person))):
            assert status == 403, f"{who}: {rule.name} should refuse, got {status}"
        else:
            assert status != 401, who
            assert not (method in SAFE and person in {cast.mona, cast.ada} and status == 403), f"{who} is refused"


@pytest.mark.parametrize("endpoint,method", OF_CASES)
def test_another_team_learns_as_little_as_from_an_id_that_does_not_exist(browser, paths, endpoint, method):
    charlie = browser(paths.world.cast.charlie)
    real, unknown = charlie.request(method, paths.real(endpoint)), charlie.request(method, paths.unknown(endpoint))
    assert real.status_code in {403, 404, 422}, (
        f"{method} {paths.real(endpoint)} answers {real.status_code} to another team"
    )
    assert real.status_code == unknown.status_code
    assert paths.blurred(real.text, endpoint) == paths.blurred(unknown.text, endpoint)


@pytest.mark.parametrize("endpoint,method", [each for each in ALL if each[1] not in SAFE])
def test_no_unsafe_route_believes_a_cookie_alone(application, browser, paths, endpoint, method):
    if rule_of(application.view_functions[endpoint]).is_public:
        assert endpoint in OWN_PROOF, (
            f"{endpoint} is public and changes things: say in OWN_PROOF how it knows its callers."
        )
        return
    ada = browser(paths.world.cast.ada)
    for headers in ({}, {"X-CSRF-Token": "x"}, {"X-CSRF-Token": browser(paths.world.cast.alice).csrf}):
        answer = ada.client.open(paths.real(endpoint), method=method, headers=headers)
        assert answer.status_code == 403, f"{method} {endpoint} answers {answer.status_code} to a forged request"


@pytest.mark.parametrize("endpoint", sorted({endpoint for endpoint, method in OF_CASES if method == "GET"}))
def test_ids_that_do_not_exist_are_not_found(browser, paths, endpoint):
    assert browser(paths.world.cast.ada).get(paths.unknown(endpoint)).status_code == 404
