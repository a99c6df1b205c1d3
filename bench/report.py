"""Figures beside their targets, and the machine they were measured on."""

from __future__ import annotations

import os
import platform
import time
from collections.abc import Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Figure:
    """One measured value. `target` None: told for comparison only; `at_least`: more is better."""

    name: str
    value: float
    unit: str
    target: float | None = None
    at_least: bool = False
    note: str = ""

    @property
    def verdict(self) -> str:
        """Return ok, MISSED, or nothing where there is no target."""
        if self.target is None:
            return ""
        met = self.value >= self.target if self.at_least else self.value <= self.target
        return "ok" if met else "MISSED"

    @property
    def wanted(self) -> str:
        """Return the target as people read it."""
        return "" if self.target is None else f"{'≥' if self.at_least else '≤'} {self.target:g} {self.unit}"


@dataclass(slots=True)
class Report:
    """What was measured so far; prints each figure as soon as it is known."""

    figures: list[tuple[str, Figure, str]] = field(default_factory=list)
    part: str = ""
    shares: dict[str, float] = field(default_factory=dict)

    def begin(self, part: str) -> None:
        """Name the part that the next figures belong to."""
        self.part = part
        self.shares[part] = share()
        print(f"\n{part}   (load {load()}, this process gets {self.shares[part]:.0%} of a core)", flush=True)

    def add(self, figure: Figure) -> None:
        """Keep and print a figure, with the machine's load at that moment."""
        self.figures.append((self.part, figure, load()))
        value = f"{figure.value:.2f} {figure.unit}"
        print(f"  {figure.verdict:<7}{figure.name:<58}{value:>16}   {figure.wanted:<12} {figure.note}", flush=True)

    def markdown(self) -> str:
        """Return all figures as tables, one for each part."""
        lines = [f"Measured {datetime.now(UTC):%Y-%m-%d %H:%M} UTC on {machine()}.", ""]
        for part in dict.fromkeys(part for part, _, _ in self.figures):
            lines += [
                f"### {part}",
                "",
                f"A busy process got {self.shares[part]:.0%} of a core.",
                "",
                "| measured | figure | target | | load | remarks |",
                "|---|---:|---:|---|---:|---|",
            ]
            lines += [
                f"| {f.name} | {f.value:.2f} {f.unit} | {f.wanted} | {f.verdict} | {at} | {f.note} |"
                for where, f, at in self.figures
                if where == part
            ]
            lines.append("")
        return "\n".join(lines)

    def missed(self) -> list[str]:
        """Name the figures that miss their target."""
        return [f"{part}: {figure.name}" for part, figure, _ in self.figures if figure.verdict == "MISSED"]


def quantile(values: Sequence[float], share: float) -> float:
    """Return the value below which this share of the values lies (0.5: the median)."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))]


def load() -> str:
    """Return the machine's load of the last minute: processes that wanted to run, on average."""
    return f"{os.getloadavg()[0]:.1f}"


def share() -> float:
    """Return how much of a core a busy process gets just now: 1 on a machine with nothing else to do."""
    wall, processor = time.perf_counter(), time.process_time()
    for _ in range(20):
        sum(range(200_000))
    return min(1.0, (time.process_time() - processor) / (time.perf_counter() - wall))


def machine() -> str:
    """Describe the machine in a line."""
    model = platform.processor() or platform.machine()
    information = Path("/proc/cpuinfo")
    if information.exists():
        model = next((x.partition(":")[2].strip() for x in information.open() if x.startswith("model name")), model)
    return f"{os.cpu_count()} cores ({model}), Python {platform.python_version()}, {platform.system()} {platform.release()}"
