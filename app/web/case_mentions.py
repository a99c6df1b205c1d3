"""Mentions in the composer of a note: whom an `@` and which cases a `#` may mean; and how both look in the timeline."""

from __future__ import annotations

import re

from flask import Blueprint, Response, jsonify, request
from markupsafe import Markup, escape

from app.cases.models import Case
from app.identity import mentions, policy
from app.identity import queries as people
from app.web import access, finding, frame, listing
from app.web.process_words import plain_word
from app.web.rules import allow
from app.workorders import queries as workorders

blueprint = Blueprint("case_mentions", __name__)
works = allow("agent", "manager")
SHOWN = 8
PEOPLE = 6  # the rest is for teams
LOOKED_AT = 24  # whether somebody may see the case is a question each
_CASE = re.compile(r"(?<![\w/&#-])#?(RB-\d{4}-\d{4,9})(?![\w-])", re.ASCII)


@blueprint.get("/cases/<number>/mentions")
@works
def choices(number: str) -> Response:
    """Return what fits `?q=` behind `?sign=@` (colleagues who may see the case, and teams) or `#` (cases), as JSON."""
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    words = request.args.get("q", "")[:60]
    found = _cases(words, number) if request.args.get("sign") == "#" else _people(case, words)
    return jsonify({"choices": found[:SHOWN]})


def _people(case: Case, words: str) -> list[dict[str, str]]:
    ranked = []
    for user in mentions.people().values():
        fits = [rank for text in (user.login, user.name) if (rank := finding.rank(text, words)) is not None]
        if fits and user.id != frame.viewer().user_id:
            ranked.append((min(fits), user.name, user))
    orders = [order for order in workorders.of_case(case.id) if order.ended_at is None]
    shown: list[dict[str, str]] = []
    for _, _, user in sorted(ranked, key=lambda row: row[:2])[:LOOKED_AT]:
        if len(shown) < PEOPLE and policy.may_see_case(people.viewer(user.id), case, orders=orders):
            shown.append({"insert": f"@{user.login}", "name": user.name, "begins": user.login})
    return [*shown, *_teams(words)]


def _teams(words: str) -> list[dict[str, str]]:
    fitting = [
        team
        for team in mentions.teams().values()
        if any(finding.rank(text, words) is not None for text in (team.key, team.name))
    ]
    return [{"insert": f"@{team.key}", "name": plain_word(team.name), "begins": team.key} for team in fitting]


def _cases(words: str, own: str) -> list[dict[str, str]]:
    rows = listing.matching(words) if words.strip() else []
    return [
        {"insert": f"#{row.number}", "name": row.number, "begins": row.subject} for row in rows if row.number != own
    ]


# ---------------------------------------------------------------- in the timeline
@blueprint.app_template_global()
def note_text(text: str) -> Markup:
    """Return a note's text with mentions marked and numbers of cases as links; everything else is escaped."""
    spans = [(match.start(), match.end(), _link(match)) for match in _CASE.finditer(text)]
    if "@" in text:
        spans += _marks(text)
    done, at = Markup(), 0
    for start, end, shown in sorted(spans, key=lambda span: span[0]):
        if start >= at:
            done += escape(text[at:start]) + shown
            at = end
    return done + escape(text[at:])


def _marks(text: str) -> list[tuple[int, int, Markup]]:
    titles = {key: plain_word(team.name) for key, team in mentions.teams().items()}
    titles |= {login: user.name for login, user in mentions.people().items()}
    return [
        (found.start, found.end, Markup('<span class="mention">@{}</span>').format(titles[found.name]))
        for found in mentions.find(text, titles)
    ]


def _link(match: re.Match[str]) -> Markup:
    return Markup('<a href="/cases/{}">{}</a>').format(match[1], match[0])
