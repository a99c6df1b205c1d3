"""The macros of the desk: found by who may use them, changed by their makers and managers."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from sqlalchemy import ColumnElement, and_, func, or_, select

from app import events
from app.clock import utcnow
from app.db import run, session
from app.errors import Conflict, Forbidden, Invalid, NotFound
from app.identity.policy import Viewer
from app.identity.rights import Right
from app.knowledge import canned
from app.knowledge.models import Circle
from app.orchestration.macros import steps
from app.orchestration.macros.models import Macro

MAX_NAME, MAX_ABOUT, MAX_OWN, SHOWN = 80, 200, 200, 1000


@dataclass(frozen=True, slots=True)
class Wish:
    """What somebody wants a macro to be."""

    name: str
    steps: Sequence[Mapping[str, Any]] = field(default_factory=list)
    about: str = ""
    shared: str = Circle.PRIVATE
    team_id: int | None = None
    is_on: bool = True


def visible(viewer: Viewer) -> ColumnElement[bool]:
    """Return the condition on `Macro` that holds for those the viewer may use."""
    teams = and_(Macro.shared == Circle.TEAM, Macro.team_id.in_(sorted(viewer.team_ids) or [-1]))
    shared = Macro.shared != Circle.PRIVATE if viewer.may(Right.MACROS_ALL) else Macro.shared == Circle.EVERYBODY
    return or_(Macro.owner_id == viewer.user_id, shared, teams)


def of_viewer(viewer: Viewer, words: str = "", *, with_off: bool = False) -> list[Macro]:
    """Return what a viewer may use in its order; each of these words stands in its name or in what it says about itself."""
    query = select(Macro).where(visible(viewer)).order_by(Macro.position, Macro.id).limit(SHOWN)
    rows = session().scalars(query if with_off else query.where(Macro.is_on))
    wanted = words.casefold().split()
    return [row for row in rows if all(word in f"{row.name}\n{row.about}".casefold() for word in wanted)]


def get(viewer: Viewer, macro_id: int) -> Macro:
    """Return a macro that the viewer may use, also one that is switched off; raises NotFound."""
    found = session().scalar(select(Macro).where(Macro.id == macro_id, visible(viewer)))
    if found is None:
        raise NotFound("macro_unknown", "There is no such macro.")
    return found


def usable(viewer: Viewer, macro_id: int) -> Macro:
    """Return a macro that can be run; raises NotFound, Conflict when it is switched off."""
    row = get(viewer, macro_id)
    if not row.is_on:
        raise Conflict("macro_off", "This macro is switched off.")
    return row


def may_change(viewer: Viewer, row: Macro) -> bool:
    """Whether a viewer may change or delete it: its maker, and whoever sees everything when it is shared."""
    return row.owner_id == viewer.user_id or (viewer.may(Right.MACROS_ALL) and row.shared != Circle.PRIVATE)


def save(viewer: Viewer, wish: Wish, *, macro_id: int | None = None, version: int | None = None) -> Macro:
    """Make a macro, or change one (Conflict when it is not at `version` any more). Records `macro_saved`.

    Raises Invalid for what cannot be, with the fields that are wrong; Forbidden for what belongs to others, NotFound.
    """
    values = _checked(viewer, wish)
    if macro_id is None:
        row = _made(viewer, values)
    else:
        row = _own(viewer, macro_id)
        if version is not None and version != row.version:
            raise Conflict("macro_moved", "Somebody else has changed this macro since. Load it again.")
        for name, value in values.items():
            setattr(row, name, value)
        row.version += 1
    return _saved(row)


def _saved(row: Macro) -> Macro:
    session().flush()
    events.record(
        "macro_saved", chain=chain_of(row.id), name=row.name, about=row.about, shared=str(row.shared),
        team=row.team_id, steps=list(row.steps), on=row.is_on,
    )  # fmt: skip
    return row


def chain_of(macro_id: int) -> str:
    """Return the name of the audit chain of a macro."""
    return f"macro:{macro_id}"


def _made(viewer: Viewer, values: dict[str, Any]) -> Macro:
    own = session().scalar(select(func.count()).where(Macro.owner_id == viewer.user_id)) or 0
    if own >= MAX_OWN:
        raise Invalid("too_many_macros", f"Nobody keeps more than {MAX_OWN} macros: delete one first.")
    last = session().scalar(select(func.max(Macro.position))) or 0
    row = Macro(owner_id=viewer.user_id, position=last + 1, **values)
    session().add(row)
    return row


def _own(viewer: Viewer, macro_id: int) -> Macro:
    row = get(viewer, macro_id)
    if not may_change(viewer, row):
        raise Forbidden("macro_of_others", "This macro belongs to somebody else: make a copy of your own.")
    return row


def _checked(viewer: Viewer, wish: Wish) -> dict[str, Any]:
    name, about = " ".join(wish.name.split()), " ".join(wish.about.split())
    if not 0 < len(name) <= MAX_NAME:
        raise Invalid("macro_name", f"Give it a name of at most {MAX_NAME} characters.", fields={"name": "required"})
    if len(about) > MAX_ABOUT:
        raise Invalid("macro_about", f"Say it in at most {MAX_ABOUT} characters.", fields={"about": "too long"})
    shared, team_id = _circle(viewer, wish)
    kept = steps.cleaned(wish.steps)
    steps.read(viewer, kept, held_seconds=0)
    steps.check_offered(kept)
    _check_canned(viewer, kept, shared, team_id)
    return {
        "name": name, "about": about, "shared": shared, "team_id": team_id, "steps": kept, "is_on": wish.is_on,
        "changed_at": utcnow(),
    }  # fmt: skip


def _circle(viewer: Viewer, wish: Wish) -> tuple[Circle, int | None]:
    if wish.shared not in set(Circle):
        raise Invalid(
            "macro_shared", f"It is shared with one of {', '.join(Circle)}.", fields={"shared": "unknown"}
        )  # fmt: skip
    shared = Circle(wish.shared)
    if shared is Circle.EVERYBODY and not viewer.may(Right.MACROS_ALL):
        raise Forbidden("macro_for_all", "Only managers share macros with everybody: share it with your team.")
    if shared is not Circle.TEAM:
        return shared, None
    if wish.team_id is None or (wish.team_id not in viewer.team_ids and not viewer.may(Right.MACROS_ALL)):
        raise Invalid("macro_team", "Choose one of your teams to share it with.", fields={"shared": "required"})
    return shared, wish.team_id


def _check_canned(
    viewer: Viewer, kept: Sequence[Mapping[str, Any]], shared: Circle, team_id: int | None
) -> None:  # fmt: skip
    """Whoever may run the macro has to be able to use the canned replies in it."""
    for at, step in enumerate(kept):
        if "canned" not in step["params"] or shared is Circle.PRIVATE:
            continue
        row = canned.get(viewer, int(step["params"]["canned"]))
        if row.shared is not Circle.EVERYBODY and (row.shared, row.team_id) != (shared, team_id):
            raise steps.wrong(
                at,
                Invalid("macro_canned", f"Not everybody who may use the macro may use “{row.name}”: share that too."),
            )


# ---------------------------------------------------------------- around
def duplicate(viewer: Viewer, macro_id: int, *, name: str) -> Macro:
    """Make a copy of the viewer's own, under this name. Records `macro_saved`. Raises NotFound, Invalid."""
    row = get(viewer, macro_id)
    return save(viewer, Wish(name[:MAX_NAME], row.steps, row.about, is_on=row.is_on))


def switch(viewer: Viewer, macro_id: int, *, is_on: bool) -> Macro:
    """Offer a macro, or offer it no more. Records `macro_saved`. Raises NotFound, Forbidden."""
    row = _own(viewer, macro_id)
    if row.is_on != is_on:
        row.is_on, row.changed_at = is_on, utcnow()
        row.version += 1
        _saved(row)
    return row


def move(viewer: Viewer, macro_id: int, *, up: bool) -> None:
    """Let a macro change places with the next one of those that the viewer may change. Raises NotFound, Forbidden."""
    row = _own(viewer, macro_id)
    rows = [each for each in of_viewer(viewer, with_off=True) if may_change(viewer, each)]
    at = rows.index(row)
    there = at - 1 if up else at + 1
    if 0 <= there < len(rows):
        rows[there].position, row.position = row.position, rows[there].position
        session().flush()


def delete(viewer: Viewer, macro_id: int) -> None:
    """Delete a macro. Records `macro_removed`. Raises NotFound, Forbidden."""
    row = _own(viewer, macro_id)
    events.record("macro_removed", chain=chain_of(row.id), name=row.name)
    session().delete(row)
    session().flush()


def count_use(macro_id: int) -> None:
    """Count that somebody ran it."""
    run("update macros set uses = uses + 1 where id = %(id)s", {"id": macro_id})
