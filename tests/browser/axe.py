"""Accessibility of a page by axe-core: `run_axe(page)` returns what it finds, one readable line each."""

from __future__ import annotations

from pathlib import Path
from typing import Any

SCRIPT = Path(__file__).resolve().parents[2] / "node_modules" / "axe-core" / "axe.min.js"
RULES = ("wcag2a", "wcag2aa", "wcag21a", "wcag21aa", "wcag22aa", "best-practice")
# What a theme can break.
COLOURS = ("color-contrast", "link-in-text-block")


def run_axe(page: Any, *, rules: tuple[str, ...] = RULES, within: str = "html") -> list[str]:
    """Return the violations of a Playwright page (or of a part of it); empty when there are none.

    The script is evaluated, not added to the page, so that the page's own policy on scripts stays as it is.
    """
    page.evaluate(SCRIPT.read_text())
    found = page.evaluate(
        "([within, rules]) => axe.run(within, {runOnly: rules, resultTypes: ['violations']})", [within, list(rules)]
    )
    return [
        f"{violation['id']} ({violation['impact']}): {', '.join(map(str, node['target']))}: {node['failureSummary']}"
        for violation in found["violations"]
        for node in violation["nodes"]
    ]
