"""Reads correlation: keys and properties as BPMN has them, and our own condition on a message event."""

from __future__ import annotations

from app.workflow.importing import texts
from app.workflow.importing.draft import Draft, Raw
from app.workflow.importing.xml import BPMN, Element, bpmn, child_text, ours, ref, text, zeebe

_BINDING = "correlationPropertyBinding"
_RETRIEVAL = "correlationPropertyRetrievalExpression"


def read_correlation(draft: Draft, root: Element) -> None:
    """Gives each process the keys by which it tells its messages from those of others."""
    properties = _properties(draft, root)
    keys = {key.get("id") or "": key for key in root.iter(f"{{{BPMN}}}correlationKey")}
    for process in bpmn(root, "process"):
        raw = draft.nodes.get((process.get("id") or "").strip())
        if raw is None:
            continue
        bound = _subscriptions(draft, process, keys, properties)
        found = [_key(draft, key, name, properties, bound.get(name)) for name, key in keys.items()]
        if any(found):
            raw["correlation"] = [key for key in found if key]


def _properties(draft: Draft, root: Element) -> dict[str, dict[str, str]]:
    """Property id to the expression that takes it out of each message, by the message's name."""
    found: dict[str, dict[str, str]] = {}
    for element in bpmn(root, "correlationProperty"):
        paths: dict[str, str] = {}
        for retrieval in bpmn(element, _RETRIEVAL):
            message = ref(retrieval.get("messageRef"))
            where = retrieval.get("id") or element.get("id") or ""
            path = child_text(retrieval, "messagePath")
            if not path:
                draft.report.error(
                    where,
                    "correlation",
                    "Nothing says where the message carries this property. Write for example order_id.",
                )
                continue
            paths[draft.catalogue.messages.get(message, message)] = texts.expression(
                draft, where, path, what="The message path"
            )
        found[element.get("id") or ""] = paths
    return found


def _subscriptions(
    draft: Draft, process: Element, keys: dict[str, Element], properties: dict[str, dict[str, str]]
) -> dict[str, dict[str, str]]:
    """Key id to the expressions of the process that its properties must equal."""
    found: dict[str, dict[str, str]] = {}
    for subscription in bpmn(process, "correlationSubscription"):
        where, key = subscription.get("id"), ref(subscription.get("correlationKeyRef"))
        if key not in keys:
            draft.report.error(
                where, "correlation", f"The correlation key '{key}' is not in the file. Declare it in a collaboration."
            )
            continue
        for binding in bpmn(subscription, _BINDING):
            name, path = ref(binding.get("correlationPropertyRef")), child_text(binding, "dataPath")
            place = binding.get("id") or where or ""
            if name not in properties or not path:
                draft.report.error(
                    place,
                    "correlation",
                    "A correlation binding needs a property of the file and the value that it must equal.",
                )
                continue
            found.setdefault(key, {})[name] = texts.expression(draft, place, path, what="The value to compare with")
    return found


def _key(
    draft: Draft, element: Element, name: str, properties: dict[str, dict[str, str]], bound: dict[str, str] | None
) -> Raw | None:
    parts = [ref(text(part)) for part in bpmn(element, "correlationPropertyRef")]
    for part in parts:
        if part not in properties:
            draft.report.error(
                name or None, "correlation", f"The correlation property '{part}' is not in the file. Declare it."
            )
    known = {part: properties[part] for part in parts if properties.get(part)}
    if not known or len(known) < len(parts):
        return None
    key: Raw = {"id": name, "paths": known}
    if bound:
        key["bound"] = bound
    return key


def condition(draft: Draft, element: Element, raw: Raw) -> None:
    """When an event takes its message, and when the message is meant for somebody else."""
    found = ours(element, "match")
    if found is None:
        return
    if all(event["t"] != "message" for event in raw.get("events", ())):
        draft.report.error(
            raw["id"], "correlation", "Only an event that waits for a message can say which one it takes."
        )
        return
    when = (found.get("when") or "").strip()
    if not when:
        draft.report.error(
            raw["id"], "correlation", "Write which message is meant, for example ${message.order == order}."
        )
        return
    raw["match"] = texts.expression(draft, raw["id"], when, what="The condition on the message")


def zeebe_key(draft: Draft, root: Element) -> None:
    """Camunda 8 keeps the key on the message: it compares a variable with a key that the sender gives beside the payload."""
    for message in bpmn(root, "message"):
        if zeebe(message, "subscription") is not None:
            draft.report.warning(
                message.get("id"),
                "correlation",
                f"The message '{message.get('name') or message.get('id')}' has a correlation key of another engine, which is not used. "
                'Say at the event which message it takes: <ringback:match when="${message.order == order}"/>.',
            )
