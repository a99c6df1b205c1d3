"""Giving a case to a colleague: who there is, what they know, who is away, and how much they have in hand."""

from __future__ import annotations

from datetime import datetime
from typing import NamedTuple

from flask import Blueprint, render_template, request

from app.cases import queries as case_queries
from app.identity import absences, queries, roles, skills
from app.identity.models import User
from app.identity.rights import Right
from app.sla import working_hours
from app.web import access, frame, shell
from app.web.rules import allow

blueprint = Blueprint("case_assigning", __name__)
works = allow("agent", "manager")
SHOWN = 50


class Colleague(NamedTuple):
    """Somebody who can be given the case."""

    user: User
    teams: list[str]
    skills: list[skills.Held]
    is_of_team: bool
    is_away: bool
    is_off: bool
    back: datetime | None
    level: int
    open_cases: int

    @property
    def rank(self) -> tuple[bool, bool, int, int, str]:
        """The order in which they are offered: of the team, at work, the best, with the least in hand."""
        return (not self.is_of_team, self.is_away or self.is_off, -self.level, self.open_cases, self.user.name)


@blueprint.get("/cases/<number>/assign")
@works
def choose(number: str) -> str:
    """Offer the colleagues who work on cases, those of the case's team first; with `skill` only who has it.

    With `ask` (a login) it is asked whether somebody who is not at work shall have the case all the same.
    """
    viewer = frame.viewer()
    case = access.case_by_number(viewer, number)
    access.working(viewer)
    wanted = request.args.get("skill", "").strip()
    found = _colleagues(case.team_id, wanted)
    context = {
        "case": case, "found": found[:SHOWN], "more": max(len(found) - SHOWN, 0), "skills": skills.every(),
        "wanted": wanted, "asked": _asked(found), "in_dialog": shell.is_fragment("dialog"),
    }  # fmt: skip
    if shell.is_fragment("dialog"):
        return render_template("partials/_assign.html", **context)
    return shell.page("assign.html", section="inbox", **context)


def _asked(found: list[Colleague]) -> Colleague | None:
    """Return who is asked about, as long as they are not at work."""
    login = request.args.get("ask", "")
    return next((each for each in found if each.user.login == login and (each.is_away or each.is_off)), None)


def _colleagues(team_id: int | None, wanted: str) -> list[Colleague]:
    keys, known, away = queries.team_keys_by_user(), skills.by_user(), absences.away_now()
    own = {user.id for user in queries.members(team_id)} if team_id is not None else set()
    users = roles.who_may(Right.CASES_WORK)
    off = working_hours.back_at(user.id for user in users)
    in_hand = case_queries.open_counts([user.id for user in users])
    found = []
    for user in users:
        held = known.get(user.id, [])
        level = next((each.level for each in held if each.key == wanted), 0)
        if wanted and not level:
            continue
        found.append(
            Colleague(
                user,
                keys.get(user.id, []),
                held,
                user.id in own,
                user.id in away,
                user.id in off,
                off.get(user.id),
                level,
                in_hand.get(user.id, 0),
            )
        )
    return sorted(found, key=lambda each: each.rank)
