"""Full text without a language: what is found, and that nothing a person types is an error."""

from __future__ import annotations

import pytest
from sqlalchemy import text

from app.search import MAX_TOKENS, MAX_WORD, index_tokens, query_text


@pytest.mark.parametrize(
    "stored,typed,found",
    [
        ("The boiler shows E4", "boiler", True), ("The boiler shows E4", "BOIL", True), ("The boiler shows E4", "e4 boiler", True),
        ("The boiler shows E4", "boiler broken", False), ("Café Müller, Ångström", "cafe muller angstrom", True),
        ("Cafe", "café", True), ("Straße", "strasse", True), ("从昨天起没有热水", "没有热水", True), ("从昨天起没有热水", "热水", True),
        ("从昨天起没有热水", "冷水", False), ("热水", "热", True), ("热", "热", True), ("お湯が出ません", "お湯", True), ("온수가 안 나와요", "온수", True),
        ("call +49 30 1234567 now", "1234567", True), ("order 88213-B", "88213", True), ("order 88213-B", "88213-B", True),
        ("write to dana.weiss@example.org", "dana.weiss@example.org", True), ("write to dana.weiss@example.org", "weiss", True),
        ("锅炉E4报警", "E4", True), ("no_hot_water", "water", True), ("on 2026-11-30", "2026-11-30", True), ("see RB-2026-000017", "rb-2026-000017", True), ("e-mail", "E-Mail", True), ("it's o'clock", "o'clock", True),
    ],
)  # fmt: skip
def test_what_is_found(session, stored, typed, found):
    hit = session.scalar(
        text("select array_to_tsvector(:tokens) @@ cast(:wanted as tsquery)"),
        {"tokens": index_tokens(stored), "wanted": query_text(typed)},
    )
    assert hit is found


@pytest.mark.parametrize(
    "typed",
    ["' & | ! ( ) <->", "a' | 'b", "\\", "a\\'b", "'", ":*", "a:*b", "!!", "<0>", "😀", "\u202eevil", "x" * 100_000, "a " * 5_000,
     "热" * 1_000, "\u0301\u0301", "%_%", "--", "e\u0301"],
)  # fmt: skip
def test_nothing_that_is_typed_is_an_error(session, typed):
    wanted = query_text(typed)
    if wanted:
        session.scalar(text("select (cast(:wanted as tsquery))::text"), {"wanted": wanted})


def test_there_is_an_end_to_tokens():
    tokens = index_tokens(" ".join(f"w{n}" for n in range(20_000)), "热水" * 10_000)
    assert len(tokens) == MAX_TOKENS
    assert len(index_tokens("x" * 500)[0]) == MAX_WORD


@pytest.mark.parametrize("typed", ["", "   ", "!?.,", "——"])
def test_nothing_to_search(typed):
    assert query_text(typed) == ""
