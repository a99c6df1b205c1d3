"""`python -m tools.conformance betsy PATH` and `python -m tools.conformance import PATH`."""

from __future__ import annotations

import argparse
import sys
from pathlib import Path

from tools.conformance import betsy, interchange


def main(arguments: list[str]) -> int:
    """Runs one suite; the exit code is 1 when something in it is wrong."""
    parser = argparse.ArgumentParser(prog="python -m tools.conformance", description=__doc__)
    parser.add_argument("suite", choices=["betsy", "import"], help="betsy: run processes; import: accept diagrams")
    parser.add_argument("path", type=Path, help="folder of the suite")
    parser.add_argument("--only", default="", help="only tests whose name contains this")
    options = parser.parse_args(arguments)
    if not options.path.is_dir():
        parser.error(f"{options.path} is not a folder.")
    run = betsy.run if options.suite == "betsy" else interchange.run
    return run(options.path, only=options.only)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
