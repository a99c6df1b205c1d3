"""Mentions in a text: what is one, and what only looks like one."""

from __future__ import annotations

import pytest

from app.identity import mentions

NAMES = {"alice", "bob", "bob.meyer", "repairs", "dora@desk.example"}


def found(text):
    return [mention.name for mention in mentions.find(text, NAMES)]


@pytest.mark.parametrize(
    "text,names",
    [
        ("@alice please look", ["alice"]),
        ("Ask @Alice, @BOB.", ["alice", "bob"]),
        ("(@bob) @bob.meyer: see", ["bob", "bob.meyer"]),
        ("请@alice看一下,@repairs。", ["alice", "repairs"]),
        ("line\n@bob", ["bob"]),
        ("@dora@desk.example knows", ["dora@desk.example"]),
        ("mail to dana@alice.example or x@bob", []),
        ("@alicette @bobby @nobody @ alice", []),
        ("https://example.org/@alice", []),
        ("@@alice", []),
        ("@alice_2 @bob-", ["bob"]),
        ("", []),
    ],
)
def test_what_is_a_mention(text, names):
    assert found(text) == names


def test_where_it_stands():
    text = "看@alice吧"
    (mention,) = mentions.find(text, NAMES)
    assert text[mention.start : mention.end] == "@alice"


@pytest.mark.parametrize("text", ["@" * 20_000, "@alice " * 20_000, "@" + "a" * 100_000, "@a." * 30_000])
def test_there_are_never_more_than_so_many(text):
    assert len(found(text)) <= mentions.MOST
