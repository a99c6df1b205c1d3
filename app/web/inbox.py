"""The inbox: views over cases, and the search."""

from __future__ import annotations

import base64
import binascii
from datetime import datetime
from functools import lru_cache
from typing import Any

import orjson
from flask import Blueprint, redirect, render_template, request
from markupsafe import Markup

from app.cases import queries
from app.clock import utcnow
from app.errors import Invalid
from app.identity.policy import Viewer
from app.identity.queries import user_names
from app.web import access, frame, i18n, shell
from app.web.rules import signed_in

blueprint = Blueprint("inbox", __name__)
COUNTED = ("mine", "unassigned", "team", "chased", "due", "breached")


@blueprint.get("/")
@signed_in
def front() -> Any:
    """Go to the viewer's own work, or to their teams' while nothing is assigned to them."""
    view = "mine" if queries.capped_count(_where("mine"), cap=1) else "team"
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


def _where(view: str) -> list[Any]:
    return _where_of(frame.viewer(), view, now=utcnow())


def _where_of(viewer: Viewer, view: str, *, now: Any) -> list[Any]:
    condition = queries.view_condition(view, user_id=viewer.user_id, team_ids=sorted(viewer.team_ids), now=now)
    return [condition, access.visible_cases(viewer)]


def _page(view: str) -> tuple[list[Any], str]:
    order = "touched" if view == "archived" else "due"
    rows = queries.page(_where(view), order=order, after=_cursor(), limit=queries.PAGE + 1)
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
    return queries.counted(_counting(frame.viewer()), now=utcnow())


@lru_cache(maxsize=512)
def _counting(viewer: Viewer) -> Any:
    """Return what counts the views of a viewer; making it costs more than running it."""
    return queries.counting({view: _where_of(viewer, view, now=queries.NOW) for view in COUNTED})


@blueprint.app_template_global("case_item")
def case_item(row: Any, assignee: str) -> Markup:
    """Return one line of a list. It is the same for all who see the case, so it is rendered once a minute at most."""
    return _item(row, assignee, i18n.locale(), utcnow().replace(second=0, microsecond=0))


@lru_cache(maxsize=4096)
def _item(row: Any, assignee: str, language: str, minute: datetime) -> Markup:
    del language  # the texts are in it: it belongs to the key
    return Markup(render_template("partials/_item.html", row=row, assignee=assignee, now=minute))  # noqa: S704


def _names(rows: list[Any]) -> dict[int, str]:
    return user_names({row.assignee_id for row in rows if row.assignee_id})


@blueprint.get("/inbox/<view>/counts")
@signed_in
def counts(view: str) -> str:
    """Return the row of views with live counts."""
    return render_template("partials/_views.html", view=view, views=shell.VIEWS, counts=_counts())


@blueprint.get("/search")
@signed_in
def search() -> str:
    """Search cases by number, names and full text."""
    text = request.args.get("q", "").strip()[:400]
    rows = queries.search(text, visible=[access.visible_cases(frame.viewer())]) if text else []
    context = {
        "q": text, "rows": rows, "following": "", "view": "search", "views": shell.VIEWS, "names": _names(rows),
        "now": utcnow(),
    }  # fmt: skip
    if shell.is_fragment("list"):
        return render_template("partials/_list.html", counts=_counts(), **context)
    return shell.page("search.html", section="inbox", counts=_counts(), **context)
