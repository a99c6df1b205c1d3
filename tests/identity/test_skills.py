"""Skills: named, known at a level, recorded on people."""

from __future__ import annotations

import pytest

from app.errors import Conflict, Invalid, NotFound
from app.identity import skills
from tests.support.people import make_user


def test_a_skill_is_named_known_and_forgotten(session):
    gas, heat = skills.make("gas", name="Gas", name_zh="燃气"), skills.make("heat", name="Heating")
    user = make_user("fred")
    skills.set_levels(user.id, {"gas": 1, "heat": 3})
    skills.set_levels(user.id, {"gas": 1, "heat": 3})
    assert [(held.key, held.level) for held in skills.by_user()[user.id]] == [("heat", 3), ("gas", 1)]
    assert skills.counts() == {gas.id: 1, heat.id: 1}
    skills.rename(gas, name="Natural gas")
    skills.delete(heat)
    assert skills.levels_of(user.id) == {"gas": 1}


def test_what_cannot_be_is_said(session):
    user = make_user("fred")
    skills.make("gas", name="Gas")
    with pytest.raises(Conflict):
        skills.make("gas", name="Gas again")
    for key, name in (("1st", "First"), ("", "None"), ("ok", " ")):
        with pytest.raises(Invalid):
            skills.make(key, name=name)
    for wanted in ({"gas": 4}, {"water": 1}):
        with pytest.raises(Invalid):
            skills.set_levels(user.id, wanted)
    with pytest.raises(NotFound):
        skills.get("water")
