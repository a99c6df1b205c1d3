"""Text messages end to end: through the webhook, over the shipped processes, and out again; the closed loop by SMS."""

from __future__ import annotations

import pytest

from app.audit import service as audit
from app.cases import service as cases
from app.cases.models import Case
from app.cli import seed
from app.db import unit_of_work
from app.messaging import store
from app.messaging.models import Delivery, Envelope, Message
from app.orchestration import driving, forms, writing
from app.orchestration import queries as orchestration
from app.routing import service as routing
from app.sla import service as sla
from app.web import create_app
from app.workflow.models import Fault
from app.workorders.models import WorkOrder
from channels.port import Address, InboundMessage
from tests.support.people import make_cast
from tests.support.texting import DANA, Texts, make_line, rows


@pytest.fixture(scope="module")
def application(engine):
    return create_app()


@pytest.fixture
def desk(db):
    with unit_of_work():
        cast = make_cast()
        calendar = sla.save_calendar("business", name="Business hours")
        routing.save_queue("service", name="Service", team_id=cast.service_team.id, calendar_id=calendar.id)
        line = make_line()
    seed.deploy_shipped()
    return cast, line


@pytest.fixture
def texts(application, desk):
    return Texts(application, desk[1])


def case():
    return rows(Case)[-1]


def test_a_text_opens_a_case_is_acknowledged_and_answered_in_short_words(texts, desk):
    texts.text("The lift is stuck on floor 3.", key="m1")
    texts.post({"id": "m1", "from": DANA, "text": "The lift is stuck on floor 3."})
    texts.settle()
    assert len(rows(Case)) == 1
    assert (case().channel, case().contact_name) == ("sms", DANA)
    [sent] = texts.sent()
    assert sent["to"] == DANA
    assert sent["text"].startswith(f"{case().number}: We have your message")
    assert sent["segments"] == 1
    with unit_of_work():
        writing.reply(case().id, user_id=desk[0].alice.id, author="Alice", text="Somebody is on the way.")
    texts.settle()
    [sent] = texts.sent()
    assert sent["text"] == "Somebody is on the way."
    texts.text("Thank you!")
    assert len(rows(Case)) == 1
    assert [m.reason for m in rows(Message, Message.direction == "in")][
        -1
    ] == "number: the only open case of this number"


def test_chinese_is_answered_in_chinese(texts):
    texts.text("电梯停在三楼不动了，请尽快派人来看。")
    [sent] = texts.sent()
    assert "已收到您的短信" in sent["text"]
    assert sent["encoding"] == "ucs2"


def test_the_loop_is_closed_by_text(texts, desk):
    cast, _line = desk
    texts.text("The lift is stuck.")
    texts.sent()
    with unit_of_work():
        overview = orchestration.overview(case().id)
    assert overview.tasks, "somebody handles it"
    dispatched(cast)
    [order] = rows(WorkOrder)
    assert order.state == "dispatched"
    assert not rows(Fault), "colleagues are not told by text message, and no step is stuck on it"
    assert not [m for m in rows(Message, Message.direction == "out") if m.kind == "email"], "there is no mailbox"
    texts.text("CHASE please")
    assert case().chase_count == 1
    assert rows(WorkOrder)[0].chase_count == 1
    texts.text("amend: it is floor 4, not 3")
    amended = [e for e in chain() if e["kind"] == "case_amended"]
    assert amended[0]["data"]["text"] == "it is floor 4, not 3"
    texts.text("撤单")
    assert any("cancel" in each["text"] for each in texts.sent())
    assert "case_chased" in {e["kind"] for e in chain()}


def test_what_nobody_works_on_is_cancelled_at_once_by_text(texts):
    texts.text("The lift is stuck.")
    texts.text("撤单")
    assert case().status == "cancelled"
    assert any("has been cancelled" in each["text"] for each in texts.sent())


def dispatched(cast):
    """Alice dispatches a work order to repairs."""
    with unit_of_work():
        [task] = [t for t in orchestration.overview(case().id).tasks if t.element_id == "handle"]
        form = orchestration.form_of_task(task)
        values = {"outcome": "dispatch", "title": "Mend the lift", "team": "repairs", "urgency": "normal"}
        driving.complete_task(task.id, forms.read(form, values))


def chain():
    with unit_of_work():
        return audit.chain_events(f"case:{case().id}")


def test_what_became_of_a_text_comes_late_twice_and_out_of_order(texts, desk):
    texts.text("The lift is stuck.")
    [sent] = texts.sent()
    [_delivery] = rows(Delivery)
    texts.told(sent["id"], "delivered")
    texts.told(sent["id"], "sent")
    texts.told(sent["id"], "failed", reason="unreachable")
    assert rows(Delivery)[0].state == "delivered"
    # Told of a message before we know its id: a crash between sending and noting it, or a fast network.
    with unit_of_work():
        writing.reply(case().id, user_id=desk[0].alice.id, author="Alice", text="We come.")
    [_first, second] = rows(Delivery)
    texts.post({"id": second.key, "state": "failed", "reason": "unreachable", "detail": "phone is off"})
    texts.settle()
    failed = rows(Delivery)[1]
    assert (failed.state, failed.reason, failed.detail) == ("failed", "unreachable", "phone is off")
    assert [e["kind"] for e in chain()].count("delivery_failed") == 1


def test_whoever_says_stop_is_left_in_peace_until_they_say_start(texts, desk):
    texts.text("The lift is stuck.")
    texts.sent()
    texts.text("STOP")
    texts.text("退订")
    assert len(rows(Case)) == 1
    assert case().chase_count == 0
    with unit_of_work():
        writing.reply(case().id, user_id=desk[0].alice.id, author="Alice", text="We come.")
    texts.settle()
    assert texts.sent() == []
    refused = rows(Delivery)[-1]
    assert (refused.state, refused.reason) == ("failed", "unsubscribed")
    assert "STOP" in refused.detail
    texts.text("START")
    with unit_of_work():
        writing.reply(case().id, user_id=desk[0].alice.id, author="Alice", text="We come again.")
    texts.settle()
    assert [each["text"] for each in texts.sent()] == ["We come again."]


def test_stop_from_a_stranger_opens_no_case(texts):
    texts.text("stop")
    assert rows(Case) == []
    [envelope] = rows(Envelope)
    assert (envelope.state, envelope.reason) == ("done", "consent: stop")


def test_with_several_cases_a_verb_is_asked_back_once(texts, desk):
    cast, line = desk
    texts.text("The lift is stuck.")
    first = case()
    with unit_of_work():
        second = another_case(first, line, cast)
        writing.reply(first.id, user_id=cast.alice.id, author="Alice", text="We come.")
    texts.settle()
    texts.sent()
    texts.text("chase")
    [question] = texts.sent()
    assert "Which one do you mean?" in question["text"]
    assert first.number in question["text"]
    assert second in question["text"]
    assert [c.chase_count for c in rows(Case)] == [0, 0]
    texts.text(first.number[-6:])
    assert [c.chase_count for c in rows(Case)] == [1, 0]
    assert not any("Which one" in each["text"] for each in texts.sent())
    texts.text(f"chase {second}")
    assert [c.chase_count for c in rows(Case)] == [1, 1]


def another_case(first, line, cast):
    """A second case of the same customer on the same number, as an agent opens it for something else."""
    made = cases.open_case(
        subject="Key lost", channel="sms", contact_id=first.contact_id, contact_name=first.contact_name, account_id=line.id,
        queue_key="service", team_id=cast.service_team.id,
    )  # fmt: skip
    interaction = store.interaction_for(
        made.id, kind="sms", account_id=line.id, contact_id=first.contact_id, subject=""
    )
    store.store_inbound(
        InboundMessage("x-2", Address(DANA), text="Key lost"), case_id=made.id, interaction_id=interaction, kind="sms",
        contact_id=first.contact_id, author=DANA, reason="new", raw_digest="",
    )  # fmt: skip
    driving.start_case(made, message={})
    return made.number
