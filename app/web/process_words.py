"""Names of process steps in the reader's language, where only the name that was written down is known: in events."""

from __future__ import annotations

from collections.abc import Mapping

from flask import Flask

from app.db import known
from app.web.i18n import gettext, locale
from app.workflow import definitions


def install(app: Flask) -> None:
    """Give templates `step_name`, and `plain_word` for the closed words that processes write."""
    app.jinja_env.globals.update(step_name=step_name, plain_word=plain_word)


def step_name(name: str) -> str:
    """Return a step's name as its own diagram has it in the reader's language; a name of no diagram as it stands."""
    if locale() != "zh":
        return name
    words: Mapping[str, str] = known(("step names", "zh"), lambda: definitions.names_in("zh"))
    return words.get(name, name)


def plain_word(text: str) -> str:
    """Return a reason that the shipped processes write in the reader's language; one of another process as it stands."""
    return gettext(text)
