"""Contacts: one spelling of an address, one person behind it."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import func, select, update

from app import db
from app.contacts import queries
from app.contacts import service as contacts
from app.contacts.models import Contact
from app.errors import Invalid


def test_one_person_behind_all_spellings_of_an_address(session):
    first = contacts.find_or_create("email", " Dana@Example.ORG ")
    again = contacts.find_or_create("email", "dana@example.org", name="Dana\u202e\nWeiß")
    assert again.id == first.id
    assert again.name == "Dana Weiß"
    assert contacts.find_or_create("email", "dana@example.org", name="Mallory").name == "Dana Weiß"
    assert queries.address_of(first.id, "email") == "dana@example.org"
    assert queries.address_of(first.id, "sms") is None
    assert queries.tier_of(first.id) == ""
    assert queries.get(None) is None


@pytest.mark.parametrize("address", ["", "no at", "a@b@c", "a b@c", "<a@b>", "x" * 200 + "@y", "a@" + "b" * 400])
def test_what_is_no_address(session, address):
    with pytest.raises(Invalid):
        contacts.find_or_create("email", address)


def test_blocking_holds_for_the_person(session):
    person = contacts.find_or_create("email", "eve@example.org")
    session.execute(update(Contact).where(Contact.id == person.id).values(is_blocked=True))
    db.forget()
    assert contacts.is_blocked("eve@example.org")
    assert not contacts.is_blocked("dana@example.org")


@pytest.mark.committed
def test_two_mails_of_a_new_customer_at_once_make_one_contact(request):
    request.getfixturevalue("db")
    gate = threading.Barrier(4)
    found: list[int] = []

    def find() -> None:
        gate.wait(10)
        found.append(db.transact(lambda: contacts.find_or_create("email", "new@example.org").id))

    threads = [threading.Thread(target=find) for _ in range(4)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(20)
    assert (len(found), len(set(found))) == (4, 1)
    with db.unit_of_work() as session:
        assert session.scalar(select(func.count()).select_from(Contact)) == 1
