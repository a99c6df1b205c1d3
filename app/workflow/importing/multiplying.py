"""Finds diagrams in which tokens multiply: paths that split in parallel and come together again without a join.

Twelve parallel blocks in a row are harmless, as long as each is joined. Without the joins the twelfth block runs 4,096 times.
"""

from __future__ import annotations

from app.workflow.importing.draft import Raw
from app.workflow.importing.graph import Graph

#: From one token, up to so many: told, and refused.
MANY = 32
TOO_MANY = 1_000
_JOINING = frozenset({"parallel", "inclusive", "complex"})
_CHOOSING = frozenset({"exclusive", "inclusive", "complex", "eventGateway"})


def check_multiplying(graph: Graph) -> None:
    """Says at each scope's worst split how many tokens one token may become behind it."""
    become = _Estimate(graph)
    for inner in graph.inner.values():
        splits = [(become.of(raw["id"]), raw) for raw in inner if len(graph.outgoing[raw["id"]]) > 1]
        count, raw = max(splits, key=lambda split: split[0], default=(0.0, None))
        if raw is not None and count >= MANY:
            _tell(graph, raw, count)


def _tell(graph: Graph, raw: Raw, count: float) -> None:
    much = f"{count:,.0f}" if count < 1_000_000 else "1,000,000+"
    if count >= TOO_MANY:
        graph.report.error(
            raw["id"],
            "too-many-tokens",
            f"Behind '{graph.name(raw)}' one token becomes up to {much}: paths that split in parallel come together without a join, "
            "so everything behind runs once for each. Join them with a parallel gateway.",
        )
    else:
        graph.report.warning(
            raw["id"],
            "multiplying",
            f"Behind '{graph.name(raw)}' one token becomes up to {much}, because parallel paths come together without a join. "
            "If everything behind shall run once only, join them with a parallel gateway.",
        )


class _Estimate:
    """How many tokens one token becomes from an element on, circles left out.

    A join of k flows counts as 1/k of what follows, so that a block that is joined comes to nothing more than its end. Where the
    process chooses, the worst choice counts: rather too few than a warning about a sound diagram.
    """

    def __init__(self, graph: Graph) -> None:
        self._graph = graph
        self._known: dict[str, float] = {}
        for root in graph.nodes:
            self._walk(root)

    def of(self, element_id: str) -> float:
        """The estimate for an element."""
        return self._known[element_id]

    def _walk(self, root: str) -> None:
        """Depth first without recursion; an element that is still open closes a circle and counts as one."""
        opened: set[str] = set()
        stack = [root]
        while stack:
            name = stack[-1]
            if name in self._known:
                stack.pop()
                continue
            if name not in opened:
                opened.add(name)
                ahead = [n for n in self._ahead(name) if n not in self._known and n not in opened]
                stack.extend(ahead)
                if ahead:
                    continue
            self._known[name] = self._count(name)
            stack.pop()

    def _ahead(self, name: str) -> list[str]:
        return [flow["dst"] for flow in self._graph.outgoing[name]]

    def _count(self, name: str) -> float:
        raw = self._graph.nodes[name]
        certain: list[float] = []
        chosen: list[float] = []
        for flow in self._graph.outgoing[name]:
            count = self._known.get(flow["dst"], 1.0)
            is_choice = raw["kind"] in _CHOOSING or flow.get("cond") or flow["id"] == raw.get("default")
            (chosen if is_choice and raw["kind"] != "parallel" else certain).append(count)
        total = sum(certain) + max(chosen, default=0.0)
        return min(total or 1.0, 1e12) / self._share(raw)

    def _share(self, raw: Raw) -> int:
        return max(len(self._graph.incoming[raw["id"]]), 1) if raw["kind"] in _JOINING else 1
