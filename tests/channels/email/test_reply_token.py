"""Reply tokens: bound to case and recipient, folded by mail systems, rotated, found wherever a reply may carry them."""

from __future__ import annotations

import string
import time

import pytest
from hypothesis import given
from hypothesis import strategies as st

from channels.email.reply_token import (
    TokenKeys,
    find_tokens,
    make_message_id,
    make_token,
    plus_address,
    read_token,
    verify_token,
    without_tag,
)

KEYS = TokenKeys("a", {"a": b"first secret of 16+ bytes"})
DANA = "dana@customer.test"


def token_for(case="RB-1024", recipient=DANA, keys=KEYS):
    return make_token(keys, case=case, recipient=recipient)


def test_a_token_is_genuine_for_its_case_and_recipient_only():
    token = token_for()
    assert verify_token(token, KEYS, case="RB-1024", recipients=[DANA]) == DANA
    assert verify_token(token, KEYS, case="RB-1025", recipients=[DANA]) is None
    assert verify_token(token, KEYS, case="RB-1024", recipients=["eve@customer.test"]) is None
    assert verify_token(token, KEYS, case="RB-1024", recipients=["eve@customer.test", "Dana@Customer.test"])
    assert verify_token(token, KEYS, case="RB-1024", recipients=[]) is None


def test_a_token_survives_the_folding_of_case():
    folded = token_for().upper()
    assert read_token(folded).case == "rb-1024"
    assert verify_token(folded, KEYS, case="rb-1024", recipients=[DANA.upper()])


def test_a_token_forged_in_any_character_is_refused():
    token = token_for()
    for position in range(len(token)):
        for char in "a7q":
            forged = token[:position] + char + token[position + 1 :]
            if forged != token:
                assert verify_token(forged, KEYS, case="RB-1024", recipients=[DANA]) is None


def test_another_secret_makes_another_token():
    other = TokenKeys("a", {"a": b"second secret of 16+ bytes"})
    assert verify_token(token_for(keys=other), KEYS, case="RB-1024", recipients=[DANA]) is None


def test_an_old_key_is_still_accepted_and_a_withdrawn_one_is_not():
    old = token_for()
    rotated = TokenKeys("b", {"b": b"new secret of 16+ bytes!", **KEYS.secrets})
    assert token_for(keys=rotated).startswith("b-")
    assert verify_token(old, rotated, case="RB-1024", recipients=[DANA])
    withdrawn = TokenKeys("b", {"b": b"new secret of 16+ bytes!"})
    assert verify_token(old, withdrawn, case="RB-1024", recipients=[DANA]) is None


@pytest.mark.parametrize("keys", [("x", {"a": b"0" * 16}), ("A", {"A": b"0" * 16}), ("a", {"a": b"short"})])
def test_bad_keys_are_refused_with_a_sentence(keys):
    with pytest.raises(ValueError, match="reply-token key"):
        TokenKeys(*keys)


@pytest.mark.parametrize("case", ["", "RB 1", "RB@1", "-1", "RB-", "é1", "x" * 33, "a\r\nb"])
def test_a_case_number_that_cannot_stand_in_an_address_is_refused(case):
    with pytest.raises(ValueError, match="case number"):
        token_for(case=case)


@given(
    case=st.text(string.ascii_letters + string.digits, min_size=1, max_size=20),
    recipient=st.emails(),
)
def test_every_token_comes_back_from_an_address_and_from_a_message_id(case, recipient):
    token = token_for(case, recipient)
    places = [plus_address("support@desk.test", token), make_message_id("d-1", domain="desk.test", token=token)]
    for place in places:
        assert find_tokens([f"Support <{place}>, other@x.test"]) == (token,)
    assert verify_token(token, KEYS, case=case, recipients=[recipient]) == recipient


def test_candidates_are_found_in_order_and_once():
    first, second = token_for("A1"), token_for("B2")
    found = find_tokens(
        [
            f"support+rb-{second.upper()}@desk.test",
            f"<abc.rb-{first}@desk.test> <x@y> <abc.rb-{second}@desk.test>",
            "support+other@desk.test",
            "rb-no-token@desk.test",
        ]
    )
    assert found == (second, first)


def test_looking_for_tokens_takes_no_longer_for_hostile_text():
    for text in ("+rb-" * 100_000, "+rb-a-" + "a" * 300_000, "<" * 300_000, "+rb-a-" + "a" * 16 + "-" * 300_000):
        began = time.thread_time()
        assert find_tokens([text]) == ()
        assert time.thread_time() - began < 2


def test_a_plus_address_is_given_up_where_it_would_be_too_long():
    assert plus_address("s" * 40 + "@desk.test", token_for()) is None


def test_the_tag_is_taken_off_again():
    address = plus_address("Support@desk.test", token_for())
    assert address is not None
    assert without_tag(address) == "Support@desk.test"
    assert without_tag("dana+news@customer.test") == "dana+news@customer.test"


def test_a_message_id_is_stable():
    assert make_message_id("7", domain="d.test") == make_message_id("7", domain="d.test")
    assert make_message_id("7", domain="d.test") != make_message_id("8", domain="d.test")
