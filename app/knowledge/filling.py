"""Canned texts with slots: `{{ customer.name }}` is filled in by the desk, `[[what to say here]]` by whoever sends it.

A slot names one thing of a closed list and is looked up, never computed; what is filled in is not read again.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Final

from app.errors import Invalid

#: What a text may name; `names_for` in `app.orchestration.slots` says what each stands for on a case.
VARIABLES: Final = (
    "customer.name", "customer.organization", "case.number", "case.subject", "case.opened_on", "agent.name", "queue.name",
    "team.name", "today",
)  # fmt: skip
MAX_SHOWN = 5
_SLOT = re.compile(r"\{\{\s*([A-Za-z_][\w.]{0,60})\s*\}\}")
_BLANK = re.compile(r"\[\[([^\[\]\n]{1,120})\]\]")
_OPEN = re.compile(rf"{_SLOT.pattern}|{_BLANK.pattern}")


def fill(text: str, names: Mapping[str, str]) -> str:
    """Return the text with every variable filled in that has a value; the others stay as they stand, for the writer to see."""
    return _SLOT.sub(lambda slot: names.get(slot[1]) or slot[0], text)


def unknown(text: str) -> list[str]:
    """Return the names in a text that no variable has, each once."""
    return [name for name in dict.fromkeys(_SLOT.findall(text)) if name not in VARIABLES]


def unfilled(text: str) -> list[str]:
    """Return what still has to be filled in, as it stands in the text, each once: blanks, and variables without a value."""
    found = (match for match in _OPEN.finditer(text) if match[1] is None or match[1] in VARIABLES)
    return list(dict.fromkeys(match[0] for match in found))


def blanks(text: str) -> list[str]:
    """Return what the blanks of a text ask for, each once."""
    return list(dict.fromkeys(match[1] for match in _BLANK.finditer(text)))


def check_filled(text: str) -> None:
    """Raise Invalid, naming them, when variables or blanks of a text are not filled in: such a text goes to no customer."""
    left = unfilled(text)
    if left:
        named = ", ".join(left[:MAX_SHOWN]) + (" …" if len(left) > MAX_SHOWN else "")
        raise Invalid(
            "unfilled", f"Fill in what is still open before you send: {named}", fields={"text": "not filled in"}
        )


def pieces(text: str) -> list[tuple[str, bool]]:
    """Return the text in pieces, each with whether it is still open: for pages that mark what is left to fill in."""
    found, last = [], 0
    for match in _OPEN.finditer(text):
        if match[1] is None or match[1] in VARIABLES:
            found += [(text[last : match.start()], False), (match[0], True)]
            last = match.end()
    return [piece for piece in [*found, (text[last:], False)] if piece[0]]
