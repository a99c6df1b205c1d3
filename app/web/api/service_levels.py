"""API: service levels for administrators and managers, and the clocks of a case for whoever sees it."""

from __future__ import annotations

from datetime import datetime
from typing import Annotated, Literal

from flask import Blueprint
from pydantic import Field

from app.identity import policy as rights
from app.orchestration import service_levels
from app.sla import clocks, policies
from app.sla import service as sla
from app.sla.models import SlaClock, SlaPolicy
from app.sla.policies import Draft
from app.web import access, frame
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if, signed_in

blueprint = Blueprint("api_service_levels", __name__)
sees = allow_if(rights.may_see_settings)
administers = allow_if(rights.may_manage_service_levels)
TAG = "service levels"
Kind = Literal["first_response", "next_response", "resolution"]
Field_ = Literal["priority", "type", "tier", "queue"]
Word = Annotated[str, Field(max_length=60)]
Words = Annotated[list[Word], Field(max_length=50)]
Role = Literal["agent", "lead"]


class NewPolicy(In):
    """A service level: for which cases, with which time limits. Clocks that run keep what was promised when they began."""

    name: str = Field(max_length=120)
    name_zh: str = Field("", max_length=120)
    is_enabled: bool = True
    conditions: dict[Field_, Words] = Field(
        default_factory=dict, max_length=4, description="Values of which a case has one; a field left out fits every case.",
        examples=[{"priority": ["urgent"], "tier": ["gold"]}],
    )  # fmt: skip
    targets: dict[Kind, int] = Field(
        max_length=3, description="Seconds of open time.", examples=[{"first_response": 14400, "resolution": 86400}]
    )
    calendar: str = Field("", max_length=60, description="Key of a calendar; the queue's unless given.")
    pauses: list[Literal["waiting", "dispatched", "resolved"]] = Field(
        default_factory=list, max_length=3, description="States of the case in which its clocks rest."
    )
    warn_percent: int | None = Field(None, ge=1, le=99, description="Warn when so much of the time is used.")
    warn_who: list[Role] = Field(default_factory=list, max_length=2, description="Who is told then.")
    breach_who: list[Role] = Field(
        default_factory=list, max_length=2, description="Who is told when the limit has passed."
    )
    version: int | None = Field(None, description="What you have read; 409 when somebody has changed it since.")


class PolicyRow(Out):
    """A service level."""

    id: int
    position: int
    name: str
    name_zh: str
    is_enabled: bool
    conditions: dict[str, list[str]]
    targets: dict[str, int]
    calendar: str
    pauses: list[str]
    warn_percent: int | None
    warn_who: list[str]
    breach_who: list[str]
    version: int


class PolicyPage(Out):
    """All service levels in the order in which they are tried: the first that is on and fits holds."""

    items: list[PolicyRow]


class ClockRow(Out):
    """A time limit of a case that a service level promised."""

    kind: str
    state: str = Field(description="running, paused, met or dropped (not needed any more).")
    policy: str
    calendar: str
    target: int = Field(description="Seconds of open time.")
    started_at: datetime
    due_at: datetime | None = Field(description="Empty while it rests.")
    paused_at: datetime | None
    paused_why: str
    warned_at: datetime | None
    breached_at: datetime | None
    ended_at: datetime | None


class VerdictRow(Out):
    """Whether a service level holds for a case, and if not, which field speaks against it."""

    policy: str
    holds: bool
    field: str
    found: str
    wanted: str


class ClockPage(Out):
    """The clocks of a case in the order in which they began, and how each service level was judged."""

    items: list[ClockRow]
    verdicts: list[VerdictRow]


class Removed(Out):
    """What was deleted."""

    id: int


@blueprint.get("/service-levels")
@operation("List service levels", tag=TAG, answers=PolicyPage)
@sees
def list_policies() -> PolicyPage:
    """List the service levels in the order in which they are tried."""
    return PolicyPage(items=[_row(policy) for policy in policies.policies()])


@blueprint.post("/service-levels")
@operation("Make a service level", tag=TAG, answers=PolicyRow, body=NewPolicy)
@administers
def make_policy(body: NewPolicy) -> PolicyRow:
    """Make a service level; it is tried last."""
    return _row(policies.save(None, _draft(body)))


@blueprint.put("/service-levels/<int:policy_id>")
@operation("Change a service level", tag=TAG, answers=PolicyRow, body=NewPolicy)
@administers
def change_policy(policy_id: int, body: NewPolicy) -> PolicyRow:
    """Change a service level. 409: somebody has changed it since the version given."""
    return _row(policies.save(policy_id, _draft(body), version=body.version))


@blueprint.delete("/service-levels/<int:policy_id>")
@operation("Delete a service level", tag=TAG, answers=Removed)
@administers
def delete_policy(policy_id: int) -> Removed:
    """Delete a service level. 409: cases were counted by it."""
    policies.remove(policy_id)
    return Removed(id=policy_id)


@blueprint.get("/cases/<number>/clocks")
@operation("List the clocks of a case", tag=TAG, answers=ClockPage)
@signed_in
def list_clocks(number: str) -> ClockPage:
    """List the time limits of a case that service levels promised."""
    case = access.case_by_number(frame.viewer(), number)
    facts = service_levels.facts_of(case)
    names = {row.id: row.key for row in sla.calendars()}
    verdicts = [policies.judge(policy, facts) for policy in policies.policies()]
    return ClockPage(
        items=[_clock(clock, names[clock.calendar_id]) for clock in clocks.of_case(case.id)],
        verdicts=[
            VerdictRow(policy=v.policy.name, holds=v.matches, field=v.field, found=v.found, wanted=v.wanted) for v in verdicts
        ],
    )  # fmt: skip


def _draft(body: NewPolicy) -> Draft:
    calendar = sla.calendar_by_key(body.calendar).id if body.calendar else None
    return Draft(**body.model_dump(exclude={"calendar", "version"}), calendar_id=calendar)


def _row(policy: SlaPolicy) -> PolicyRow:
    calendar = sla.get_calendar(policy.calendar_id).key if policy.calendar_id else ""
    return PolicyRow(
        id=policy.id, position=policy.position, name=policy.name, name_zh=policy.name_zh, is_enabled=policy.is_enabled,
        conditions=policy.conditions, targets=policy.targets, calendar=calendar, pauses=policy.pauses,
        warn_percent=policy.warn_percent, warn_who=policy.warn_who, breach_who=policy.breach_who, version=policy.version,
    )  # fmt: skip


def _clock(clock: SlaClock, calendar: str) -> ClockRow:
    return ClockRow(
        kind=clock.kind, state=clock.state, policy=clock.policy_name, calendar=calendar, target=clock.target,
        started_at=clock.started_at, due_at=clock.due_at, paused_at=clock.paused_at, paused_why=clock.paused_why,
        warned_at=clock.warned_at, breached_at=clock.breached_at, ended_at=clock.ended_at,
    )  # fmt: skip
