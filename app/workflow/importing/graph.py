"""A draft as a graph, for the checks that follow its flows."""

from __future__ import annotations

from collections import defaultdict

from app.workflow.importing.draft import Draft, Raw


class Graph:
    """The draft with flows by their ends."""

    def __init__(self, draft: Draft) -> None:
        self.draft = draft
        self.report = draft.report
        self.nodes = draft.nodes
        self.outgoing: dict[str, list[Raw]] = defaultdict(list)
        self.incoming: dict[str, list[Raw]] = defaultdict(list)
        self.inner: dict[str, list[Raw]] = defaultdict(list)
        self.hosts: set[str] = set()
        self.begins = {name for raw in draft.nodes.values() for name in raw.get("implicit", ())}
        for raw in draft.nodes.values():
            self.inner[raw.get("scope") or ""].append(raw)
            if raw["kind"] == "boundary":
                self.hosts.add(raw["host"])
        for flow in draft.flows:
            self.outgoing[flow["src"]].append(flow)
            self.incoming[flow["dst"]].append(flow)

    def name(self, raw: Raw) -> str:
        """What to call an element in a sentence."""
        return str(raw["name"] or raw["id"])
