"""Moving running cases to another version, in the desk and through the API."""

from __future__ import annotations

import pytest

from app import db
from app.cases import service as cases
from app.orchestration import driving, migrating, queries
from app.workflow import definitions
from tests.journeys.test_migrating import run_job, version
from tests.web.api_client import Client, Validators

KEY = "moving"


@pytest.fixture
def running(cast):
    """A case on version 1 of a process that has a version 2, where its step has another name."""
    with db.unit_of_work():
        first = definitions.publish(definitions.deploy(KEY, version("work").encode()).id)
        case = cases.open_case(
            subject="Heater", channel="email", contact_id=None, contact_name="Dana", auto="none", queue_key="service",
            team_id=cast.service_team.id,
        )  # fmt: skip
        driving.start(case, definitions.compiled(first.id), data={})
        definitions.publish(definitions.deploy(KEY, version("labour").encode()).id)
        return case


def latest() -> int:
    with db.unit_of_work():
        return int(migrating.of_process(KEY)[0].id)


def tasks_of(case) -> list[str]:
    with db.unit_of_work():
        return [task.element_id for task in queries.overview(case.id).tasks]


def test_a_designer_looks_chooses_and_moves(browser, cast, running):
    desi = browser(cast.desi)
    assert f"/processes/{KEY}/versions/2/migration" in desi.get(f"/processes/{KEY}").text
    page = desi.get(f"/processes/{KEY}/versions/2/migration")
    assert "The new version has no such element." in page.text
    assert "1 would stay" in page.text
    page = desi.get(f"/processes/{KEY}/versions/2/migration?source=1&to:work=labour")
    assert "1 can be moved" in page.text
    form = {"source": "1", "to:work": "labour", "note": "renamed"}
    answer = desi.post(f"/processes/{KEY}/versions/2/migration", data=form)
    assert (answer.status_code, answer.location) == (303, f"/processes/{KEY}?version=2#migrations")
    assert 'hx-trigger="every 2s"' in desi.get(f"/processes/{KEY}/migrations").text
    run_job(latest())
    done = desi.get(f"/processes/{KEY}/migrations").text
    assert "moved: 1" in done
    assert "every 2s" not in done
    assert tasks_of(running) == ["labour"]
    assert "Nothing runs on another version" in desi.get(f"/processes/{KEY}/versions/2/migration").text


def test_what_stays_is_listed_with_the_reason(browser, cast, running):
    desi = browser(cast.desi)
    desi.post(f"/processes/{KEY}/versions/2/migration", data={"source": "1"})
    run_job(latest())
    text = desi.get(f"/processes/{KEY}/migrations").text
    assert running.number in text
    assert "Work: The new version has no such element." in text
    assert tasks_of(running) == ["work"]


def test_the_form_wants_a_source(browser, cast, running):
    answer = browser(cast.desi).post(f"/processes/{KEY}/versions/2/migration", data={})
    assert answer.status_code == 422
    assert "from which version" in answer.text


def test_the_same_through_the_api(application, cast, running):
    desi = Client(application, cast.desi, Validators(application))
    plan = desi.post(f"/processes/{KEY}/versions/2/migration-plan", {"source": 1})
    assert (plan.status_code, plan.json["blocked"], plan.json["stops"][0]["count"]) == (200, 1, 1)
    wrong = desi.post(f"/processes/{KEY}/versions/2/migrations", {"source": 1, "mapping": {"work": "nowhere"}})
    assert wrong.status_code == 422
    made = desi.post(
        f"/processes/{KEY}/versions/2/migrations", {"source": 1, "mapping": {"work": "labour"}, "note": "x"}
    )
    assert (made.status_code, made.json["moved"], made.json["ended_at"]) == (201, 0, None)
    again = desi.post(f"/processes/{KEY}/versions/2/migrations", {"source": 1})
    assert again.status_code == 409
    run_job(made.json["id"])
    [row] = desi.get(f"/processes/{KEY}/migrations").json["items"]
    assert (row["moved"], row["refused"], row["ended_at"] is not None) == (1, [], True)


def test_others_may_not(application, cast, running):
    alice = Client(application, cast.alice, Validators(application))
    assert alice.post(f"/processes/{KEY}/versions/2/migrations", {"source": 1}).status_code == 403
