"""Splitting a case in the desk and by API: what will happen is said before, and undone it is by merging back."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.audit import service as audit
from app.cases import service as cases
from app.db import unit_of_work
from app.messaging.models import Delivery, Message
from app.orchestration import driving, merging, moving, writing
from tests.journeys.merging import told
from tests.support.desk import make_desk
from tests.web.api_client import Client, Validators
from tests.web.test_case_page import _write_in


@pytest.fixture(scope="module")
def validators(application):
    return Validators(application)


@pytest.fixture
def client(application, validators):
    return lambda user: Client(application, user, validators)


@pytest.fixture
def desk(cast):
    with unit_of_work():
        made = make_desk(cast)
    with unit_of_work():
        _write_in(made.case, 2)
        writing.reply(made.case.id, user_id=cast.alice.id, author="Alice", text="Which one?")
        writing.note(made.case.id, user_id=cast.alice.id, author="Alice", text="Two things in one")
    return made


def ids(case):
    with unit_of_work() as session:
        return list(session.scalars(select(Message.id).where(Message.case_id == case.id).order_by(Message.id)))


def test_a_split_is_told_before_done_once_and_undone(browser, desk):
    alice, path = browser(desk.cast.alice), f"/cases/{desk.case.number}/split"
    first, second, third, reply, note = ids(desk.case)
    before = told(desk.case.id)
    assert alice.get(path).text.count('type="checkbox" name="message"') == 5
    page = alice.get(f"{path}?message={second}&message={reply}&message={note}&subject=The+lift").text
    assert "3 go to the new case" in page
    once = re.search(r'name="once" value="([^"]+)"', page)[1]
    values = {"message": [second, reply, note], "subject": "The lift", "once": once}
    made = alice.post(path, values)
    number = made.location.rpartition("/")[2]
    assert (made.status_code, alice.post(path, values).location) == (303, f"/cases/{desk.case.number}")
    with unit_of_work() as session:
        new = cases.lock(merging_id(session, number))
        assert (new.subject, new.contact_id, new.team_id) == ("The lift", desk.case.contact_id, desk.case.team_id)
        assert driving.case_instance(new.id)
        assert session.scalar(select(Delivery.case_id).where(Delivery.message_id == reply)) == new.id
        assert all(audit.verify_chain(f"case:{each}").is_intact for each in (new.id, desk.case.id))
    assert (ids(desk.case), ids(new)) == ([first, third], [second, reply, note])
    assert "split off from" in alice.get(f"/cases/{number}").text
    assert f"/cases/{number}/merge?into={desk.case.number}" in alice.get(f"/cases/{number}").text
    assert "split into" in alice.get(f"/cases/{desk.case.number}").text
    alice.post(f"/cases/{number}/merge", {"into": desk.case.number})
    assert ids(desk.case) == [message for message, *_ in before["messages"]]
    assert told(desk.case.id)["process"] == before["process"]
    with unit_of_work():
        merging.unmerge(new.id)
    assert ids(new) == [second, reply, note]


def merging_id(session, number):
    from app.cases.models import Case

    return session.scalar(select(Case.id).where(Case.number == number))


def test_splits_that_make_no_sense(browser, desk, cast):
    alice, path = browser(cast.alice), f"/cases/{desk.case.number}/split"
    first, second, third, reply, note = ids(desk.case)
    for chosen, why in (
        ([], "Choose the messages"), ([reply, note], "from the customer"), ([first, second, third], "Leave at least one"),
        ([second, 999_999], "Choose messages of this case"),
    ):  # fmt: skip
        assert alice.post(path, {"message": chosen}).status_code == 422
        query = "&".join(f"message={each}" for each in chosen) or "subject="
        assert why in alice.get(f"{path}?{query}").text
    with unit_of_work():
        cases.archive(cases.lock(desk.case.id), outcome="resolved", retain_until=cases.utcnow())
    assert alice.post(path, {"message": [second]}).status_code == 409
    assert moving.MAX_SPLIT > 100


def test_a_split_by_api(client, desk):
    alice, path = client(desk.cast.alice), f"/cases/{desk.case.number}/split"
    second = ids(desk.case)[1]
    foreseen = alice.post(path, {"messages": [second], "preview": True})
    assert (foreseen.json["case"], foreseen.json["messages"]) == (None, [second])
    made = alice.post(path, {"messages": [second], "subject": "Lift"}, key="k").json
    assert alice.post(path, {"messages": [second], "subject": "Lift"}, key="k").json == made
    links = alice.get(f"/cases/{made['case']}/around").json["links"]
    assert [(link["role"], link["case"]) for link in links] == [("split_from", desk.case.number)]
    assert alice.post(path, {"messages": [second]}).status_code == 422
