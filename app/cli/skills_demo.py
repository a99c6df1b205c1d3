"""The demo's skills with who has them, and a role of the demo desk's own."""

from __future__ import annotations

from app.identity import queries as people
from app.identity import roles, skills
from app.identity.models import Role

SKILLS = (
    ("heating", "Heating", "供暖", {"charlie": 3, "bob": 1}),
    ("lifts", "Lifts", "电梯", {"charlie": 2}),
    ("water", "Water damage", "水损", {"charlie": 2, "alice": 1}),
    ("contracts", "Contracts and invoices", "合同与账单", {"erin": 3, "alice": 2}),
    ("chinese", "Speaks Chinese", "中文服务", {"alice": 3, "charlie": 3}),
)
# Listens to how cases are handled: sees all of them and leaves notes, writes to no customer and changes nothing of the desk.
QUALITY = ("cases_all", "cases_new", "cases_work", "cases_proof", "contacts_see", "processes_see", "settings_see")


def make() -> None:
    """Make them where the desk has none at all; what was changed or deleted in a desk that has some stays so."""
    if not skills.every():
        levels: dict[str, dict[str, int]] = {}
        for key, name, name_zh, who in SKILLS:
            skills.make(key, name=name, name_zh=name_zh)
            for login, level in who.items():
                levels.setdefault(login, {})[key] = level
        for login, wanted in levels.items():
            skills.set_levels(people.user_by_login(login).id, wanted)
    if not roles.every():
        roles.make("quality", roles.Wish("Quality", QUALITY, "质检"), copy_of=Role.AGENT)
