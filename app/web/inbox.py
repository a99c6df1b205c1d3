"""The inbox: views over cases, and the search."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import datetime
from functools import lru_cache
from typing import Any

from flask import Blueprint, redirect, render_template, request
from markupsafe import Markup

from app.cases import around, queries
from app.cases.filtering import QueryError
from app.clock import utcnow
from app.identity.policy import Viewer
from app.identity.queries import user_names
from app.web import asking, frame, kept, shell
from app.web.rules import signed_in

blueprint = Blueprint("inbox", __name__)
_ITEM = "partials/_item.html"
COUNTED = ("mine", "unassigned", "team", "chased", "due", "breached")


@dataclass(frozen=True, slots=True)
class Shown:
    """A list as its page shows it: which view, what is asked of it, its rows, and where it lies."""

    view: str
    path: str
    q: str
    order: str
    page: asking.Page
    wrong: asking.Part | None

    @property
    def url(self) -> str:
        """The address of this list."""
        return asking.address(self.path, q=self.q, order=self.order if "order" in request.args else "")

    @property
    def more(self) -> str:
        """The address of its next page; empty when there is none."""
        if not self.page.cursor:
            return ""
        return asking.address(self.path, q=self.q, order=self.order, after=self.page.cursor)


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
    return _answer(_view(view), "inbox.html")


@blueprint.get("/search")
@signed_in
def search() -> str:
    """Search all cases that the viewer may see with the query language; a number finds its case."""
    return _answer(_search(), "search.html")


def _view(view: str) -> Shown:
    viewer, q, now = frame.viewer(), _q(), utcnow()
    order = _order("touched" if view == "archived" else "due")
    where = asking.view_where(viewer, view)
    if not q:
        found = asking.standard(viewer, view, order=order, cursor=request.args.get("after", ""), now=now)
        return Shown(view, f"/inbox/{view}", "", order, found, None)
    asked, wrong = _asked(viewer, q)
    return Shown(view, f"/inbox/{view}", q, order, _found(viewer, where[:1], asked, order=order), wrong)


def _search() -> Shown:
    viewer, q = frame.viewer(), _q()
    asked, wrong = _asked(viewer, q)
    order = _order("due" if asked and asked.is_open else "touched")
    return Shown("search", "/search", q, order, _found(viewer, [], asked if q else None, order=order), wrong)


def _q() -> str:
    return request.args.get("q", "").strip()[: asking.MAX_TEXT + 1]


def _order(usual: str) -> str:
    wanted = request.args.get("order", "")
    return wanted if wanted in queries.ORDERS else usual


def _asked(viewer: Viewer, q: str) -> tuple[asking.Asked | None, asking.Part | None]:
    try:
        return asking.read(viewer, q), None
    except QueryError as error:
        return None, asking.wrong_part(q, error)


def _found(viewer: Viewer, where: list[Any], asked: asking.Asked | None, *, order: str) -> asking.Page:
    if asked is None:
        return asking.Page([], "")
    return asking.page(viewer, where, asked, order=order, cursor=request.args.get("after", ""))


def _answer(shown: Shown, template: str) -> str:
    rows = shown.page.rows
    context = {"list": shown, "rows": rows, "view": shown.view, "q": shown.q, "names": _names(rows), "now": utcnow()}
    if shell.is_fragment("more"):
        return render_template("partials/_items.html", **context)
    context |= {"counts": _counts(), "views": shell.VIEWS}
    if shell.is_fragment("list"):
        return render_template("partials/_list.html", **context)
    return shell.page(template, section="inbox", **context)


def _counts() -> dict[str, int]:
    [row] = _counting(frame.viewer()).rows(now=utcnow())
    counts: dict[str, int] = row._asdict()
    return counts


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


def _names(rows: list[Any]) -> dict[int, str]:
    return user_names({row.assignee_id for row in rows if row.assignee_id})


@blueprint.get("/inbox/<view>/counts")
@signed_in
def counts(view: str) -> str:
    """Return the row of views with live counts."""
    return render_template("partials/_views.html", view=view, views=shell.VIEWS, counts=_counts())


def matching(text: str) -> list[Any]:
    """Return the cases this viewer may see that a query, a number or words find, changed last first; none where it is no query."""
    viewer = frame.viewer()
    asked, _wrong = _asked(viewer, text)
    return list(_found(viewer, [], asked if text else None, order="touched").rows)
