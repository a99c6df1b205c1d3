"""The same form sent twice, by a double click or after going back, is done once."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import func, select

from app.cli import seed
from app.db import unit_of_work
from app.orchestration.queries import overview
from app.routing import service as routing
from app.sla import service as sla
from app.workorders.models import WorkOrder
from tests.processes.driving import ROOT
from tests.support.desk import make_account, make_case


@pytest.fixture
def form(browser, cast):
    """The form of dispatching, open at Alice's."""
    with unit_of_work():
        calendar = sla.save_calendar("business", name="Business hours")
        routing.save_queue("service", name="Service", team_id=cast.service_team.id, calendar_id=calendar.id)
        seed._save_templates()
        for folder in sorted(ROOT.iterdir()):
            seed.deploy_folder(folder)
        case = make_case(cast, make_account())
        offered = next(a for a in overview(case.id).actions if a.verb == "dispatch")
    alice = browser(cast.alice)
    path = f"/cases/{case.number}/actions/{offered.instance_id}/{offered.token}"
    return alice, path


def fields(form, **values):
    alice, path = form
    once = re.search(r'name="once" value="([^"]+)"', alice.get(path).text)[1]
    return {"title": "Mend it", "team": "repairs", "urgency": "normal", "once": once, **values}


def orders():
    with unit_of_work() as session:
        return session.scalar(select(func.count()).select_from(WorkOrder))


def test_a_double_click_dispatches_once(form):
    alice, path = form
    filled = fields(form)
    assert [alice.post(path, filled).status_code for _ in range(2)] == [303, 303]
    assert orders() == 1


def test_a_refused_form_can_be_sent_again(form):
    alice, path = form
    filled = fields(form, title="")
    assert alice.post(path, filled).status_code == 422
    assert alice.post(path, {**filled, "title": "Mend it"}).status_code == 303
    assert orders() == 1


def test_a_form_opened_anew_is_another_one(form):
    alice, path = form
    for _ in range(2):
        alice.post(path, fields(form))
    assert orders() == 2
