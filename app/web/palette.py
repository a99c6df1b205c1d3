"""Ctrl-K: everything the viewer may do or open, found by typing. What a case offers is what its process accepts now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from flask import Blueprint, Response, render_template, request

from app.errors import Invalid, NotFound
from app.identity import policy, preferences
from app.identity import queries as people
from app.orchestration import queries as orchestration
from app.orchestration.macros import book
from app.web import access, case_page, finding, frame, i18n, keys, listing, shell, tabs
from app.web.rules import signed_in

blueprint = Blueprint("palette", __name__)
SHOWN = 14
MACROS_SHOWN = 3
MAX_ENTRY = 120
OF_CASES = frozenset(shortcut.action for shortcut in keys.SHORTCUTS if shortcut.group == "case")
# Verbs are offered as the process names them; these keys only press their buttons.
PRESSES = frozenset({"chase", "amend", "dispatch"})
SETTINGS = ("look", "keys", "telling", "password", "tokens")


@dataclass(frozen=True, slots=True)
class Entry:
    """One line: `how` is link (a page), dialog (a form of the process) or key (a shortcut's action); `what` its address or name."""

    group: str
    text: str
    how: str
    what: str
    aside: str = ""
    also: str = ""

    @property
    def key(self) -> str:
        """What it is remembered by: verbs by their name, for their address is another in each case."""
        return f"{self.how}:{self.also if self.how == 'dialog' else self.what}"


@blueprint.get("/palette")
@signed_in
def find() -> str:
    """Return what fits `?q=` best, recent first; `?case=` is the case on screen."""
    typed = request.args.get("q", "").strip()[:200]
    case = _case(request.args.get("case", ""))
    entries = [*_verbs(case), *_macros(case, typed), *_tabs(), *_pages(), *_keys(case), *_settings(), *_people(typed)]
    found = _ranked(entries, typed)
    shown = {entry.what for entry in found}
    cases = [entry for entry in _cases(typed) if entry.what not in shown]
    return render_template("partials/_palette.html", entries=[*found, *cases][: SHOWN + 6], typed=typed)


@blueprint.post("/palette/used")
@signed_in
def used() -> Response:
    """Remember what was chosen, so that it comes first next time."""
    entry = request.form.get("entry", "")
    if not entry or len(entry) > MAX_ENTRY:
        raise Invalid("bad_entry", "This is no entry of the palette.")
    preferences.note_recent(frame.viewer().user_id, entry)
    return Response(status=204)


def _ranked(entries: list[Entry], typed: str) -> list[Entry]:
    recent = preferences.of(frame.viewer().user_id).recent
    rows = []
    for at, entry in enumerate(entries):
        fits = [
            rank for text in (entry.text, entry.also, entry.aside) if (rank := finding.rank(text, typed)) is not None
        ]
        if fits or not typed:
            since = recent.index(entry.key) if entry.key in recent else len(recent)
            rows.append((min(fits, default=0), since, at, entry))
    return [row[-1] for row in sorted(rows, key=lambda row: row[:3])[:SHOWN]]


def _case(number: str) -> Any:
    """Return the case on screen, or None when there is none that this viewer may see."""
    try:
        return access.case_row(frame.viewer(), number) if number else None
    except NotFound:
        return None


def _keys(case: Any) -> list[Entry]:
    """Return what has a shortcut, with its key."""
    own = keys.effective(preferences.of(frame.viewer().user_id))
    names = [s.action for s in keys.SHORTCUTS if s.action not in PRESSES and (case or s.action not in OF_CASES)]
    return [_entry("action", f"key_{name}", "key", name, aside=own[name]) for name in names]


def _verbs(case: Any) -> list[Entry]:
    """Return what the processes of the case accept now from this viewer."""
    if case is None or not policy.may_work_on_cases(frame.viewer()):
        return []
    view = orchestration.overview(case.id)
    chinese = i18n.locale() == "zh"
    rows = []
    for action in case_page.offered(view):
        order = view.work_order_of(action.instance_id)
        text = (chinese and action.label_zh) or action.label or i18n.gettext(action.verb)
        where = f"/cases/{case.number}/actions/{action.instance_id}/{action.token}"
        rows.append(
            Entry("action", text, "dialog", where, aside=order.number if order else case.number, also=action.verb)
        )
    return rows


def _macros(case: Any, typed: str) -> list[Entry]:
    """Return the macros that can be run on the case, by name; before anything is typed those that are used most."""
    if case is None or not policy.may_work_on_cases(frame.viewer()):
        return []
    found = sorted(book.of_viewer(frame.viewer()), key=lambda row: -row.uses)
    return [
        Entry("macro", row.name, "dialog", f"/cases/{case.number}/macros/{row.id}", aside=row.about[:60], also=row.name)
        for row in (found if typed else found[:MACROS_SHOWN])
    ]


def _entry(group: str, text: str, how: str, what: str, *, aside: str = "") -> Entry:
    """An entry that is found by its English too."""
    return Entry(group, i18n.gettext(text), how, what, aside=aside, also=i18n.translate("en", text))


def _pages() -> list[Entry]:
    views = [_entry("page", f"view_{view}", "link", f"/inbox/{view}") for view in shell.VIEWS]
    return [*views, *(_entry("page", f"nav_{place.key}", "link", place.href) for place in shell.navigation()[1:])]


def _settings() -> list[Entry]:
    return [_entry("setting", f"setting_{part}", "link", f"/account#{part}") for part in SETTINGS]


def _tabs() -> list[Entry]:
    return [
        Entry(
            "case", row.subject or row.number, "link", f"/cases/{row.number}", aside=row.number, also=row.contact_name
        )
        for row in tabs.open_cases()
    ]


def _people(typed: str) -> list[Entry]:
    """Return colleagues, for those who may open their pages."""
    if not typed or not policy.may_manage_people(frame.viewer()):
        return []
    return [Entry("person", user.name, "link", f"/people/{user.id}", aside=user.login) for user in people.users()]


def _cases(typed: str) -> list[Entry]:
    if len(typed) < 2 and not any(character > "\u2e7f" for character in typed):
        return []
    return [
        Entry(
            "case", row.subject or row.number, "link", f"/cases/{row.number}", aside=row.number, also=row.contact_name
        )
        for row in listing.matching(typed)[:6]
    ]
