"""Notes what a file carries that is not used here, so that nothing is dropped in silence."""

from __future__ import annotations

from collections import Counter

from lxml import etree

from app.workflow.importing.draft import Draft, Raw
from app.workflow.importing.vendors import MATTERS
from app.workflow.importing.xml import BPMN, CAMUNDA_LIKE, OURS, ZEEBE, Element, first, local

_TASKS = frozenset({"userTask", "manualTask"})
_CATCHING = frozenset({"catch", "boundary", "start", "receiveTask"})
#: Our own extension elements, and the kinds of elements that use them (None: every kind).
_OURS: dict[str, frozenset[str] | None] = {
    "assignment": _TASKS,
    "form": _TASKS,
    "due": _TASKS,
    "action": _CATCHING,
    "match": _CATCHING,
    "case": frozenset({"start"}),
    "capability": frozenset({"serviceTask", "sendTask", "throw", "end", "businessRuleTask"}),
    "decision": frozenset({"businessRuleTask"}),
    "timer": frozenset({"catch", "boundary", "start"}),
    "payload": frozenset({"throw", "end"}),
    "sla": None,
    "label": None,
}
_ZEEBE = {
    "taskDefinition",
    "assignmentDefinition",
    "formDefinition",
    "calledDecision",
    "calledElement",
    "ioMapping",
    "loopCharacteristics",
    "script",
    "subscription",
    "userTask",
}
_CAMUNDA = {"inputOutput", "in", "out"}
_CAMUNDA_ATTRIBUTES = {
    "assignee", "candidateGroups", "candidateUsers", "formKey", "formRef", "dueDate", "topic", "type", "decisionRef",
    "resultVariable", "collection", "elementVariable", "historyTimeToLive", "versionTag",
}  # fmt: skip
_PEOPLE = ("potentialOwner", "humanPerformer", "performer", "resourceRole")


def note_strangers(draft: Draft, root: Element) -> None:
    """Adds findings for extensions that have no meaning here, and for ours that stand in the wrong place."""
    for element_id, raw in draft.nodes.items():
        _check_ours(draft, draft.elements[element_id], raw)
        for name in _PEOPLE:
            if first(draft.elements[element_id], name) is not None:
                draft.report.warning(
                    element_id,
                    "people",
                    f"'{name}' is not used here. Say who may do the task by candidate teams or users, or by its lane.",
                )
                break
    _count_foreign(draft, root)


def _check_ours(draft: Draft, element: Element, raw: Raw) -> None:
    holder = first(element, "extensionElements")
    for child in holder if holder is not None else ():
        name = local(child)
        if etree.QName(child).namespace != OURS:
            continue
        if name not in _OURS:
            draft.report.warning(
                raw["id"], "extension", f"The extension 'ringback:{name}' is not known. Check how it is spelled."
            )
            continue
        allowed = _OURS[name]
        if allowed is not None and raw["kind"] not in allowed:
            draft.report.warning(
                raw["id"],
                "extension",
                f"The extension 'ringback:{name}' has no effect on an element of this kind. Move or remove it.",
            )


def _count_foreign(draft: Draft, root: Element) -> None:
    found: Counter[tuple[str, str]] = Counter()
    where: dict[tuple[str, str], str | None] = {}
    for holder in root.iter(f"{{{BPMN}}}extensionElements"):
        for child in holder:
            _note(found, where, str(child.tag), holder.getparent())
    for element in draft.elements.values():
        for name in element.attrib:
            _note(found, where, "@" + str(name), element)
    for (namespace, name), count in sorted(found.items()):
        place = where[(namespace, name)]
        if name in MATTERS and namespace in {*CAMUNDA_LIKE, ZEEBE}:
            draft.report.warning(
                place,
                "foreign-extension",
                f"'{name}' ({count} ×) does something in the engine it was written for ({namespace}), but nothing here. "
                "Draw it as a step, or say it with our own extensions.",
            )
        else:
            draft.report.info(
                place,
                "foreign-extension",
                f"'{name}' of {namespace} ({count} ×) stays in the file, but has no effect here.",
            )


def _note(
    found: Counter[tuple[str, str]], where: dict[tuple[str, str], str | None], tag: str, element: Element | None
) -> None:
    attribute = tag.startswith("@")
    namespace, _, name = tag.lstrip("@").rpartition("}")
    namespace = namespace.lstrip("{")
    if not namespace or namespace in {OURS, BPMN} or namespace.startswith("http://www.w3.org/"):
        return
    known = _CAMUNDA_ATTRIBUTES if attribute else _ZEEBE if namespace == ZEEBE else _CAMUNDA
    if namespace in {*CAMUNDA_LIKE, ZEEBE} and name in known:
        return
    key = (namespace, name)
    found[key] += 1
    where.setdefault(key, element.get("id") if element is not None else None)
