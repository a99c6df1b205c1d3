"""Diagrams that begin with messages, as other modelers draw them: the interaction that opens the case is that message."""

from __future__ import annotations

from app import db
from app.orchestration import queries
from tests.journeys.mailing import mail
from tests.journeys.test_calls import HEAD, put


def drawn(*starts: tuple[str, str], kind: str = "message") -> str:
    """A process with one branch for each start event (id, name of its message)."""
    messages = "".join(f'<bpmn:{kind} id="m_{name}" name="{name}"/>' for _start, name in starts)
    body = "".join(
        f'<bpmn:startEvent id="{start}"><bpmn:{kind}EventDefinition {kind}Ref="m_{name}"/></bpmn:startEvent>'
        f'<bpmn:userTask id="after_{start}"/><bpmn:sequenceFlow id="f_{start}" sourceRef="{start}" targetRef="after_{start}"/>'
        for start, name in starts
    )
    return f'{HEAD}{messages}<bpmn:process id="main" isExecutable="true">{body}</bpmn:process></bpmn:definitions>'


def tasks(office) -> list[str]:
    case = office.case_of(mail())
    with db.unit_of_work():
        return [task.element_id for task in queries.overview(case.id).tasks]


def said(row) -> list[tuple[str, str, str]]:
    return [
        (f["severity"], f["element_id"], f["code"]) for f in row.findings if f["code"] in {"start", "message-start"}
    ]


def test_the_only_message_starts_it(office):
    assert said(put("service_case", drawn(("received", "order")))) == [("info", "received", "message-start")]
    assert tasks(office) == ["after_received"]


def test_of_several_the_first_unless_one_is_named_for_it(office):
    assert said(put("service_case", drawn(("one", "order"), ("two", "claim")))) == [("warning", "one", "message-start")]
    assert tasks(office) == ["after_one"]
    row = put("service_case", drawn(("one", "order"), ("two", "customer_message")))
    assert said(row) == [("info", "two", "message-start")]
    assert tasks(office) == ["after_two"]


def test_a_plain_start_goes_first(office):
    plain = '<bpmn:startEvent id="s"/><bpmn:userTask id="plain"/><bpmn:sequenceFlow id="p" sourceRef="s" targetRef="plain"/>'
    assert (
        said(put("service_case", drawn(("one", "order")).replace("</bpmn:process>", plain + "</bpmn:process>"))) == []
    )
    assert tasks(office) == ["plain"]


def test_signals_alone_start_nothing_and_the_report_says_so(office):
    assert said(put("service_case", drawn(("one", "alarm"), kind="signal"))) == [("warning", "one", "start")]
