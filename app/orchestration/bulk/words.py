"""The words of bulk actions: a text of one's own or a canned reply, in the customer's language, filled in for each case."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any

from app.cases.models import Case
from app.errors import Invalid
from app.identity.policy import Viewer
from app.knowledge import canned, filling
from app.messaging import outbox
from app.orchestration import slots
from app.orchestration.bulk.kinds import Params, Turn

#: Short names, beside the variables of canned replies.
SLOTS = ("customer", "number", "subject", "agent")
_SLOT = re.compile(r"\{\{\s*([\w.]+)\s*\}\}")
_BLANK = re.compile(r"\[\[([^\[\]\n]{1,120})\]\]")


def read(viewer: Viewer, given: Params) -> dict[str, Any]:
    """Take `text`, `texts` by language, or the id of a `canned` reply; variables in it are filled in for each case."""
    if given.get("canned"):
        number = str(given["canned"])
        row = canned.get(viewer, int(number) if number.isdecimal() and len(number) < 18 else 0)
        return {"texts": dict(row.texts), "canned": row.id}
    texts = given.get("texts")
    if isinstance(texts, Mapping) and texts:
        kept = {str(language): str(text).strip() for language, text in texts.items() if str(text).strip()}
        for language in kept:
            if language not in canned.LANGUAGES:
                raise Invalid("canned_language", f"A text is in one of {', '.join(canned.LANGUAGES)}.")
        return {"texts": {language: _checked(text) for language, text in kept.items()} or {"en": _checked("")}}
    return {"text": _checked(str(given.get("text") or "").strip())}


def _checked(text: str) -> str:
    if not text:
        raise Invalid("text_missing", "Write something before you send.", fields={"text": "required"})
    if len(text) > outbox.MAX_TEXT:
        raise Invalid("text_too_long", f"A message may have {outbox.MAX_TEXT} characters.", fields={"text": "too long"})
    unknown = [name for name in _SLOT.findall(text) if name not in (*SLOTS, *filling.VARIABLES)]
    if unknown:
        known = ", ".join(f"{{{{{name}}}}}" for name in SLOTS)
        raise Invalid(
            "slot_unknown",
            f"Nothing is known by the name {unknown[0]}. There are: {known}.",
            fields={"text": "unknown name"},
        )
    return text


def written(turn: Turn) -> str:
    """Return the text as it stands for this case. Raises Invalid for a variable or a blank that nothing is known for."""
    texts = turn.params.get("texts")
    if not texts:
        return filled(turn, turn.params["text"], "")
    language, text = chosen(texts, turn.case, turn.viewer)
    return filled(turn, text, language)


def chosen(texts: Mapping[str, str], case: Case, viewer: Viewer) -> tuple[str, str]:
    """Return the language and the words for the customer of a case, else for the writer, else whatever there is."""
    return canned.chosen(texts, case.language, else_in=viewer.locale or "en")


def filled(turn: Turn, text: str, language: str) -> str:
    """Return a text with its variables filled in for this case, and its blanks with the answers. Raises Invalid likewise."""
    case = turn.case
    short = {"customer": case.contact_name, "number": case.number, "subject": case.subject, "agent": turn.viewer.name}

    def value(match: re.Match[str]) -> str:
        if match[1] not in short:
            return match[0]
        if not short[match[1]]:
            raise Invalid("slot_unfilled", f"The case has nothing for {match[0]}.")
        return short[match[1]]

    names = slots.names_for(case, agent=turn.viewer.name, language=language or case.language)
    said = _BLANK.sub(lambda blank: _answer(turn, blank[1]) or blank[0], filling.fill(_SLOT.sub(value, text), names))
    filling.check_filled(said)
    return said


def _answer(turn: Turn, blank: str) -> str:
    return str(turn.params.get("answers", {}).get(blank, "")).strip()


def filled_values(turn: Turn) -> dict[str, Any]:
    """Return the values of a form with the variables in their texts filled in."""
    given: Mapping[str, Any] = turn.params["values"]
    return {key: filled(turn, each, "") if isinstance(each, str) else each for key, each in given.items()}


def of_form(form: Mapping[str, Any] | None, values: Mapping[str, Any]) -> str:
    """Return the long texts of a form that is filled in, for people to read before it goes."""
    long = (field["key"] for field in (form or {}).get("fields", ()) if field.get("type") == "textarea")
    return "\n\n".join(str(values[key]) for key in long if values.get(key))
