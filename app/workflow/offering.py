"""What a version of a process can ever ask of people: its verbs and its tasks, with their forms."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.workflow import definitions, running

VERB, TASK = "verb", "task"
_MANUAL = frozenset({"userTask", "manualTask"})


@dataclass(frozen=True, slots=True)
class Offered:
    """A verb (`key` is the verb) or a task (`key` is its element)."""

    kind: str
    key: str
    name: str
    name_zh: str
    form: dict[str, Any] | None


def offered(key: str) -> list[Offered]:
    """Return what the published version of a process can offer, verbs first; raises NotFound."""
    found = definitions.published(key)
    labels = definitions.labels_of(found.definition_id)
    verbs = {
        action["verb"]: Offered(
            VERB, action["verb"], action["label"] or action["verb"], action["label_zh"] or "",
            _form(found.definition_id, action["form"]),
        )
        for action in definitions.actions_of(found.definition_id)
        if action["verb"]
    }  # fmt: skip
    elements = running.elements(found.code, digest=found.digest).items()
    tasks = [
        Offered(
            TASK, name, task.name or name, labels.get(name, {}).get("zh", ""), _form(found.definition_id, task.form)
        )
        for name, task in elements
        if task.kind in _MANUAL
    ]
    return [*verbs.values(), *tasks]


def _form(definition_id: int, key: str | None) -> dict[str, Any] | None:
    return definitions.form_of(definition_id, key) if key else None
