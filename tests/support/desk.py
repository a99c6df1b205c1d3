"""A small desk for tests: a mailbox, a contact, and a process with a task, a form and three actions."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson

from app import blobs
from app.cases import service as cases
from app.cases.models import Case
from app.contacts import service as contacts
from app.db import session
from app.messaging import accounts, store
from app.messaging.models import ChannelAccount
from app.orchestration import driving
from app.routing import service as routing
from app.sla import service as sla
from app.workflow import definitions
from app.workflow.models import ProcessDefinition
from app.workorders import service as workorders
from app.workorders.models import WorkOrder
from channels.port import Address, InboundMessage
from tests.support.people import Cast

FORM = {
    "fields": [
        {"key": "outcome", "type": "choice", "required": True, "label": "What now?",
         "options": [{"value": "resolved", "label": "Resolved"}, {"value": "again", "label": "Again"}]},
        {"key": "answer", "type": "text", "label": "Answer"},
    ]
}  # fmt: skip
CHASE = {"fields": [{"key": "text", "type": "text", "required": True, "label": "What is late?"}]}


def _process(key: str, task: str, team: str, actions: str) -> str:
    return f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:ringback="urn:ringback:bpmn:1"
  targetNamespace="urn:test">
  <bpmn:message id="m_chase" name="chase"/><bpmn:message id="m_reply" name="reply"/><bpmn:message id="m_seal" name="seal"/>
  <bpmn:process id="{key}" name="{key}" isExecutable="true">
    <bpmn:startEvent id="start"/>
    <bpmn:userTask id="{task}" name="{task.capitalize()}">
      <bpmn:extensionElements><ringback:assignment candidateTeams="{team}"/><ringback:form key="{task}"/></bpmn:extensionElements>
    </bpmn:userTask>
    <bpmn:exclusiveGateway id="which" default="to_end"/>
    <bpmn:endEvent id="end"/>
    <bpmn:sequenceFlow id="f1" sourceRef="start" targetRef="{task}"/>
    <bpmn:sequenceFlow id="f2" sourceRef="{task}" targetRef="which"/>
    <bpmn:sequenceFlow id="again" sourceRef="which" targetRef="{task}">
      <bpmn:conditionExpression>${{outcome == "again"}}</bpmn:conditionExpression>
    </bpmn:sequenceFlow>
    <bpmn:sequenceFlow id="to_end" sourceRef="which" targetRef="end"/>
    {actions.replace("TASK", task)}
  </bpmn:process>
</bpmn:definitions>"""


def _action(verb: str, roles: str, form: str = "") -> str:
    shown = f' form="{form}"' if form else ""
    return f"""
    <bpmn:boundaryEvent id="on_{verb}" attachedToRef="TASK" cancelActivity="false">
      <bpmn:extensionElements><ringback:action verb="{verb}" roles="{roles}" label="{verb.capitalize()}"{shown}/></bpmn:extensionElements>
      <bpmn:messageEventDefinition messageRef="m_{verb}"/>
    </bpmn:boundaryEvent>
    <bpmn:endEvent id="end_{verb}"/>
    <bpmn:sequenceFlow id="f_{verb}" sourceRef="on_{verb}" targetRef="end_{verb}"/>"""


CASE_BPMN = _process(
    "service_case", "handle", "service",
    _action("chase", "agent,customer", "chase") + _action("reply", "agent") + _action("seal", "manager"),
)  # fmt: skip
ORDER_BPMN = _process(
    "work_order", "mend", "repairs", _action("chase", "agent,customer", "chase") + _action("reply", "holder")
)


@dataclass(frozen=True)
class Desk:
    """What a test of the desk starts from."""

    cast: Cast
    account: ChannelAccount
    case: Case
    order: WorkOrder


def deploy(key: str, bpmn: str, **forms: Any) -> ProcessDefinition:
    """Deploy and publish a process."""
    files = {f"{name}.json": orjson.dumps(form) for name, form in forms.items()}
    return definitions.publish(definitions.deploy(key, bpmn.encode(), files=files).id)


def make_account() -> ChannelAccount:
    """A mailbox that sends nowhere."""
    return accounts.save(
        None, kind="email", provider="loopback", name="Desk", address="desk@ringback.test",
        config={"address": "desk@ringback.test"}, secrets={}, queue_key="service",
    )  # fmt: skip


def make_case(cast: Cast, account: ChannelAccount, *, subject: str = "A leak", team_id: int | None = None) -> Case:
    """A case of Dana that its process drives."""
    dana = contacts.find_or_create("email", "dana@example.org", name="Dana")
    case = cases.open_case(
        subject=subject, channel="email", contact_id=dana.id, contact_name="Dana", account_id=account.id,
        queue_key="service", team_id=team_id or cast.service_team.id,
    )  # fmt: skip
    first = store.store_inbound(
        InboundMessage(f"<{case.number}@example.org>", Address("dana@example.org", "Dana"), subject=subject, text="It leaks."),
        case_id=case.id, kind="email", contact_id=dana.id, author="Dana", reason="new", raw_digest=blobs.put(b"raw"),
        interaction_id=store.interaction_for(
            case.id, kind="email", account_id=account.id, contact_id=dana.id, subject=subject
        ),
    )  # fmt: skip
    driving.start_case(case, message={"id": first, "text": "It leaks.", "subject": subject})
    return case


def make_desk(cast: Cast) -> Desk:
    """Dana's case with the service team, with a work order that repairs holds."""
    calendar = sla.save_calendar("business", name="Business hours")
    routing.save_queue("service", name="Service", team_id=cast.service_team.id, calendar_id=calendar.id)
    deploy("service_case", CASE_BPMN, handle=FORM, chase=CHASE)
    deploy("work_order", ORDER_BPMN, mend=FORM, chase=CHASE)
    account = make_account()
    case = make_case(cast, account)
    order = workorders.open_work_order(
        case_id=case.id, title="Mend the pipe", fields={"where": "cellar"}, team_id=cast.repairs.id, holder_id=None,
        opened_by=cast.alice.id,
    )  # fmt: skip
    workorders.change(order, {"state": "dispatched"})
    driving.start_work_order(order, case, data={})
    session().flush()
    return Desk(cast, account, case, order)
