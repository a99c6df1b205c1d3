"""The inbox: views over cases, and the search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import Blueprint, redirect, render_template
from markupsafe import Markup

from app.cases import around, arranging, queries, views
from app.cases.fields import keeping, values
from app.cases.filtering.words import BEGIN
from app.clock import utcnow
from app.identity import queries as identity
from app.identity.policy import Viewer
from app.identity.queries import user_names
from app.web import asking, frame, kept, listing, shell
from app.web.listing import Shown
from app.web.rules import signed_in

blueprint = Blueprint("inbox", __name__)
_ITEM, _LINE = "partials/_item.html", "partials/_line.html"
COUNTED = ("mine", "unassigned", "team", "chased", "due", "breached")


@blueprint.get("/")
@signed_in
def front() -> Any:
    """Go to the viewer's own work, or to their teams' while nothing is assigned to them."""
    mine = asking.listing(frame.viewer(), "mine", "due", "").rows(size=1, now=utcnow())
    view = "mine" if mine else "team"
    return redirect(f"/inbox/{view}", 303)


@blueprint.get("/inbox/<view>")
@signed_in
def inbox(view: str) -> str:
    """Show one view, or what a query finds in it: 50 cases by next time limit, more on demand."""
    return _answer(listing.open_view(view), "inbox.html")


@blueprint.get("/search")
@signed_in
def search() -> str:
    """Search all cases that the viewer may see with the query language; a number finds its case."""
    return _answer(listing.open_search(), "search.html")


def _answer(shown: Shown, template: str) -> str:
    rows = shown.page.rows
    context = {"list": shown, "rows": rows, "view": shown.view, "q": shown.q, "names": _names(rows), "now": utcnow()}
    if shown.is_table:
        context |= {"teams": {team.id: team for team in (*identity.teams(), *identity.teams(archived=True))}}
        context |= _own_columns(shown, rows)
    if shell.is_fragment("more"):
        return render_template("partials/_items.html", **context)
    context |= _views(shown.view)
    if shell.is_fragment("list"):
        return render_template("partials/_list.html", **context)
    return shell.page(template, section="inbox", **context)


def _own_columns(shown: Shown, rows: Iterable[Any]) -> dict[str, Any]:
    """Return what a table shows of custom fields: their names, and what the rows say in them."""
    keys = [name.removeprefix(BEGIN) for name in shown.layout.columns if name.startswith(BEGIN)]
    if not keys:
        return {"field_names": {}, "said": {}}
    named = {f"{BEGIN}{field.key}": field for field in keeping.fields(retired=True)}
    return {"field_names": named, "said": values.of_cases([row.id for row in rows], keys)}


def _views(view: str) -> dict[str, Any]:
    """Return what the row of views shows: the standard ones, and the first of those that people made, with counts."""
    viewer = frame.viewer()
    saved = {str(each.id): each for each in views.of_viewer(viewer)}
    keys = _shown(viewer, list(saved), view)
    [row] = _counting(viewer).rows(now=utcnow())
    counts = {**row._asdict(), **listing.saved_counts(viewer, [saved[key] for key in keys if key in saved])}
    return {"views": keys, "saved_views": saved, "counts": counts}


def _shown(viewer: Viewer, saved: list[str], view: str) -> list[str]:
    """Return the keys of the row of views: as they are arranged, few that are not pinned, and always the one that is open."""
    arranged = arranging.of_viewer(viewer)
    loose = [key for key in saved if key not in arranged.order and key not in arranged.hidden][: listing.MAX_COUNTED]
    keys = arranged.shown([*arranging.STANDARD, *(key for key in saved if key in {*arranged.order, *loose})])
    return keys if view in keys or (view not in saved and view not in arranging.STANDARD) else [*keys, view]


@lru_cache(maxsize=512)
def _counting(viewer: Viewer) -> queries.Prepared:
    return queries.counting({view: asking.view_where(viewer, view) for view in COUNTED})


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


@blueprint.app_template_global("case_row")
def case_row(
    row: Any, columns: tuple[str, ...], beside: Mapping[int, around.Marks], names: Mapping[int, str], team: Any,
    *, said: tuple[values.Filled, ...] = (),
) -> Markup:  # fmt: skip
    """Return a line of a table. Like a card, it is the same for all who see the case."""
    minute = utcnow().replace(second=0, microsecond=0)
    marks, assignee = beside.get(row.id, around.NO_MARKS), names.get(row.assignee_id, "")
    shown = (team.name, team.name_zh) if team is not None and "team" in columns else ("", "")
    facts = {"row": row, "columns": columns, "marks": marks, "assignee": assignee, "team": shown, "now": minute}
    own = {f"{BEGIN}{each.key}": each for each in said}
    return kept.piece(_LINE, (row, columns, marks, assignee, shown, said, minute), {**facts, "said": own})


@blueprint.app_template_global("case_marks")
def case_marks(rows: Iterable[Any]) -> dict[int, around.Marks]:
    """Return the tags and marks that stand beside these cases."""
    return around.marks(row.id for row in rows)


def _names(rows: list[Any]) -> dict[int, str]:
    return user_names({row.assignee_id for row in rows if row.assignee_id})


@blueprint.get("/inbox/<view>/counts")
@signed_in
def counts(view: str) -> str:
    """Return the row of views with live counts."""
    return render_template("partials/_views.html", view=view, **_views(view))
