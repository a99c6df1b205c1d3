"""The compiled process as a graph of SpiffWorkflow task specs, cached by digest. Nothing changes a graph once built."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Callable
from dataclasses import dataclass
from functools import cached_property
from threading import Lock
from typing import Any

import orjson
import zstandard
from SpiffWorkflow.specs.base import TaskSpec
from SpiffWorkflow.specs.WorkflowSpec import WorkflowSpec

from app.workflow.importing.kinds import FORMAT, LISTENING, SCOPES
from app.workflow.running.errors import StateError, UnknownProcess

Behaviour = Callable[[Any, Any], bool | None]

MAX_COMPILED = 64 * 1024 * 1024
CACHE_SIZE = 256

#: What a token does at a node of each kind; filled by the modules that own the kinds.
BEHAVIOURS: dict[str, Behaviour] = {}


def behaviour(*kinds: str) -> Callable[[Behaviour], Behaviour]:
    """Registers a function as what a token does at nodes of these kinds: True completes, None waits."""

    def register(function: Behaviour) -> Behaviour:
        for kind in kinds:
            BEHAVIOURS[kind] = function
        return function

    return register


@dataclass(frozen=True, slots=True)
class Flow:
    """A sequence flow."""

    id: str
    name: str
    source: str
    target: str
    condition: str | None


class Node(TaskSpec):  # type: ignore[misc]
    """One element of a process. SpiffWorkflow runs its tokens; what they do comes from BEHAVIOURS."""

    def __init__(self, spec: Definition, raw: dict[str, Any]) -> None:
        super().__init__(spec, raw["id"], description=raw.get("name") or "", inputs=[], outputs=[], data={})
        self.raw = raw
        self.id: str = raw["id"]
        self.kind: str = raw["kind"]
        self.title: str = raw.get("name") or ""
        self.scope_id: str | None = raw.get("scope")
        self.process_id: str = raw["process"]
        self.manual = self.kind in {"userTask", "manualTask"}
        self.is_scope = self.kind in SCOPES
        self.listening = self.kind in LISTENING
        self.events: list[dict[str, Any]] = raw.get("events", [])
        self.parallel_multiple: bool = raw.get("parallel", False)
        self.interrupting: bool = raw.get("interrupting", True)
        self.loop: dict[str, Any] | None = raw.get("loop")
        self.start_quantity: int = raw.get("start_quantity", 1)
        self.completion_quantity: int = raw.get("completion_quantity", 1)
        self.default: str | None = raw.get("default")
        self.outgoing: list[Flow] = []
        self.incoming: list[Flow] = []
        self.boundaries: list[Node] = []
        self.event_subprocesses: list[Node] = []
        self.compensation: Node | None = None
        self.behave: Behaviour = BEHAVIOURS[self.kind]

    def test(self) -> None:
        """Nothing to test at run time: the import has checked the whole graph."""

    def perform(self, token: Any) -> bool | None:
        """Lets SpiffWorkflow run a token here. True: done; None: it waits."""
        return self._run(token)  # type: ignore[no-any-return]

    def _run_hook(self, my_task: Any) -> bool | None:
        return self.behave(my_task.workflow, my_task)

    def _on_complete(self, my_task: Any) -> None:
        my_task.workflow.on_complete(my_task)

    def _on_error(self, my_task: Any) -> None:
        """The stepping loop turns the exception into a BPMN error or a fault."""

    @cached_property
    def condition_flows(self) -> bool:
        """True when at least one outgoing flow is conditional or the default."""
        return self.default is not None or any(flow.condition is not None for flow in self.outgoing)


class Definition(WorkflowSpec):  # type: ignore[misc]
    """All processes of one file."""

    def __init__(self, raw: dict[str, Any], *, digest: str) -> None:
        super().__init__(name=digest)
        self.digest = digest
        self.decisions: list[dict[str, Any]] = raw.get("decisions", [])
        self.processes: list[str] = [process["id"] for process in raw["processes"]]
        self.nodes: dict[str, Node] = {}
        self.children: dict[str, list[Node]] = {}
        self.memo: dict[Any, Any] = {}
        for entry in raw["nodes"]:
            node = Node(self, entry)
            self.nodes[node.id] = node
            self.children.setdefault(node.scope_id or "", []).append(node)
        for entry in raw["flows"]:
            self._connect(Flow(entry["id"], entry.get("name", ""), entry["src"], entry["dst"], entry.get("cond")))
        for node in self.nodes.values():
            self._attach(node)

    def _connect(self, flow: Flow) -> None:
        source, target = self.nodes[flow.source], self.nodes[flow.target]
        source.connect(target)
        source.outgoing.append(flow)
        target.incoming.append(flow)

    def _attach(self, node: Node) -> None:
        if node.kind == "boundary":
            host = self.nodes[node.raw["host"]]
            host.boundaries.append(node)
            handler = node.raw.get("handler")
            if handler is not None:
                host.compensation = self.nodes[handler]
        elif node.kind == "eventSubProcess" and node.scope_id is not None:
            self.nodes[node.scope_id].event_subprocesses.append(node)

    def inner(self, scope: Node) -> list[Node]:
        """The nodes directly inside a scope."""
        return self.children.get(scope.id, [])

    def has_events(self, kind: str) -> bool:
        """True when some element has an event of this kind."""
        key = ("events", kind)
        if key not in self.memo:
            self.memo[key] = any(event["t"] == kind for node in self.nodes.values() for event in node.events)
        return bool(self.memo[key])

    def has_kinds(self, *kinds: str) -> bool:
        """True when some element is of one of these kinds."""
        if kinds not in self.memo:
            self.memo[kinds] = any(node.kind in kinds for node in self.nodes.values())
        return bool(self.memo[kinds])

    def process(self, process_id: str | None) -> Node:
        """The process of that id, or the first one of the file."""
        wanted = process_id or self.processes[0]
        node = self.nodes.get(wanted)
        if node is None or node.kind != "process":
            raise UnknownProcess(f"The file has no process with the id '{wanted}'.")
        return node


_cache: OrderedDict[str, Definition] = OrderedDict()
_lock = Lock()


def unpack(compiled: bytes) -> dict[str, Any]:
    """The JSON form inside a compiled file."""
    try:
        raw = orjson.loads(zstandard.ZstdDecompressor().decompress(compiled, max_output_size=MAX_COMPILED))
    except (zstandard.ZstdError, orjson.JSONDecodeError) as error:
        raise StateError("The compiled process cannot be read; import the file again.") from error
    if not isinstance(raw, dict) or raw.get("v") != FORMAT:
        raise StateError("The compiled process has another format; import the file again.")
    return raw


def definition(compiled: bytes, *, digest: str) -> Definition:
    """The graph of a compiled file, from the cache when this digest was built before."""
    with _lock:
        found = _cache.get(digest)
        if found is not None:
            _cache.move_to_end(digest)
            return found
    built = Definition(unpack(compiled), digest=digest)
    with _lock:
        _cache[digest] = built
        while len(_cache) > CACHE_SIZE:
            _cache.popitem(last=False)
    return built
