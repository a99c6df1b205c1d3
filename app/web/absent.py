"""People who are away: their absences, and handing over what they have in hand, as an administrator or a manager does it."""

from __future__ import annotations

from collections.abc import Iterable
from typing import Any

from flask import Blueprint, make_response, redirect, request
from markupsafe import Markup

from app.db import savepoint
from app.errors import Conflict, DeskError, Invalid
from app.identity import absences, policy, queries
from app.identity.colleagues import Colleagues
from app.orchestration import standing_in
from app.web import asking, i18n, kept, shell
from app.web.errors import status_of
from app.web.rules import allow_if

blueprint = Blueprint("absent", __name__)
leads = allow_if(policy.may_plan_absences)


@blueprint.app_template_global("away")
def away(user_id: int) -> str:
    """Return "away until …" for somebody who is away now; empty for others."""
    found = absences.away_now().get(user_id)
    return "" if found is None else i18n.gettext("away until %(day)s", day=found.until.isoformat())


@blueprint.app_template_global("person_options")
def person_options(people: Iterable[Any], value: str | None) -> Markup:
    """Return the options of a choice of people, those who are away marked. The same for all who look, so it is drawn once."""
    gone = {user_id: found.until.isoformat() for user_id, found in absences.away_now().items()}
    known_by = (
        people.text if isinstance(people, Colleagues) else tuple((each.id, each.login, each.name) for each in people)
    )
    key = (known_by, tuple(sorted(gone.items())), value)
    return kept.piece("partials/_people.html", key, {"people": people, "gone": gone, "value": value})


@blueprint.get("/absences")
@leads
def everybody() -> str:
    """Show who is on duty and who is away."""
    return shell.page(
        "absences.html", section="settings", users=queries.users(active_only=True), away=absences.away_now(),
        names={user.id: user.name for user in queries.users()},
    )  # fmt: skip


@blueprint.get("/people/<int:user_id>/absences")
@leads
def show(user_id: int) -> Any:
    """Show a person's absences and what they have in hand."""
    return _page(user_id)


def _page(user_id: int, *, error: DeskError | None = None) -> Any:
    user = queries.get_user(user_id)
    page = shell.page(
        "absence.html", section="settings", user=user, absences=absences.of_user(user_id), kinds=absences.KINDS,
        colleagues=[each for each in queries.users(active_only=True) if each.id != user_id], error=error,
        wrong=error.fields if error else {}, values=request.form if error else {}, hand=standing_in.in_hand(user_id),
        names={each.id: each.name for each in queries.users()},
    )  # fmt: skip
    return make_response(page, status_of(error) if error else 200)


@blueprint.post("/people/<int:user_id>/absences")
@leads
def add(user_id: int) -> Any:
    """Note an absence."""
    form = request.form
    wish = absences.Wish(
        form.get("kind", ""), form.get("first", ""), form.get("last", ""), form.get("stand_in", type=int)
    )
    try:
        with savepoint():
            absences.add(user_id, wish, zone=asking.zone())
    except (Invalid, Conflict) as error:
        return _page(user_id, error=error)
    return redirect(f"/people/{user_id}/absences", 303)


@blueprint.post("/people/<int:user_id>/absences/<int:absence_id>/delete")
@leads
def remove(user_id: int, absence_id: int) -> Any:
    """Take an absence away."""
    absences.remove(user_id, absence_id)
    return redirect(f"/people/{user_id}/absences", 303)


@blueprint.post("/people/<int:user_id>/hand-over")
@leads
def hand_over(user_id: int) -> Any:
    """Hand what a person has in hand, as the page lists it, to a colleague."""
    queries.get_user(user_id)
    try:
        with savepoint():
            standing_in.hand_over(user_id, to=request.form.get("to", 0, type=int) or user_id)
    except Invalid as error:
        return _page(user_id, error=error)
    return redirect(f"/people/{user_id}/absences?handed=1", 303)
