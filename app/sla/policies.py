"""Service levels as policies: what is promised for which cases. The first that is on and matches counts."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

from sqlalchemy import func, select

from app import events
from app.cases.models import CaseStatus
from app.cases.service import PRIORITIES
from app.db import forget, known, run, session
from app.errors import Conflict, Invalid, NotFound
from app.sla import service as sla
from app.sla.models import SlaClock, SlaPolicy

KINDS = ("first_response", "next_response", "resolution")
CONDITIONS = ("priority", "type", "tier", "queue")
PAUSING = (CaseStatus.WAITING, CaseStatus.DISPATCHED, CaseStatus.RESOLVED)
TOLD = ("agent", "lead")
LONGEST = timedelta(hours=2000)
MAX_VALUES = 50
_ANY = "select 1 from sla_policies limit 1"


@dataclass(frozen=True, slots=True)
class Draft:
    """A policy as it is given: conditions by field (empty: any), targets in seconds by kind."""

    name: str
    name_zh: str = ""
    is_enabled: bool = True
    conditions: Mapping[str, Sequence[str]] = field(default_factory=dict)
    targets: Mapping[str, int] = field(default_factory=dict)
    calendar_id: int | None = None
    pauses: Sequence[str] = ()
    warn_percent: int | None = None
    warn_who: Sequence[str] = ()
    breach_who: Sequence[str] = ()


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether a policy holds for a case; if not, the field that speaks against it, what it is and what is asked for."""

    policy: SlaPolicy
    matches: bool
    field: str = ""
    found: str = ""
    wanted: str = ""


def policies() -> list[SlaPolicy]:
    """Return all policies in the order in which they are tried."""
    return known(
        ("sla policies",), lambda: list(session().scalars(select(SlaPolicy).order_by(SlaPolicy.position, SlaPolicy.id)))
    )


def are_there() -> bool:
    """Tell whether there is any policy: a desk without one pays for no more than this question."""
    return known(("sla policies there",), lambda: run(_ANY, settled=False).fetchone() is not None)


def get(policy_id: int) -> SlaPolicy:
    """Return a policy; raises NotFound."""
    row = session().get(SlaPolicy, policy_id)
    if row is None:
        raise NotFound("policy_unknown", "There is no such service level.")
    return row


def judge(policy: SlaPolicy, facts: Mapping[str, str]) -> Verdict:
    """Tell whether a policy holds for a case with these facts (priority, type, tier, queue), and if not, why."""
    if not policy.is_enabled:
        return Verdict(policy, matches=False, field="switched_off")
    for key in CONDITIONS:
        wanted = policy.conditions.get(key) or []
        if wanted and facts.get(key, "").lower() not in wanted:
            return Verdict(policy, matches=False, field=key, found=facts.get(key, ""), wanted=", ".join(wanted))
    return Verdict(policy, matches=True)


def match(facts: Mapping[str, str]) -> SlaPolicy | None:
    """Return the first policy that is on and holds for a case with these facts."""
    return next((policy for policy in policies() if judge(policy, facts).matches), None)


# ---------------------------------------------------------------- changing them
def save(policy_id: int | None, draft: Draft, *, version: int | None = None) -> SlaPolicy:
    """Make a policy, as the last to be tried, or change one. Clocks that run keep what was promised when they began.

    Records `sla_policy_saved`. Raises NotFound, Invalid, and Conflict when it is no longer the `version` that was shown.
    """
    values = _checked(draft)
    if policy_id is None:
        last = session().scalar(select(func.max(SlaPolicy.position))) or 0
        row = SlaPolicy(position=last + 1, **values)
        session().add(row)
    else:
        row = get(policy_id)
        sla.check_version(row.version, version)
        for name, value in values.items():
            setattr(row, name, value)
    session().flush()
    events.record("sla_policy_saved", chain=f"sla_policy:{row.id}", **values)
    forget()
    return row


def move(policy_id: int, *, up: bool) -> None:
    """Try a policy earlier or later by one place. Records `sla_policy_moved`."""
    listed = list(session().scalars(select(SlaPolicy).order_by(SlaPolicy.position, SlaPolicy.id).with_for_update()))
    row = get(policy_id)
    place = listed.index(row)
    other = place - 1 if up else place + 1
    if not 0 <= other < len(listed):
        return
    listed[place], listed[other] = listed[other], listed[place]
    for number, policy in enumerate(listed, start=1):
        policy.position = number
    session().flush()
    events.record("sla_policy_moved", chain=f"sla_policy:{row.id}", position=row.position)
    forget()


def remove(policy_id: int) -> None:
    """Delete a policy. Records `sla_policy_removed`. Raises NotFound, and Conflict when cases were counted by it."""
    row = get(policy_id)
    if session().scalar(select(SlaClock.id).where(SlaClock.policy_id == policy_id).limit(1)) is not None:
        raise Conflict("policy_in_use", "Cases were counted by this service level: switch it off instead.")
    session().delete(row)
    session().flush()
    events.record("sla_policy_removed", chain=f"sla_policy:{policy_id}", name=row.name)
    forget()


def _checked(draft: Draft) -> dict[str, Any]:
    targets = {kind: int(draft.targets[kind]) for kind in KINDS if draft.targets.get(kind)}
    if not targets:
        raise Invalid("no_target", "Give at least one time limit.", fields={"first_response": "required"})
    for kind, seconds in targets.items():
        if not timedelta(minutes=1) <= timedelta(seconds=seconds) <= LONGEST:
            raise Invalid("bad_target", "A time limit is from one minute to 2000 hours.", fields={kind: "not usable"})
    if draft.warn_percent is not None and not 1 <= draft.warn_percent <= 99:
        raise Invalid("bad_percent", "Warn at 1 to 99 percent of the time.", fields={"warn_percent": "not usable"})
    if draft.calendar_id is not None:
        sla.get_calendar(draft.calendar_id)
    return {
        "name": sla.checked_name(draft.name),
        "name_zh": sla.checked_name(draft.name_zh, field="name_zh") if draft.name_zh.strip() else "",
        "is_enabled": draft.is_enabled, "conditions": _conditions(draft.conditions), "targets": targets,
        "calendar_id": draft.calendar_id, "pauses": _chosen(draft.pauses, map(str, PAUSING), "pauses"),
        "warn_percent": draft.warn_percent, "warn_who": _chosen(draft.warn_who, TOLD, "warn_who"),
        "breach_who": _chosen(draft.breach_who, TOLD, "breach_who"),
    }  # fmt: skip


def _chosen(given: Sequence[str], allowed: Any, name: str) -> list[str]:
    known_ones = list(allowed)
    if not set(given) <= set(known_ones):
        raise Invalid("bad_choice", f"Choose from {', '.join(known_ones)}.", fields={name: "unknown"})
    return [one for one in known_ones if one in given]


def _conditions(given: Mapping[str, Sequence[str]]) -> dict[str, list[str]]:
    found = {}
    for key in CONDITIONS:
        values = sorted(
            {" ".join(str(value).split()).lower()[:60] for value in given.get(key, ()) if str(value).strip()}
        )
        if len(values) > MAX_VALUES:
            raise Invalid(
                "too_many_values", f"A condition names at most {MAX_VALUES} values.", fields={key: "too many"}
            )
        if values:
            found[key] = values
    if not set(found.get("priority", ())) <= set(PRIORITIES):
        raise Invalid(
            "bad_priority", f"The priority is one of {', '.join(PRIORITIES)}.", fields={"priority": "unknown"}
        )
    return found
