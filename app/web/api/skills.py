"""API: skills, and what people know."""

from __future__ import annotations

from flask import Blueprint
from pydantic import Field

from app.identity import policy, skills
from app.identity.models import Skill
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if, signed_in

blueprint = Blueprint("api_skills", __name__)
keeps = allow_if(policy.may_manage_teams)
TAG = "people"


class NewSkill(In):
    """A skill."""

    key: str = Field(max_length=40, examples=["gas"])
    name: str = Field(max_length=skills.MAX_NAME)
    name_zh: str = Field("", max_length=skills.MAX_NAME)


class SkillNames(In):
    """The names of a skill."""

    name: str = Field(max_length=skills.MAX_NAME)
    name_zh: str = Field("", max_length=skills.MAX_NAME)


class Levels(In):
    """What somebody knows."""

    skills: dict[str, int] = Field(description="Level from 1 to 3 by key of the skill; those not named are taken away.")


class SkillRow(Out):
    """A skill."""

    key: str
    name: str
    name_zh: str
    people: int = Field(description="How many have it.")


class SkillPage(Out):
    """All skills by name."""

    items: list[SkillRow]


class LevelsRow(Out):
    """What somebody knows: levels by key of the skill."""

    user_id: int
    skills: dict[str, int]


def _row(row: Skill, counts: dict[int, int]) -> SkillRow:
    return SkillRow(key=row.key, name=row.name, name_zh=row.name_zh, people=counts.get(row.id, 0))


@blueprint.get("/skills")
@operation("List skills", tag=TAG, answers=SkillPage)
@signed_in
def list_skills() -> SkillPage:
    """Return all skills with how many people have each."""
    counts = skills.counts()
    return SkillPage(items=[_row(row, counts) for row in skills.every()])


@blueprint.post("/skills")
@operation("Add a skill", tag=TAG, answers=SkillRow, body=NewSkill, status=201, is_repeatable=True)
@keeps
def add_skill(body: NewSkill) -> SkillRow:
    """Make a skill. 409: the key is taken."""
    return _row(skills.make(body.key, name=body.name, name_zh=body.name_zh), {})


@blueprint.put("/skills/<skill_key>")
@operation("Rename a skill", tag=TAG, answers=SkillRow, body=SkillNames)
@keeps
def rename_skill(skill_key: str, body: SkillNames) -> SkillRow:
    """Change the names of a skill; its key stays."""
    return _row(skills.rename(skills.get(skill_key), name=body.name, name_zh=body.name_zh), skills.counts())


@blueprint.delete("/skills/<skill_key>")
@operation("Delete a skill", tag=TAG, answers=SkillRow)
@keeps
def delete_skill(skill_key: str) -> SkillRow:
    """Delete a skill; nobody has it any more."""
    row = skills.get(skill_key)
    shown = _row(row, skills.counts())
    skills.delete(row)
    return shown


@blueprint.get("/users/<int:user_id>/skills")
@operation("See what a user knows", tag=TAG, answers=LevelsRow)
@keeps
def get_levels(user_id: int) -> LevelsRow:
    """Return the skills of a user with their levels."""
    return LevelsRow(user_id=user_id, skills=skills.levels_of(user_id))


@blueprint.put("/users/<int:user_id>/skills")
@operation("Say what a user knows", tag=TAG, answers=LevelsRow, body=Levels)
@keeps
def put_levels(user_id: int, body: Levels) -> LevelsRow:
    """Give a user exactly these skills at these levels."""
    skills.set_levels(user_id, body.skills)
    return LevelsRow(user_id=user_id, skills=skills.levels_of(user_id))
