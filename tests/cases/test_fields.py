"""Custom fields: what is read and shown, how they are kept, and what cases say in them."""

from __future__ import annotations

import pytest

from app.audit import service as audit
from app.cases import service as cases
from app.cases.fields import keeping, kinds, values
from app.cases.fields.models import CustomField, FieldKind
from app.clock import utcnow
from app.db import unit_of_work
from app.errors import Conflict, Invalid
from app.orchestration import context
from tests.support.desk import make_case, make_desk
from tests.support.people import make_cast

COLOURS = [{"value": "red", "name": "Red", "name_zh": "红"}, {"value": "blue"}]


@pytest.fixture
def desk(db):
    with unit_of_work():
        return make_desk(make_cast())


def field(kind):
    return CustomField(key="x", name="X", kind=FieldKind(kind), choices=COLOURS)


def make(key, kind="text", **facts):
    with unit_of_work():
        return keeping.make(key, kind=kind, name=key.title(), **facts)


def put(case, **given):
    with unit_of_work():
        return values.change(cases.lock(case.id), given)


def said(case):
    with unit_of_work():
        return values.plain(cases.lock(case.id))


@pytest.mark.parametrize(
    "kind,typed,shown",
    [
        ("text", "  Boiler 7 ", "Boiler 7"), ("text", "", None), ("long_text", "a\nb", "a\nb"), ("integer", "-12", -12),
        ("integer", 7, 7), ("decimal", "12.50", 12.5), ("decimal", 3, 3), ("yes_no", True, True), ("yes_no", "no", False),
        ("yes_no", "是", True), ("date", "2026-11-30", "2026-11-30"), ("choice", "red", "red"), ("choice", ["red"], "red"),
        ("choices", ["blue", "red", "blue"], ["blue", "red"]), ("choices", "red", ["red"]), ("choices", [], []),
        ("link", "https://example.org/a?b=c", "https://example.org/a?b=c"), ("date", None, None),
    ],
)  # fmt: skip
def test_a_value_is_shown_as_what_it_is(kind, typed, shown):
    assert kinds.show(FieldKind(kind), kinds.read(field(kind), typed)) == shown


@pytest.mark.parametrize(
    "kind,typed,says",
    [
        ("text", "x" * 501, "one line"), ("text", "a\nb", "one line"), ("text", "a\x00", "cannot be shown"), ("integer", "1.5", "whole number"),
        ("integer", "many", "number such as"), ("decimal", "NaN", "ordinary size"), ("decimal", "1e999999", "ordinary size"),
        ("decimal", "0.1234567", "6 decimals"), ("yes_no", "perhaps", "yes or no"), ("date", "30.11.2026", "2026-11-30"),
        ("choice", "green", "red, blue"), ("choices", ["red", "green"], "red, blue"), ("link", "javascript:alert(1)", "https://"),
        ("link", "https://", "https://"), ("link", "http://[", "https://"), ("long_text", "x" * 5001, "5000"),
    ],
)  # fmt: skip
def test_what_does_not_fit_is_refused_with_what_to_do(kind, typed, says):
    with pytest.raises(Invalid, match=says.replace("[", r"\[")):
        kinds.read(field(kind), typed)


def test_a_change_is_on_the_chain_with_from_and_to(desk):
    make("amount", "decimal")
    make("colour", "choice", choices=COLOURS)
    assert put(desk.case, amount="12.5", colour="red") == {
        "amount": {"from": None, "to": 12.5},
        "colour": {"from": None, "to": "red"},
    }
    assert put(desk.case, amount="12.50") == {}
    put(desk.case, amount="", colour="blue")
    assert said(desk.case) == {"amount": None, "colour": "blue"}
    with unit_of_work():
        chain = f"case:{desk.case.id}"
        changed = [event for event in audit.chain_events(chain) if event["kind"] == "case_fields_changed"]
        assert changed[-1]["data"]["changes"] == {
            "amount": {"from": 12.5, "to": None},
            "colour": {"from": "red", "to": "blue"},
        }
        assert audit.verify_chain(chain).is_intact


def test_all_that_is_wrong_is_told_at_once_and_nothing_is_kept(desk):
    make("amount", "decimal")
    make("seen_on", "date")
    with pytest.raises(Invalid) as caught:
        put(desk.case, amount="5", seen_on="soon", height="3")
    assert set(caught.value.fields) == {"seen_on", "height"}
    assert said(desk.case) == {"amount": None, "seen_on": None}


def test_what_is_stored_outlives_its_field_choice_and_type(desk):
    make("colour", "choice", choices=COLOURS)
    put(desk.case, colour="red")
    with unit_of_work():
        keeping.change(keeping.get("colour"), name="Colour", choices=COLOURS[1:])
    assert put(desk.case, colour="red") == {}  # the form sends again what stands there
    with unit_of_work():
        keeping.change(keeping.get("colour"), name="Colour", choices=COLOURS[1:], is_retired=True)
    assert said(desk.case) == {"colour": "red"}
    with pytest.raises(Invalid) as caught:
        put(desk.case, colour="blue")
    assert "not in use" in caught.value.fields["colour"]
    with unit_of_work():
        other = make_case(desk.cast, desk.account, subject="Another")
    assert said(other) == {}


def test_a_field_is_for_the_cases_of_its_type(desk):
    make("warranty", "yes_no", case_type="repair")
    assert said(desk.case) == {}
    with unit_of_work():
        cases.change(cases.lock(desk.case.id), {"type": "repair"})
    put(desk.case, warranty=True)
    assert said(desk.case) == {"warranty": True}


def test_processes_read_fields(desk):
    make("amount", "integer")
    put(desk.case, amount=3)
    with unit_of_work():
        assert context.case_names(cases.lock(desk.case.id))["fields"] == {"amount": 3}


@pytest.mark.parametrize(
    "facts,wrong",
    [
        ({"key": "No Key"}, "key"), ({"kind": "money"}, "kind"), ({"name": " "}, "name"), ({"kind": "choice"}, "choices"), ({"position": -1}, "position"),
        ({"kind": "choice", "choices": [{"value": "a"}, {"value": "A"}]}, "choices"), ({"help": "x" * 301}, "help"),
    ],
)  # fmt: skip
def test_a_field_that_cannot_be_is_refused(db, facts, wrong):
    with unit_of_work(), pytest.raises(Invalid) as caught:
        keeping.make(**{"key": "a", "kind": "text", "name": "A", **facts})
    assert wrong in caught.value.fields


def test_keys_are_taken_once_and_changes_know_their_version(db):
    made = make("amount", "decimal")
    with unit_of_work(), pytest.raises(Conflict):
        keeping.make("amount", kind="text", name="Again")
    with unit_of_work(), pytest.raises(Conflict):
        keeping.change(keeping.get("amount"), name="Sum", version=made.version + 1)


def test_archived_cases_are_not_filled_in(desk):
    make("amount", "decimal")
    with unit_of_work():
        cases.archive(cases.lock(desk.case.id), outcome="resolved", retain_until=utcnow())
    with pytest.raises(Conflict, match="reopen"):
        put(desk.case, amount="1")
