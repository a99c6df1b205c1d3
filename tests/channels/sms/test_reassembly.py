"""Parts of long messages: any order, repeated, missing, cut in the middle of a character, references used again."""

from __future__ import annotations

import random
from dataclasses import replace
from datetime import UTC, datetime, timedelta

from hypothesis import given, settings
from hypothesis import strategies as st

from channels.sms import reassembly
from channels.sms.reassembly import GAP, WAIT, Part

NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)


def parts_of(text: str, *, size: int = 134, reference: str = "7", sender: str = "+861") -> list[Part]:
    whole = text.encode("utf-16-be")
    pieces = [whole[start : start + size] for start in range(0, len(whole), size)]
    return [
        Part(reference, number, len(pieces), "ucs2", piece, NOON + timedelta(seconds=number), sender)
        for number, piece in enumerate(pieces, 1)
    ]


@settings(deadline=None, max_examples=60)
@given(st.text(min_size=1, max_size=400), st.randoms(use_true_random=False))
def test_parts_in_any_order_and_repeated_give_the_text(text: str, chance: random.Random):
    parts = [*parts_of(text), *parts_of(text)[:2]]
    chance.shuffle(parts)
    assert reassembly.join(parts, now=NOON) == reassembly.Joined(text, (), is_due=True)


def test_a_character_cut_in_two_is_whole_again():
    parts = parts_of("a" * 66 + "😀" + "b" * 10)
    assert parts[0].content.endswith("😀".encode("utf-16-be")[:2])
    assert reassembly.join(parts, now=NOON).text == "a" * 66 + "😀" + "b" * 10


def test_a_missing_part_is_waited_for_and_then_shown_as_a_gap():
    parts = parts_of("a" * 67 + "b" * 67 + "c" * 5)
    early = reassembly.join(parts[::2], now=NOON + timedelta(minutes=1))
    assert (early.missing, early.is_due) == ((2,), False)
    late = reassembly.join(parts[::2], now=NOON + WAIT + timedelta(minutes=1))
    assert late == reassembly.Joined("a" * 67 + GAP + "c" * 5, (2,), is_due=True)


def test_no_parts_are_no_message():
    assert reassembly.join([], now=NOON).is_due is False


def test_the_first_of_a_number_counts():
    first, second = parts_of("a" * 70)
    forged = replace(second, content="evil".encode("utf-16-be"), received_at=second.received_at + timedelta(hours=1))
    assert reassembly.join([forged, second, first], now=NOON).text == "a" * 70


def test_a_reference_used_again_later_or_by_somebody_else_is_another_message():
    once = parts_of("a" * 70)
    again = [replace(part, received_at=part.received_at + timedelta(days=1)) for part in parts_of("b" * 70)]
    other = parts_of("c" * 70, sender="+862")
    joined = [reassembly.join(group, now=NOON).text for group in reassembly.groups([*again, *other, *once])]
    assert sorted(joined) == ["a" * 70, "b" * 70, "c" * 70]


def test_headers_are_read_and_written():
    assert reassembly.read_udh(reassembly.write_udh(300, 2, 3)) == ("44", 2, 3)
    assert reassembly.read_udh(bytes.fromhex("060804012c0302")) == ("300", 2, 3)
    # Ports first, then the concatenation.
    assert reassembly.read_udh(bytes.fromhex("0b05040b8423f00003c80201")) == ("200", 1, 2)


@settings(deadline=None, max_examples=60)
@given(st.binary(max_size=40))
def test_no_header_breaks_the_reader(udh: bytes):
    found = reassembly.read_udh(udh)
    assert found is None or 1 <= found[1] <= found[2]


def test_what_a_message_says_of_its_part_reads_back():
    part = parts_of("a" * 70)[0]
    assert reassembly.part_of({"part": part.as_json()}, received_at=part.received_at, sender="+861") == part
    for raw in ({}, {"part": 1}, {"part": {"number": 3, "count": 2, "hex": ""}}, {"part": {"number": "x"}}):
        assert reassembly.part_of(raw, received_at=NOON) is None
