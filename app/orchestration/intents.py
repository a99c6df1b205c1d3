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
#: In a text message the verb may stand before its words, on one line.
SHORT = {
    **COMMANDS,
    "amend": ("amend", "change", "改单", "更改", "修改", "ändern", "modifier"),
}
COURTESY = frozenset(
    {"please", "pls", "thanks", "thank", "you", "the", "my", "it", "case", "order", "request", "请", "谢谢", "工单"}
)
NEWS = (
    "any news", "any update", "any progress", "still waiting", "still no answer", "still have not heard", "when will somebody",
    "when will someone", "nobody came", "no one came", "how much longer", "haben sie schon", "warte immer noch", "noch keine antwort",
    "j'attends toujours", "toujours pas", "sigo esperando", "ainda estou à espera", "sto ancora aspettando", "ik wacht nog",
    "怎么还没", "还没有人", "什么时候来", "什么时候能", "多久才能", "请尽快处理", "有进展吗", "处理得怎么样", "催一下", "まだですか", "いつになり",
)  # fmt: skip
# Whoever is in copy may ask how it goes; what ends or changes the work is for whom the case belongs to.
OWNERS_ONLY = frozenset({"cancel", "amend"})
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


def read_short(text: str) -> tuple[Intent | None, str]:
    """Return what a text message asks for, with the words after the verb. Its case number is taken out already.

    What ends the work stands alone; a chase may go on; an amendment says what is to be different.
    """
    plain = " ".join(text[:READ_CHARS].split())
    for verb, commands in SHORT.items():
        for command in sorted(commands, key=len, reverse=True):
            rest = _after(plain, command)
            if rest is not None and _fits(verb, rest):
                return Intent(verb, plain[: len(command)]), rest if verb == "amend" else plain
    return read(text), plain


def _after(text: str, command: str) -> str | None:
    """Return what follows a command at the beginning of a text, None when it does not begin so."""
    if not text.casefold().startswith(command):
        return None
    rest = text[len(command) :]
    if rest and rest[0].isalnum() and command.isascii():
        return None  # "changeover" is no command; Chinese puts no blank between words
    return rest.strip(" .,:;!?。，：；！？-")


def _fits(verb: str, rest: str) -> bool:
    said = [word for word in re.split(r"[\s.,:;!?。，：；！？]+", rest.casefold()) if word and word not in COURTESY]
    return bool(said) if verb == "amend" else (not said or verb == "chase")


def _bare(line: str) -> str:
    return re.sub(r"[\s.!?。！？,，:：]+$", "", line).casefold()
