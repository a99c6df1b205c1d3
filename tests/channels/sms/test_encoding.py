"""How texts fit into segments: the borders, what takes two places, and that nothing is lost or cut in two."""

from __future__ import annotations

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.sms import encoding
from channels.sms.encoding import Encoding, Measure, measure


@pytest.mark.parametrize(
    "text,expected",
    [
        ("", Measure(Encoding.GSM, 0, 0, 160)),
        ("a" * 160, Measure(Encoding.GSM, 1, 160, 0)),
        ("a" * 161, Measure(Encoding.GSM, 2, 161, 145)),
        ("a" * 306, Measure(Encoding.GSM, 2, 306, 0)),
        ("a" * 307, Measure(Encoding.GSM, 3, 307, 152)),
        ("a" * 158 + "€", Measure(Encoding.GSM, 1, 160, 0)),
        ("a" * 159 + "€", Measure(Encoding.GSM, 2, 161, 145)),
        # The euro would stand on places 153 and 154: it moves on and leaves one place empty.
        ("a" * 152 + "€" + "b" * 10, Measure(Encoding.GSM, 2, 164, 141)),
        ("好" * 70, Measure(Encoding.UCS2, 1, 70, 0)),
        ("好" * 71, Measure(Encoding.UCS2, 2, 71, 63)),
        ("好" * 68 + "😀", Measure(Encoding.UCS2, 1, 70, 0)),
        ("好" * 69 + "😀", Measure(Encoding.UCS2, 2, 71, 63)),
        ("好" * 66 + "😀" + "好" * 10, Measure(Encoding.UCS2, 2, 78, 55)),
        ("a" * 69 + "ç", Measure(Encoding.UCS2, 1, 70, 0)),
        ("a\r\nb", Measure(Encoding.GSM, 1, 3, 157)),
        ("e\u0301", Measure(Encoding.GSM, 1, 1, 159)),
    ],
)
def test_a_text_is_counted_as_the_network_does(text, expected):
    assert measure(text) == expected


def test_a_pair_at_the_border_goes_whole_into_the_next_segment():
    assert encoding.split("好" * 66 + "😀" + "好" * 10) == ["好" * 66, "😀" + "好" * 10]
    assert encoding.split("a" * 152 + "€" + "b" * 10) == ["a" * 152, "€" + "b" * 10]


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.sampled_from("a€[好😀é\n"), max_size=500))
def test_nothing_is_lost_and_no_segment_overflows(text):
    pieces = encoding.split(text)
    assert "".join(pieces) == encoding.normal(text)
    found = measure(text)
    alone, chained = encoding.LIMITS[found.encoding]
    room = alone if len(pieces) <= 1 else chained
    for piece in pieces:
        is_gsm = found.encoding is Encoding.GSM
        size = len(encoding.encode_gsm(piece)) if is_gsm else len(piece.encode("utf-16-be")) // 2
        assert 0 < size <= room
    assert found.segments == len(pieces)


@pytest.mark.parametrize(
    "text,simple",
    [
        ("“Ça va” – naïve… œuvre á", '"Ça va" - naive... oeuvre a'),
        ("façade\u00a0à l’heure", "facade à l'heure"),
        ("zażółć gęślą jaźń", "zazólc gesla jazn".replace("ó", "o")),
        ("Übergröße €5 [a|b]", "Übergröße €5 [a|b]"),
        ("ça 你", "ça 你"),
        ("good 😀", "good 😀"),
    ],
)
def test_letters_are_replaced_only_where_that_saves_the_alphabet(text, simple):
    assert encoding.simplified(text) == simple


@settings(deadline=None, max_examples=60)
@given(st.text(alphabet=st.sampled_from(encoding.GSM_BASIC.replace("\x1b", "") + "€[]{}~^|\\"), max_size=200))
def test_gsm_bytes_read_back(text):
    assert encoding.decode_gsm(encoding.encode_gsm(text)) == text


def test_what_the_alphabet_has_not_is_refused_and_unknown_bytes_are_shown():
    with pytest.raises(ValueError, match="not in the GSM alphabet"):
        encoding.encode_gsm("你")
    assert encoding.decode_gsm(b"a\xff\x1b") == "a\ufffd"
    assert encoding.decode_gsm(b"\x1bA") == "A"
