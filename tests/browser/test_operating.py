"""Designers, administrators and operators: a process with errors, versions, a mailbox that cannot be reached, a step that is stuck."""

from __future__ import annotations

import re

import pytest
from aiosmtpd.controller import Controller
from aiosmtpd.smtp import AuthResult

from tests.reliability.running import Sink, free_port, wait_for

expect = pytest.importorskip("playwright.sync_api").expect
BROKEN = '<bpmn:sequenceFlow id="to_end" sourceRef="ask" targetRef="nowhere"/>'
SOUND = '<bpmn:sequenceFlow id="to_end" sourceRef="ask" targetRef="end"/>'
STEP = '<bpmn:userTask id="ask" name="Ask"><bpmn:incoming>to_ask</bpmn:incoming><bpmn:outgoing>to_end</bpmn:outgoing></bpmn:userTask>'
FAILING = """<bpmn:serviceTask id="ask" name="Call the far end"><bpmn:extensionElements><ringback:capability name="set_case">
<ringback:input name="priority" value="${no_such_name}"/></ringback:capability></bpmn:extensionElements>
<bpmn:incoming>to_ask</bpmn:incoming><bpmn:outgoing>to_end</bpmn:outgoing></bpmn:serviceTask>"""


def diagram(*, step: str = STEP, last: str = SOUND) -> dict[str, object]:
    """Return a small process as an uploaded file."""
    shapes = "".join(
        f'<bpmndi:BPMNShape id="{key}_di" bpmnElement="{key}"><dc:Bounds x="{x}" y="100" width="{width}" height="{width if width < 40 else 80}"/></bpmndi:BPMNShape>'
        for key, x, width in (("begin", 100, 36), ("ask", 200, 100), ("end", 380, 36))
    )
    xml = f"""<?xml version="1.0" encoding="UTF-8"?>
<bpmn:definitions xmlns:bpmn="http://www.omg.org/spec/BPMN/20100524/MODEL" xmlns:bpmndi="http://www.omg.org/spec/BPMN/20100524/DI"
 xmlns:dc="http://www.omg.org/spec/DD/20100524/DC" xmlns:ringback="urn:ringback:bpmn:1" id="d" targetNamespace="urn:test">
<bpmn:process id="small" name="Small process" isExecutable="true">
<bpmn:startEvent id="begin"><bpmn:outgoing>to_ask</bpmn:outgoing></bpmn:startEvent>{step}
<bpmn:endEvent id="end"><bpmn:incoming>to_end</bpmn:incoming></bpmn:endEvent>
<bpmn:sequenceFlow id="to_ask" sourceRef="begin" targetRef="ask"/>{last}</bpmn:process>
<bpmndi:BPMNDiagram id="b"><bpmndi:BPMNPlane id="p" bpmnElement="small">{shapes}</bpmndi:BPMNPlane></bpmndi:BPMNDiagram></bpmn:definitions>"""
    return {"name": "process.bpmn", "mimeType": "application/xml", "buffer": xml.encode()}


def _upload(page, desk, key, **how):
    page.goto(f"{desk.url}/processes")
    page.locator("#up-key").fill(key)
    page.locator("#up-xml").set_input_files(diagram(**how))
    page.locator("form:has(#up-xml) [type=submit]").click()
    expect(page).to_have_url(re.compile(rf"/processes/{key}\?version="))


def _publish(page):
    page.locator("form[action$='/publish'] [type=submit]").click()
    expect(page.locator(".row .chip.ok")).to_have_text("Published")


def _start_with(page, desk, key, words):
    page.goto(f"{desk.url}/processes")
    page.locator("#r-sub").fill(words)
    page.locator("#r-key").select_option(key)
    page.get_by_role("button", name="Add rule").click()
    expect(page.locator("#rules")).to_contain_text(words)


def test_what_is_wrong_with_an_upload_is_said_element_by_element(desk, enter):
    page = enter("dora", "/processes")
    _upload(page, desk, "broken", last=BROKEN)
    expect(page.locator(".findings")).to_contain_text("to_end")
    expect(page.locator(".row .chip.warn")).to_have_text("Draft, cannot run yet")
    expect(page.locator("form[action$='/publish']")).to_have_count(0)


def test_a_designer_edits_publishes_and_rolls_back_while_a_case_stays_on_its_version(desk, enter):
    page = enter("dora", "/processes")
    _upload(page, desk, "small")
    _publish(page)
    _start_with(page, desk, "small", "Small thing")
    number = desk.new_case("Small thing one")

    page.goto(f"{desk.url}/processes/small/edit?version=1")
    step = page.locator(".djs-element[data-element-id=ask]")
    step.click()
    name = page.locator(".props textarea[name=name], .props input[name=name], .props [id*=name]").first
    page.locator(".bio-properties-panel-group-header", has_text="General").click()
    expect(name).to_be_visible()
    with page.expect_response(re.compile("/processes/check$")):
        name.fill("Ask twice")
        name.press("Tab")
    expect(page.locator("[data-dirty]")).to_be_visible()
    page.locator("[name=note]").fill("asks twice")
    page.get_by_role("button", name="Save as new version").click()
    expect(page).to_have_url(re.compile(r"/processes/small\?version=2"))
    expect(page.locator(".diagram")).to_contain_text("Ask twice")
    _publish(page)

    page.goto(f"{desk.url}/cases/{number}")
    expect(page.locator("#case-head")).to_contain_text("small v1")
    later = desk.new_case("Small thing two")
    page.goto(f"{desk.url}/cases/{later}")
    expect(page.locator("#case-head")).to_contain_text("small v2")
    page.goto(f"{desk.url}/processes/small?version=1")
    page.get_by_role("button", name="Roll back to this").click()
    expect(page.locator("tr", has_text="v1").locator(".chip.ok")).to_have_text("Published")


@pytest.fixture
def locked_server():
    """A real SMTP server that knows nobody's password; gives its port."""

    def refuse(*_told):
        return AuthResult(success=False, handled=False)

    port = free_port()
    controller = Controller(
        Sink(), hostname="127.0.0.1", port=port, authenticator=refuse, auth_required=True, auth_require_tls=False
    )
    controller.start()
    yield port
    controller.stop()


def _try_mailbox(page, desk, **values):
    page.goto(f"{desk.url}/channels/new/email/smtp")
    page.locator("#name_of_account").fill("Far away")
    for key, value in {"address": "far@ringback.test", "smtp_host": "127.0.0.1", **values}.items():
        page.locator(f"#f-{key}").fill(value)
    page.locator("#f-smtp_security").select_option("none")
    page.locator("form[action='/channels'] [type=submit]").click()
    expect(page.get_by_role("status").first).to_contain_text("Saved.")
    page.get_by_role("button", name="Test the connection").click()
    expect(page.locator("#main .chip.bad")).to_have_text("does not work")  # one of the two sides: mail still comes in


@pytest.mark.filterwarnings("ignore:Requiring AUTH while not requiring TLS")
def test_a_mailbox_that_does_not_work_says_why(desk, enter, locked_server):
    page = enter("admin", "/channels")
    closed = str(free_port())
    _try_mailbox(page, desk, smtp_port=closed)
    expect(page.locator("#main")).to_contain_text(f"127.0.0.1:{closed} refuses connections.")
    _try_mailbox(
        page, desk, address="away@ringback.test", smtp_port=str(locked_server), smtp_user="far", smtp_password="wrong"
    )
    expect(page.locator("#main")).to_contain_text("refuses the login")
    page.goto(f"{desk.url}/channels")
    expect(page.locator("tr", has_text="away@ringback.test")).to_contain_text("refuses the login")


def test_a_step_that_fails_is_a_fault_that_can_be_tried_again_or_skipped(desk, enter):
    page = enter("admin", "/processes")
    _upload(page, desk, "failing", step=FAILING)
    _publish(page)
    _start_with(page, desk, "failing", "Failing thing")
    mail = desk.write("Failing thing")
    wait_for(lambda: bool(_case_with_fault(desk, mail)), 90)
    number = _case_with_fault(desk, mail)[0]["number"]
    page.goto(f"{desk.url}/faults")
    row = page.locator("tr", has_text=number)
    expect(row).to_contain_text("no_such_name")
    with page.expect_response(re.compile("/retry$")):
        row.get_by_role("button", name="Retry").click()
    page.wait_for_selector("body:not(.loading)")  # the page was drawn anew
    expect(row).to_contain_text("no_such_name")
    row.locator("summary", has_text="Skip").click()
    row.get_by_role("button", name="Skip this step").click()
    expect(page.locator("tr", has_text=number)).to_have_count(0)
    assert desk.query("select status from process_instances where id = %s", _instance(desk, number)) == [
        {"status": "completed"}
    ]


def _case_with_fault(desk, mail):
    return desk.query(
        "select c.number from cases c join messages m on m.case_id = c.id join drives d on d.case_id = c.id"
        " join faults f on f.instance_id = d.instance_id where m.rfc_id = %s", mail,
    )  # fmt: skip


def _instance(desk, number):
    found = desk.query(
        "select d.instance_id i from drives d join cases c on c.id = d.case_id where c.number = %s", number
    )
    return found[0]["i"]
