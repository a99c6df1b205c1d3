"""Tables of the identity room."""

from __future__ import annotations

from datetime import date, datetime
from enum import StrEnum
from typing import Any

from sqlalchemy import (
    CheckConstraint,
    ForeignKey,
    Identity,
    Index,
    UniqueConstraint,
    text,
)
from sqlalchemy.dialects.postgresql import JSONB
from sqlalchemy.orm import Mapped, mapped_column

from app.db import Base

_NOTHING = text("''")
_UNREAD = text("read_at is null")


class Role(StrEnum):
    """What a user may do at most; finer rights follow from teams."""

    AGENT = "agent"
    MANAGER = "manager"
    DESIGNER = "designer"
    ADMIN = "admin"


class OwnRole(Base):
    """A role of the desk's own: a set of single rights. In processes whoever has it counts as the built-in role `base`."""

    __tablename__ = "roles"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_zh: Mapped[str] = mapped_column(default="", server_default=_NOTHING)
    base: Mapped[Role]
    rights: Mapped[list[str]] = mapped_column(JSONB)
    version: Mapped[int] = mapped_column(default=1, server_default=text("1"))
    created_at: Mapped[datetime]

    __mapper_args__ = {"version_id_col": version}  # noqa: RUF012 -- SQLAlchemy's own attribute


class User(Base):
    """A person who works in the desk. `must_change`: the password was given by somebody else and opens only the way to a new one.

    `role_id` is their role when it is one of the desk's own; `role` is then what that one counts as.
    """

    __tablename__ = "users"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    login: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    email: Mapped[str] = mapped_column(default="")
    password_hash: Mapped[str]
    role: Mapped[Role]
    role_id: Mapped[int | None] = mapped_column(ForeignKey("roles.id"), index=True)
    locale: Mapped[str] = mapped_column(default="")
    theme: Mapped[str] = mapped_column(default="auto")
    is_active: Mapped[bool] = mapped_column(default=True, server_default=text("true"))
    must_change: Mapped[bool] = mapped_column(default=False, server_default=text("false"))
    created_at: Mapped[datetime]

    __table_args__ = (CheckConstraint("login = lower(login)", name="login_lower"),)


class Team(Base):
    """A group that work is dispatched to; `key` is what processes and lanes name. An archived one gets no more work."""

    __tablename__ = "teams"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_zh: Mapped[str] = mapped_column(default="")
    email: Mapped[str] = mapped_column(default="")
    archived_at: Mapped[datetime | None]


class Skill(Base):
    """Something that people know or can do."""

    __tablename__ = "skills"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    key: Mapped[str] = mapped_column(unique=True)
    name: Mapped[str]
    name_zh: Mapped[str] = mapped_column(default="", server_default=_NOTHING)


class UserSkill(Base):
    """That somebody has a skill, at a level from 1 to 3."""

    __tablename__ = "user_skills"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    skill_id: Mapped[int] = mapped_column(ForeignKey("skills.id", ondelete="CASCADE"), primary_key=True, index=True)
    level: Mapped[int]

    __table_args__ = (CheckConstraint("level between 1 and 3", name="level_1_to_3"),)


class TeamMember(Base):
    """Membership; a lead is who escalations go to."""

    __tablename__ = "team_members"

    team_id: Mapped[int] = mapped_column(ForeignKey("teams.id", ondelete="CASCADE"), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True, index=True)
    is_lead: Mapped[bool] = mapped_column(default=False, server_default=text("false"))


class LoginSession(Base):
    """A signed-in browser: the cookie holds the token, the row its digest, so that it can be ended here."""

    __tablename__ = "login_sessions"

    digest: Mapped[str] = mapped_column(primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    csrf: Mapped[str]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime]


class ApiToken(Base):
    """A bearer token of a user for the API."""

    __tablename__ = "api_tokens"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    name: Mapped[str]
    digest: Mapped[str] = mapped_column(unique=True)
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    revoked_at: Mapped[datetime | None]


class PasswordReset(Base):
    """A link to a new password that was asked for; the digest of its token is there once the mail goes out.

    `user_id` is none when there is no such person: asking leaves the same behind for everybody. `is_counted`: the person
    asked, not an administrator.
    """

    __tablename__ = "password_resets"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), index=True)
    digest: Mapped[str | None] = mapped_column(unique=True)
    locale: Mapped[str]
    is_counted: Mapped[bool]
    created_at: Mapped[datetime]
    expires_at: Mapped[datetime | None]
    sent_at: Mapped[datetime | None]


class LoginThrottle(Base):
    """Failed sign-ins per account and per address."""

    __tablename__ = "login_throttles"

    key: Mapped[str] = mapped_column(primary_key=True)
    failures: Mapped[int]
    last_at: Mapped[datetime]
    blocked_until: Mapped[datetime | None]


class Notice(Base):
    """A line for one user's notice list: escalated, chased, assigned; `cause` says by whom or by which rule."""

    __tablename__ = "notices"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str]
    text: Mapped[str]
    link: Mapped[str]
    cause: Mapped[str] = mapped_column(default="", server_default=_NOTHING)
    created_at: Mapped[datetime]
    read_at: Mapped[datetime | None]

    __table_args__ = (
        Index("ix_notices_user", "user_id", "id"),
        Index("ix_notices_unread", "user_id", postgresql_where=_UNREAD),
        UniqueConstraint("user_id", "id", name="uq_notices_user_id_id"),
    )


class Preference(Base):
    """How a user wants the desk: `keys` are those they gave to actions, `tell` the kinds of news their browser shows.

    Quiet hours are wall-clock times ("22:00") in `zone`; none when both are empty.
    """

    __tablename__ = "preferences"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    density: Mapped[str] = mapped_column(default="comfortable")
    has_keys: Mapped[bool] = mapped_column(default=True)
    keys: Mapped[dict[str, Any]] = mapped_column(JSONB, default=dict)
    tell: Mapped[list[str]] = mapped_column(JSONB, default=list)
    quiet_from: Mapped[str] = mapped_column(default="")
    quiet_until: Mapped[str] = mapped_column(default="")
    zone: Mapped[str] = mapped_column(default="")
    recent: Mapped[list[str]] = mapped_column(JSONB, default=list)


class KeptAnswer(Base):
    """What an API call with an Idempotency-Key was answered: the same call again gets the same answer and does nothing."""

    __tablename__ = "kept_answers"

    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"), primary_key=True)
    key: Mapped[str] = mapped_column(primary_key=True)
    request_digest: Mapped[str]
    status: Mapped[int] = mapped_column(default=0)
    body: Mapped[str] = mapped_column(default="")
    created_at: Mapped[datetime] = mapped_column(index=True)


class Absence(Base):
    """Days on which a user is away, the last one included; `stand_in_id` is told in their place."""

    __tablename__ = "absences"

    id: Mapped[int] = mapped_column(Identity(), primary_key=True)
    user_id: Mapped[int] = mapped_column(ForeignKey("users.id", ondelete="CASCADE"))
    kind: Mapped[str]
    from_on: Mapped[date]
    until_on: Mapped[date]
    begins_at: Mapped[datetime]
    ends_at: Mapped[datetime]
    stand_in_id: Mapped[int | None] = mapped_column(ForeignKey("users.id", ondelete="SET NULL"), index=True)

    __table_args__ = (Index("ix_absences_user", "user_id", "ends_at"), Index("ix_absences_time", "ends_at"))
