"""Custom fields in the query language: each kind is found by what it holds, and the database answers as plain Python does."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest
from sqlalchemy import select

from app.cases import service as cases
from app.cases.fields import keeping, values
from app.cases.filtering import QueryError, Scope, checking, condition, parse, printed
from app.cases.filtering.completing import complete
from app.cases.models import Case
from tests.support.desk import make_case, make_desk
from tests.support.people import make_cast

NOW = datetime(2026, 11, 22, 12, tzinfo=UTC)
COLOURS = [{"value": "red", "name": "Bright red", "name_zh": "红"}, {"value": "blue"}]
KINDS = {
    "q_text": "text", "q_long": "long_text", "q_amount": "decimal", "q_visit": "date", "q_paid": "yes_no", "q_colour": "choice",
    "q_colours": "choices",
}  # fmt: skip


@pytest.fixture
def desk(session):
    made = make_desk(make_cast())
    for key, kind in KINDS.items():
        keeping.make(key, kind=kind, name=key.title(), choices=COLOURS if "colour" in key else ())
    first, second, third = (make_case(made.cast, made.account, subject=each) for each in ("One", "Two", "Three"))
    values.change(cases.lock(first.id), {
        "q_text": "Boiler ÄX-88213 100%", "q_long": "x" * 600 + " 热水器 behind", "q_amount": "12.5", "q_visit": "2026-11-25", "q_paid": "yes",
        "q_colour": "red", "q_colours": ["red", "blue"],
    })  # fmt: skip
    values.change(cases.lock(second.id), {
        "q_text": "boiler 1", "q_amount": "-3", "q_visit": "2026-11-20", "q_paid": "no", "q_colour": "blue", "q_colours": ["blue"],
    })  # fmt: skip
    session.flush()
    return {first.id: "first", second.id: "second", third.id: "third"}


@pytest.fixture
def scope(desk):
    return Scope(0, frozenset(), {}, {}, NOW, field=keeping.find)


@pytest.mark.parametrize("typed,found", [
    ("field.q_text:boiler", "first second"), ("field.q_text:äx-88213", "first"), ('field.q_text:"100%"', "first"), ("field.q_text:_", ""),
    ("字段.q_text:boiler", "first second"), ("field.q_text:none", "third"), ("-field.q_text:none", "first second"), ("field.q_text:none,1", "first second third"),
    ("field.q_long:热水", "first"), ("field.q_amount>0", "first"), ("field.q_amount<0", "second"), ("field.q_amount>=-3 field.q_amount<=12.5", "first second"),
    ("field.q_amount:12.50", "first"), ("field.q_amount:无", "third"), ("field.q_visit:2026-11-25", "first"), ("field.q_visit<7d", "first second"),
    ("field.q_visit:7d", "first"), ("field.q_visit:-1w", "second"), ("field.q_visit>today", "first"), ("field.q_visit>=2026-11-20 field.q_visit<2026-11-25", "second"),
    ("field.q_paid:是", "first"), ("field.q_paid:no", "second"), ("-field.q_paid:yes", "second third"), ("field.q_colour:RED", "first"), ("field.q_colour:红", "first"),
    ('field.q_colour:"bright red"', "first"), ("field.q_colours:blue", "first second"), ("field.q_colours:red,blue", "first second"),
])  # fmt: skip
def test_a_field_is_found_by_what_it_holds(session, desk, scope, typed, found):
    node = parse(typed)
    assert parse(printed(node)) == node
    ids = session.scalars(select(Case.id).where(Case.id.in_(desk), condition(node, scope)))
    assert {desk[each] for each in ids} == set(found.split())
    assert checking.check([node], checking.load(list(desk)), scope) == []


@pytest.mark.parametrize("typed,says", [
    ("a field.q_nothing:1", "no custom field"), ("field.q_text>a", "no order"), ("field.q_amount:many", "is no number"),
    ("field.q_visit<4h", "is no day"), ("field.q_paid:perhaps", "yes, no or none"), ("field.q_colour:green", "one of red, blue"),
])  # fmt: skip
def test_what_a_field_does_not_take_is_told_with_its_place(scope, typed, says):
    with pytest.raises(QueryError, match=says) as caught:
        condition(parse(typed), scope)
    assert typed[caught.value.start : caught.value.end].startswith("field.q_")


def test_random_queries_show_no_drift(desk, scope):
    plain = checking.load(list(desk))
    queries = checking.some_queries(120, plain, scope, seed=7)
    assert any("field.q_" in printed(query) for query in queries)
    assert checking.check(queries, plain, scope) == []


def test_drift_of_a_field_is_noticed(desk, scope):
    plain, third = checking.load(list(desk)), max(desk)
    values.change(cases.lock(third), {"q_amount": 7})
    [drift] = checking.check([parse("field.q_amount:7")], plain, scope)
    assert drift.only_database == (third,)


def _known(field, typed):
    known = {
        "field.": [("q_colour", "Colour"), ("q_text", "Text")],
        "field.q_colour": [("red", "Bright red"), ("none", "none")],
    }
    return [pair for pair in known.get(field, []) if pair[0].startswith(typed) or pair[1].lower().startswith(typed)]


@pytest.mark.parametrize("typed,first", [
    ("field.", "field.q_colour:"), ("fie", "field.q_colour:"), ("-field.q_t", "field.q_text:"), ("colo", "field.q_colour:"),
    ("field.q_colour:", "red"), ("is:open field.q_colour:n", "none"), ("字段.q_colour:r", "red"),
])  # fmt: skip
def test_keys_and_values_are_completed(typed, first):
    assert complete(typed, len(typed), _known).choices[0].text == first
