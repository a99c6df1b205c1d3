"""What the architecture tests read: our own sources as syntax trees."""

from __future__ import annotations

import ast
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, eq=False)
class Source:
    """One Python file of ours."""

    path: Path
    text: str
    tree: ast.Module

    @property
    def name(self) -> str:
        """Path from the root, as shown in failures."""
        return str(self.path.relative_to(ROOT))

    @property
    def room(self) -> str:
        """The room it belongs to: 'cases' for app/cases/service.py."""
        parts = self.path.relative_to(ROOT).parts
        return parts[1].removesuffix(".py") if len(parts) > 1 else parts[0].removesuffix(".py")

    def at(self, node: ast.AST) -> str:
        """Where a node stands."""
        return f"{self.name}:{getattr(node, 'lineno', 0)}"


@cache
def _read(path: Path) -> Source:
    text = path.read_text(encoding="utf-8")
    return Source(path, text, ast.parse(text))


def sources(*names: str) -> Iterator[Source]:
    """Every Python file under these folders and files of the root, as far as they exist."""
    for name in names:
        path = ROOT / name
        files = [path] if path.is_file() else sorted(path.rglob("*.py"))
        yield from (_read(file) for file in files)


def dotted(node: ast.AST) -> str:
    """'a.b.c' for a name or attribute, '' for anything else."""
    if isinstance(node, ast.Name):
        return node.id
    if isinstance(node, ast.Attribute):
        return f"{dotted(node.value)}.{node.attr}"
    return ""


@cache
def calls(source: Source) -> list[tuple[ast.Call, str]]:
    """Every call with the dotted name of what is called."""
    return [(node, dotted(node.func)) for node in ast.walk(source.tree) if isinstance(node, ast.Call)]


@cache
def imported_names(source: Source) -> dict[str, str]:
    """Local name → full name, for everything imported anywhere in the file."""
    names: dict[str, str] = {}
    for node in ast.walk(source.tree):
        if isinstance(node, ast.Import):
            names |= {alias.asname or alias.name: alias.name for alias in node.names}
        elif isinstance(node, ast.ImportFrom) and node.module:
            names |= {alias.asname or alias.name: f"{node.module}.{alias.name}" for alias in node.names}
    return names


def full_name(name: str, imported: dict[str, str]) -> str:
    """What a dotted local name stands for."""
    head, _, rest = name.partition(".")
    return f"{imported.get(head, head)}.{rest}" if rest else imported.get(head, head)
