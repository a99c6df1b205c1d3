"""Finds built scripts and styles by their plain name: `asset('desk.js')` is the address with the content's hash in it."""

from __future__ import annotations

from functools import cache, lru_cache
from pathlib import Path

import orjson
from flask import Flask
from markupsafe import Markup

from app.errors import Unavailable

DIST = Path(__file__).parent / "static" / "dist"
CSS = Path(__file__).parent / "css"


@lru_cache(maxsize=2)
def _manifest(changed_at: float) -> dict[str, str]:
    del changed_at
    found: dict[str, str] = orjson.loads((DIST / "manifest.json").read_bytes())
    return found


def manifest() -> dict[str, str]:
    """Return file names by plain name. Raises Unavailable when the front end was never built."""
    path = DIST / "manifest.json"
    try:
        return _manifest(path.stat().st_mtime)
    except FileNotFoundError:
        raise Unavailable(
            "assets_missing", "The front end is not built. Run `make setup` (or `python -m tools.assets build`)."
        ) from None


def asset(name: str) -> str:
    """Return the address of a built file. Raises Unavailable for one that the build does not have."""
    found = manifest().get(name)
    if found is None:
        raise Unavailable("asset_missing", f"The front-end build has no {name}: build it again.")
    return f"/static/dist/{found}"


@cache
def tokens() -> Markup:
    """Return the design's colours and sizes as they stand in our sources, for pages that work when nothing was built."""
    return Markup((CSS / "tokens.css").read_text())  # noqa: S704 -- our own file


def install(app: Flask) -> None:
    """Give the templates `asset` and `tokens`."""
    app.jinja_env.globals.update(asset=asset, tokens=tokens)
