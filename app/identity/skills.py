"""Skills: what a desk calls the things that people know, and who knows what how well. Each change is on somebody's record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Final

from sqlalchemy import delete as delete_rows
from sqlalchemy import func, select

from app import events
from app.db import session
from app.errors import Conflict, Invalid, NotFound
from app.identity import queries
from app.identity.models import Skill, UserSkill

LEVELS: Final = (1, 2, 3)
MAX_NAME, MOST = 80, 300
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,39}")


@dataclass(frozen=True, slots=True)
class Held:
    """A skill that somebody has, and how well (1 to 3)."""

    key: str
    name: str
    name_zh: str
    level: int


def every() -> list[Skill]:
    """Return all skills by name."""
    return list(session().scalars(select(Skill).order_by(Skill.name, Skill.id)))


def get(key: str) -> Skill:
    """Return a skill by key; raises NotFound."""
    row = session().scalar(select(Skill).where(Skill.key == key.strip().lower()))
    if row is None:
        raise NotFound("skill_unknown", "There is no such skill.")
    return row


def by_user() -> dict[int, list[Held]]:
    """Return the skills of everybody who has one, the best first."""
    wanted = (
        select(UserSkill.user_id, Skill.key, Skill.name, Skill.name_zh, UserSkill.level)
        .join(Skill, Skill.id == UserSkill.skill_id)
        .order_by(UserSkill.level.desc(), Skill.name)
    )
    found: dict[int, list[Held]] = {}
    for row in session().execute(wanted):
        found.setdefault(row.user_id, []).append(Held(row.key, row.name, row.name_zh, row.level))
    return found


def levels_of(user_id: int) -> dict[str, int]:
    """Return the levels of a user by key of the skill."""
    wanted = select(Skill.key, UserSkill.level).join(Skill, Skill.id == UserSkill.skill_id)
    return {row.key: row.level for row in session().execute(wanted.where(UserSkill.user_id == user_id))}


def counts() -> dict[int, int]:
    """Return how many people have each skill, by its id."""
    wanted = select(UserSkill.skill_id, func.count()).group_by(UserSkill.skill_id)
    return {row[0]: row[1] for row in session().execute(wanted)}


def make(key: str, *, name: str, name_zh: str = "") -> Skill:
    """Make a skill. Records `skill_saved`. Raises Invalid, Conflict when the key is taken."""
    clean, there = key.strip().lower(), every()
    if not _KEY.fullmatch(clean):
        raise Invalid(
            "bad_key", "A key starts with a letter and has a-z, 0-9, _ and - only, at most 40.",
            fields={"key": "not usable"},
        )  # fmt: skip
    if any(row.key == clean for row in there):
        raise Conflict("skill_exists", f"There is already a skill {clean}.", fields={"key": "taken"})
    if len(there) >= MOST:
        raise Conflict("too_many_skills", f"A desk has at most {MOST} skills.")
    row = Skill(key=clean, name=_line(name, is_needed=True), name_zh=_line(name_zh))
    session().add(row)
    return _recorded(row)


def rename(row: Skill, *, name: str, name_zh: str = "") -> Skill:
    """Change the names of a skill; its key stays. Records `skill_saved`. Raises Invalid."""
    row.name, row.name_zh = _line(name, is_needed=True), _line(name_zh)
    return _recorded(row)


def _recorded(row: Skill) -> Skill:
    session().flush()
    events.record("skill_saved", chain=f"skill:{row.id}", key=row.key, name=row.name)
    return row


def delete(row: Skill) -> None:
    """Delete a skill; nobody has it any more. Records `skill_removed` and the change of each person."""
    holders = session().scalars(
        select(UserSkill.user_id).where(UserSkill.skill_id == row.id).order_by(UserSkill.user_id)
    )
    for user_id in holders.all():
        set_levels(user_id, {key: level for key, level in levels_of(user_id).items() if key != row.key})
    events.record("skill_removed", chain=f"skill:{row.id}", key=row.key, name=row.name)
    session().delete(row)
    session().flush()


def set_levels(user_id: int, wanted: Mapping[str, int]) -> None:
    """Give a user exactly these skills at these levels. Records `skills_changed` when it differs. Raises NotFound, Invalid."""
    queries.get_user(user_id)
    there, before = {row.key: row.id for row in every()}, levels_of(user_id)
    for key, level in wanted.items():
        if key not in there:
            raise Invalid("skill_unknown", f"There is no skill {key[:40]!r}.", fields={"skills": "unknown"})
        if level not in LEVELS:
            raise Invalid("bad_level", "A level is 1, 2 or 3.", fields={"skills": "1 to 3"})
    if dict(wanted) == before:
        return
    session().execute(delete_rows(UserSkill).where(UserSkill.user_id == user_id))
    session().add_all(UserSkill(user_id=user_id, skill_id=there[key], level=level) for key, level in wanted.items())
    session().flush()
    changed = {key for key in {*before, *wanted} if before.get(key) != wanted.get(key)}
    changes = {key: {"from": str(before.get(key, "–")), "to": str(wanted.get(key, "–"))} for key in sorted(changed)}
    events.record("skills_changed", chain=f"user:{user_id}", changes=changes)


def _line(text: str, *, is_needed: bool = False) -> str:
    text = " ".join(text.split())
    if is_needed and not (text and text.isprintable()):
        raise Invalid("name_missing", "Give it a name.", fields={"name": "required"})
    if len(text) > MAX_NAME:
        raise Invalid("too_long", f"Write at most {MAX_NAME} characters.", fields={"name": "too long"})
    return text
