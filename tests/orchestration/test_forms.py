"""Forms: typed values, fields that show only sometimes, and a sentence for each wrong one."""

from __future__ import annotations

import pytest

from app.errors import Invalid
from app.orchestration import forms
from tests.support.people import make_cast

FORM = {
    "fields": [
        {"key": "outcome", "type": "choice", "required": True, "options": [{"value": "fixed"}, {"value": "later"}]},
        {"key": "when", "type": "date", "required": True, "show_if": {"field": "outcome", "equals": "later"}},
        {"key": "hours", "type": "number"},
        {"key": "again", "type": "bool"},
        {"key": "why", "type": "textarea", "show_if": {"field": "outcome", "in": ["later", "never"]}},
        {"key": "changes", "type": "case_fields"},
    ]
}


def one(kind: str, given: object, **more: object):
    return forms.read({"fields": [{"key": "f", "type": kind, **more}]}, {"f": given})["f"]


def test_values_get_their_types_and_strangers_are_dropped():
    given = {
        "outcome": "fixed",
        "hours": " 2 ",
        "again": "on",
        "changes": "where: attic\n\nfloor: 3",
        "approved": "yes",
    }
    assert forms.read(FORM, given) == {
        "outcome": "fixed", "when": None, "hours": 2, "again": True, "why": None,
        "changes": {"where": "attic", "floor": "3"},
    }  # fmt: skip


def test_a_hidden_field_is_neither_asked_for_nor_taken():
    assert forms.read(FORM, {"outcome": "fixed", "when": "2026-11-30"})["when"] is None
    with pytest.raises(Invalid) as wrong:
        forms.read(FORM, {"outcome": "later"})
    assert set(wrong.value.fields) == {"when"}


def test_every_wrong_field_is_named_at_once():
    with pytest.raises(Invalid) as wrong:
        forms.read(FORM, {"outcome": "exploded", "hours": "many", "changes": "no colon"})
    assert set(wrong.value.fields) == {"outcome", "hours", "changes"}
    assert "fixed, later" in wrong.value.fields["outcome"]


@pytest.mark.parametrize("given", ["x", "1e400", "nan", "inf", "-1e16", "1,5", "٣x"])
def test_numbers_that_are_none(given):
    with pytest.raises(Invalid):
        one("number", given)


@pytest.mark.parametrize(
    "given,number", [("1.50", 1.5), ("7.0", 7), (3, 3), ("-0.25", -0.25), ("", None), (None, None)]
)
def test_numbers(given, number):
    assert one("number", given) == number


@pytest.mark.parametrize("given", ["30.11.2026", "2026-02-30", "tomorrow"])
def test_dates_that_are_none(given):
    with pytest.raises(Invalid):
        one("date", given)


@pytest.mark.parametrize(
    "given,is_so", [(True, True), (False, False), ("true", True), ("0", False), (None, False), ("no", False)]
)
def test_yes_or_no(given, is_so):
    assert one("bool", given) is is_so


def test_text_has_an_end_and_an_unknown_kind_is_text():
    assert one("text", "  words ") == "words"
    assert one("something", "words") == "words"
    with pytest.raises(Invalid):
        one("text", "x" * (forms.MAX_TEXT + 1))
    with pytest.raises(Invalid):
        one("text", "   ", required=True)


def test_changes():
    assert one("case_fields", {" where ": "attic", "": "x"}) == {"where": "attic"}
    assert one("case_fields", None) == {}
    with pytest.raises(Invalid):
        one("case_fields", "", required=True)


def test_teams_and_people_must_exist(session):
    make_cast()
    assert one("team", "repairs") == "repairs"
    assert one("user", "alice") == "alice"
    for kind in ("team", "user"):
        with pytest.raises(Invalid):
            one(kind, "nobody-of-that-name")


def test_no_form_takes_nothing():
    assert forms.read(None, {"outcome": "fixed"}) == {}
