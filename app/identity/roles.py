"""Roles of a desk's own: a name and a set of single rights, made as a copy of a role that is there. Built-in ones never change."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import NamedTuple

from sqlalchemy import func, select

from app import events, realtime
from app.clock import utcnow
from app.db import session
from app.errors import Conflict, Invalid, NotFound
from app.identity import rights
from app.identity.models import OwnRole, Role, User
from app.identity.rights import BUILT_IN, Right

MAX_NAME, MOST, NAMED = 80, 100, 5
_KEY = re.compile(r"[a-z][a-z0-9_-]{0,39}")
# What the routes of the settings' pages need for themselves.
_TAKEN = frozenset({*map(str, Role), "new"})


class Wish(NamedTuple):
    """What a role is to be: `rights` are keys of `Right`."""

    name: str
    rights: Iterable[str]
    name_zh: str = ""


def chain_of(role_id: int) -> str:
    """Return the audit chain of a role."""
    return f"role:{role_id}"


# ---------------------------------------------------------------- reading
def every() -> list[OwnRole]:
    """Return the desk's own roles by name."""
    return list(session().scalars(select(OwnRole).order_by(OwnRole.name, OwnRole.id)))


def by_id() -> dict[int, OwnRole]:
    """Return the desk's own roles by id."""
    return {row.id: row for row in every()}


def get(key: str) -> OwnRole:
    """Return one of the desk's own roles; raises NotFound."""
    row = session().scalar(select(OwnRole).where(OwnRole.key == key.strip().lower()))
    if row is None:
        raise NotFound("role_unknown", "There is no such role of your own.")
    return row


def find(key: str) -> Role | OwnRole:
    """Return a role by key, built in or the desk's own; raises Invalid, for it is what somebody chose."""
    clean = key.strip().lower()
    if clean in set(Role):
        return Role(clean)
    try:
        return get(clean)
    except NotFound:
        shown = ", ".join([*Role, *(row.key for row in every())])
        raise Invalid("bad_choice", f"The role is one of {shown}.", fields={"role": f"one of {shown}"}) from None


def rights_of(role: Role | OwnRole) -> frozenset[Right]:
    """Return what a role may do."""
    return BUILT_IN[role] if isinstance(role, Role) else rights.known(role.rights)


def base_of(role: Role | OwnRole) -> Role:
    """Return the built-in role that a role counts as in processes."""
    return role if isinstance(role, Role) else role.base


def of_user(user: User) -> Role | OwnRole:
    """Return the role of a user."""
    return user.role if user.role_id is None else session().get_one(OwnRole, user.role_id)


def key_of(role: Role | OwnRole) -> str:
    """Return the key by which a role is named."""
    return str(role) if isinstance(role, Role) else role.key


def who_may(right: Right) -> list[User]:
    """Return the active users whose role has this right, by login."""
    own = {row.id: rights.known(row.rights) for row in every()}
    users = session().scalars(select(User).where(User.is_active).order_by(User.login))
    return [user for user in users if right in (BUILT_IN[user.role] if user.role_id is None else own[user.role_id])]


def counts() -> dict[str, int]:
    """Return how many users have each role, by its key."""
    found = session().execute(
        select(func.coalesce(OwnRole.key, User.role), func.count())
        .select_from(User)
        .outerjoin(OwnRole, OwnRole.id == User.role_id)
        .group_by(func.coalesce(OwnRole.key, User.role))
    )
    return {str(row[0]): row[1] for row in found}


def holders(role_id: int) -> list[User]:
    """Return the users who have a role of the desk's own, also those that are switched off."""
    return list(session().scalars(select(User).where(User.role_id == role_id).order_by(User.name)))


# ---------------------------------------------------------------- writing
def make(key: str, wish: Wish, *, copy_of: Role | OwnRole) -> OwnRole:
    """Make a role that counts in processes as the one it is a copy of. Records `role_saved`. Raises Invalid, Conflict."""
    clean = key.strip().lower()
    if not _KEY.fullmatch(clean):
        raise Invalid(
            "bad_key", "A key starts with a letter and has a-z, 0-9, _ and - only, at most 40.",
            fields={"key": "not usable"},
        )  # fmt: skip
    there = every()
    if clean in _TAKEN or any(row.key == clean for row in there):
        raise Conflict("role_exists", f"There is already a role {clean}.", fields={"key": "taken"})
    if len(there) >= MOST:
        raise Conflict("too_many_roles", f"A desk has at most {MOST} roles of its own.")
    row = OwnRole(key=clean, base=base_of(copy_of), created_at=utcnow(), **_values(wish))
    session().add(row)
    session().flush()
    events.record("role_saved", chain=chain_of(row.id), key=clean, name=row.name, base=str(row.base), rights=row.rights)
    return row


def change(row: OwnRole, wish: Wish, *, version: int | None = None) -> OwnRole:
    """Change a role; it counts at once for all who have it. Records `role_saved`. Raises Invalid, Conflict."""
    if version is not None and row.version != version:
        raise Conflict("changed_meanwhile", "Somebody has changed this since you opened it: look at it again.")
    before, values = set(row.rights), _values(wish)
    for name, value in values.items():
        setattr(row, name, value)
    session().flush()
    gained, lost = sorted(set(row.rights) - before), sorted(before - set(row.rights))
    if gained or lost:
        for user in holders(row.id):
            realtime.end_admissions(user.id)
    events.record("role_saved", chain=chain_of(row.id), key=row.key, name=row.name, gained=gained, lost=lost)
    return row


def delete(row: OwnRole) -> None:
    """Delete a role that nobody has. Records `role_removed`. Raises Conflict naming who still has it."""
    # Whoever is given the role right now waits for this, or this for them.
    session().execute(select(OwnRole.id).where(OwnRole.id == row.id).with_for_update())
    who = [user.name for user in holders(row.id)]
    if who:
        shown = ", ".join([*who[:NAMED], *(["…"] if len(who) > NAMED else [])])
        raise Conflict("role_in_use", f"Give them another role first: {shown}")
    events.record("role_removed", chain=chain_of(row.id), key=row.key, name=row.name)
    session().delete(row)
    session().flush()


def _values(wish: Wish) -> dict[str, object]:
    name, name_zh = (" ".join(text.split()) for text in (wish.name, wish.name_zh))
    if not name or not name.isprintable():
        raise Invalid("name_missing", "Give it a name.", fields={"name": "required"})
    if max(len(name), len(name_zh)) > MAX_NAME:
        raise Invalid("too_long", f"Write at most {MAX_NAME} characters.", fields={"name": "too long"})
    keys = set(wish.rights)
    unknown = sorted(keys - set(Right))
    if unknown:
        raise Invalid("right_unknown", f"There is no right {unknown[0][:40]!r}.", fields={"rights": "unknown"})
    given = rights.with_needed(rights.known(keys))
    return {"name": name, "name_zh": name_zh, "rights": [str(right) for right in Right if right in given]}
