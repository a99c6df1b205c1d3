"""Texts that processes send: chosen by key and language, filled from plain names; nothing in them can run."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from sqlalchemy import select

from app.db import forget, known, run, session
from app.errors import Invalid, NotFound
from app.knowledge.models import Template

_SLOT = re.compile(r"\{\{\s*([a-z_]+(?:\.[a-z_]+)*)\s*\}\}")
FALLBACK = "en"
_FIND = """select subject, body from templates where key = %(key)s and language in (%(language)s, %(fallback)s)
 order by language = %(language)s desc limit 1"""


@dataclass(frozen=True, slots=True)
class Text:
    """A filled template."""

    subject: str
    body: str


def language_of(tag: str) -> str:
    """Return the template language for a language tag: `zh` for all Chinese, else the part before the dash."""
    return (tag or FALLBACK).lower().replace("_", "-").split("-")[0]


def fill(key: str, language: str, names: Mapping[str, Any]) -> Text:
    """Return the template `key` in this language (else English) with its slots filled.

    Raises NotFound for an unknown template, Invalid for a slot that no name fills.
    """
    chosen = known(("template", key, language_of(language)), lambda: _find(key, language_of(language)))
    return Text(_filled(chosen.subject, names, key=key), _filled(chosen.body, names, key=key))


def reworded(key: str, subject: str, *, language: str) -> str | None:
    """Return a filled English subject as the template's subject in another language; None when it is not from this template."""
    wanted = language_of(language)
    original = known(("template subject", key, FALLBACK), lambda: _subject(key, FALLBACK))
    other = known(("template subject", key, wanted), lambda: _subject(key, wanted))
    if not original or not other:
        return None
    names = _SLOT.findall(original)
    pattern = "(.*)".join(re.escape(part) for part in _SLOT.split(original)[::2])
    match = re.fullmatch(pattern, subject, re.DOTALL)
    found = dict(zip(names, match.groups(), strict=True)) if match else {}
    if not match or not set(_SLOT.findall(other)) <= found.keys():
        return None
    return _SLOT.sub(lambda slot: found[slot[1]], other)


def _subject(key: str, language: str) -> str:
    row = session().execute(select(Template.subject).where(Template.key == key, Template.language == language)).first()
    return str(row.subject) if row else ""


def _find(key: str, language: str) -> Any:
    row = run(_FIND, {"key": key, "language": language, "fallback": FALLBACK}, settled=False).fetchone()
    if row is None:
        raise NotFound("template_unknown", f"There is no template {key}.")
    return row


def _filled(text: str, names: Mapping[str, Any], *, key: str) -> str:
    def value(match: re.Match[str]) -> str:
        found: Any = names
        for part in match[1].split("."):
            found = found.get(part) if isinstance(found, Mapping) else None
        if found is None:
            raise Invalid("slot_unfilled", f"Template {key}: nothing is known for {match[0]}.")
        return str(found)

    return _SLOT.sub(value, text)


def save_template(key: str, language: str, *, subject: str, body: str) -> Template:
    """Make or change a template."""
    row = session().scalar(select(Template).where(Template.key == key, Template.language == language))
    if row is None:
        row = Template(key=key, language=language)
        session().add(row)
    row.subject, row.body = subject, body
    session().flush()
    forget()
    return row


def is_known(key: str) -> bool:
    """Tell whether there is a template of this key in any language."""
    return known(("template known", key), lambda: _is_known(key))


def _is_known(key: str) -> bool:
    found = run("select 1 from templates where key = %(key)s limit 1", {"key": key}, settled=False)
    return found.fetchone() is not None


def exists(key: str, language: str) -> bool:
    """Tell whether there is a template of this key in this very language."""
    return session().scalar(select(Template.id).where(Template.key == key, Template.language == language)) is not None
