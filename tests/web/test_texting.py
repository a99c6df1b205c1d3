"""Text messages at the desk: the composer's channel, what a text costs, quiet hours, pace of an account, another channel for what failed."""

from __future__ import annotations

import re
from datetime import timedelta

import pytest
from sqlalchemy import select

from app.cases.models import Case
from app.clock import utcnow
from app.contacts import keeping
from app.db import unit_of_work
from app.messaging import delivery
from app.messaging.models import ChannelAccount, Delivery, DeliveryState, Message
from channels.sms.loopback import LoopbackAccount, LoopbackConfig
from tests.support.browser import bearer
from tests.support.desk import make_desk
from tests.support.texting import DANA, NUMBER, make_line


@pytest.fixture
def desk(cast):
    """Dana's mail case; the desk has a number, and knows hers."""
    with unit_of_work():
        made = make_desk(cast)
        line = make_line()
        keeping.add_point(made.case.contact_id, "sms", DANA)
    return made, line


def outbox():
    return LoopbackAccount(LoopbackConfig(address=NUMBER)).outbox()


def last_delivery():
    with unit_of_work() as session:
        return session.scalars(select(Delivery).order_by(Delivery.id.desc()).limit(1)).one()


def quiet_now(line):
    """The quiet hours of a number are on."""
    begin, end = (utcnow() + timedelta(hours=shift) for shift in (-2, 3))
    with unit_of_work() as session:
        row = session.get_one(ChannelAccount, line.id)
        row.pace = {"quiet_from": f"{begin:%H:%M}", "quiet_until": f"{end:%H:%M}"}


def test_a_mail_case_is_answered_by_text_message(browser, cast, desk):
    made, line = desk
    alice = browser(cast.alice)
    page = alice.get(f"/cases/{made.case.number}").text
    assert 'name="channel" value="sms"' in page
    assert f'name="number" list="known-numbers" inputmode="tel" autocomplete="off" value="{DANA}"' in page
    path = f"/cases/{made.case.number}/messages"
    before = len(outbox())
    form = {"kind": "reply", "channel": "sms", "text": "We come “at once”.", "number": DANA, "simplify": "true"}
    assert alice.post(path, form).status_code == 303
    sent = last_delivery()
    assert sent.account_id == line.id
    delivery.deliver(sent.id)
    [text] = outbox()[before:]
    assert (text["to"], text["text"], text["encoding"]) == (DANA, 'We come "at once".', "gsm")
    assert (
        alice.post(
            path, {"kind": "reply", "channel": "email", "text": "By mail.", "to": "dana@example.org"}
        ).status_code
        == 303
    )
    assert last_delivery().account_id == made.account.id
    answer = alice.post(path, {**form, "number": "call me"})
    assert answer.status_code == 422
    assert "bad_number" in answer.text


@pytest.mark.parametrize(
    "text,shown",
    [
        ("x" * 160, "1 message · 0 characters left · GSM-7"), ("x" * 161, "2 messages · 145 characters left · GSM-7"),
        ("€" * 80, "1 message · 0 characters left · GSM-7"), ("电" * 70, "1 message · 0 characters left · UCS-2"),
        ("电" * 71, "2 messages · 63 characters left · UCS-2"), ("“" + "x" * 100, "simple letters save 1 message"),
        ("x" * 1601, "1 characters too long"), ("", ""),
    ],
)  # fmt: skip
def test_the_composer_says_what_a_text_costs(browser, cast, desk, text, shown):
    page = browser(cast.alice).post(f"/cases/{desk[0].case.number}/measure", {"text": text}).text
    assert shown in " ".join(re.sub("<[^>]*>", " ", page).split()).replace(" ·", " ·")


def test_in_quiet_hours_a_text_waits_unless_a_lead_sends_it(browser, cast, desk):
    made, line = desk
    quiet_now(line)
    alice, form = browser(cast.alice), {"kind": "reply", "channel": "sms", "text": "We come.", "number": DANA}
    page = alice.get(f"/cases/{made.case.number}").text
    assert "Quiet hours: it goes out at" in page
    assert 'name="in_quiet_hours"' not in page
    path = f"/cases/{made.case.number}/messages"
    assert alice.post(path, {**form, "in_quiet_hours": "true"}).status_code == 403
    alice.post(path, form)
    waiting = last_delivery()
    assert (waiting.state, waiting.reason) == ("queued", "quiet_hours")
    assert timedelta(hours=2) < waiting.due_at - utcnow() <= timedelta(hours=3)
    assert delivery.deliver(waiting.id) is False
    assert "held until the quiet hours end" in alice.get(f"/cases/{made.case.number}").text
    mona = browser(cast.mona)
    assert 'name="in_quiet_hours"' in mona.get(f"/cases/{made.case.number}").text
    mona.post(path, {**form, "text": "Leave the house.", "in_quiet_hours": "true", "seen": "all"})
    assert last_delivery().due_at <= utcnow()


def test_what_did_not_arrive_by_text_is_sent_by_mail(browser, cast, desk):
    made, _line = desk
    alice = browser(cast.alice)
    alice.post(
        f"/cases/{made.case.number}/messages", {"kind": "reply", "channel": "sms", "text": "We come.", "number": DANA}
    )
    failed = last_delivery()
    again = f"/deliveries/{failed.id}/elsewhere"
    assert alice.post(again, {"channel": "email"}).status_code == 409, "it is on its way"
    with unit_of_work() as session:
        session.get_one(Delivery, failed.id).state = DeliveryState.FAILED
    assert "Send by mail" in alice.get(f"/cases/{made.case.number}").text
    assert alice.post(again, {"channel": "fax"}).status_code == 422
    assert alice.post(again, {"channel": "email"}).status_code == 303
    with unit_of_work() as session:
        message = session.get_one(Message, last_delivery().message_id)
    assert (message.kind, message.text, message.recipients["to"][0][0]) == ("email", "We come.", "dana@example.org")


def test_a_note_and_a_case_without_a_number_know_no_texts(browser, cast, desk):
    made, _line = desk
    alice = browser(cast.alice)
    alice.post(f"/cases/{made.case.number}/messages", {"kind": "note", "channel": "sms", "text": "Careful."})
    with unit_of_work() as session:
        assert session.scalars(select(Message.direction).order_by(Message.id.desc())).first() == "note"
        session.get_one(Case, made.case.id).contact_id = None
    assert 'name="channel"' not in alice.get(f"/cases/{made.case.number}").text


def test_the_pace_of_a_number_is_set_and_a_test_message_sent(browser, cast, desk):
    _made, line = desk
    ada = browser(cast.ada)
    form = {
        "kind": "sms", "provider": "loopback", "account": line.id, "version": line.version, "name_of_account": "Texts",
        "address": NUMBER, "queue": "service", "is_enabled": "true",
    }  # fmt: skip
    answer = ada.post(
        "/channels", {**form, "rate": "5", "per": "minute", "quiet_from": "21:00", "quiet_until": "21:00"}
    )
    assert answer.status_code == 422
    assert "the same" in answer.text
    pace = {"rate": "5", "per": "minute", "quiet_from": "21:00", "quiet_until": "08:00"}
    assert ada.post("/channels", {**form, **pace}).status_code == 303
    with unit_of_work() as session:
        assert session.get_one(ChannelAccount, line.id).pace == {**pace, "rate": 5}
    before = len(outbox())
    assert ada.post(f"/channels/{line.id}/text", {"number": DANA}).status_code == 303
    assert [each["text"] for each in outbox()[before:]] == ["Ringback: this is a test message."]
    answer = ada.post(f"/channels/{line.id}/text", {"number": "nobody at all, really"})
    assert answer.status_code == 422
    with unit_of_work() as session:
        assert session.get_one(ChannelAccount, line.id).outbound_health["state"] != "failing"


def test_the_api_answers_by_text_message(browser, cast, desk, application):
    made, line = desk
    client, headers = application.test_client(), bearer(cast.alice)
    path = f"/api/v1/cases/{made.case.number}/messages"
    answer = client.post(path, json={"kind": "reply", "channel": "sms", "text": "We come."}, headers=headers)
    assert answer.status_code == 201, answer.text
    assert last_delivery().account_id == line.id
    hurried = {"kind": "reply", "channel": "sms", "text": "Now.", "in_quiet_hours": True}
    assert client.post(path, json=hurried, headers=headers).status_code == 403
    two = {"kind": "reply", "channel": "sms", "text": "Now.", "to": [DANA, "+4917600000000"]}
    assert client.post(path, json=two, headers=headers).status_code == 422
    listed = client.get("/api/v1/accounts", headers=bearer(cast.ada)).json["items"]
    [row] = [each for each in listed if each["id"] == line.id]
    assert row["webhook"].endswith(f"/hooks/{line.hook_key}/")
    assert row["secrets"] == ["webhook_secret"]
