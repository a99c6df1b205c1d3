"""The tabs of open cases above the desk: kept per agent on the server, so that they are there after a reload and elsewhere."""

from __future__ import annotations

from functools import lru_cache
from typing import Any
from urllib.parse import urlsplit

from flask import Blueprint, redirect, render_template, request

from app.cases import tabs
from app.cases.queries import Prepared
from app.db import known, unlearn
from app.identity.policy import Viewer
from app.web import access, frame, shell
from app.web.rules import signed_in

blueprint = Blueprint("tabs", __name__)


@lru_cache(maxsize=512)
def _listing(viewer: Viewer) -> Prepared:
    return tabs.listing([access.visible_cases(viewer)])


def open_cases() -> list[Any]:
    """Return the viewer's open tabs, in order."""
    viewer = frame.viewer()
    return known(("tabs", viewer.user_id), lambda: _listing(viewer).rows(user=viewer.user_id))


def shown_number() -> str:
    """Return the number of the case that this answer or the page around it shows, or an empty text."""
    path = urlsplit(request.headers.get("HX-Current-URL", "")).path if shell.is_fragment("tabs") else request.path
    return path.split("/")[2] if path.startswith("/cases/") else ""


def visit(case_id: int) -> None:
    """Open a case's tab or note that it is looked at; the one that was looked at last, without news, is left as it is."""
    last = max(open_cases(), key=lambda row: row.seen_at, default=None)
    if last is None or last.id != case_id or last.has_news:
        tabs.open_tab(frame.viewer().user_id, case_id)
        unlearn(("tabs", frame.viewer().user_id))


@blueprint.get("/tabs")
@signed_in
def strip() -> str:
    """Return the strip alone, for a refresh."""
    return render_template("partials/_tabs.html", tabs=open_cases(), shown=shown_number(), outside=False)


@blueprint.post("/tabs/<number>/close")
@signed_in
def close(number: str) -> Any:
    """Close a tab. As a plain form it leads to the tab beside it when the closed one was on screen, else back."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    before = [row.number for row in open_cases()]
    tabs.close(viewer.user_id, case.id)
    unlearn(("tabs", viewer.user_id))
    if shell.is_fragment("tabs"):
        return strip()
    came_from = urlsplit(request.referrer or "").path
    return redirect(_beside(before, case.number) if case.number in came_from else came_from or "/", 303)


def _beside(numbers: list[str], closed: str) -> str:
    at = numbers.index(closed) if closed in numbers else 0
    left = [number for number in numbers if number != closed]
    return f"/cases/{left[min(at, len(left) - 1)]}" if left else "/"


shell.with_every_page("tabs", open_cases)
shell.with_every_page("shown", shown_number)
