"""The pages of service levels: policies in the order in which they are tried, and a tester that says which one holds and why."""

from __future__ import annotations

import re
from typing import Any

from flask import Blueprint, Response, make_response, redirect, request

from app.audit import service as audit
from app.cases import service as cases
from app.db import savepoint
from app.errors import Conflict, DeskError, Invalid, NotFound
from app.identity import policy as rights
from app.orchestration import service_levels
from app.routing import service as routing
from app.sla import policies
from app.sla import service as sla
from app.sla.models import SlaPolicy
from app.sla.policies import Draft
from app.web import access, frame, shell
from app.web.errors import status_of
from app.web.rules import allow_if

blueprint = Blueprint("service_levels", __name__)
sees = allow_if(rights.may_see_settings)
changes = allow_if(rights.may_manage_service_levels)
SHOWN_EVENTS = 12
UNITS = {"m": 60, "h": 3600}


@blueprint.get("/settings/service-levels")
@sees
def overview() -> str:
    """List the policies; with `?case=`, say which of them holds for that case and why."""
    number = request.args.get("case", "").strip()[:40]
    verdicts, case, unknown = [], None, False
    if number:
        try:
            case = access.case_by_number(frame.viewer(), number)
            facts = service_levels.facts_of(case)
            verdicts = [policies.judge(policy, facts) for policy in policies.policies()]
        except NotFound:
            unknown = True
    return shell.page(
        "service_levels.html", section="settings", policies=policies.policies(), number=number, case=case, unknown=unknown,
        verdicts=verdicts, calendars={row.id: row for row in sla.calendars()}, kinds=policies.KINDS, length=length,
        may_change=rights.may_manage_service_levels(frame.viewer()), removed=request.args.get("removed", ""),
    )  # fmt: skip


@blueprint.get("/settings/service-levels/new")
@changes
def new() -> Response:
    """Show the form of a new policy."""
    return _form(None)


@blueprint.get("/settings/service-levels/<int:policy_id>")
@sees
def edit(policy_id: int) -> Response:
    """Show a policy."""
    return _form(policies.get(policy_id))


def length(seconds: int) -> tuple[str, str]:
    """Return a length as number and unit: whole or half hours from one on, else minutes."""
    return (f"{seconds / 3600:g}", "h") if seconds >= 3600 and seconds % 1800 == 0 else (f"{seconds / 60:g}", "m")


def _shown(row: SlaPolicy | None) -> dict[str, Any]:
    """Return a policy as its form shows it."""
    if row is None:
        return {
            "is_enabled": "true", "pauses": [str(policies.PAUSING[0])], "warn_percent": "75", "warn_who": ["agent"],
            "breach_who": ["agent", "lead"],
        }  # fmt: skip
    shown: dict[str, Any] = {
        "name": row.name, "name_zh": row.name_zh, "is_enabled": "true" if row.is_enabled else "",
        "calendar": str(row.calendar_id or ""), "pauses": row.pauses, "warn_percent": str(row.warn_percent or ""),
        "warn_who": row.warn_who, "breach_who": row.breach_who,
    }  # fmt: skip
    for kind, seconds in row.targets.items():
        shown[kind], shown[f"{kind}_unit"] = length(seconds)
    for key in ("type", "tier"):
        shown[key] = ", ".join(row.conditions.get(key, ()))
    return shown | {key: row.conditions.get(key, []) for key in ("priority", "queue")}


def _typed() -> dict[str, Any]:
    many = {"pauses", "warn_who", "breach_who", "priority", "queue"}
    return {
        key: request.form.getlist(key) if key in many else request.form.get(key, "") for key in {*request.form, *many}
    }


def _form(row: SlaPolicy | None, *, error: DeskError | None = None, part: str = "policy") -> Response:
    page = shell.page(
        "service_level.html", section="settings", policy=row, values=_typed() if error and part == "policy" else _shown(row),
        error=error, part=part, wrong=error.fields if error else {}, queues=routing.queues(), calendars=sla.calendars(),
        priorities=cases.PRIORITIES, pausing=policies.PAUSING, told=policies.TOLD, kinds=policies.KINDS,
        events=audit.chain_events(f"sla_policy:{row.id}")[-SHOWN_EVENTS:][::-1] if row else [],
        may_change=rights.may_manage_service_levels(frame.viewer()),
    )  # fmt: skip
    return make_response(page, status_of(error) if error else 200)


@blueprint.post("/settings/service-levels")
@changes
def make() -> Any:
    """Make a policy; it is tried last."""
    try:
        with savepoint():
            policies.save(None, _draft())
    except (Invalid, Conflict) as error:
        return _form(None, error=error)
    return redirect("/settings/service-levels", 303)


@blueprint.post("/settings/service-levels/<int:policy_id>")
@changes
def change(policy_id: int) -> Any:
    """Change a policy, or where it stands."""
    form = request.form
    if form.get("move"):
        policies.move(policy_id, up=form["move"] == "up")
        return redirect("/settings/service-levels", 303)
    try:
        with savepoint():
            policies.save(policy_id, _draft(), version=form.get("version", type=int))
    except (Invalid, Conflict) as error:
        return _form(policies.get(policy_id), error=error)
    return redirect(f"/settings/service-levels/{policy_id}?saved=1", 303)


@blueprint.post("/settings/service-levels/<int:policy_id>/delete")
@changes
def delete(policy_id: int) -> Any:
    """Delete a policy by which nothing was counted."""
    name = policies.get(policy_id).name
    try:
        with savepoint():
            policies.remove(policy_id)
    except Conflict as error:
        return _form(policies.get(policy_id), error=error, part="delete")
    return redirect(f"/settings/service-levels?removed={name}", 303)


def _draft() -> Draft:
    form = request.form
    listed = {key: re.split(r"[,，;；、\n]+", form.get(key, "")[:4000]) for key in ("type", "tier")}
    return Draft(
        name=form.get("name", ""), name_zh=form.get("name_zh", ""), is_enabled=form.get("is_enabled") == "true",
        conditions=listed | {key: form.getlist(key) for key in ("priority", "queue")},
        targets={kind: seconds for kind in policies.KINDS if (seconds := _seconds(kind))},
        calendar_id=form.get("calendar", type=int), pauses=form.getlist("pauses"),
        warn_percent=int(_number("warn_percent") or 0) or None, warn_who=form.getlist("warn_who"),
        breach_who=form.getlist("breach_who"),
    )  # fmt: skip


def _number(key: str) -> float | None:
    text = request.form.get(key, "").strip().replace(",", ".")
    if not text:
        return None
    if not re.fullmatch(r"\d{1,6}(\.\d{1,3})?", text):
        raise Invalid("bad_number", "Write a number of minutes or hours.", fields={key: "not a number"})
    return float(text)


def _seconds(kind: str) -> int:
    return round((_number(kind) or 0) * UNITS.get(request.form.get(f"{kind}_unit", "h"), 3600))
