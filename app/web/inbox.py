"""The inbox: views over cases, and the search."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from flask import Blueprint, redirect, render_template, request
from markupsafe import Markup

from app.cases import around, queries
from app.clock import utcnow
from app.errors import Invalid
from app.identity.policy import Viewer
from app.identity.queries import user_names
from app.web import access, frame, kept, shell
from app.web.rules import signed_in
from app.workorders import queries as workorders

blueprint = Blueprint("inbox", __name__)
_ITEM = "partials/_item.html"
COUNTED = ("mine", "unassigned", "team", "chased", "due", "breached")


@blueprint.get("/")
@signed_in
def front() -> Any:
    """Go to the viewer's own work, or to their teams' while nothing is assigned to them."""
    mine = _listing(frame.viewer(), "mine", "due", "").rows(size=1, now=utcnow())
    view = "mine" if mine else "team"
    return redirect(f"/inbox/{view}", 303)


@blueprint.get("/inbox/<view>")
@signed_in
def inbox(view: str) -> str:
    """Show one view: 50 cases by next time limit, more on demand."""
    rows, following = _page(view)
    if shell.is_fragment("more"):
        return render_template(
            "partials/_items.html", rows=rows, following=following, view=view, names=_names(rows), now=utcnow()
        )
    context = {
        "rows": rows, "following": following, "view": view, "counts": _counts(), "views": shell.VIEWS,
        "names": _names(rows), "now": utcnow(),
    }  # fmt: skip
    if shell.is_fragment("list"):
        return render_template("partials/_list.html", **context)
    return shell.page("inbox.html", section="inbox", **context)


def _where(viewer: Viewer, view: str) -> list[Any]:
    teams = sorted(viewer.team_ids)
    condition = queries.view_condition(view, user_id=viewer.user_id, team_ids=teams, now=queries.NOW)
    return [condition, access.visible_cases(viewer)]


@lru_cache(maxsize=2048)
def _listing(viewer: Viewer, view: str, order: str, after: str) -> queries.Prepared:
    return queries.listing(_where(viewer, view), order=order, after=after)


def _page(view: str) -> tuple[list[Any], str]:
    order = "touched" if view == "archived" else "due"
    after = _cursor()
    at, last_id = after or (None, 0)
    statement = _listing(frame.viewer(), view, order, queries.kind_of(after))
    rows = statement.rows(size=queries.PAGE + 1, at=at, last=last_id, now=utcnow())
    if len(rows) <= queries.PAGE:
        return rows, ""
    last = rows[queries.PAGE - 1]
    at = last.touched_at if order == "touched" else last.due_at
    return rows[: queries.PAGE], _encode(at, last.id)


def _encode(at: datetime | None, case_id: int) -> str:
    return base64.urlsafe_b64encode(orjson.dumps([at.isoformat() if at else None, case_id])).decode()


def _cursor() -> tuple[datetime | None, int] | None:
    text = request.args.get("after", "")
    if not text:
        return None
    try:
        at, case_id = orjson.loads(base64.urlsafe_b64decode(text))
        return (datetime.fromisoformat(at) if at else None), int(case_id)
    except (ValueError, TypeError, binascii.Error):
        raise Invalid("bad_cursor", "This page link is damaged. Open the list again.") from None


def _counts() -> dict[str, int]:
    [row] = _counting(frame.viewer()).rows(now=utcnow())
    counts: dict[str, int] = row._asdict()
    return counts


@lru_cache(maxsize=512)
def _counting(viewer: Viewer) -> queries.Prepared:
    return queries.counting({view: _where(viewer, view) for view in COUNTED})


@blueprint.app_template_global("case_items")
def case_items(rows: Iterable[Any], names: Mapping[int, str]) -> Markup:
    """Return lines of a list. One is the same for all who see the case, so it is drawn once a minute at most."""
    minute = utcnow().replace(second=0, microsecond=0)
    shown = list(rows)
    beside = around.marks(row.id for row in shown)
    return Markup("\n").join(
        _item(row, names.get(row.assignee_id, ""), beside.get(row.id, around.NO_MARKS), minute) for row in shown
    )


def _item(row: Any, assignee: str, marks: around.Marks, minute: datetime) -> Markup:
    values = {"row": row, "assignee": assignee, "marks": marks, "now": minute}
    return kept.piece(_ITEM, (row, assignee, marks, minute), values)


def _names(rows: list[Any]) -> dict[int, str]:
    return user_names({row.assignee_id for row in rows if row.assignee_id})


@blueprint.get("/inbox/<view>/counts")
@signed_in
def counts(view: str) -> str:
    """Return the row of views with live counts."""
    return render_template("partials/_views.html", view=view, views=shell.VIEWS, counts=_counts())


@lru_cache(maxsize=512)
def _searching(viewer: Viewer) -> queries.Prepared:
    return queries.searching([access.visible_cases(viewer)])


@blueprint.get("/search")
@signed_in
def search() -> str:
    """Search cases by number, names and full text."""
    text = request.args.get("q", "").strip()[:400]
    rows = queries.searched(_searching(frame.viewer()), text, ids=workorders.cases_of(text)) if text else []
    context = {
        "q": text, "rows": rows, "following": "", "view": "search", "views": shell.VIEWS, "names": _names(rows),
        "now": utcnow(),
    }  # fmt: skip
    if shell.is_fragment("list"):
        return render_template("partials/_list.html", counts=_counts(), **context)
    return shell.page("search.html", section="inbox", counts=_counts(), **context)
