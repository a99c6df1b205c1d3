"""A customer with two addresses who is merged into one person and taken apart again: mail goes on finding its way."""

from __future__ import annotations

import pytest

from app import db
from app.contacts import queries
from app.contacts import service as contacts
from app.contacts.models import ContactTrace
from app.messaging.models import Interaction
from app.orchestration import customers, writing
from tests.journeys.mailing import mail

WORK, HOME = "Dana <dana@example.org>", "Dana W <dana@home.example>"


def id_of(address):
    with db.unit_of_work():
        return contacts.find_or_create("email", address).id


def reply_address(office, number):
    """The signed address under which answers to a case come in."""
    found = [m["Reply-To"].addresses[0].addr_spec for m in office.far_end.mails if number in m["Subject"]]
    return found[-1]


@pytest.fixture
def both(office):
    """A case from each address, acknowledged."""
    cases = office.case_of(mail(sender=WORK)), office.case_of(mail(sender=HOME, subject="Cold"))
    office.deliver()
    return cases


@pytest.mark.parametrize("is_merged", [True, False])
def test_reply_tokens_and_references_find_the_same_cases(office, both, is_merged):
    work, home = both
    if is_merged:
        with db.unit_of_work():
            customers.merge(work.contact_id, home.contact_id)
    for case, sender in ((work, WORK), (home, HOME)):
        to = reply_address(office, case.number)
        assert office.case_of(mail("More.", sender=sender, to=to, subject="x"), rcpt_to=to).id == case.id
        assert office.last().reason.startswith("reply-token:")
        assert office.case_of(mail("More.", sender=sender, subject=f"Re: {case.number}")).id == case.id
    to = reply_address(office, work.number)
    assert office.case_of(mail("Not mine.", sender=HOME, to=to, subject="x"), rcpt_to=to).id != work.id


def test_answers_go_where_the_case_came_from(office, both):
    work, home = both
    with db.unit_of_work():
        customers.merge(work.contact_id, home.contact_id)
        alice = office.cast.alice
        writing.reply(home.id, user_id=alice.id, author="Alice", text="We come.")
    office.deliver()
    assert office.far_end.mails[-1]["To"] == "Dana W <dana@home.example>"


def test_what_came_in_meanwhile_belongs_to_whom_it_came_from(office, both):
    work, home = both
    with db.unit_of_work():
        customers.merge(work.contact_id, home.contact_id)
    between = office.case_of(mail(sender=HOME, subject="While merged"))
    assert (between.contact_id, between.contact_name) == (home.contact_id, "Dana W")
    with db.unit_of_work():
        assert queries.person(between.contact_id).id == work.contact_id
        customers.unmerge(home.contact_id)
    after = office.case_of(mail(sender=HOME, subject="Apart again"))
    assert after.contact_id == home.contact_id == id_of("dana@home.example")
    with db.unit_of_work():
        assert queries.person(between.contact_id).id == home.contact_id
        assert queries.person(work.contact_id).ids == [work.contact_id]
    assert {i.contact_id for i in office.all(Interaction) if i.case_id == between.id} == {home.contact_id}


def test_a_mail_leaves_traces_of_its_sender(office):
    office.case_of(
        mail("It drips.\n\nDana\n+49 170 1234567", Cc="Erik <Erik@example.org>", Reply_To="dana@home.example")
    )
    with db.unit_of_work() as session:
        found = {(row.kind, row.value) for row in session.query(ContactTrace)}
    assert found == {("number", "701234567"), ("cc", "erik@example.org"), ("reply_to", "dana@home.example")}
