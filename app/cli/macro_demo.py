"""Macros of the demo's desk."""

from __future__ import annotations

from typing import Any

from sqlalchemy import select

from app.cli.canned_demo import MAKER
from app.db import session
from app.identity import queries as people
from app.identity.policy import Viewer
from app.knowledge import canned
from app.knowledge.models import Circle
from app.orchestration.macros import book
from app.orchestration.macros.models import Macro

PHOTO = "Please send a photo"
LEAK = {
    "en": "Dear {{ customer.name }},\n\nPlease turn off the water at the main tap. Somebody calls you within the hour about {{ case.number }}.\n\nKind regards\n{{ agent.name }}",
    "zh": "{{ customer.name }}，您好：\n\n请先关闭总水阀。我们将在一小时内就工单 {{ case.number }} 与您电话联系。\n\n此致\n{{ agent.name }}",
}  # fmt: skip
ANSWER = "Dear {{ customer.name }},\n\n[[answer]]\n\nThank you for your patience.\n{{ agent.name }}"


def make() -> None:
    """Make them where the desk has none at all; what was changed or deleted in a desk that has some stays so."""
    if session().scalar(select(Macro.id).limit(1)) is not None:
        return
    viewer = people.viewer(people.user_by_login(MAKER).id)
    for name, about, steps in _macros(viewer):
        book.save(viewer, book.Wish(name, steps, about, Circle.EVERYBODY))


def _macros(viewer: Viewer) -> list[tuple[str, str, list[dict[str, Any]]]]:
    photo = next((row.id for row in canned.of_viewer(viewer, PHOTO)), None)
    asked = {"canned": photo} if photo else {"texts": {"en": "Please send us a photo of [[what]]."}}
    return [
        ("Water is running", "A burst pipe or a flood: calm the customer and take it", [
            _step("reply", texts=LEAK), _step("fields", priority="urgent", assignee="me"),
            _step("tags", add="water damage"),
        ]),
        ("Ask for a photo and wait", "Lays the case aside until the customer writes", [
            _step("reply", **asked), _step("tags", add="photo"), _step("snooze"),
        ]),
        ("Answer and resolve", "Completes the open task with an answer", [
            _step("task", element="handle", values={"outcome": "resolve", "answer": ANSWER}), _step("tags", add="answered"),
        ]),
    ]  # fmt: skip


def _step(kind: str, **params: Any) -> dict[str, Any]:
    return {"kind": kind, "params": params}
