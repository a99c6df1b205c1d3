"""The search language for people: its help sheet, and what completes it while it is typed."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import asdict
from typing import Any

from flask import Blueprint, jsonify, render_template, request

from app.cases import tags
from app.cases.fields import keeping
from app.cases.fields.models import CustomField, FieldKind
from app.cases.filtering import completing, words
from app.identity import queries as identity
from app.identity import skills
from app.routing import service as routing
from app.web import asking, i18n, shell
from app.web.rules import signed_in

blueprint = Blueprint("searching", __name__)
TYPES = (
    "incident", "fault", "request", "complaint", "question", "problem", "change", "repair", "appointment", "billing",
    "cancellation", "emergency",
)  # fmt: skip

DAYS = (("today", "今天"), ("tomorrow", "明天"), ("yesterday", "昨天"), ("7d", "7天"), ("-7d", "-7天"))


@blueprint.get("/search/help")
@signed_in
def sheet() -> str:
    """Explain the language: as a sheet over the desk, or as a page of its own."""
    chinese = {meant: name for name, meant in words.FIELD_NAMES.items() if not name.isascii()}
    context = {"fields": words.FIELDS, "chinese": chinese}
    if shell.is_fragment("dialog"):
        return render_template("partials/_search_help.html", in_dialog=True, **context)
    return shell.page("search_help.html", section="inbox", in_dialog=False, **context)


@blueprint.get("/search/complete")
@signed_in
def complete() -> Any:
    """Return what the term before the cursor (`at`, in characters) of a query may become."""
    text = request.args.get("q", "")[: asking.MAX_TEXT]
    place = request.args.get("at", len(text), type=int)
    return jsonify(asdict(completing.complete(text, place, known_values, chinese=i18n.locale() == "zh")))


def known_values(field: str, typed: str) -> Iterator[tuple[str, str]]:
    """Yield the values of a field that begin as was typed, by key or by name, with their names."""
    if field == words.BEGIN:
        known = ((each.key, each.name, each.name_zh) for each in keeping.fields(retired=True))
        yield from _beginning(typed, known)
        return
    if field.startswith(words.BEGIN):
        found = keeping.find(field.removeprefix(words.BEGIN))
        yield from _beginning(typed, (*_values_of(found), ("none", "none", "无")) if found else ())
        return
    match field:
        case "team":
            yield from _beginning(typed, ((team.key, team.name, team.name_zh) for team in identity.teams()))
        case "assignee" | "mentions":
            yield from _beginning(typed, ((user.login, user.name, "") for user in identity.users(active_only=True)))
        case "skill":
            yield from _beginning(typed, ((row.key, row.name, row.name_zh) for row in skills.every()))
        case "queue":
            yield from _beginning(typed, ((queue.key, queue.name, queue.name_zh) for queue in routing.queues()))
        case "tag":
            yield from ((name, "") for name in tags.known(typed, limit=completing.MOST))
        case "type":
            yield from _beginning(typed, ((kind, kind, i18n.translate("zh", kind)) for kind in TYPES))


def _values_of(field: CustomField) -> Iterator[tuple[str, str, str]]:
    """Yield what can be asked of a custom field, with names in English and Chinese."""
    match field.kind:
        case FieldKind.CHOICE | FieldKind.CHOICES:
            yield from ((choice["value"], choice["name"], choice["name_zh"]) for choice in field.choices)
        case FieldKind.YES_NO:
            yield from (("yes", "yes", "是"), ("no", "no", "否"))
        case FieldKind.DATE:
            yield from ((day, day, name) for day, name in DAYS)


def _beginning(typed: str, known: Iterable[tuple[str, str, str]]) -> Iterator[tuple[str, str]]:
    for key, name, name_zh in known:
        if any(each.lower().startswith(typed) for each in (key, name, name_zh) if each):
            yield key, name_zh if i18n.locale() == "zh" and name_zh else name
