"""The cast: Alice (agent), Bob (team-mate), Charlie (other team), and one of each other role. Dana is a contact."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

from app.clock import utcnow
from app.db import session
from app.identity import passwords, queries, service
from app.identity.models import Role, Team, User
from app.identity.policy import Viewer

PASSWORD = "correct horse battery"


@cache
def password_hash() -> str:
    """One hash for all: hashing is slow on purpose."""
    return passwords.hash_password(PASSWORD)


def make_user(login: str, role: Role = Role.AGENT, *, teams: tuple[Team, ...] = (), name: str = "") -> User:
    """Make a user whose password is PASSWORD."""
    user = User(
        login=login, name=name or login.capitalize(), email=f"{login}@desk.example", role=role,
        password_hash=password_hash(), created_at=utcnow(),
    )  # fmt: skip
    session().add(user)
    session().flush()
    for team in teams:
        service.add_member(team.id, user.id)
    return user


def viewer_of(user: User) -> Viewer:
    """The user as the frame sees them."""
    session().flush()
    return queries.viewer(user.id)


@dataclass(frozen=True)
class Cast:
    """Everybody, with their teams."""

    service_team: Team
    repairs: Team
    alice: User
    bob: User
    charlie: User
    mona: User
    desi: User
    ada: User


def make_cast() -> Cast:
    """Alice and Bob in Service, Charlie in Repairs; Mona manages, Desi designs (in Service), Ada administrates."""
    front = service.save_team("service", name="Service")
    repairs = service.save_team("repairs", name="Repairs")
    return Cast(
        front,
        repairs,
        make_user("alice", teams=(front,)),
        make_user("bob", teams=(front,)),
        make_user("charlie", teams=(repairs,)),
        make_user("mona", Role.MANAGER),
        make_user("desi", Role.DESIGNER, teams=(front,)),
        make_user("ada", Role.ADMIN),
    )
