"""Completes a draft so that it can run: flow ends, link events, handlers of compensation, starts that are not drawn."""

from __future__ import annotations

from collections import defaultdict

from app.workflow.importing.draft import Draft, Raw
from app.workflow.importing.xml import BPMN, Element, ref


def normalise(draft: Draft, root: Element) -> None:
    """Resolves everything that refers to something else, noting what is missing."""
    _check_flows(draft)
    _links(draft)
    _compensation_handlers(draft, root)
    _event_subprocesses(draft)
    _implicit_starts(draft)


def _check_flows(draft: Draft) -> None:
    kept: list[Raw] = []
    seen: set[str] = set()
    for flow in draft.flows:
        problem = _flow_problem(draft, flow)
        if flow["id"] in seen or flow["id"] in draft.nodes:
            problem = f"The id '{flow['id']}' is used twice. Give each flow its own."
        if problem:
            draft.report.error(flow["id"], "flow", problem)
            continue
        seen.add(flow["id"])
        kept.append(flow)
    draft.flows = kept


def _flow_problem(draft: Draft, flow: Raw) -> str | None:
    for end, word in (("src", "begins"), ("dst", "ends")):
        if not flow[end]:
            return f"The flow {word} nowhere. Connect it or delete it."
        if flow[end] not in draft.nodes:
            return f"The flow {word} at '{flow[end]}', which is not a step of the file. Connect it to a step."
    source, target = draft.nodes[flow["src"]], draft.nodes[flow["dst"]]
    if source.get("scope") != target.get("scope"):
        return "The flow crosses the border of a process or sub-process. Use an event or a message instead."
    if source["kind"] == "end" or target["kind"] in {"start", "boundary"}:
        return "No flow may leave an end event or lead to a start or boundary event."
    if "eventSubProcess" in {source["kind"], target["kind"]}:
        return "No flow may lead to or from an event sub-process; its start event begins it."
    return None


def _links(draft: Draft) -> None:
    """A link is a flow without a line: it becomes one."""
    catches: dict[tuple[str, str], Raw] = {}
    by_definition: dict[str, Raw] = {}
    throws: list[tuple[Raw, Raw]] = []
    for raw in draft.nodes.values():
        for event in [e for e in raw.get("events", ()) if e["t"] == "link"]:
            if raw["kind"] == "catch":
                raw["kind"], raw["events"] = "throw", []
                raw["link_catch"] = True
                if (raw["scope"], event["name"]) in catches:
                    draft.report.error(
                        raw["id"],
                        "link",
                        f"Two link events catch '{event['name']}' in the same process. Give each its own name.",
                    )
                catches[(raw["scope"], event["name"])] = raw
                by_definition[event.get("id") or ""] = raw
            else:
                throws.append((raw, event))
    for raw, event in throws:
        target = by_definition.get(event["target"]) if event["target"] else None
        target = target or catches.get((raw["scope"], event["name"]))
        _link(draft, raw, target, event["name"])


def _link(draft: Draft, raw: Raw, target: Raw | None, name: str) -> None:
    raw["kind"], raw["events"] = "throw", []
    if target is None or target["scope"] != raw["scope"]:
        draft.report.error(
            raw["id"], "link", f"No link event catches '{name}' in the same process. Add one with this name."
        )
        return
    draft.flows.append(
        {"id": draft.fresh_id(f"{raw['id']}_link"), "src": raw["id"], "dst": target["id"], "scope": raw["scope"]}
    )


def _compensation_handlers(draft: Draft, root: Element) -> None:
    targets: dict[str, str] = {}
    for association in root.iter(f"{{{BPMN}}}association"):
        source, target = ref(association.get("sourceRef")), ref(association.get("targetRef"))
        targets[source] = target
    for raw in draft.nodes.values():
        if raw["kind"] != "boundary" or not any(e["t"] == "compensate" for e in raw["events"]):
            continue
        handler = draft.nodes.get(targets.get(raw["id"], ""))
        if handler is None or not handler.get("for_compensation"):
            draft.report.error(
                raw["id"],
                "compensation",
                "The compensation event has no handler. Connect it to an activity that is marked 'for compensation'.",
            )
        else:
            raw["handler"] = handler["id"]


def _event_subprocesses(draft: Draft) -> None:
    inside: dict[str, list[Raw]] = defaultdict(list)
    for raw in draft.nodes.values():
        if raw["kind"] == "start":
            inside[raw["scope"]].append(raw)
    for raw in draft.nodes.values():
        if raw["kind"] != "eventSubProcess":
            continue
        starts = inside[raw["id"]]
        if len(starts) != 1 or not starts[0]["events"]:
            draft.report.error(
                raw["id"],
                "event-sub-process",
                "An event sub-process needs exactly one start event, and that needs a trigger such as a message or timer.",
            )
        if starts:
            raw["start"] = starts[0]["id"]


def _implicit_starts(draft: Draft) -> None:
    entered = {flow["dst"] for flow in draft.flows}
    inside: dict[str, list[Raw]] = defaultdict(list)
    for raw in draft.nodes.values():
        if raw.get("scope"):
            inside[raw["scope"]].append(raw)
    for scope_id, nodes in inside.items():
        scope = draft.nodes[scope_id]
        if scope.get("implicit") or scope["kind"] == "eventSubProcess":
            continue
        if any(n["kind"] == "start" or n.get("instantiate") for n in nodes) and scope["kind"] != "adHoc":
            continue
        scope["implicit"] = [n["id"] for n in nodes if n["id"] not in entered and _can_begin(n)]
        if scope["implicit"] and scope["kind"] in {"process", "subProcess", "transaction"}:
            draft.report.info(
                scope_id,
                "implicit-start",
                f"'{scope['name'] or scope_id}' has no start event; it begins at every step that no flow leads to.",
            )


def _can_begin(raw: Raw) -> bool:
    if raw["kind"] in {"boundary", "eventSubProcess", "start"} or raw.get("for_compensation"):
        return False
    return not raw.get("link_catch")
