"""Checks the completed draft: what would run wrongly, or not at all, is said here, with the element it is about."""

from __future__ import annotations

from app.workflow.importing.draft import Draft, Raw
from app.workflow.importing.graph import Graph
from app.workflow.importing.multiplying import check_multiplying
from app.workflow.importing.starts import check_starts

_CATCHABLE = {
    "catch": {"message", "signal", "timer", "conditional"},
    "throw": {"message", "signal", "escalation", "compensate"},
    "end": {"message", "signal", "escalation", "compensate", "error", "cancel", "terminate"},
    "boundary": {"message", "signal", "timer", "conditional", "error", "escalation", "compensate", "cancel"},
    "start": {"message", "signal", "timer", "conditional", "error", "escalation", "compensate"},
}
_NEVER_WAIT = frozenset(
    {"task", "scriptTask", "serviceTask", "sendTask", "businessRuleTask", "throw", "exclusive", "parallel"}
)


def check(draft: Draft) -> None:
    """Runs all checks over the draft."""
    graph = Graph(draft)
    for raw in draft.nodes.values():
        _CHECKS.get(raw["kind"], _nothing)(graph, raw)
        _check_event_kinds(graph, raw)
        _check_default(graph, raw)
        _check_reached(graph, raw)
    _check_circles(graph)
    check_multiplying(graph)
    check_starts(graph)


def _nothing(_graph: Graph, _raw: Raw) -> None:
    """No check of its own."""


def _check_event_kinds(graph: Graph, raw: Raw) -> None:
    allowed = _CATCHABLE.get(raw["kind"])
    if allowed is None or raw.get("link_catch"):
        return
    for event in raw.get("events", ()):
        if event["t"] not in allowed:
            graph.report.error(
                raw["id"],
                "event",
                f"An event of the kind '{event['t']}' cannot be used at '{graph.name(raw)}'. Choose another kind of event.",
            )
    if raw["kind"] in {"catch", "boundary"} and not raw.get("events"):
        graph.report.error(
            raw["id"],
            "event",
            f"'{graph.name(raw)}' does not say what it waits for. Choose a message, signal, timer or condition.",
        )


def _check_default(graph: Graph, raw: Raw) -> None:
    default = raw.get("default")
    if default and all(flow["id"] != default for flow in graph.outgoing[raw["id"]]):
        graph.report.error(
            raw["id"],
            "default-flow",
            f"The default flow '{default}' does not leave '{graph.name(raw)}'. Choose one of its own flows.",
        )


def _check_reached(graph: Graph, raw: Raw) -> None:
    scope = graph.nodes.get(raw.get("scope") or "")
    if scope is None or raw["kind"] in {"start", "boundary", "eventSubProcess"} or raw.get("for_compensation"):
        return
    begins = raw["id"] in graph.begins or raw.get("instantiate")
    if not graph.incoming[raw["id"]] and not begins:
        graph.report.warning(
            raw["id"],
            "unreachable",
            f"No flow leads to '{graph.name(raw)}', so it never happens. Connect it or delete it.",
        )


def _check_boundary(graph: Graph, raw: Raw) -> None:
    host = graph.nodes.get(raw["host"])
    if host is None or host.get("scope") != raw.get("scope"):
        graph.report.error(
            raw["id"],
            "boundary",
            f"The boundary event '{graph.name(raw)}' is not attached to an activity. Drop it onto one.",
        )
        return
    kinds = {event["t"] for event in raw["events"]}
    if "cancel" in kinds and host["kind"] != "transaction":
        graph.report.error(raw["id"], "cancel", "A cancel boundary event can only sit on a transaction.")
    if "compensate" in kinds and host.get("loop"):
        graph.report.error(
            raw["id"],
            "compensation",
            "Compensation of an activity with a loop or several instances is not supported. Put it into a sub-process.",
        )
    if "escalation" in kinds and host["kind"] == "callActivity":
        graph.report.error(
            raw["id"],
            "escalation",
            "Escalations do not leave a called process. Put its steps into a sub-process, or end it with an error.",
        )
    if "error" in kinds or "cancel" in kinds:
        raw["interrupting"] = True
    if not graph.outgoing[raw["id"]] and "compensate" not in kinds:
        graph.report.warning(
            raw["id"], "boundary", f"Nothing follows the boundary event '{graph.name(raw)}'. Connect it to a step."
        )
    _no_mixture(graph, raw, kinds)


def _no_mixture(graph: Graph, raw: Raw, kinds: set[str]) -> None:
    if raw.get("parallel") and kinds & {"error", "escalation", "cancel", "compensate"}:
        graph.report.error(
            raw["id"],
            "event",
            "An event that needs all of several triggers can only wait for messages, signals, timers and conditions.",
        )


def _check_start(graph: Graph, raw: Raw) -> None:
    scope = graph.nodes[raw["scope"]]
    kinds = {event["t"] for event in raw["events"]}
    if scope["kind"] in {"subProcess", "transaction", "adHoc"} and kinds:
        graph.report.error(
            raw["id"],
            "start",
            "The start event of a sub-process has no trigger. Remove it, or make it an event sub-process.",
        )
    if scope["kind"] == "process" and kinds & {"error", "escalation", "compensate"}:
        graph.report.error(raw["id"], "start", "A process cannot be started by an error, escalation or compensation.")
    if scope["kind"] == "process" and raw.get("parallel"):
        graph.report.error(
            raw["id"], "start", "A process that needs several triggers at once to start is not supported."
        )
    if "error" in kinds:
        raw["interrupting"] = True
    _no_mixture(graph, raw, kinds)


def _check_end(graph: Graph, raw: Raw) -> None:
    if any(event["t"] == "cancel" for event in raw["events"]) and not _inside(graph, raw, "transaction"):
        graph.report.error(raw["id"], "cancel", "A cancel end event can only be used inside a transaction.")
    _check_throw(graph, raw)


def _check_throw(graph: Graph, raw: Raw) -> None:
    for event in raw["events"]:
        wanted = event.get("ref") if event["t"] == "compensate" else None
        if wanted and wanted not in graph.nodes:
            graph.report.error(
                raw["id"], "compensation", f"The activity '{wanted}' that shall be undone is not in the file."
            )


def _inside(graph: Graph, raw: Raw, kind: str) -> bool:
    scope = graph.nodes.get(raw.get("scope") or "")
    while scope is not None:
        if scope["kind"] == kind:
            return True
        scope = graph.nodes.get(scope.get("scope") or "")
    return False


def _check_event_gateway(graph: Graph, raw: Raw) -> None:
    if raw.get("gateway_type") == "Parallel":
        graph.report.error(
            raw["id"],
            "event-gateway",
            "A parallel event gateway is not supported. Use a parallel gateway with catch events behind it.",
        )
    if raw.get("instantiate") and graph.incoming[raw["id"]]:
        graph.report.error(
            raw["id"], "event-gateway", "An event gateway that starts the process cannot have a flow leading to it."
        )
    flows = graph.outgoing[raw["id"]]
    if not flows:
        graph.report.error(
            raw["id"], "event-gateway", "Nothing follows the event gateway. Connect it to the events it shall wait for."
        )
    for flow in flows:
        target = graph.nodes[flow["dst"]]
        if target["kind"] not in {"catch", "receiveTask"} or target.get("loop"):
            graph.report.error(
                raw["id"],
                "event-gateway",
                f"An event gateway can only lead to catch events and receive tasks, but '{graph.name(target)}' is neither.",
            )
        elif len(graph.incoming[target["id"]]) > 1:
            graph.report.error(
                target["id"],
                "event-gateway",
                f"'{graph.name(target)}' waits behind an event gateway, so no other flow may lead to it.",
            )
        elif any(event["t"] == "timer" and event["kind"] == "cycle" for event in target.get("events", ())):
            graph.report.error(
                target["id"], "event-gateway", "A repeating timer cannot stand behind an event gateway. Use a duration."
            )
        elif target.get("parallel"):
            graph.report.error(
                target["id"],
                "event-gateway",
                "An event that needs several triggers cannot stand behind an event gateway.",
            )


def _check_call(graph: Graph, raw: Raw) -> None:
    called = graph.nodes.get(raw["called"])
    if raw["called"] and called is None:
        graph.draft.calls.append((raw["id"], raw["called"]))
    elif called is not None and called["kind"] != "process":
        graph.report.error(
            raw["id"], "call", f"'{raw['called']}' is no process, so it cannot be called. Choose a process."
        )
    elif called is not None and not called.get("global") and _starts_only_by_event(graph, called):
        graph.report.error(raw["id"], "call", f"The called process '{raw['called']}' has no plain start event.")


def _starts_only_by_event(graph: Graph, process: Raw) -> bool:
    inner = graph.inner[process["id"]]
    return not process.get("implicit") and not any(n["kind"] == "start" and not n["events"] for n in inner)


def _check_complex(graph: Graph, raw: Raw) -> None:
    if len(graph.incoming[raw["id"]]) > 1 and not raw.get("activation"):
        graph.report.error(
            raw["id"],
            "complex-gateway",
            "A complex gateway that joins needs an activation condition, for example activationCount >= 1.",
        )


def _check_exclusive(graph: Graph, raw: Raw) -> None:
    flows = graph.outgoing[raw["id"]]
    if len(flows) < 2:
        return
    for flow in flows:
        if not flow.get("cond") and flow["id"] != raw.get("default"):
            graph.report.warning(
                flow["id"],
                "no-condition",
                f"A flow out of '{graph.name(raw)}' has no condition, so it is always taken. Give it one or make it the default.",
            )


def _check_receive(graph: Graph, raw: Raw) -> None:
    if raw.get("instantiate") and graph.incoming[raw["id"]]:
        graph.report.error(
            raw["id"], "receive-task", "A receive task that starts the process cannot have a flow leading to it."
        )


def _check_empty(graph: Graph, raw: Raw) -> None:
    if not graph.inner[raw["id"]]:
        graph.report.warning(raw["id"], "empty", f"The sub-process '{graph.name(raw)}' is empty and is passed at once.")


def _check_scope(graph: Graph, raw: Raw) -> None:
    plain = [n for n in graph.inner[raw["id"]] if n["kind"] == "start" and not n["events"]]
    if len(plain) > 1:
        names = ", ".join(f"'{graph.name(n)}'" for n in plain)
        graph.report.error(
            raw["id"],
            "start",
            f"There is more than one plain start event: {names}. Keep one, or give the others a trigger.",
        )


def _check_subprocess(graph: Graph, raw: Raw) -> None:
    _check_empty(graph, raw)
    _check_scope(graph, raw)


def _check_adhoc(graph: Graph, raw: Raw) -> None:
    if not raw.get("completion"):
        graph.report.error(
            raw["id"],
            "ad-hoc",
            "An ad-hoc sub-process without a completion condition leaves open which of its activities happen. Give it one.",
        )
    if not raw.get("implicit"):
        _check_empty(graph, raw)


_CHECKS = {
    "boundary": _check_boundary,
    "start": _check_start,
    "end": _check_end,
    "throw": _check_throw,
    "eventGateway": _check_event_gateway,
    "callActivity": _check_call,
    "complex": _check_complex,
    "exclusive": _check_exclusive,
    "inclusive": _check_exclusive,
    "receiveTask": _check_receive,
    "process": _check_scope,
    "subProcess": _check_subprocess,
    "transaction": _check_subprocess,
    "adHoc": _check_adhoc,
}


def _check_circles(graph: Graph) -> None:
    """A circle of steps that neither waits nor has a way out would run for ever."""
    for group in _components(graph):
        members = set(group)
        if any(graph.nodes[name]["kind"] not in _NEVER_WAIT or name in graph.hosts for name in group):
            continue
        if all(flow["dst"] in members for name in group for flow in graph.outgoing[name]):
            raw = graph.nodes[group[0]]
            graph.report.error(
                raw["id"],
                "endless-loop",
                f"From '{graph.name(raw)}' the process runs in a circle that never waits and never ends. Add a way out or a step that waits.",
            )


def _components(graph: Graph) -> list[list[str]]:
    """Groups of nodes that lie on circles (Kosaraju, without recursion)."""
    order: list[str] = []
    seen: set[str] = set()
    for root in graph.nodes:
        _visit(graph, root, seen, order)
    groups: list[list[str]] = []
    taken: set[str] = set()
    for root in reversed(order):
        group, queue = [], [root]
        while queue:
            name = queue.pop()
            if name not in taken:
                taken.add(name)
                group.append(name)
                queue.extend(flow["src"] for flow in graph.incoming[name])
        if len(group) > 1 or any(flow["dst"] == name for name in group for flow in graph.outgoing[name]):
            groups.append(group)
    return groups


def _visit(graph: Graph, root: str, seen: set[str], order: list[str]) -> None:
    stack = [(root, iter(graph.outgoing[root]))] if root not in seen else []
    seen.add(root)
    while stack:
        name, flows = stack[-1]
        target = next((flow["dst"] for flow in flows if flow["dst"] not in seen), None)
        if target is None:
            order.append(name)
            stack.pop()
        else:
            seen.add(target)
            stack.append((target, iter(graph.outgoing[target])))
