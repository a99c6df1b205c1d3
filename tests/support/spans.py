"""How long something takes, on a machine where others are at work too."""

from __future__ import annotations

import time
from collections.abc import Callable
from typing import TypeVar

T = TypeVar("T")
TRIES = 4


def within(seconds: float, act: Callable[[], T]) -> T:
    """Return what `act` returns when one of a few tries ends within that time; AssertionError with all times otherwise."""
    spans = []
    for _ in range(TRIES):
        begun = time.monotonic()
        answer = act()
        spans.append(time.monotonic() - begun)
        if spans[-1] < seconds:
            return answer
    raise AssertionError(f"It took {[round(span, 2) for span in spans]} s, {seconds} are allowed.")
