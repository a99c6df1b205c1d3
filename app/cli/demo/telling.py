"""How a story of the demo is written down: when it begins, who writes first, and what is done then, step by step."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

CUSTOMER = "customer"
_SPAN = re.compile(r"(?:(\d+)d)?(?:(\d+)h)?(?:(\d+)m)?")
_LINE = re.compile(r"^\+?(-?\d\S*) (\w+)( note)?$", re.MULTILINE)
_DAY = re.compile(r"(\d+)d (\d\d):(\d\d)")


@dataclass(frozen=True, slots=True)
class Step:
    """What `who` (a login, or a key of the cast) does, so long after the step before; `case` is the case it is done on.

    `ago`: so long before the present instead, however long the steps before took.
    """

    after: timedelta
    who: str
    what: str
    text: str = ""
    case: str = "a"
    values: Mapping[str, Any] = field(default_factory=dict)
    ago: timedelta | None = None


@dataclass(frozen=True, slots=True)
class Begin:
    """When a story begins: so many working days ago (from the sixth on plain days) at a time of day in the desk's zone, or (`minute` None) so long before now."""

    ago: timedelta
    minute: int | None


@dataclass(frozen=True, slots=True)
class Story:
    """One case, or several that belong together, from the first mail on."""

    key: str
    begin: Begin
    steps: tuple[Step, ...]

    @property
    def length(self) -> timedelta:
        """How long it takes at least."""
        return sum((step.after for step in self.steps), timedelta())


def do(after: str, who: str, what: str, text: str = "", *, case: str = "a", **values: Any) -> Step:
    """Return a step; `after` is as 3d2h15m, or as `-40m`: so long before the present."""
    if after.startswith("-"):
        return Step(timedelta(), who, what, text, case, values, span(after[1:]))
    return Step(span(after), who, what, text, case, values)


def story(key: str, begin: str, who: str, subject: str, text: str, *steps: Step, **mail: Any) -> Story:
    """Return a story that begins with a mail of `who`; `begin` is as `12d 09:40` (see `Begin`) or `45m` (ago)."""
    first = Step(timedelta(), who, "mail", text, "a", {"subject": subject, **mail})
    return Story(key, _begin(begin), (first, *steps))


def span(text: str) -> timedelta:
    """Return the length of time that is written as 3d2h15m."""
    found = _SPAN.fullmatch(text)
    if found is None or not text:
        raise ValueError(f"Not a length of time: {text!r}")
    days, hours, minutes = (int(part or 0) for part in found.groups())
    return timedelta(days=days, hours=hours, minutes=minutes)


def _begin(text: str) -> Begin:
    found = _DAY.fullmatch(text)
    if found is None:
        return Begin(span(text), None)
    days, hours, minutes = map(int, found.groups())
    return Begin(timedelta(days=days), 60 * hours + minutes)


# ---------------------------------------------------------------- the steps that most stories have
def dispatch(
    after: str, by: str, title: str, instructions: str = "", *, team: str = "repairs", holder: str = "",
    urgency: str = "normal", case: str = "a",
) -> Step:  # fmt: skip
    """Dispatch a work order in the course of handling the case."""
    return do(
        after, by, "task", case=case, element="handle", outcome="dispatch", title=title, instructions=instructions,
        team=team, holder=holder, urgency=urgency,
    )  # fmt: skip


def accept(after: str, by: str, *, case: str = "a") -> Step:
    """Accept the newest work order."""
    return do(after, by, "task", case=case, element="accept", outcome="accept")


def decline(after: str, by: str, reason: str, *, case: str = "a") -> Step:
    """Decline the newest work order with a reason."""
    return do(after, by, "task", case=case, element="accept", outcome="decline", reason=reason)


def again(after: str, by: str, note: str, *, team: str = "repairs", holder: str = "", case: str = "a") -> Step:
    """Dispatch a declined work order again."""
    return do(after, by, "task", case=case, element="redispatch", outcome="again", team=team, holder=holder, note=note)


def done(after: str, by: str, text: str, *, outcome: str = "done", hours: str = "", case: str = "a") -> Step:
    """Reply to the newest work order."""
    return do(after, by, "task", text, case=case, element="reply", outcome=outcome, hours=hours)


def good(after: str, by: str, *, case: str = "a") -> Step:
    """Accept the reply to a work order."""
    return do(after, by, "task", case=case, element="review", outcome="accept")


def back(after: str, by: str, reason: str, *, case: str = "a") -> Step:
    """Return the reply to a work order for another round."""
    return do(after, by, "task", case=case, element="review", outcome="return", reason=reason)


def resolve(after: str, by: str, answer: str, *, case: str = "a") -> Step:
    """Answer the customer and resolve the case."""
    return do(after, by, "task", case=case, element="handle", outcome="resolve", answer=answer)


def ask(after: str, by: str, question: str, *, case: str = "a") -> Step:
    """Ask the customer and wait for the answer."""
    return do(after, by, "task", case=case, element="handle", outcome="ask", question=question)


def says(after: str, text: str, *, case: str = "a", **mail: Any) -> Step:
    """The customer of the case writes again."""
    return do(after, CUSTOMER, "mail", text, case=case, **mail)


def talk(text: str, *, case: str = "a") -> tuple[Step, ...]:
    """Read a conversation: a line `+2h bob`, `+10m bob note` or `+1d customer`, and below it what that person writes."""
    _, *parts = _LINE.split(text.strip())
    told = zip(*[iter(parts)] * 4, strict=True)
    return tuple(
        do(after, who, "mail" if who == CUSTOMER else "note" if note else "reply", said.strip(), case=case)
        for after, who, note, said in told
    )
