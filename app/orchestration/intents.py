"""What a customer's words ask of the process. Verbs that end or change work need a command on a line of its own; asking for news chases."""

from __future__ import annotations

import re
from dataclasses import dataclass

COMMANDS = {
    "chase": ("chase", "remind", "追单", "催单", "催办", "erinnern", "erinnerung", "relancer", "relance"),
    "cancel": (
        "cancel", "withdraw", "撤单", "取消工单", "撤销", "stornieren", "storno", "zurückziehen", "annuler", "annulation",
    ),
}  # fmt: skip
NEWS = (
    "any news", "any update", "any progress", "still waiting", "still no answer", "still have not heard", "when will somebody",
    "when will someone", "nobody came", "no one came", "how much longer", "haben sie schon", "warte immer noch", "noch keine antwort",
    "j'attends toujours", "toujours pas", "sigo esperando", "ainda estou à espera", "sto ancora aspettando", "ik wacht nog",
    "怎么还没", "还没有人", "什么时候来", "什么时候能", "多久才能", "请尽快处理", "有进展吗", "处理得怎么样", "催一下", "まだですか", "いつになり",
)  # fmt: skip
# Whoever is in copy may ask how it goes; what ends or changes the work is for whom the case belongs to.
OWNERS_ONLY = frozenset({"cancel"})
READ_LINES = 3
READ_CHARS = 1_500


@dataclass(frozen=True, slots=True)
class Intent:
    """A verb that the customer asks for, and the words that say so: the *why* of what follows."""

    verb: str
    words: str


def read(text: str) -> Intent | None:
    """Return what a customer's new words ask for, or None: then they are a message like any other."""
    lines = [line.strip() for line in text[:READ_CHARS].splitlines() if line.strip()]
    for line in lines[:READ_LINES]:
        for verb, commands in COMMANDS.items():
            if _bare(line) in commands:
                return Intent(verb, line)
    folded = " ".join(lines).casefold()
    for phrase in NEWS:
        if phrase in folded:
            return Intent("chase", phrase)
    return None


def _bare(line: str) -> str:
    return re.sub(r"[\s.!?。！？,，:：]+$", "", line).casefold()
