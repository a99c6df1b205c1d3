"""Whether a query's words are rare is told by PostgreSQL's statistics; it chooses the way to the cases, not what is found."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.cases import service as cases
from app.cases.filtering import is_rare, parse, rarity
from app.cases.filtering.rarity import Shares

CASES = 100


@pytest.fixture
def counted(session):
    """A hundred cases about a heating, one of them also about a sprinkler, and statistics of their texts."""
    for number in range(CASES):
        case = cases.open_case(subject="A leak", channel="email", contact_id=None, contact_name="", queue_key="service")
        said = "'heating' 'heater' 'sprinkler'" if number == 1 else "'heating' 'heater'"
        session.execute(
            text(
                "insert into case_texts (case_id, search) values (:case, cast(:said as tsvector))"
                " on conflict (case_id) do update set search = excluded.search"
            ),
            {"case": case.id, "said": said},
        )
    session.execute(text("analyze case_texts"))
    rarity.forget()
    yield
    rarity.forget()


@pytest.mark.parametrize(
    "query,rare",
    [
        ("heating", False), ("heat", False), ('"heating"', False), ("sprinkler", True), ("sprink", True), ("spr", False),
        ("heating sprinkler", True), ("heating -sprinkler", False), ("heating or sprinkler", False), ("is:open", False),
        ("is:open sprinkler", True), ("nothing-like-it", True),
    ],
)  # fmt: skip
def test_rare_is_what_few_cases_hold(counted, query, rare):
    assert is_rare(parse(query)) is rare


def test_without_statistics_nothing_is_rare(session):
    session.execute(text("truncate case_texts"))
    session.execute(text("analyze case_texts"))
    rarity.forget()
    try:
        assert not is_rare(parse("sprinkler"))
    finally:
        rarity.forget()


def test_shares_of_words_and_of_beginnings():
    told = Shares((("heat", 0.5), ("heater", 0.2), ("heating", 0.1), ("water", 0.3)))
    assert told.of_word("heater") == 0.2
    assert told.of_word("hea") == told.of_word("zoo") == 0.0
    assert told.of_beginning("heat") == pytest.approx(0.8)
    assert told.of_beginning("x") == 0
