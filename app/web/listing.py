"""A list of cases as its page shows it: which view it is, what is asked of it, its order and layout, and where it lies."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from typing import Any

from flask import request

from app.cases import queries, views
from app.cases.filtering import QueryError
from app.cases.filtering.names import scope_of
from app.cases.filtering.words import CHANNELS
from app.cases.listed import SavedView
from app.cases.own_lists import View
from app.clock import utcnow
from app.errors import NotFound
from app.identity import queries as identity
from app.identity.policy import Viewer
from app.web import access, asking, frame

#: What each standard view says in the query language: what a view of one's own begins with when it is made of one.
SAID: Mapping[str, str] = {
    "mine": "is:open assignee:me -is:snoozed", "unassigned": "is:open assignee:none team:mine -is:snoozed",
    "team": "is:open team:mine", "chased": "is:open chased:yes", "due": "is:open due:4h", "breached": "is:breached",
    "waiting": "is:open status:waiting", "snoozed": "is:open is:snoozed (assignee:me or team:mine)", "all": "is:open",
    "archived": "is:archived",
}  # fmt: skip
#: Orders that the head of a column switches between; only those that an index carries.
SORTS: Mapping[str, tuple[str, ...]] = {
    "due": ("due",),
    "touched": ("touched", "quiet"),
    "opened": ("opened", "oldest"),
}
SEARCH = "search"
MAX_COUNTED = 12


@dataclass(frozen=True, slots=True)
class Shown:
    """What a list shows, and its addresses."""

    view: str
    path: str
    q: str
    order: str
    usual: str
    page: asking.Page
    wrong: asking.Part | None
    layout: views.Layout
    saved: SavedView | None = None

    @property
    def is_table(self) -> bool:
        """Whether it is laid out as a table."""
        return self.layout.layout == views.TABLE

    @property
    def url(self) -> str:
        """The address of this list."""
        return self.sorted_by(self.order)

    @property
    def more(self) -> str:
        """The address of its next page; empty when there is none."""
        if not self.page.cursor:
            return ""
        return asking.address(self.path, q=self._asked, order=self.order, after=self.page.cursor)

    @property
    def said(self) -> str:
        """What this list shows, as one query: what a view is made of."""
        base = said(self.view)
        if not base or not self.q:
            return base or self.q
        return f"{base} ({self.q})" if " or " in self.q or " 或 " in self.q else f"{base} {self.q}"

    @property
    def _asked(self) -> str:
        return "" if self.saved is not None and self.q == self.saved.query else self.q

    def sorted_by(self, order: str) -> str:
        """Return the address of this list in another order."""
        return asking.address(self.path, q=self._asked, order=order if order != self.usual else "")

    def next_order(self, column: str) -> str:
        """Return the order that the head of a column switches to; empty when no index carries one."""
        orders = SORTS.get(column, ())
        if not orders:
            return ""
        return orders[(orders.index(self.order) + 1) % len(orders)] if self.order in orders else orders[0]

    def sort_of(self, column: str) -> str:
        """Return how a column is sorted, as `aria-sort` says it; empty when it is not."""
        if self.order not in SORTS.get(column, ()):
            return ""
        return "descending" if queries.ORDERS[self.order].is_falling else "ascending"


def said(view: str) -> str:
    """Return what a built-in view says in the query language; empty for others."""
    kind, _, name = view.partition("-")
    return f"is:open {kind}:{name}" if kind in {"team", "channel"} and name else SAID.get(view, "")


def open_view(view: str) -> Shown:
    """Return a view of this request's viewer; raises NotFound."""
    viewer = frame.viewer()
    if view.isdecimal():
        return _open_saved(viewer, views.get(viewer, int(view)))
    q, layout = _q(), views.layout_of(viewer)
    usual = "touched" if view == "archived" else "due"
    order, path = _order(usual), f"/inbox/{view}"
    if not q and view in SAID:
        found = asking.standard(viewer, view, order=order, cursor=_cursor(), now=utcnow())
        return Shown(view, path, "", order, usual, found, None, layout)
    where = asking.view_where(viewer, view)[:1] if view in SAID else _other(viewer, view)
    asked, wrong = _asked(viewer, q)
    return Shown(view, path, q, order, usual, _found(viewer, where, asked, order=order), wrong, layout)


def _other(viewer: Viewer, view: str) -> list[Any]:
    """Return the condition of the view of one team or channel; raises NotFound."""
    kind, _, name = view.partition("-")
    is_known = name in CHANNELS if kind == "channel" else kind == "team" and identity.find_team(name) is not None
    if not is_known:
        raise NotFound("view_unknown", "There is no such view.")
    return list(asking.read(viewer, said(view)).where)


def _open_saved(viewer: Viewer, saved: SavedView) -> Shown:
    q = _q() if "q" in request.args else saved.query
    asked, wrong = _asked(viewer, q)
    usual = saved.order or ("due" if asked and asked.is_open else "touched")
    order, layout = _order(usual), views.layout_of(viewer)
    if saved.columns:
        layout = views.Layout(layout.layout, tuple(saved.columns))
    found = _found(viewer, [], asked, order=order)
    return Shown(str(saved.id), f"/inbox/{saved.id}", q, order, usual, found, wrong, layout, saved)


def open_search() -> Shown:
    """Return what the search of this request finds."""
    viewer, q = frame.viewer(), _q()
    asked, wrong = _asked(viewer, q)
    usual = "due" if asked and asked.is_open else "touched"
    order = _order(usual)
    found = _found(viewer, [], asked if q else None, order=order)
    return Shown(SEARCH, "/search", q, order, usual, found, wrong, views.layout_of(viewer))


def _q() -> str:
    return request.args.get("q", "").strip()[: asking.MAX_TEXT + 1]


def _cursor() -> str:
    return request.args.get("after", "")


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
    return asking.page(viewer, where, asked, order=order, cursor=_cursor())


def counts_of(viewer: Viewer, texts: Mapping[str, str]) -> dict[str, int]:
    """Count what queries find, each up to 100, in one statement; those that cannot be read any more are left out."""
    if not texts:
        return {}
    scope, visible = scope_of(viewer, zone=asking.zone()), access.visible_cases(viewer)
    wheres: dict[str, list[Any]] = {}
    for key, text in texts.items():
        try:
            wheres[key] = [visible, *asking.conditions(text, scope)]
        except QueryError:
            continue
    if not wheres:
        return {}
    named = dict(zip((f"n{place}" for place in range(len(wheres))), wheres, strict=True))
    found = queries.counts({name: wheres[key] for name, key in named.items()})
    return {named[name]: count for name, count in found.items()}


def saved_counts(viewer: Viewer, saved: Iterable[SavedView | View]) -> dict[str, int]:
    """Count what saved views find, by their ids."""
    return counts_of(viewer, {str(view.id): view.query for view in saved})


def matching(text: str) -> list[Any]:
    """Return the cases this viewer may see that a query, a number or words find, changed last first; none where it is no query."""
    viewer = frame.viewer()
    asked, _wrong = _asked(viewer, text)
    return asking.page(viewer, [], asked, order="touched").rows if asked is not None and text else []
