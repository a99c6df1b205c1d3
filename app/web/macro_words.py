"""What the steps of a macro say in words, in the viewer's language."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any, Final

from app.cases.fields import keeping
from app.errors import NotFound
from app.identity import queries as people
from app.knowledge import canned
from app.orchestration.bulk import fields
from app.orchestration.macros import offers
from app.routing import service as routing
from app.web import frame, i18n

BEGINNING = 80
SHORT = 20
Names = Mapping[str, Any]


def line(step: Mapping[str, Any]) -> str:
    """Return what a stored step does, in one sentence without a full stop."""
    return _LINES[step["kind"]](step["params"])


def brief(step: Mapping[str, Any]) -> str:
    """Return the same without the long texts, for where they are shown as they go out."""
    kind, params = step["kind"], step["params"]
    if kind in ("reply", "note") and not params.get("canned"):
        return i18n.gettext("Reply to the customer") if kind == "reply" else i18n.gettext("Write a note")
    short = {name: value for name, value in params.get("values", {}).items() if len(str(value)) <= SHORT}
    return line({"kind": kind, "params": {**params, "values": short}})


def _named(row: Any) -> str:
    return str((i18n.locale() == "zh" and row.name_zh) or row.name)


def _text(params: Names) -> str:
    if params.get("canned"):
        try:
            return "“" + canned.get(frame.viewer(), int(params["canned"])).name + "”"
        except NotFound:
            return "“…”"
    _, text = canned.chosen(params["texts"], "", else_in=i18n.locale())
    return _begin(text)


def _reply(params: Names) -> str:
    return i18n.gettext("Reply to the customer: %(text)s", text=_text(params))


def _note(params: Names) -> str:
    return i18n.gettext("Write a note: %(text)s", text=_text(params))


def _fields(params: Names) -> str:
    said = [f"{i18n.gettext(_FIELDS[name])} → {_value(name, params[name])}" for name in fields.FIELDS if name in params]
    return ", ".join(said)


_FIELDS: Final = {"priority": "Priority", "assignee": "Agent", "team": "Team", "queue": "Queue"}


def _value(name: str, value: str) -> str:
    if value == fields.NOBODY:
        return i18n.gettext("nobody")
    if name == "priority":
        return i18n.gettext(value)
    if name == "assignee":
        return i18n.gettext("whoever runs it") if value == fields.ME else _user(value)
    rows = people.teams() if name == "team" else routing.queues()
    return next((_named(row) for row in rows if row.key == value), value)


def _user(login: str) -> str:
    try:
        return people.user_by_login(login).name
    except NotFound:
        return login


def _tags(params: Names) -> str:
    said = []
    if params.get("add"):
        said.append(i18n.gettext("put on the tags: %(names)s", names=params["add"]))
    if params.get("remove"):
        said.append(i18n.gettext("take off the tags: %(names)s", names=params["remove"]))
    words = ", ".join(said)
    return words[:1].upper() + words[1:]


def _snooze(params: Names) -> str:
    if params.get("end"):
        return i18n.gettext("Take up again what was laid aside")
    if not params.get("hours"):
        return i18n.gettext("Lay aside until the customer writes")
    return i18n.gettext("Lay aside for %(span)s", span=i18n.span(int(params["hours"]) * 3600))


def _watch(params: Names) -> str:
    return i18n.gettext("Stop watching the case") if params.get("stop") else i18n.gettext("Watch the case")


def _custom(params: Names) -> str:
    try:
        name = _named(keeping.get(params["key"]))
    except NotFound:
        name = str(params["key"])
    value = params.get("value", "")
    return f"{name} → {', '.join(value) if isinstance(value, list) else value or '–'}"


def _process(kind: str, key: str, values: Names) -> str:
    found = next((each for each in offers.offers() if (each.kind, each.key) == (kind, key)), None)
    said = (_named(found) if found else key) + _filled(values, (found.form if found else None) or {"fields": []})
    if kind == "verb":
        return i18n.gettext("Process: %(name)s", name=said)
    return i18n.gettext("Complete the task: %(name)s", name=said)


def _filled(values: Names, form: Mapping[str, Any]) -> str:
    """What stands in a form, in its order; choices by their name."""
    shown = [_begin(_chosen(field, str(values[field["key"]]))) for field in form["fields"] if values.get(field["key"])]
    return f" ({' · '.join(shown)})" if shown else ""


def _chosen(field: Mapping[str, Any], value: str) -> str:
    label = next((each.get("label") for each in field.get("options", ()) if str(each["value"]) == value), value)
    return str(label.get(i18n.locale(), label.get("en", value)) if isinstance(label, Mapping) else label or value)


def _begin(text: str) -> str:
    flat = " ".join(text.split())
    return flat if len(flat) <= BEGINNING else flat[:BEGINNING] + "…"


def _verb(params: Names) -> str:
    return _process("verb", params["verb"], params.get("values", {}))


def _task(params: Names) -> str:
    return _process("task", params["element"], params.get("values", {}))


_LINES: Final[Mapping[str, Callable[[Names], str]]] = {
    "reply": _reply, "note": _note, "fields": _fields, "tags": _tags, "snooze": _snooze, "watch": _watch,
    "custom": _custom, "verb": _verb, "task": _task,
}  # fmt: skip
