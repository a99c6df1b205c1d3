"""`make check`: every gate but the tests. All run, also when one fails, and only what fails speaks."""

from __future__ import annotations

import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from pathlib import Path

from tools.node import environment, node

ROOT = Path(__file__).resolve().parent.parent
# Started by module and not by script, so that a checkout may be moved. This one has no module of its own to start.
LINT_IMPORTS = "from importlinter.cli import lint_imports_command as run; run()"


@dataclass(frozen=True)
class Gate:
    """One command that must end with 0."""

    name: str
    command: tuple[str, ...]


def gates() -> list[Gate]:
    """All gates, the slowest first, so that the others run beside it."""
    python = sys.executable
    sources = [
        name
        for name in ("app", "channels", "tools", "bench", "tests", "worker.py", "wsgi.py")
        if (ROOT / name).exists()
    ]
    eslint = str(ROOT / "node_modules" / "eslint" / "bin" / "eslint.js")
    return [
        Gate("mypy", (python, "-m", "mypy", *sources)),
        Gate("ruff", (python, "-m", "ruff", "check", ".")),
        Gate("format", (python, "-m", "ruff", "format", "--check", ".")),
        Gate("imports", (python, "-c", LINT_IMPORTS, "--no-logo")),
        Gate("migrations", (python, "-m", "tools.check", "--migrations")),
        Gate("deptry", (python, "-m", "deptry", ".")),
        Gate(
            "vulture", (python, "-m", "vulture", *_there("app", "channels", "tools", "bench", "worker.py", "wsgi.py"))
        ),
        Gate("djlint", (python, "-m", "djlint", "app/web/templates", "--lint", "--quiet")),
        Gate(
            "eslint",
            (str(node()), eslint, "--max-warnings", "0", *_there("app/web/js", "tests/web/js", "eslint.config.js")),
        ),
        Gate(
            "spelling",
            (
                python,
                "-m",
                "codespell_lib",
                *_there("app", "channels", "tools", "docs", "README.md", "CHANGELOG.md"),
            ),
        ),
    ]


def _there(*names: str) -> list[str]:
    return [name for name in names if (ROOT / name).exists()]


def main(names: list[str]) -> int:
    """Run the gates, all or those named; returns 1 when one fails."""
    if names == ["--migrations"]:
        return check_migrations()
    chosen = [gate for gate in gates() if not names or gate.name in names]
    if unknown := set(names) - {gate.name for gate in chosen}:
        print(f"No such gate: {', '.join(sorted(unknown))}. There are: {', '.join(gate.name for gate in gates())}.")
        return 2
    with ThreadPoolExecutor(max_workers=2) as pool:
        passed = list(pool.map(_run, chosen))
    print("All gates passed." if all(passed) else "A gate failed: see above.")
    return 0 if all(passed) else 1


def check_migrations() -> int:
    """Migrate an empty database, and compare the outcome with the models."""
    import logging

    from alembic import command
    from alembic.config import Config
    from alembic.util.exc import CommandError

    from tools.prepare import migrate
    from tools.servers import start_postgres

    logging.basicConfig(level=logging.WARNING)
    with tempfile.TemporaryDirectory(prefix="ringback-check-") as folder:
        server = start_postgres(Path(folder), durable=False)
        try:
            migrate(server.url)
            config = Config(ROOT / "alembic.ini")
            config.set_main_option("sqlalchemy.url", server.url.replace("%", "%%"))
            command.check(config)
        except CommandError as error:
            print(f"The models and the migrations differ; add a migration. {error}")
            return 1
        finally:
            server.stop()
    return 0


def _run(gate: Gate) -> bool:
    begun = time.monotonic()
    done = subprocess.run(gate.command, check=False, cwd=ROOT, env=environment(), capture_output=True, text=True)
    verdict = "ok" if done.returncode == 0 else "FAILED"
    output = "" if done.returncode == 0 else "\n" + done.stdout + done.stderr
    print(f"{gate.name:<12} {verdict:<7} {time.monotonic() - begun:5.1f} s{output}", flush=True)
    return done.returncode == 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
