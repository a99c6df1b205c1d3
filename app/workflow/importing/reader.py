"""Reads a BPMN file into a draft: declarations first, then each process with everything nested in it."""

from __future__ import annotations

from app.workflow.importing import correlation, extensions, texts
from app.workflow.importing.activities import read_activity
from app.workflow.importing.draft import Catalogue, Draft, Raw
from app.workflow.importing.events import definitions
from app.workflow.importing.kinds import ACTIVITIES
from app.workflow.importing.report import ProcessInfo, StartKind
from app.workflow.importing.xml import Element, bpmn, child_text, elements, first, flag, local, ref, text

KINDS = {
    "task": "task",
    "userTask": "userTask",
    "manualTask": "manualTask",
    "scriptTask": "scriptTask",
    "serviceTask": "serviceTask",
    "sendTask": "sendTask",
    "receiveTask": "receiveTask",
    "businessRuleTask": "businessRuleTask",
    "subProcess": "subProcess",
    "transaction": "transaction",
    "adHocSubProcess": "adHoc",
    "callActivity": "callActivity",
    "startEvent": "start",
    "endEvent": "end",
    "intermediateCatchEvent": "catch",
    "intermediateThrowEvent": "throw",
    "boundaryEvent": "boundary",
    "exclusiveGateway": "exclusive",
    "inclusiveGateway": "inclusive",
    "parallelGateway": "parallel",
    "complexGateway": "complex",
    "eventBasedGateway": "eventGateway",
}
_EVENTS = frozenset({"start", "end", "catch", "throw", "boundary"})
_GLOBAL = {
    "globalTask": "task",
    "globalUserTask": "userTask",
    "globalManualTask": "manualTask",
    "globalScriptTask": "scriptTask",
    "globalBusinessRuleTask": "businessRuleTask",
}
_REFUSED = {
    "choreographyTask": "Choreographies are drawn, but do not run.",
    "subChoreography": "Choreographies are drawn, but do not run.",
    "callChoreography": "Choreographies are drawn, but do not run.",
    "implicitThrowEvent": "Implicit throw events do not run. Use a throw event.",
}


def read(root: Element, draft: Draft) -> None:
    """Reads all processes of the file into the draft."""
    draft.catalogue = _catalogue(root)
    _references(root, draft)
    for process in bpmn(root, "process"):
        _process(draft, process)
    for name, element in draft.catalogue.global_tasks.items():
        _global_task(draft, name, element)
    correlation.read_correlation(draft, root)
    correlation.zeebe_key(draft, root)


def _catalogue(root: Element) -> Catalogue:
    found = Catalogue()
    for element in elements(root):
        name, element_id = local(element), element.get("id") or ""
        title = (element.get("name") or "").strip()
        if name == "message":
            found.messages[element_id] = title or element_id
        elif name == "signal":
            found.signals[element_id] = title or element_id
        elif name == "error":
            found.errors[element_id] = (element.get("errorCode") or "").strip() or title or element_id
        elif name == "escalation":
            found.escalations[element_id] = (element.get("escalationCode") or "").strip() or title or element_id
        elif name.endswith("EventDefinition"):
            found.definitions[element_id] = element
        elif name in _GLOBAL and element_id:
            found.global_tasks[element_id] = element
    _operations(root, found)
    return found


def _operations(root: Element, found: Catalogue) -> None:
    for interface in bpmn(root, "interface"):
        for operation in bpmn(interface, "operation"):
            incoming = ref(child_text(operation, "inMessageRef"))
            outgoing = ref(child_text(operation, "outMessageRef"))
            found.operations[operation.get("id") or ""] = (
                found.messages.get(incoming, incoming),
                found.messages.get(outgoing, outgoing),
            )


def _references(root: Element, draft: Draft) -> None:
    for element in root.iter():
        name, element_id = local(element), element.get("id")
        if name == "dataObjectReference" and element_id:
            draft.references[element_id] = ref(element.get("dataObjectRef")) or element_id
        elif name == "lane":
            _lane(draft, element)


def _lane(draft: Draft, element: Element) -> None:
    title = (element.get("name") or "").strip() or element.get("id") or ""
    for node in bpmn(element, "flowNodeRef"):
        # Inner lanes come later in document order, so the innermost one stays.
        draft.lanes[ref(node.text)] = (element.get("id") or "", title)


def _process(draft: Draft, element: Element) -> None:
    raw = _node(draft, element, kind="process", scope=None, process=None)
    _scope(draft, element, raw)
    marked = element.get("isExecutable")
    draft.processes.append(
        ProcessInfo(raw["id"], raw["name"], (marked or "").strip().lower() in {"true", "1"}, _starts(draft, raw["id"]))
    )


def _global_task(draft: Draft, name: str, element: Element) -> None:
    raw = _node(draft, element, kind="process", scope=None, process=None)
    task = {"id": f"{name}__task", "name": raw["name"], "kind": _GLOBAL[local(element)], "scope": name, "process": name}
    draft.nodes[task["id"]] = task
    draft.elements[task["id"]] = element
    read_activity(draft, element, task)
    raw["global"] = True
    raw["implicit"] = [task["id"]]


def _node(draft: Draft, element: Element, *, kind: str, scope: str | None, process: str | None) -> Raw:
    element_id = (element.get("id") or "").strip()
    if not element_id:
        element_id = draft.fresh_id(kind)
        draft.report.info(element_id, "no-id", f"A {local(element)} has no id; it is called '{element_id}' here.")
    if element_id in draft.nodes:
        draft.report.error(
            element_id, "duplicate-id", f"The id '{element_id}' is used twice. Give each element its own."
        )
        element_id = draft.fresh_id(element_id)
    raw: Raw = {"id": element_id, "kind": kind, "name": " ".join((element.get("name") or "").split())}
    raw["process"] = process or element_id
    if scope is not None:
        raw["scope"] = scope
    lane = draft.lanes.get(element_id)
    if lane is not None:
        raw["lane_id"], raw["lane"] = lane
    extensions.labels(element, raw)
    draft.nodes[element_id] = raw
    draft.elements[element_id] = element
    return raw


def _scope(draft: Draft, element: Element, raw: Raw) -> None:
    for child in elements(element):
        name = local(child)
        if name in KINDS:
            _flow_node(draft, child, raw)
        elif name == "sequenceFlow":
            _flow(draft, child, raw)
        elif name in _REFUSED:
            draft.report.error(child.get("id"), "unsupported", _REFUSED[name])


def _flow_node(draft: Draft, element: Element, parent: Raw) -> None:
    kind = KINDS[local(element)]
    if kind == "subProcess" and flag(element, "triggeredByEvent"):
        kind = "eventSubProcess"
    raw = _node(draft, element, kind=kind, scope=parent["id"], process=parent["process"])
    default = ref(element.get("default"))
    if default:
        raw["default"] = default
    if kind in ACTIVITIES:
        read_activity(draft, element, raw)
    elif kind in _EVENTS:
        _event(draft, element, raw)
    elif kind == "complex":
        condition = child_text(element, "activationCondition")
        if condition:
            raw["activation"] = texts.expression(draft, raw["id"], condition, what="The activation condition")
    elif kind == "eventGateway":
        raw["instantiate"] = flag(element, "instantiate")
        raw["gateway_type"] = element.get("eventGatewayType", "Exclusive")
    if kind in {"subProcess", "transaction", "adHoc", "eventSubProcess"}:
        _adhoc(draft, element, raw)
        _scope(draft, element, raw)


def _adhoc(draft: Draft, element: Element, raw: Raw) -> None:
    if raw["kind"] != "adHoc":
        return
    raw["ordering"] = element.get("ordering", "Parallel")
    raw["cancel_remaining"] = flag(element, "cancelRemainingInstances", default=True)
    condition = child_text(element, "completionCondition")
    if condition:
        raw["completion"] = texts.expression(draft, raw["id"], condition, what="The completion condition")


def _event(draft: Draft, element: Element, raw: Raw) -> None:
    element_id = raw["id"]
    if raw["kind"] in {"throw", "end"}:
        call = extensions.capability(draft, element, element_id) or _nested_capability(draft, element, element_id)
        if call is not None:
            raw["capability"] = call
    raw["events"] = definitions(draft, element, element_id)
    if flag(element, "parallelMultiple"):
        raw["parallel"] = True
    if raw["kind"] == "boundary":
        raw["host"] = ref(element.get("attachedToRef"))
        raw["interrupting"] = flag(element, "cancelActivity", default=True)
    elif raw["kind"] == "start":
        raw["interrupting"] = flag(element, "isInterrupting", default=True)
        extensions.opened_case(element, raw)
    extensions.action(draft, element, element_id, raw)
    correlation.condition(draft, element, raw)


def _nested_capability(draft: Draft, element: Element, element_id: str) -> Raw | None:
    definition = first(element, "messageEventDefinition")
    return extensions.capability(draft, definition, element_id) if definition is not None else None


def _flow(draft: Draft, element: Element, parent: Raw) -> None:
    flow_id = (element.get("id") or "").strip() or draft.fresh_id("flow")
    raw: Raw = {
        "id": flow_id,
        "src": ref(element.get("sourceRef")),
        "dst": ref(element.get("targetRef")),
        "scope": parent["id"],
    }
    title = " ".join((element.get("name") or "").split())
    if title:
        raw["name"] = title
    condition = text(first(element, "conditionExpression"))
    if condition:
        raw["cond"] = texts.expression(draft, flow_id, condition, what="The condition")
    draft.flows.append(raw)


def _starts(draft: Draft, process_id: str) -> tuple[StartKind, ...]:
    found: list[StartKind] = []
    for raw in draft.nodes.values():
        if raw.get("scope") != process_id:
            continue
        if raw["kind"] == "start":
            found.extend(_start_kinds(raw) or [StartKind("none", raw["name"], raw["id"])])
        elif raw.get("instantiate") and raw["kind"] == "receiveTask":
            found.extend(_start_kinds(raw))
        elif raw.get("instantiate") and raw["kind"] == "eventGateway":
            targets = [flow["dst"] for flow in draft.flows if flow["src"] == raw["id"]]
            found.extend(
                kind for target in targets if target in draft.nodes for kind in _start_kinds(draft.nodes[target])
            )
    return tuple(found) or (StartKind("none", "", process_id),)


def _start_kinds(raw: Raw) -> list[StartKind]:
    known = {"message", "signal", "timer", "conditional"}
    return [
        StartKind(event["t"], event.get("name") or event.get("text") or event.get("expr") or "", raw["id"])
        for event in raw.get("events", ())
        if event["t"] in known
    ]
