"""A web process without what keeps two from answering: shows that the robots find what they look for. The product has no such switch."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

sys.path.insert(0, str(Path(__file__).resolve().parents[2]))

from app import bootstrap
from app.messaging import drafts
from app.orchestration import standing, writing

keep = drafts.save


def _nothing(*_arguments: Any) -> None:
    """Refuse nothing."""


def _blindly(*arguments: Any, **more: Any) -> str:
    """Keep a draft whatever was written elsewhere since."""
    return keep(*arguments, **{**more, "known": None})


def serve() -> None:
    """Serve pages and API, with the guards taken off in this process alone."""
    for module, name, put in (
        (standing, "check_free", _nothing), (writing, "check_still_current", _nothing), (drafts, "save", _blindly),
    ):  # fmt: skip
        setattr(module, name, put)
    bootstrap.start()
    from app.web import server

    server.run()


if __name__ == "__main__":
    serve()
