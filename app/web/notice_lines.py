"""What notices say in their reader's language: they are written down once, in English, for all who are told.

A notice reads `NUMBER: words`, with the subject, the level or the clock behind the words, or it is the subject of a
template. What people wrote themselves stays as it stands; so does what no catalogue knows.
"""

from __future__ import annotations

import re

from flask import Flask

from app.knowledge import service as knowledge
from app.web.i18n import locale, translate
from app.web.process_words import step_name

_NUMBERED = re.compile(r"(?P<number>\S+): (?P<said>.*)", re.DOTALL)
_LEVEL = re.compile(r"(?P<why>.*) \(level (?P<level>\d+)\)", re.DOTALL)
_CLOCK = re.compile(r"(?P<clock>[^,]*), (?P<said>the time limit [^(]*) \((?P<policy>.*)\)", re.DOTALL)

_BACK = "your reply did not go out. "


def install(app: Flask) -> None:
    """Give templates `notice_text` and `notice_cause`."""
    app.jinja_env.globals.update(notice_text=notice_text, notice_cause=notice_cause)


def notice_text(kind: str, text: str) -> str:
    """Return what a notice says, in the viewer's language."""
    if locale() == "en":
        return text
    of_template = knowledge.reworded(kind, text, language=locale())
    if of_template is not None:
        return of_template
    match = _NUMBERED.fullmatch(text)
    return f"{match['number']}: {_said(match['said'])}" if match else _in(text)


def _said(text: str) -> str:
    if text.startswith(_BACK):
        return _in(f"{_BACK}{{0}}").format(_in(text.removeprefix(_BACK)))
    words, dot, subject = text.partition(" · ")
    if dot:
        return f"{_in(words)} · {subject}"
    if match := _LEVEL.fullmatch(text):
        return _in("{0} (level {1})").format(_in(match["why"]), match["level"])
    if match := _CLOCK.fullmatch(text):
        return f"{_in(match['clock'])} · {_in(match['said'])} ({match['policy']})"
    return _in(text)


def notice_cause(cause: str) -> str:
    """Return why somebody was told, part by part: steps by the names of their diagram, closed words translated."""
    return " · ".join(_in(step_name(part)) for part in cause.split(" · "))


def _in(text: str) -> str:
    return translate(locale(), text)
