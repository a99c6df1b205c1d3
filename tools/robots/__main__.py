"""`python -m tools.robots`: runs the robots on a desk of their own; 1 when something was answered twice or lost."""

from __future__ import annotations

import argparse
import sys
import tempfile
from pathlib import Path

from tools import robots
from tools.robots.desk import OwnDesk
from tools.robots.trial import trial


def main(arguments: list[str]) -> int:
    """Run and say what it came to."""
    parser = argparse.ArgumentParser(prog="python -m tools.robots", description=robots.__doc__)
    parser.add_argument("--agents", type=int, default=50)
    parser.add_argument("--cases", type=int, default=20)
    parser.add_argument("--seconds", type=float, default=60)
    parser.add_argument("--web", type=int, default=3, help="web processes")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--unguarded", action="store_true", help="take the guards off, to see that the robots find it")
    given = parser.parse_args(arguments)
    with tempfile.TemporaryDirectory(prefix="rb-robots-") as folder:
        Path(folder).chmod(0o711)  # PostgreSQL runs as another user when we are root
        desk = OwnDesk(Path(folder), web_workers=given.web)
        try:
            desk.open(guarded=not given.unguarded)
            outcome = trial(desk, agents=given.agents, cases=given.cases, seconds=given.seconds, seed=given.seed)
        finally:
            desk.close()
    print(f"{given.agents} agents, {given.cases} cases, {given.seconds:.0f} s, {given.web} web processes")
    print(outcome)
    return 0 if outcome.is_clean else 1


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
