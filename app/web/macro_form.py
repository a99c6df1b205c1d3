"""The form of a macro: its steps as fields that a browser sends, with or without scripts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from werkzeug.datastructures import MultiDict

from app.cases.fields import keeping
from app.cases.service import PRIORITIES
from app.identity import queries as people
from app.knowledge import canned
from app.orchestration.macros import offers, steps
from app.routing import service as routing
from app.web import frame
from app.web.case_around import SPANS

Step = dict[str, Any]
Form = MultiDict[str, str]
VALUE = "v."
_NAMES = {"verb": "verb", "task": "element"}


def read(form: Form) -> list[Step]:
    """Return the steps of a form in their order."""
    return [_step(form, f"s{at}.") for at in form.getlist("step")[: steps.MOST] if f"s{at}.kind" in form]


def _step(form: Form, prefix: str) -> Step:
    kind = form[f"{prefix}kind"]
    given: dict[str, Any] = {
        name: form.get(prefix + name, "").strip()
        for name in steps.GIVEN.get(kind, ())
        if name not in ("texts", "values")
    }
    if kind in ("reply", "note") and not given["canned"]:
        given["texts"] = {each: form.get(f"{prefix}text_{each}", "").strip() for each in canned.LANGUAGES}
    if kind in steps.PROCESS:
        begin = prefix + VALUE
        given["values"] = {name.removeprefix(begin): form[name] for name in form if name.startswith(begin)}
    several = [each for each in form.getlist(f"{prefix}value") if each]
    if kind == "custom" and f"{prefix}several" in form:
        given["value"] = several
    return {"kind": kind, "params": {name: value for name, value in given.items() if value}}


def rearranged(found: Sequence[Step], do: str) -> list[Step]:
    """Return the steps after one of the buttons: `add:tags`, `up:2`, `down:2`, `drop:2`; another changes nothing."""
    how, _, what = do.partition(":")
    if how == "add" and what in steps.GIVEN and len(found) < steps.MOST:
        return [*found, {"kind": what, "params": {}}]
    at = int(what) if what.isdecimal() and len(what) < 4 else -1
    if not 0 <= at < len(found):
        return list(found)
    rest = [*found[:at], *found[at + 1 :]]
    if how == "drop":
        return rest
    there = {"up": max(at - 1, 0), "down": at + 1}.get(how, at)
    return [*rest[:there], found[at], *rest[there:]]


def touched(found: Sequence[Step], do: str) -> int | None:
    """Return the place, after one of these buttons, of the step that the reader goes on with."""
    how, _, what = do.partition(":")
    if how == "add":
        return len(found) - 1
    at = int(what) if what.isdecimal() and len(what) < 4 else 0
    return min(max(at + {"up": -1, "down": 1}.get(how, 0), 0), len(found) - 1) if found and do else None


def context() -> dict[str, Any]:
    """Return what the fields of steps choose from."""
    offered = offers.offers()
    return {
        "kinds": tuple(steps.GIVEN), "priorities": PRIORITIES, "spans": SPANS, "languages": canned.LANGUAGES,
        "users": people.users(active_only=True), "all_teams": people.teams(), "queues": routing.queues(),
        "customs": keeping.fields(), "canned": canned.of_viewer(frame.viewer()),
        "offers": {kind: [each for each in offered if each.kind == kind] for kind in _NAMES},
    }  # fmt: skip


def process_form(step: Mapping[str, Any], at: int) -> tuple[dict[str, Any] | None, dict[str, Any]]:
    """Return the form of the verb or task that a step names, and its values, under names of their own in this form."""
    key = step["params"].get(_NAMES.get(step["kind"], ""))
    found = next((each for each in offers.offers() if (each.kind, each.key) == (step["kind"], key)), None)
    begin = f"s{at}.{VALUE}"
    values = {begin + name: value for name, value in step["params"].get("values", {}).items()}
    if found is None or found.form is None:
        return None, values
    return {**found.form, "fields": [_renamed(field, begin) for field in found.form["fields"]]}, values


def _renamed(field: Mapping[str, Any], begin: str) -> dict[str, Any]:
    shown = field.get("show_if")
    label = field.get("label") or field["key"]
    renamed = {**field, "key": begin + field["key"], "label": label}
    return (
        {**renamed, "show_if": {**shown, "field": begin + str(shown["field"])}} if isinstance(shown, dict) else renamed
    )
