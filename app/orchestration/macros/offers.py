"""What the processes of cases can offer: the verbs and tasks that a macro may name."""

from __future__ import annotations

from collections.abc import Iterable

from app.db import known
from app.errors import NotFound
from app.orchestration import entry
from app.workflow import offering
from app.workflow.offering import Offered


def offers() -> list[Offered]:
    """Return the verbs and tasks of the processes that new cases start with, each once, verbs first."""
    return known("macro offers", _offers)


def _offers() -> list[Offered]:
    keys = dict.fromkeys([entry.DEFAULT_PROCESS, *(rule.definition_key for rule in entry.rules() if rule.is_enabled)])
    found: dict[tuple[str, str], Offered] = {}
    for key in keys:
        for each in _of(key):
            found.setdefault((each.kind, each.key), each)
    return sorted(found.values(), key=lambda each: each.kind != offering.VERB)


def _of(key: str) -> Iterable[Offered]:
    try:
        return offering.offered(key)
    except NotFound:
        return ()
