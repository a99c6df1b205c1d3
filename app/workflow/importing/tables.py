"""Reads the decision tables that come along with a process, and checks that every table it asks is there."""

from __future__ import annotations

from collections.abc import Mapping

from app.workflow import decisions
from app.workflow.importing.draft import Draft


def read_tables(draft: Draft, dmn: Mapping[str, bytes]) -> None:
    """Adds all decisions of the given files to the draft; problems in them go to the report."""
    known: set[str] = set()
    for name, content in dmn.items():
        model = decisions.parse_dmn(content)
        for finding in model.findings:
            note = draft.report.error if finding.severity == "error" else draft.report.warning
            note(finding.element_id, f"decision:{finding.code}", f"{name}: {finding.message}")
        known.update(model.decisions)
        draft.decisions.append(decisions.to_compiled(model))
    for raw in draft.nodes.values():
        call = raw.get("decision")
        if call and call["ref"] not in known:
            draft.report.error(
                raw["id"],
                "unknown-decision",
                f"The decision '{call['ref']}' is not in the decision tables uploaded with the process. Upload it along.",
            )
