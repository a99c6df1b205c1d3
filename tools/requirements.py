"""Pins requirements.txt and requirements-dev.txt from their .in files, without naming any index."""

from __future__ import annotations

import subprocess
import sys
import tempfile
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent
OPTIONS = (
    "--quiet", "--upgrade", "--strip-extras", "--no-annotate", "--no-header",
    "--no-emit-index-url", "--no-emit-find-links", "--no-emit-trusted-host",
)  # fmt: skip


def pin(name: str, *, constraint: str | None = None) -> None:
    """Write `name`.txt from `name`.in, with the versions of `constraint` where both need the same library."""
    with tempfile.TemporaryDirectory() as folder:
        target = Path(folder) / "pinned.txt"
        limits = ["--constraint", constraint] if constraint else []
        command = [sys.executable, "-m", "piptools", "compile", *OPTIONS, *limits, "-o", str(target), f"{name}.in"]
        subprocess.run(command, check=True, cwd=ROOT)
        lines = [line for line in target.read_text().splitlines() if line and not line.startswith(("#", "--"))]
    head = f"# Made by `make requirements` from {name}.in. Holds for Python 3.11 to 3.13.\n"
    (ROOT / f"{name}.txt").write_text(head + "\n".join(lines) + "\n")


if __name__ == "__main__":
    pin("requirements")
    pin("requirements-dev", constraint="requirements.txt")
