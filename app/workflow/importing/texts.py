"""Checks and normalises the expressions, times and templates of a diagram."""

from __future__ import annotations

from collections.abc import Callable

from app.workflow.importing.draft import Draft
from app.workflow.language import durations
from app.workflow.language.expressions import (
    Expression,
    Template,
    compile_expression,
    compile_template,
    is_expression,
)
from app.workflow.language.lexer import LanguageError

_PARSERS: dict[str, Callable[[str], object]] = {
    "duration": durations.parse_duration,
    "date": durations.parse_date,
    "cycle": durations.parse_cycle,
}


def is_template(value: str) -> bool:
    """True for `${...}`, `#{...}` and `=...`."""
    return (value.startswith(("${", "#{")) and value.endswith("}")) or value.startswith("=")


def expression(draft: Draft, element_id: str, value: str, *, what: str) -> str:
    """The expression, after noting what is wrong with it."""
    try:
        _computed_once(compile_expression(value))
    except LanguageError as error:
        draft.report.error(element_id, "expression", f"{what} '{_shown(value)}' cannot be understood: {error}")
    return value


def _computed_once(found: Expression | Template) -> None:
    """What reads no names gives the same each time: when it cannot be computed, that is known now."""
    if not found.names:
        found.evaluate({})


def template(draft: Draft, element_id: str, value: str, *, what: str) -> str:
    """A literal, or a text with `${...}` in it that is checked."""
    if is_expression(value):
        try:
            _computed_once(compile_template(value))
        except LanguageError as error:
            draft.report.error(element_id, "expression", f"{what} '{_shown(value)}' cannot be understood: {error}")
    return value


def time_text(draft: Draft, element_id: str, value: str, *, kind: str) -> str:
    """The time of a timer: an ISO literal as it stands, anything else as an expression."""
    value = value.strip()
    if not value:
        draft.report.error(
            element_id, "timer", "The timer has no time. Write for example PT4H, 2026-01-31T09:00:00Z or R3/PT10M."
        )
        return value
    if durations.is_time_literal(value):
        try:
            _PARSERS[kind](value)
        except LanguageError as error:
            draft.report.error(element_id, "timer", f"The timer cannot run: {error}")
        return value
    return _time_expression(draft, element_id, value, kind)


def _time_expression(draft: Draft, element_id: str, value: str, kind: str) -> str:
    looks_literal = value[:1] in "PR" and not is_template(value) and "(" not in value
    try:
        compile_expression(value)
    except LanguageError as error:
        draft.report.error(
            element_id,
            "timer",
            f"The timer's {kind} '{_shown(value)}' is neither an ISO time such as PT4H nor an expression: {error}",
        )
        return value
    if looks_literal and any(char.isdigit() for char in value) and value.isalnum():
        draft.report.warning(
            element_id,
            "timer",
            f"'{_shown(value)}' is read as the name of a variable. For a time write for example PT4H or R3/PT10M.",
        )
    return value if is_template(value) else f"${{{value}}}"


def _shown(value: str) -> str:
    flat = " ".join(value.split())
    return flat if len(flat) <= 80 else flat[:79] + "…"
