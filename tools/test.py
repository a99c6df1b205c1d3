"""`make test`: the whole suite on all cores with the coverage floor, or just what is named."""

from __future__ import annotations

import os
import subprocess
import sys
from pathlib import Path

from tools.node import environment, node

ROOT = Path(__file__).resolve().parent.parent
# One more than cores: some tests wait for processes of their own.
AT_ONCE = (os.cpu_count() or 1) + 1


def main(arguments: list[str]) -> int:
    """Run the JavaScript tests, then pytest, whose summary is the last line; with arguments only pytest with these."""
    if arguments:
        return _pytest(arguments)
    failed = _javascript()
    return (
        _pytest(
            [
                "-n",
                str(AT_ONCE),
                "--dist",
                "loadgroup",
                "--no-loadscope-reorder",
                "--cov",
                "--cov-report=term:skip-covered",
                "-q",
            ]
        )
        or failed
    )


def _pytest(arguments: list[str]) -> int:
    # Hundreds of processes are started: each of them would compile all code again.
    surroundings = {name: value for name, value in os.environ.items() if name != "PYTHONDONTWRITEBYTECODE"}
    command = [sys.executable, "-m", "pytest", *arguments]
    return subprocess.run(command, check=False, cwd=ROOT, env=surroundings).returncode


def _javascript() -> int:
    """Run Node's own test runner over tests/web/js; quiet unless something fails."""
    files = sorted(str(path.relative_to(ROOT)) for path in (ROOT / "tests/web/js").glob("*.test.js"))
    if not files:
        return 0
    command = [str(node()), "--test", *files]
    done = subprocess.run(command, check=False, cwd=ROOT, env=environment(), capture_output=True, text=True)
    print(done.stdout + done.stderr if done.returncode else f"JavaScript: {len(files)} test files passed", flush=True)
    return done.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
