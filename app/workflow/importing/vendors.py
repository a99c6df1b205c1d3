"""What other engines write into a diagram that would do something there: named in plain words, so that the report is a to-do list."""

from __future__ import annotations

from app.workflow.importing import texts
from app.workflow.importing.draft import Draft, Raw
from app.workflow.importing.xml import CAMUNDA_LIKE, Element, extensions, local, vendor, zeebe

_CODE = ("class", "delegateExpression", "expression")
#: Extensions that change what happens in the engine they come from: without them the process does something else.
MATTERS = frozenset({
    "taskListener", "executionListener", "skipExpression", "formData", "formProperty", "mapDecisionResult", "followUpDate",
    "taskSchedule", "priority", "resource", "field", "connector", "errorEventDefinition", "executionListeners", "taskListeners",
})  # fmt: skip


def code_behind(element: Element) -> str:
    """What a service task calls in its own engine, for a sentence; empty when it says nothing."""
    for name in _CODE:
        value = vendor(element, name)
        if value:
            return value
    for namespace in CAMUNDA_LIKE:
        for connector in extensions(element, namespace, "connector"):
            return " ".join("".join(str(part) for part in connector.itertext()).split())
    return vendor(element, "type") or ""


def mappings(draft: Draft, element: Element, raw: Raw) -> None:
    """Which variables go into a called process, and which come back."""
    inputs: list[Raw] = []
    outputs: list[Raw] = []
    for namespace in CAMUNDA_LIKE:
        _mapped(draft, extensions(element, namespace, "in"), raw["id"], inputs=inputs, outputs=None)
        _mapped(draft, extensions(element, namespace, "out"), raw["id"], inputs=None, outputs=outputs)
    mapping = zeebe(element, "ioMapping")
    for entry in mapping if mapping is not None else ():
        source, target = (entry.get("source") or "").strip(), (entry.get("target") or "").strip()
        if local(entry) == "input":
            inputs.append({"name": target, "value": texts.template(draft, raw["id"], source, what="The input")})
        else:
            _output(draft, raw["id"], source.lstrip("= "), target, outputs)
    if inputs:
        raw["inputs"] = inputs
    if outputs:
        raw["outputs"] = outputs


def _mapped(
    draft: Draft, entries: list[Element], element_id: str, *, inputs: list[Raw] | None, outputs: list[Raw] | None
) -> None:
    if any(entry.get("variables") == "all" for entry in entries):
        return
    for entry in entries:
        source, target = (entry.get("source") or "").strip(), (entry.get("target") or "").strip()
        computed = (entry.get("sourceExpression") or "").strip()
        if not target:
            continue  # a business key: the called process shares the instance
        if inputs is not None:
            value = computed or f"${{{source}}}"
            inputs.append({"name": target, "value": texts.template(draft, element_id, value, what="The input")})
        elif outputs is not None:
            _output(draft, element_id, source or computed, target, outputs)


def _output(draft: Draft, element_id: str, source: str, target: str, outputs: list[Raw]) -> None:
    if source.isidentifier():
        outputs.append({"name": source, "variable": target})
        return
    draft.report.error(
        element_id,
        "call",
        f"'{source[:60]}' cannot be handed back: only variables of the called process can. Set one there first.",
    )
