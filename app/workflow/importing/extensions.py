"""Reads our own extension elements, and those of Camunda, Zeebe and Flowable that have a counterpart here."""

from __future__ import annotations

from app.workflow.importing import texts
from app.workflow.importing.draft import Draft, Raw
from app.workflow.importing.report import ActionSpec
from app.workflow.importing.xml import OURS, Element, extensions, local, ours, vendor, zeebe
from app.workflow.importing.xml import text as text_of
from app.workflow.language import durations
from app.workflow.language.expressions import is_expression

_ACTION_LABELS = {
    "dispatch": ("Dispatch", "派单"),
    "reply": ("Reply", "回单"),
    "chase": ("Chase", "追单"),
    "amend": ("Amend", "改单"),
    "cancel": ("Cancel", "撤单"),
    "archive": ("Archive", "归档"),
}


def _split(value: str | None) -> list[str]:
    value = (value or "").strip()
    if texts.is_template(value):
        return [value]
    return [part.strip() for part in value.split(",") if part.strip()]


def assignment(draft: Draft, element: Element, element_id: str, raw: Raw) -> None:
    """Who may do a task."""
    found = ours(element, "assignment")
    theirs = zeebe(element, "assignmentDefinition")
    if found is not None:
        teams, users = _split(found.get("candidateTeams")), _split(found.get("candidateUsers"))
    elif theirs is not None:
        teams = _split(theirs.get("candidateGroups"))
        users = [*_split(theirs.get("assignee")), *_split(theirs.get("candidateUsers"))]
    else:
        teams = _split(vendor(element, "candidateGroups"))
        users = [*_split(vendor(element, "assignee")), *_split(vendor(element, "candidateUsers"))]
    for key, values in (("teams", teams), ("users", users)):
        for value in values:
            texts.template(draft, element_id, value, what="The assignment")
        if values:
            raw[key] = values


def form(draft: Draft, element: Element, raw: Raw) -> None:
    """The form of a task."""
    found = ours(element, "form")
    theirs = zeebe(element, "formDefinition")
    if found is not None:
        key = found.get("key")
    elif theirs is not None:
        key = theirs.get("formKey") or theirs.get("formId")
    else:
        key = vendor(element, "formKey") or vendor(element, "formRef")
    if key:
        raw["form"] = key.strip()
        draft.forms.add(key.strip())


def due(draft: Draft, element: Element, element_id: str, raw: Raw) -> None:
    """When a task should be done."""
    found = ours(element, "due")
    value = found.get("duration") if found is not None else vendor(element, "dueDate")
    if found is not None and not value:
        draft.report.error(element_id, "due", "The due time has no duration. Write for example PT4H.")
    if value:
        raw["due"] = [_span(draft, element_id, value, what="The due time"), calendar_of(draft, found, element_id)]


def service_level(draft: Draft, element: Element, raw: Raw) -> None:
    """The service level span of an activity."""
    found = ours(element, "sla")
    if found is None:
        return
    target = found.get("target") or ""
    if not target:
        draft.report.error(raw["id"], "sla", "The service level has no target. Write for example PT8H.")
    span = _span(draft, raw["id"], target, what="The service level's target") if target else ""
    raw["sla"] = [found.get("name") or "", span, calendar_of(draft, found, raw["id"])]


def _span(draft: Draft, element_id: str, value: str, *, what: str) -> str:
    """A duration or date, or an expression that will give one."""
    value = texts.template(draft, element_id, value.strip(), what=what)
    if not is_expression(value) and not (durations.is_duration(value) or durations.is_date(value)):
        draft.report.error(
            element_id,
            "duration",
            f"{what} '{value[:60]}' is no duration. Write for example PT4H, or an expression in ${{...}}.",
        )
    return value


def calendar_of(draft: Draft, element: Element | None, element_id: str) -> str | None:
    """The calendar that a span counts in."""
    value = (element.get("calendar") or "").strip() if element is not None else ""
    if value and value != "business":
        draft.report.error(
            element_id,
            "calendar",
            f"The calendar '{value[:60]}' is not known. Write 'business', or leave it out for plain time.",
        )
    return value or None


def labels(element: Element, raw: Raw) -> None:
    """Localised names."""
    found = {label.get("lang") or "": label.get("text") or "" for label in extensions(element, OURS, "label")}
    if found:
        raw["labels"] = found


def opened_case(element: Element, raw: Raw) -> None:
    """What a case is called, and where it goes, that a timer at the start opens."""
    found = ours(element, "case")
    given = {name: (found.get(name) or "").strip() for name in ("subject", "queue")} if found is not None else {}
    if any(given.values()):
        raw["case"] = {name: value for name, value in given.items() if value}


def timer_calendar(draft: Draft, element: Element, element_id: str) -> str | None:
    """The calendar that a timer counts in."""
    return calendar_of(draft, ours(element, "timer"), element_id)


def action(draft: Draft, element: Element, element_id: str, raw: Raw) -> None:
    """The button that a waiting message shows."""
    found = ours(element, "action")
    if found is None:
        return
    message = next((event["name"] for event in raw.get("events", ()) if event["t"] == "message"), None)
    if message is None:
        draft.report.error(
            element_id,
            "action",
            "An action belongs to an event that waits for a message. Choose a message or remove the action.",
        )
        return
    verb = (found.get("verb") or message).strip()
    english, chinese = _ACTION_LABELS.get(verb, (verb.capitalize(), verb))
    spec = ActionSpec(
        verb=verb,
        roles=tuple(_split(found.get("roles"))) or ("agent",),
        label=found.get("label") or english,
        label_zh=found.get("labelZh") or found.get("label") or chinese,
        form=found.get("form"),
        element_id=element_id,
        message_name=message,
    )
    if spec.form:
        draft.forms.add(spec.form)
    draft.actions.append(spec)
    raw["action"] = {name: getattr(spec, name) for name in ActionSpec.__slots__}


def capability(draft: Draft, element: Element, element_id: str) -> Raw | None:
    """The capability that a service or send task, or a throw event, calls."""
    found = ours(element, "capability")
    if found is not None:
        return _ours_capability(draft, found, element_id)
    theirs = zeebe(element, "taskDefinition")
    name = theirs.get("type") if theirs is not None else vendor(element, "topic")
    if not name:
        return None
    call: Raw = {"name": name.strip(), "inputs": _zeebe_io(draft, element, element_id, "input")}
    call["inputs"] += _camunda_io(draft, element, element_id)
    call["outputs"] = [
        {"name": o["source"], "variable": o["name"]} for o in _zeebe_io(draft, element, element_id, "output")
    ]
    draft.capabilities.add(call["name"])
    return call


def _ours_capability(draft: Draft, found: Element, element_id: str) -> Raw | None:
    name = (found.get("name") or "").strip()
    if not name:
        draft.report.error(element_id, "capability", "The step names no capability. Choose what it shall call.")
        return None
    inputs = [
        {
            "name": entry.get("name") or "",
            "value": texts.template(draft, element_id, entry.get("value") or "", what="The input"),
        }
        for entry in found.findall(f"{{{OURS}}}input")
    ]
    outputs = [
        {"name": entry.get("name") or "", "variable": entry.get("variable") or entry.get("name") or ""}
        for entry in found.findall(f"{{{OURS}}}output")
    ]
    draft.capabilities.add(name)
    return {"name": name, "inputs": inputs, "outputs": outputs}


def _zeebe_io(draft: Draft, element: Element, element_id: str, kind: str) -> list[Raw]:
    mapping = zeebe(element, "ioMapping")
    if mapping is None:
        return []
    found = []
    for entry in mapping:
        if local(entry) == kind:
            source = (entry.get("source") or "").strip()
            if kind == "input":
                texts.template(draft, element_id, source, what="The input")
            found.append({"name": entry.get("target") or "", "value": source, "source": source.lstrip("=").strip()})
    return found


def _camunda_io(draft: Draft, element: Element, element_id: str) -> list[Raw]:
    found = []
    for child in element.iter():
        if local(child) == "inputParameter":
            value = texts.template(draft, element_id, text_of(child), what="The input")
            found.append({"name": child.get("name") or "", "value": value})
    return found


def payload_of(draft: Draft, element: Element, element_id: str) -> list[Raw]:
    """What a thrown message or signal carries, where our extension says so."""
    holder = ours(element, "payload")
    if holder is None:
        return []
    return [
        {
            "name": entry.get("name") or "",
            "value": texts.template(draft, element_id, entry.get("value") or "", what="The payload"),
        }
        for entry in holder.findall(f"{{{OURS}}}input")
    ]


def decision(draft: Draft, element: Element) -> Raw | None:
    """The decision table of a business rule task."""
    found = ours(element, "decision")
    theirs = zeebe(element, "calledDecision")
    if found is not None:
        name, result = found.get("ref"), found.get("result")
    elif theirs is not None:
        name, result = theirs.get("decisionId"), theirs.get("resultVariable")
    else:
        name, result = vendor(element, "decisionRef"), vendor(element, "resultVariable")
    if not name:
        return None
    draft.decision_refs.add(name.strip())
    return {"ref": name.strip(), "result": (result or name).strip()}
