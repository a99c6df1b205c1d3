"""What customers' words ask for."""

from __future__ import annotations

import pytest

from app.orchestration import intents


@pytest.mark.parametrize(
    "text,verb",
    [
        ("CHASE", "chase"),
        ("追单", "chase"),
        ("Hello,\n\nis there any news? I am at home today.", "chase"),
        ("你好，怎么还没有人来？", "chase"),
        ("Cancel.", "cancel"),
        ("Hello\n撤单", "cancel"),
    ],
)
def test_words_that_ask_for_something(text: str, verb: str) -> None:
    found = intents.read(text)
    assert found is not None
    assert found.verb == verb


@pytest.mark.parametrize(
    "text",
    ["", "Thank you very much!", "Please don't cancel anything.", "I want to cancel my subscription to the newsletter",
     "Here is the photo.\n\nOne\nTwo\nThree\ncancel", "x" * 1_000_000],
)  # fmt: skip
def test_words_that_are_a_message_like_any_other(text: str) -> None:
    assert intents.read(text) is None
