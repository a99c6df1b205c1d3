"""What a viewer may hand out: roles and changes of people, never more than they may do themselves."""

from __future__ import annotations

from app.errors import Forbidden, NotFound
from app.identity import policy, queries, roles
from app.identity.models import OwnRole, Role, User
from app.identity.policy import Viewer
from app.identity.rights import known, with_needed
from app.web import frame


def may_give(viewer: Viewer, role: Role | OwnRole) -> bool:
    """Tell whether the viewer may give this role to somebody, or change it."""
    return policy.may_grant(viewer, roles.base_of(role), roles.rights_of(role))


def givable() -> list[tuple[str, OwnRole | None]]:
    """Return the roles that the viewer may give by key, the built-in ones first; a built-in one has no row."""
    viewer = frame.viewer()
    built_in: list[tuple[str, OwnRole | None]] = [(str(role), None) for role in Role if may_give(viewer, role)]
    return built_in + [(row.key, row) for row in roles.every() if may_give(viewer, row)]


def chosen(key: str) -> Role | OwnRole:
    """Return the role of that key; raises Invalid, Forbidden when it may do more than the viewer."""
    role = roles.find(key)
    if not may_give(frame.viewer(), role):
        raise Forbidden("more_rights", "This role may do what you may not: nobody hands out more than that.")
    return role


def person(user_id: int) -> User:
    """Return a user whom the viewer may change; raises NotFound, Forbidden for one who may do more than the viewer."""
    user = queries.get_user(user_id)
    if not may_give(frame.viewer(), roles.of_user(user)):
        raise Forbidden("more_rights", "This person may do what you may not: ask somebody who may do it too.")
    return user


def countable(role: Role | OwnRole) -> Role | OwnRole:
    """Return the role that a new one is a copy of; raises Forbidden when the new one would count for more than the viewer."""
    if not policy.may_grant(frame.viewer(), roles.base_of(role), ()):
        raise Forbidden("more_rights", "Only an administrator makes a role that counts as administrator.")
    return role


def own_role(key: str) -> OwnRole:
    """Return a role of the desk's own that the viewer may change; raises NotFound, Forbidden."""
    row = roles.get(key)
    if not may_give(frame.viewer(), row):
        raise Forbidden("more_rights", "This role may do what you may not: nobody hands out more than that.")
    return row


def rights(keys: list[str]) -> list[str]:
    """Return these keys of rights; raises Forbidden when one of them, or what it needs, is not the viewer's."""
    if not frame.viewer().rights.issuperset(with_needed(known(keys))):
        raise Forbidden("more_rights", "You may give only rights that you have yourself.")
    return keys


def any_role(key: str) -> Role | OwnRole:
    """Return a role to look at or to copy; raises NotFound."""
    clean = key.strip().lower()
    if clean in set(Role):
        return Role(clean)
    try:
        return roles.get(clean)
    except NotFound:
        raise NotFound("role_unknown", "There is no such role.") from None
