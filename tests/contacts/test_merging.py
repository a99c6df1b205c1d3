"""Merging people and taking it back: whatever happened in between, everybody has again what is theirs."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app.audit import service as audit
from app.cases import service as cases
from app.cases.models import Case
from app.contacts import keeping, likeness, listing, merging, queries
from app.contacts import service as contacts
from app.contacts.models import Contact, ContactPoint
from app.db import run, session, unit_of_work
from app.errors import Conflict, NotFound
from app.messaging import store
from app.messaging.models import Interaction, Message
from channels.port import Address, InboundMessage

PEOPLE = 4


class _Undo(Exception):
    """Takes a history back."""


def address(person: int) -> str:
    return f"person{person}@house{person}.example"


def write(person: int, number: int, *, case_id: int | None) -> int:
    """A mail as intake stores it: of the contact whose address it came from, in a new case or in one that there is."""
    who = contacts.find_or_create("email", address(person), name=f"Person {person}")
    if case_id is None:
        case_id = cases.open_case(
            subject=f"Case {number}", channel="email", contact_id=who.id, contact_name=who.name
        ).id
    interaction = store.interaction_for(case_id, kind="email", account_id=None, contact_id=who.id, subject="x")
    store.store_inbound(
        InboundMessage(f"<{number}@example.org>", Address(address(person), who.name), subject="x", text=f"Mail {number}"),
        case_id=case_id, interaction_id=interaction, kind="email", contact_id=who.id, author=who.name, reason="new",
        raw_digest=None,
    )  # fmt: skip
    return case_id


def id_of(person: int) -> int:
    return contacts.find_or_create("email", address(person), name=f"Person {person}").id


def snapshot() -> dict[str, Any]:
    """All that belongs to somebody, by names that do not depend on ids."""
    session().expire_all()
    owners = {row.id: row for row in session().scalars(select(Contact))}
    first = {
        point.contact_id: point.address
        for point in session().scalars(select(ContactPoint).order_by(ContactPoint.id.desc()))
    }
    fields = ("name", "language", "timezone", "tier", "warning", "is_blocked", "merged_into", "head_id", "sort_name")
    found = {row.id: str(row.search) for row in run("select id, search from contacts")}
    return {
        "contacts": {first[i]: [*(getattr(row, f) for f in fields), found[i]] for i, row in owners.items()},
        "points": sorted((first[p.contact_id], p.kind, p.address) for p in session().scalars(select(ContactPoint))),
        "cases": sorted((c.subject, first[c.contact_id], c.contact_name) for c in session().scalars(select(Case))),
        "messages": sorted((m.text, m.author, first[m.contact_id]) for m in session().scalars(select(Message))),
        "interactions": sorted(
            (session().get_one(Case, i.case_id).subject, first[i.contact_id]) for i in session().scalars(select(Interaction))
        ),
    }  # fmt: skip


def play(steps: list[tuple[str, int, int]], *, is_merging: bool) -> None:
    """Live through a history; without merging it is the life that nobody was ever merged in."""
    opened: list[int] = []
    for number, (what, one, other) in enumerate(steps):
        if what == "write":
            known = opened[other % len(opened)] if opened and other % 2 else None
            opened.append(write(one, number, case_id=known))
        elif what == "edit":
            keeping.change(id_of(one), {"tier": ("gold", "vip")[other % 2], "warning": f"note {number}"})
        elif what == "rename":
            keeping.change(id_of(one), {"name": f"Name {other}"})
        elif what == "address":
            keeping.add_point(id_of(one), "sms", f"+4917000{number:05}")
        elif is_merging:
            merge_or_unmerge(what, one, other)
        check_whole() if is_merging else None


def merge_or_unmerge(what: str, one: int, other: int) -> None:
    try:
        if what == "merge":
            merging.merge(id_of(one), id_of(other))
        else:
            merging.unmerge(id_of(one))
    except Conflict:
        assert what == "unmerge" or queries.person(id_of(one)).id == queries.person(id_of(other)).id


def check_whole() -> None:
    """Whoever is merged is one person from every side, and the list shows each person once, found by all their addresses."""
    session().expire_all()
    rows = {row.id: row for row in session().scalars(select(Contact))}
    for row in rows.values():
        head = row
        while head.merged_into is not None:
            head = rows[head.merged_into]
        assert queries.person(row.id).id == head.id == (row.head_id or row.id)
        assert row.id in queries.person(head.id).ids
    listed = listing.contacts(listing.Filter())
    assert sorted(i for row in listed for i in queries.person(row.id).ids) == sorted(rows)
    for point in session().scalars(select(ContactPoint)):
        found = [row.id for row in listing.contacts(listing.Filter(text=point.address))]
        assert queries.person(point.contact_id).id in found


steps = st.lists(
    st.tuples(
        st.sampled_from(["write", "write", "merge", "merge", "merge", "unmerge", "unmerge", "edit", "rename", "address"]),
        st.integers(0, PEOPLE - 1), st.integers(0, 7),
    ).filter(lambda step: step[0] != "merge" or step[1] != step[2]).map(
        lambda step: (step[0], step[1], step[2] % PEOPLE if step[0] == "merge" else step[2])
    ),
    max_size=14,
)  # fmt: skip


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@example(steps=[("merge", 1, 2), ("merge", 0, 1), ("write", 2, 0), ("unmerge", 1, 0), ("write", 2, 0)])
@example(
    steps=[("merge", 1, 2), ("merge", 0, 1), ("unmerge", 2, 0), ("rename", 1, 3), ("merge", 3, 0), ("unmerge", 1, 0)]
)
@given(steps=steps)
def test_merging_and_taking_it_back_is_as_if_nobody_had_been_merged(db, steps):
    ends = [life(steps, is_merging=True), life(steps, is_merging=False)]
    assert ends[0] == ends[1]


def life(steps, *, is_merging):
    """The state at the end of a history, once all merges in it were taken back."""
    end: dict[str, Any] = {}
    with pytest.raises(_Undo), unit_of_work():
        for person in range(PEOPLE):
            id_of(person)
        play(steps, is_merging=is_merging)
        for person in range(PEOPLE):
            if queries.existing(id_of(person)).merged_into is not None:
                merging.unmerge(id_of(person))
        end = snapshot()
        raise _Undo
    return end


# ---------------------------------------------------------------- one merge, looked at closely
@pytest.fixture
def two(db):
    with unit_of_work():
        dana = keeping.create(
            {"name": "Dana", "tier": "gold", "warning": "deaf"},
            [("email", "dana@example.org"), ("voice", "+49301234567")],
        )
        home = keeping.create(
            {"name": "D. Weiß", "language": "de", "timezone": "Europe/Berlin"}, [("email", "dana@home.example")]
        )
    return dana, home


def test_one_card_for_both_and_the_kept_one_counts(two):
    dana, home = two
    with unit_of_work():
        keeping.change(home, {"warning": "dog"})
        assert merging.preview(dana, home).conflicts == (
            ("name", "Dana", "D. Weiß"), ("language", "", "de"), ("timezone", "", "Europe/Berlin"),
        )  # fmt: skip
        assert merging.merge(dana, home, why="said so") == dana
    with unit_of_work():
        person = queries.person(home)
        assert (person.id, person.name, person.language, person.timezone) == (dana, "Dana", "de", "Europe/Berlin")
        assert (queries.tier_of(home), person.warnings) == ("gold", ["deaf", "dog"])
        assert [point["address"] for point in person.points] == [
            "dana@example.org",
            "+49301234567",
            "dana@home.example",
        ]
        assert queries.address_of(home, "email") == "dana@home.example"
        assert queries.address_of(home, "voice") == "+49301234567"
        assert contacts.find_or_create("email", "dana@home.example").person_id == dana
        assert merging.unmerge(home) == dana
    with unit_of_work():
        assert queries.person(dana).warnings == ["deaf"]
        assert contacts.find_or_create("email", "dana@home.example").person_id == home
        chain = [event["kind"] for event in audit.chain_events(contacts.chain_of(home))]
        assert chain[-2:] == ["contact_merged", "contact_unmerged"]


def test_blocking_one_blocks_the_person(two):
    dana, home = two
    with unit_of_work():
        merging.merge(dana, home)
        keeping.change(dana, {"is_blocked": True})
        assert contacts.is_blocked("dana@home.example")
        merging.unmerge(home)
        assert not contacts.is_blocked("dana@home.example")
        assert contacts.is_blocked("dana@example.org")


def test_what_cannot_be_merged(two):
    dana, home = two
    with unit_of_work():
        with pytest.raises(Conflict):
            merging.merge(dana, dana)
        with pytest.raises(NotFound):
            merging.merge(dana, 999_999)
        with pytest.raises(Conflict):
            merging.unmerge(dana)
        merging.merge(dana, home)
        with pytest.raises(Conflict):
            merging.merge(home, dana)


# ---------------------------------------------------------------- who may be the same
def traces(who, text="", cc=(), reply_to=()):
    contacts.note_traces(contacts.Person(who, "", "", person_id=who), text=text, copied=cc, answers_to=reply_to)


def found(who):
    return {one.person.id: {hint.kind for hint in one.hints} for one in likeness.candidates(who)}


def test_each_kind_of_evidence_is_seen_from_both_sides(db):
    with unit_of_work():
        me = keeping.create({"name": "Dana Weiß"}, [("email", "dana.weiss@example.org"), ("voice", "+49 170 1234567")])
        other = keeping.create({"name": "dana weiß"}, [("email", "dana.weiss@home.example"), ("sms", "0170 1234567")])
        traces(me, text="Bye\nDana\n0170 1234567", cc=["dana.weiss@home.example"])
        traces(other, text="Bye\nTel: +49 170 / 123 45 67", reply_to=["dana.weiss@example.org"])
        keeping.create({"name": "Somebody Else"}, [("email", "else@example.org")])
    with unit_of_work():
        expected = {"name", "mailbox", "number", "copied", "reply_to"}
        assert found(me) == {other: expected}
        assert found(other) == {me: expected}
        best = likeness.candidates(me)[0]
        assert (best.score, best.strength) == (100, "very likely")
        assert best.hints == tuple(sorted(best.hints, key=lambda hint: -hint.counts))


def test_what_many_share_says_little(db):
    with unit_of_work():
        crowd = [keeping.create({"name": "王伟"}, [("email", f"w{n}@house{n}.example")]) for n in range(9)]
        for who in crowd:
            traces(who, text="Switchboard 021 5555 6666")
    with unit_of_work():
        assert found(crowd[0]) == {}
        weak = likeness.evidence(crowd[0], crowd[1])
        assert 0 < weak.score < likeness.WORTH_SHOWING


def test_who_was_told_apart_or_merged_is_not_proposed_again(db):
    with unit_of_work():
        one, two, three = (keeping.create({"name": "Li Wei"}, []) for _ in range(3))
        assert set(found(one)) == {two, three}
        merging.tell_apart(one, two)
        assert set(found(one)) == {three}
        assert set(found(two)) == {three}
        merging.merge(one, three)
        assert found(one) == {}
        assert set(found(two)) == set()
        merging.unmerge(three)
        assert set(found(three)) == {one, two}
