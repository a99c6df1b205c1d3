"""What the API takes and gives about contacts."""

from __future__ import annotations

from datetime import datetime
from typing import Literal

from pydantic import Field

from app.web.api.contract import In, Out
from app.web.api.shapes import EventRow

Tier = Literal["", "standard", "silver", "gold", "platinum", "vip"]


class ContactQuery(In):
    """Which contacts."""

    q: str = Field(
        "", max_length=200, description="Words of a name, part of a mail address, or four digits of a number."
    )
    tier: Tier = ""
    language: str = Field("", max_length=12)
    channel: str = Field("", max_length=20, description="Who can be reached there.")
    organization: int | None = None
    is_warned: bool = False
    is_blocked: bool = False
    limit: int = Field(50, ge=1, le=200)
    cursor: str | None = Field(None, max_length=1200)


class CasesQuery(In):
    """Which page of cases."""

    limit: int = Field(20, ge=1, le=100)
    before: int | None = Field(None, description="`next_before` of the page before.")


class NewPoint(In):
    """An address or number."""

    kind: str = Field(max_length=20, examples=["email", "voice", "sms"])
    address: str = Field(max_length=400)


class PointChange(In):
    """Whether somebody made sure that it is theirs."""

    is_verified: bool


class NewContact(In):
    """A contact."""

    name: str = Field(max_length=200)
    language: str = Field("", max_length=12)
    timezone: str = Field("", max_length=64, examples=["Asia/Shanghai"])
    organization_id: int | None = None
    tier: Tier = Field("", description="Empty: as the organization's.")
    warning: str = Field("", max_length=1000)
    points: list[NewPoint] = Field(default_factory=list, max_length=50)


class ContactChange(In):
    """What is to change; what is not given stays. `organization_id` null takes them out of their organization."""

    name: str | None = Field(None, max_length=200)
    language: str | None = Field(None, max_length=12)
    timezone: str | None = Field(None, max_length=64)
    organization_id: int | None = None
    tier: Tier | None = None
    warning: str | None = Field(None, max_length=1000)
    is_blocked: bool | None = None
    version: int | None = Field(None, description="The version you have read: 409 when somebody changed it since.")


class Other(In):
    """The other contact."""

    other: int
    why: str = Field("", max_length=500)


class PointRow(Out):
    """An address; `contact_id` is the contact that it belongs to, of those that were merged."""

    id: int
    contact_id: int
    kind: str
    address: str
    is_verified: bool


class MergedRow(Out):
    """A contact that was merged into this one, or into one that was."""

    id: int
    name: str
    into: int


class ListedPoint(Out):
    """An address in a list."""

    kind: str
    address: str


class ContactRow(Out):
    """A contact as lists show it. `tier` is the one that counts: their own, else the organization's."""

    id: int
    name: str
    language: str
    timezone: str
    tier: str
    organization_id: int | None
    organization: str
    is_warned: bool
    is_blocked: bool
    points: list[ListedPoint]


class ContactPage(Out):
    """A page of contacts by name."""

    items: list[ContactRow]
    next_cursor: str | None


class ContactDetail(Out):
    """A person: the contact that stands for all that were merged, with everything all of them have."""

    id: int
    name: str
    language: str
    timezone: str
    tier: str
    own_tier: str
    organization_id: int | None
    organization: str | None
    warnings: list[str]
    organization_warning: str
    is_blocked: bool
    version: int
    created_at: datetime
    points: list[PointRow]
    merged: list[MergedRow]


class CaseOf(Out):
    """A case of a contact that you may see."""

    id: int
    number: str
    subject: str
    status: str
    channel: str
    opened_at: datetime
    touched_at: datetime
    archived_at: datetime | None


class ExchangeRow(Out):
    """The last message on one kind of channel, in a case that you may see."""

    kind: str
    case: str
    direction: str
    author: str
    text: str
    created_at: datetime


class ContactHistory(Out):
    """Cases, newest first, and the last exchange on each channel."""

    cases: list[CaseOf]
    last: list[ExchangeRow]
    next_before: int | None


class ContactEvents(Out):
    """What was done to a contact by hand, oldest first."""

    items: list[EventRow]


class HintRow(Out):
    """One thing that speaks for it."""

    kind: str
    seen: str
    counts: int


class CandidateRow(Out):
    """Somebody who may be the same person; nothing is merged by itself."""

    id: int
    name: str
    score: int
    strength: str
    hints: list[HintRow]


class CandidatePage(Out):
    """The most likely first."""

    items: list[CandidateRow]


class Difference(Out):
    """A field in which two contacts differ; `kept` counts."""

    field: str
    kept: str
    other: str


class MergePreview(Out):
    """What a merge would bring together."""

    kept: ContactDetail
    other: ContactDetail
    cases: int
    open_cases: int
    interactions: int
    differences: list[Difference]
    score: int
    hints: list[HintRow]


class WithWhom(In):
    """The other contact."""

    other: int
