"""Every capability with inputs that cannot be: a stuck step whose cause an operator can read, nothing half done, and a retry."""

from __future__ import annotations

from typing import Any

import pytest
from sqlalchemy import select

from app import bootstrap
from app.cases.models import Case
from app.db import unit_of_work
from app.identity import queries as people
from app.identity import service as identity
from app.orchestration import driving
from app.orchestration.world import CAPABILITIES
from app.routing import service as routing
from app.sla import service as sla
from app.web import create_app
from app.workflow import definitions, queries
from app.workorders.models import WorkOrder
from tests.support.browser import Browser
from tests.support.desk import make_account, make_case
from tests.support.people import make_cast
from tests.support.processes import flows, process

# Each capability with inputs that it cannot use, and words of the sentence that says so.
WRONG: dict[str, tuple[dict[str, str], str]] = {
    "set_case": ({"priority": "super"}, "The priority is one of"),
    "send_message": ({"template": "no_such_text"}, "no_such_text"),
    "notify": ({"who": "agent", "template": "no_such_text"}, "There is no template no_such_text"),
    "escalate": ({"level": "high"}, "a number from 1 to 9"),
    "raise_urgency": ({"loudly": "yes"}, "wrong inputs"),
    "open_work_order": ({"title": "Mend", "team": "moon"}, "There is no team moon"),
    "tell_work_orders": ({}, "wrong inputs"),
    "tell_case": ({}, "wrong inputs"),
    "record_amendment": ({"priority": "super"}, "The priority is one of"),
    "archive_case": ({"reopen_within": "soon"}, "soon"),
    "reopen_case": ({"due_within": "later"}, "later"),
    "move_time_limits": ({"due_within": "later"}, "later"),
    "work_order_set": ({"state": "accepted"}, "belongs to the process of a work order"),
    "archive_work_order": ({}, "belongs to the process of a work order"),
}


def diagram(name: str, inputs: dict[str, str]) -> bytes:
    """A process of one step that calls a capability."""
    given = "".join(f'<ringback:input name="{key}" value="{value}"/>' for key, value in inputs.items())
    return process(
        '<bpmn:startEvent id="s"/><bpmn:serviceTask id="step" name="The step"><bpmn:extensionElements>'
        f'<ringback:capability name="{name}">{given}</ringback:capability></bpmn:extensionElements></bpmn:serviceTask>'
        '<bpmn:endEvent id="e"/>' + flows("s>step", "step>e"),
        process_id="service_case",
    ).encode()


def test_every_capability_is_asked() -> None:
    bootstrap.metadata()
    assert set(WRONG) == set(CAPABILITIES)


def stuck(session: Any, name: str, inputs: dict[str, str]) -> tuple[Case, Any]:
    """A case whose process is stuck in its only step."""
    cast = make_cast()
    calendar = sla.save_calendar("business", name="Business hours")
    routing.save_queue("service", name="Service", team_id=cast.service_team.id, calendar_id=calendar.id)
    deployed = definitions.deploy("service_case", diagram(name, inputs))
    definitions.publish(deployed.id)
    case = make_case(cast, make_account())
    session.flush()
    [(fault, _instance)] = queries.open_faults()
    return case, fault


@pytest.mark.parametrize("name", sorted(WRONG))
def test_bad_inputs_are_a_stuck_step_with_its_cause(session: Any, name: str) -> None:
    inputs, says = WRONG[name]
    case, fault = stuck(session, name, inputs)
    assert says in fault.message
    assert (fault.element_id, fault.name) == ("step", "The step")
    assert session.scalars(select(WorkOrder)).all() == []
    driving.resolve_fault(fault.id, how="retry")
    session.flush()
    [(again, _instance)] = queries.open_faults()
    assert says in again.message, "the cause is still there, so the step is stuck again"
    driving.resolve_fault(again.id, how="skip")
    assert queries.open_faults() == []
    assert driving.instances_of(case.id) == []


def test_a_retry_goes_on_once_the_cause_is_gone(session: Any) -> None:
    case, fault = stuck(session, "open_work_order", {"title": "Mend", "team": "moon"})
    identity.save_team("moon", name="Moon")
    definitions.publish(definitions.deploy("work_order", diagram("notify", {"who": "agent", "template": "x"})).id)
    driving.resolve_fault(fault.id, how="retry")
    session.flush()
    assert [order.title for order in session.scalars(select(WorkOrder))] == ["Mend"]
    assert fault.id not in [found.id for found, _ in queries.open_faults()]
    assert case.status == "dispatched"


@pytest.mark.usefixtures("db")
def test_an_operator_sees_cause_and_buttons() -> None:
    with unit_of_work() as session:
        case, fault = stuck(session, "set_case", {"priority": "super"})
        number, fault_id = case.number, fault.id
        boss = people.user_by_login("mona")
    browser = Browser(create_app(), boss)
    page = browser.get("/faults").text
    assert number in page
    assert "The priority is one of" in page
    assert f"/faults/{fault_id}/retry" in page
    assert browser.post(f"/faults/{fault_id}/skip").status_code == 303
    assert "Nothing is stuck" in browser.get("/faults").text
