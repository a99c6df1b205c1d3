"""Contacts kept by hand: one owner for each address, every change on the record, found by any part of what is known."""

from __future__ import annotations

import pytest

from app.audit import service as audit
from app.contacts import keeping, listing, organizations, queries, spelling
from app.contacts import service as contacts
from app.db import unit_of_work
from app.errors import Conflict, Invalid, NotFound
from tests.support.people import make_user


def names(text="", **wanted):
    return [row.name for row in listing.contacts(listing.Filter(text=text, **wanted))]


def kinds(chain):
    with unit_of_work():
        return [event["kind"] for event in audit.chain_events(chain)]


@pytest.mark.parametrize(
    "text",
    ["dana", "Weiss", "weiß", "DANA W", "dana@example.org", "dana@ex", "example.org", "example.o", "李", "李伟", "伟",
     "138 0013", "0013-8000", "+86 138 0013 8000", "008613800138000", "8000"],
)  # fmt: skip
def test_a_person_is_found_by_any_part_of_what_is_known(session, text):
    keeping.create(
        {"name": "Dana Weiß 李伟"},
        [("email", "Dana@Example.org"), ("voice", "+86 138 0013 8000"), ("sms", "008613800138000")],
    )
    keeping.create({"name": "Tom"}, [("email", "tom@elsewhere.test"), ("voice", "+49 30 1234")])
    assert names(text) == ["Dana Weiß 李伟"]


@pytest.mark.parametrize("text", ["nobody", "王", "@@@", "&|!", "'; drop table", "9999", "\\"])
def test_who_is_not_there_is_not_found(session, text):
    keeping.create({"name": "Dana"}, [("email", "dana@example.org")])
    assert names(text) == []


def test_pages_follow_one_another_without_gaps(session):
    for number in range(7):
        keeping.create({"name": f"Person {number % 3}"}, [("email", f"p{number}@example.org")])
    seen, after = [], None
    while rows := listing.contacts(listing.Filter(), after=after, limit=2):
        seen += [row.id for row in rows]
        after = (rows[-1].sort_name, rows[-1].id)
    assert len(seen) == len(set(seen)) == 7
    assert [row.name for row in listing.contacts(listing.Filter())] == sorted(f"Person {n % 3}" for n in range(7))


def test_filters(session):
    house = organizations.save(None, name="House", tier="gold", domains=["house.example"])
    for name, values in (
        ("A", {"tier": "vip", "language": "de"}), ("B", {"organization_id": house.id}), ("C", {"warning": "careful"}),
        ("D", {"is_blocked": True}),
    ):  # fmt: skip
        keeping.create({"name": name, **values}, [("voice", "+4930123456")] if name == "A" else [])
    assert (names(tier="vip"), names(tier="gold"), names(language="de"), names(channel="voice")) == (
        ["A"],
        ["B"],
        ["A"],
        ["A"],
    )
    assert (names(is_warned=True), names(is_blocked=True), names(organization_id=house.id)) == (["C"], ["D"], ["B"])


def test_an_address_has_one_owner(session):
    dana = keeping.create({"name": "Dana"}, [("email", "dana@example.org")])
    with pytest.raises(Conflict, match="belongs to Dana already") as refused:
        keeping.create({"name": "Tom"}, [("email", "DANA@example.org")])
    assert refused.value.fields == {"address": "taken"}
    tom = keeping.create({"name": "Tom"}, [])
    with pytest.raises(Conflict):
        keeping.add_point(tom, "email", "dana@example.org")
    point = keeping.add_point(tom, "voice", "+49 (30) 12-34 56")
    assert point.address == "+4930123456"
    with pytest.raises(NotFound):
        keeping.remove_point(dana, point.id)


@pytest.mark.parametrize(
    "values",
    [{"name": " \u202e "}, {"language": "german"}, {"timezone": "Mars/Olympus"}, {"timezone": "../etc/passwd"}, {"tier": "iron"},
     {"warning": "x" * 1001}],
)  # fmt: skip
def test_what_cannot_be_saved(session, values):
    dana = keeping.create({"name": "Dana"}, [])
    with pytest.raises(Invalid):
        keeping.change(dana, values)
    assert queries.existing(dana).name == "Dana"


def test_changes_are_on_the_record_and_nobody_overwrites_a_change_unseen(db):
    with unit_of_work():
        alice = make_user("alice")
        dana = keeping.create({"name": "Dana", "tier": "gold"}, [("email", "dana@example.org")])
    with unit_of_work():
        seen = queries.person(dana)
        keeping.change(dana, {"name": "Dana Weiß", "warning": "hard of\nhearing"}, version=seen.version)
        with pytest.raises(Conflict):
            keeping.change(dana, {"name": "Mallory"}, version=seen.version)
        point = keeping.add_point(dana, "sms", "+491701234567")
        keeping.verify_point(dana, point.id, is_verified=True, user_id=alice.id)
        assert [p["is_verified"] for p in queries.person(dana).points] == [False, True]
        keeping.remove_point(dana, point.id)
    assert kinds(contacts.chain_of(dana)) == [
        "contact_created", "contact_changed", "contact_changed", "contact_point_added", "contact_point_verified",
        "contact_point_removed",
    ]  # fmt: skip
    with unit_of_work():
        assert audit.verify_chain(contacts.chain_of(dana)).is_intact
        assert names("Mallory") == []
        assert names("Weiß") == ["Dana Weiß"]


# ---------------------------------------------------------------- organizations
def test_who_writes_from_a_domain_becomes_a_member_with_its_tier(db):
    with unit_of_work() as session:
        early = contacts.find_or_create("email", "early@house.example", name="Early")
        house = organizations.save(None, name="House", tier="gold", domains=["House.example", "haus.example"])
        assert queries.tier_of(early.id) == ""
        assert organizations.strays(house.id) == [early.id]
        house_id = house.id
        assert organizations.adopt(house_id) == 1
        session.expunge_all()
    with unit_of_work():
        late = contacts.find_or_create("email", "late@haus.example", name="Late")
        assert (queries.tier_of(late.id), queries.tier_of(early.id)) == ("gold", "gold")
        keeping.change(late.id, {"tier": "vip"})
    with unit_of_work():
        assert queries.tier_of(late.id) == "vip"
        assert names(organization_id=house_id) == ["Early", "Late"]
        assert [(row.name, row.members, row.domains) for row in listing.organizations("haus")] == [
            ("House", 2, ["haus.example", "house.example"])
        ]


def test_a_domain_belongs_to_one_organization_and_never_to_everybody(session):
    organizations.save(None, name="House", domains=["house.example"])
    with pytest.raises(Conflict, match="belongs to House already"):
        organizations.save(None, name="Other", domains=["house.example"])
    for bad in ("gmail.com", "qq.com", "no domain", "x", "-a.example", "a..example"):
        with pytest.raises(Invalid):
            organizations.save(None, name="Other", domains=[bad] if " " not in bad else ["no_domain"])


def test_an_organization_changed_by_somebody_else_is_not_overwritten(session):
    house = organizations.save(None, name="House", domains=["house.example"])
    seen = house.version
    organizations.save(house.id, name="House 2", version=seen)
    assert organizations.domains(house.id) == ["house.example"]
    with pytest.raises(Conflict):
        organizations.save(house.id, name="House 3", version=seen)
    assert organizations.by_name(" house 2 ") == house.id
    assert organizations.by_name("") is None
    with pytest.raises(Invalid):
        organizations.by_name("House")


# ---------------------------------------------------------------- spelling
@pytest.mark.parametrize(
    "text,found",
    [
        ("Hello\n\nDana\nTel. +49 170 1234567", ["701234567"]), ("电话：138 0013 8000", ["800138000"]),
        ("Case RB-2026-000123 of 2026-11-22", []), ("order 12345", []), ("0170/1234567 or (0170) 123 45 67", ["701234567"]),
        ("tel:+1 (415) 555-0100", ["155550100"]), ("", []),
    ],
)  # fmt: skip
def test_numbers_in_signatures(text, found):
    assert spelling.numbers_below(text) == found
