"""Mail that does not arrive: tied to its delivery, shown on its message, hard told from soft, and heard by the case's process."""

from __future__ import annotations

from pathlib import Path

import pytest

from app import db as frame
from app import jobs
from app.audit import service as audit
from app.cases.models import Case
from app.messaging import delivery, queries
from app.messaging.models import Delivery
from tests.journeys.mailing import DESK, mail, open_office
from tests.journeys.test_arrivals import bounce

SIMPLE = (Path(__file__).parent / "simple.bpmn").read_text()
_WAITS = """
    <bpmn:boundaryEvent id="lost" attachedToRef="handle" cancelActivity="false"><bpmn:outgoing>g1</bpmn:outgoing>
      <bpmn:messageEventDefinition id="md3" messageRef="m3"/></bpmn:boundaryEvent>
    <bpmn:serviceTask id="tell"><bpmn:extensionElements><ringback:capability name="set_case">
      <ringback:input name="attention" value="mail lost"/></ringback:capability></bpmn:extensionElements>
      <bpmn:incoming>g1</bpmn:incoming><bpmn:outgoing>g2</bpmn:outgoing></bpmn:serviceTask>
    <bpmn:endEvent id="told"><bpmn:incoming>g2</bpmn:incoming></bpmn:endEvent>
    <bpmn:sequenceFlow id="g1" sourceRef="lost" targetRef="tell"/>
    <bpmn:sequenceFlow id="g2" sourceRef="tell" targetRef="told"/>
"""
WAITING = SIMPLE.replace(
    '<bpmn:process id="simple"', '<bpmn:message id="m3" name="delivery_failed"/>\n  <bpmn:process id="simple"'
).replace('    <bpmn:sequenceFlow id="f1"', f'{_WAITS}    <bpmn:sequenceFlow id="f1"')


@pytest.fixture
def attentive(db, far_end):
    """A desk whose process waits for `delivery_failed` while the case is in hand."""
    far_end.forget()
    return open_office(far_end, WAITING.encode())


def events(case):
    with frame.unit_of_work():
        return [(e["kind"], e["data"]) for e in audit.chain_events(f"case:{case.id}")]


def attention(case):
    return [data for kind, data in events(case) if kind == "attention_drawn"]


def shown(case):
    """What the timeline shows of the last message that went out."""
    with frame.unit_of_work():
        return [one for one in queries.timeline(case.id) if one.delivery][-1].delivery


def test_a_hard_bounce_is_heard_by_a_process_that_waits_for_it(attentive):
    case = attentive.case_of(mail())
    attentive.deliver()
    sent = attentive.far_end.mails[0]
    [envelope] = [attentive.envelope(one) for one in attentive.receive(bounce(sent["Message-ID"]))]
    assert (envelope.state, envelope.message_id) == ("done", None)
    assert len(attention(case)) == 1
    row = shown(case)
    assert (row.state, row.reason, row.may_send_again) == ("bounced", "bounced_hard", True)
    assert "550 no such user" in row.detail
    assert row.outcomes["dana@example.org"]["state"] == "bounced"
    kinds = [kind for kind, _ in events(case)]
    assert "delivery_bounced" in kinds
    assert "message_unheard" not in kinds
    assert len(attentive.all(Case)) == 1, "a bounce opens no case"
    assert len(attentive.all(Delivery)) == 1, "nothing is answered to a mail server"


def test_a_soft_bounce_is_shown_and_disturbs_nobody(attentive):
    case = attentive.case_of(mail())
    attentive.deliver()
    soft = bounce(attentive.far_end.mails[0]["Message-ID"], status="4.4.7", action="delayed")
    attentive.receive(soft)
    row = shown(case)
    assert (row.state, row.reason, row.may_send_again) == ("sent", "bounced_soft", False)
    assert row.outcomes["dana@example.org"]["state"] == "delayed"
    assert not attention(case)
    attentive.receive(bounce(attentive.far_end.mails[0]["Message-ID"]))
    assert shown(case).state == "bounced", "the far end gave up in the end"
    assert len(attention(case)) == 1


def test_a_final_refusal_is_heard_too(attentive):
    attentive.far_end.answers = ["554 5.7.1 not from you"]
    case = attentive.case_of(mail())
    attentive.deliver()
    assert len(attention(case)) == 1
    [(_, data)] = [(kind, data) for kind, data in events(case) if kind == "delivery_failed"]
    assert data["reason"] == "blocked"
    assert "not from you" in data["detail"]
    assert shown(case).state == "failed"


def test_a_mail_put_off_tells_the_process_only_when_it_is_given_up(attentive):
    case = attentive.case_of(mail())
    for _ in delivery.BACKOFF:
        attentive.far_end.answers = ["451 4.3.0 later"]
        attentive.deliver()
        attentive.wait()
        assert not attention(case)
    attentive.far_end.answers = ["451 4.3.0 later"]
    attentive.deliver()
    assert len(attention(case)) == 1
    assert shown(case).state == "failed"


def test_the_same_bounce_twice_tells_once(attentive):
    case = attentive.case_of(mail())
    attentive.deliver()
    raw = bounce(attentive.far_end.mails[0]["Message-ID"])
    attentive.receive(raw)
    attentive.receive(raw)
    assert [kind for kind, _ in events(case)].count("delivery_bounced") == 1


def test_a_bounce_that_came_to_the_reply_address_is_found_by_its_message_id(attentive):
    case = attentive.case_of(mail())
    attentive.deliver()
    sent = attentive.far_end.mails[0]
    assert sent["Reply-To"].addresses[0].addr_spec.startswith("support+rb-")
    attentive.receive(bounce(sent["Message-ID"]), rcpt_to=DESK, mail_from="")
    assert shown(case).state == "bounced"
    with frame.unit_of_work():
        delivery.send_again(shown(case).id)
    jobs.deliver(shown(case).id)
    assert (shown(case).state, shown(case).outcomes["dana@example.org"]["state"]) == ("sent", "sent")
    assert attentive.far_end.mails[1]["Message-ID"] == sent["Message-ID"]
