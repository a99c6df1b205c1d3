"""The steps of a macro: which kinds there are, what each is given, and reading them for whoever runs it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app.errors import DeskError, Invalid
from app.identity.policy import Viewer
from app.orchestration import forms
from app.orchestration.bulk import acts, custom, fields
from app.orchestration.bulk.kinds import Kind
from app.orchestration.macros import offers

MOST = 20
#: What each kind may be given; a time that stands fast or another case's number makes no sense in a macro.
GIVEN: Mapping[str, tuple[str, ...]] = {
    "reply": ("canned", "texts"), "note": ("canned", "texts"), "fields": fields.FIELDS, "custom": ("key", "value"),
    "tags": ("add", "remove"), "snooze": ("hours", "note", "end"), "watch": ("stop",), "verb": ("verb", "values"),
    "task": ("element", "values"),
}  # fmt: skip
KINDS: Mapping[str, Kind] = {
    kind.key: kind for kind in (*acts.KINDS, *fields.KINDS, *custom.KINDS) if kind.key in GIVEN
}
PROCESS = frozenset({"verb", "task"})


@dataclass(frozen=True, slots=True)
class Step:
    """A step as its kind has read it."""

    kind: Kind
    params: Mapping[str, Any]


def cleaned(given: Iterable[Mapping[str, Any]]) -> list[dict[str, Any]]:
    """Return steps with what their kinds know and nothing that is empty. Raises Invalid: none, too many, of no kind."""
    found = []
    for at, step in enumerate(given):
        key = str(step.get("kind") or "")
        if key not in GIVEN:
            raise wrong(at, Invalid("step_unknown", f"A step is one of: {', '.join(GIVEN)}."))
        params = step.get("params")
        known = params if isinstance(params, Mapping) else {}
        kept = {name: _filled(known[name]) for name in GIVEN[key] if _filled(known.get(name)) not in (None, "", [], {})}
        found.append({"kind": key, "params": kept})
    if not 0 < len(found) <= MOST:
        raise Invalid("macro_steps", f"A macro has 1 to {MOST} steps.", fields={"steps": "required"})
    if sum(step["kind"] == "reply" for step in found) > 1:
        raise Invalid("macro_replies", "A macro sends one reply at most.", fields={"steps": "two replies"})
    return found


def _filled(value: Any) -> Any:
    """What is given, without the languages or fields in it that nothing is written for."""
    return (
        {name: each for name, each in value.items() if each not in (None, "")} if isinstance(value, Mapping) else value
    )


def wrong(at: int, error: DeskError) -> Invalid:
    """Return an error of one step as one of the whole list, which names the step by its place."""
    return Invalid(error.code, error.message, fields={f"steps.{at}": error.message})


def read(viewer: Viewer, given: Sequence[Mapping[str, Any]], *, held_seconds: int) -> list[Step]:
    """Return the steps as they hold for whoever runs them. Raises Invalid with the step that cannot be.

    A reply waits `held_seconds` in which it can be taken back; it goes at once where the process moves on behind it, for a
    process does not go back.
    """
    seconds = 0 if any(step["kind"] in PROCESS for step in given) else held_seconds
    found = []
    for at, step in enumerate(given):
        kind = KINDS[step["kind"]]
        try:
            params = kind.read(viewer, step["params"])
        except DeskError as error:
            raise wrong(at, error) from error
        found.append(Step(kind, {**params, "seconds": seconds} if kind.key == "reply" else params))
    return found


def check_offered(given: Sequence[Mapping[str, Any]]) -> None:
    """Raise Invalid, naming the step, where no process knows a verb or task, or its form is not filled in."""
    asked = [(at, step) for at, step in enumerate(given) if step["kind"] in PROCESS]
    known = {(each.kind, each.key): each for each in offers.offers()} if asked else {}
    for at, step in asked:
        params = step["params"]
        key = params.get("verb") or params.get("element") or ""
        found = known.get((step["kind"], key))
        if found is None:
            raise wrong(at, Invalid("offer_unknown", f"No process of your cases offers {key}."))
        try:
            forms.read(found.form, params.get("values", {}))
        except Invalid as error:
            names = ", ".join(sorted(error.fields))
            raise wrong(at, Invalid("form_incomplete", f"The form is not filled in: {names}.")) from error
