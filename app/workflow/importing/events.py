"""Reads what an event waits for or throws."""

from __future__ import annotations

from app.workflow.importing import texts
from app.workflow.importing.draft import Draft, Raw
from app.workflow.importing.extensions import payload_of, timer_calendar
from app.workflow.importing.xml import Element, child_text, elements, first, local, ref

_SUFFIX = "EventDefinition"


def definitions(draft: Draft, element: Element, element_id: str) -> list[Raw]:
    """All event definitions of an event, in the order of the file, references resolved."""
    found: list[Raw] = []
    for entry in elements(element):
        child, name = entry, local(entry)
        if name == "eventDefinitionRef":
            wanted = ref(child.text)
            shared = draft.catalogue.definitions.get(wanted)
            if shared is None:
                draft.report.error(
                    element_id,
                    "event-definition",
                    f"The event refers to the definition '{wanted}', which is not in the file.",
                )
                continue
            child, name = shared, local(shared)
        if name.endswith(_SUFFIX):
            one = _definition(draft, element, child, element_id=element_id)
            if one is not None:
                found.append(one)
    return found


def _definition(draft: Draft, event: Element, element: Element, *, element_id: str) -> Raw | None:
    kind = local(element).removesuffix(_SUFFIX)
    reader = _READERS.get(kind)
    if reader is None:
        draft.report.error(
            element_id,
            "event-definition",
            f"Events of the kind '{kind}' are not supported. Use a message, signal, timer or condition.",
        )
        return None
    return reader(draft, event, element, element_id)


def _message(draft: Draft, event: Element, element: Element, element_id: str) -> Raw:
    raw: Raw = {"t": "message", "name": message_name(draft, element, element_id=element_id, event=event)}
    payload = payload_of(draft, event, element_id)
    if payload:
        raw["payload"] = payload
    return raw


def message_name(draft: Draft, element: Element, *, element_id: str, event: Element | None = None) -> str:
    """The name of the message that an event or task refers to."""
    wanted = ref(element.get("messageRef"))
    if wanted in draft.catalogue.messages:
        return draft.catalogue.messages[wanted]
    if wanted:
        draft.report.warning(
            element_id, "message", f"The message '{wanted}' is not declared in the file; its id is taken as its name."
        )
        return wanted
    operation = ref(element.get("operationRef") or child_text(element, "operationRef"))
    incoming, outgoing = draft.catalogue.operations.get(operation, ("", ""))
    if incoming or outgoing:
        return incoming or outgoing
    if event is None or not _does_it_otherwise(event):
        draft.report.error(element_id, "message", "No message is chosen. Choose which message is sent or awaited here.")
    return ""


def _does_it_otherwise(event: Element) -> bool:
    """A throwing event that calls a capability needs no message."""
    return any(local(child) in {"capability", "taskDefinition"} for child in event.iter())


def _signal(draft: Draft, event: Element, element: Element, element_id: str) -> Raw:
    wanted = ref(element.get("signalRef"))
    if not wanted:
        draft.report.error(element_id, "signal", "No signal is chosen. Choose which signal is thrown or awaited here.")
    elif wanted not in draft.catalogue.signals:
        draft.report.warning(
            element_id, "signal", f"The signal '{wanted}' is not declared in the file; its id is taken as its name."
        )
    raw: Raw = {"t": "signal", "name": draft.catalogue.signals.get(wanted, wanted)}
    payload = payload_of(draft, event, element_id)
    if payload:
        raw["payload"] = payload
    return raw


def _timer(draft: Draft, event: Element, element: Element, element_id: str) -> Raw:
    for tag, kind in (("timeDuration", "duration"), ("timeDate", "date"), ("timeCycle", "cycle")):
        found = first(element, tag)
        if found is not None:
            value = texts.time_text(draft, element_id, child_text(element, tag), kind=kind)
            raw: Raw = {"t": "timer", "kind": kind, "text": value}
            calendar = timer_calendar(draft, event, element_id)
            if calendar:
                raw["calendar"] = calendar
            return raw
    draft.report.error(element_id, "timer", "The timer has no time. Give it a duration, a date or a cycle.")
    return {"t": "timer", "kind": "duration", "text": "PT0S"}


def _conditional(draft: Draft, _event: Element, element: Element, element_id: str) -> Raw:
    condition = child_text(element, "condition")
    if not condition:
        draft.report.error(element_id, "condition", "The event has no condition. Write when it shall happen.")
        condition = "false"
    return {"t": "conditional", "expr": texts.expression(draft, element_id, condition, what="The condition")}


def _error(draft: Draft, _event: Element, element: Element, element_id: str) -> Raw:
    wanted = ref(element.get("errorRef"))
    if wanted and wanted not in draft.catalogue.errors:
        draft.report.warning(
            element_id, "error", f"The error '{wanted}' is not declared in the file; its id is taken as its code."
        )
    return {"t": "error", "code": draft.catalogue.errors.get(wanted, wanted) if wanted else None}


def _escalation(draft: Draft, _event: Element, element: Element, element_id: str) -> Raw:
    wanted = ref(element.get("escalationRef"))
    if wanted and wanted not in draft.catalogue.escalations:
        draft.report.warning(
            element_id,
            "escalation",
            f"The escalation '{wanted}' is not declared in the file; its id is taken as its code.",
        )
    return {"t": "escalation", "code": draft.catalogue.escalations.get(wanted, wanted) if wanted else None}


def _compensate(draft: Draft, _event: Element, element: Element, element_id: str) -> Raw:
    if element.get("waitForCompletion", "true").lower() in {"false", "0"}:
        draft.report.error(
            element_id,
            "compensation",
            "Compensation that is not waited for is not supported. Set 'wait for completion'.",
        )
    raw: Raw = {"t": "compensate"}
    wanted = ref(element.get("activityRef"))
    if wanted:
        raw["ref"] = wanted
    return raw


def _cancel(_draft: Draft, _event: Element, _element: Element, _element_id: str) -> Raw:
    return {"t": "cancel"}


def _terminate(_draft: Draft, _event: Element, _element: Element, _element_id: str) -> Raw:
    return {"t": "terminate"}


def _link(_draft: Draft, event: Element, element: Element, _element_id: str) -> Raw:
    return {
        "t": "link",
        "name": (element.get("name") or event.get("name") or "").strip(),
        "id": element.get("id"),
        "target": ref(child_text(element, "target")),
    }


_READERS = {
    "message": _message,
    "signal": _signal,
    "timer": _timer,
    "conditional": _conditional,
    "error": _error,
    "escalation": _escalation,
    "compensate": _compensate,
    "cancel": _cancel,
    "terminate": _terminate,
    "link": _link,
}
