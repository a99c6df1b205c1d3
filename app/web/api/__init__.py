"""REST API, version 1: bearer tokens, JSON, problem documents. Made for scripts and other systems."""

from __future__ import annotations

from functools import cache

import orjson
from flask import Blueprint, Flask, Response, current_app

from app.web import frame
from app.web.api import (
    absences,
    accounts,
    around,
    arranging,
    bulk,
    calendars,
    canned,
    cases,
    checklists,
    contacts,
    drafts,
    faults,
    fields,
    files,
    history,
    holding,
    macros,
    merging,
    migrating,
    openapi,
    organizations,
    people,
    presence,
    processes,
    roles,
    service_levels,
    shapes,
    skills,
    timekeeping,
    views,
    work,
    working_hours,
)
from app.web.api.contract import operation
from app.web.rules import public, signed_in

blueprint = Blueprint("api", __name__, url_prefix=openapi.PREFIX)
for part in (
    cases, around, fields, checklists, timekeeping, holding, presence, drafts, merging, files, work, history, processes, migrating, faults, accounts, people,
    calendars, contacts, organizations, service_levels, arranging, bulk, absences, canned, macros,
    roles, skills, working_hours,
):  # fmt: skip
    blueprint.register_blueprint(part.blueprint)
blueprint.register_blueprint(views.blueprint)


@blueprint.get("/me")
@operation("Who am I", tag="me", answers=shapes.Me)
@signed_in
def me() -> shapes.Me:
    """Return the user that the token belongs to."""
    viewer = frame.viewer()
    return shapes.Me(
        login=viewer.login,
        name=viewer.name,
        role=viewer.role_key,
        teams=sorted(viewer.team_keys),
        rights=sorted(viewer.rights),
    )


@cache
def _document(app: Flask) -> bytes:
    return orjson.dumps(openapi.document(app))


@blueprint.get("/openapi.json")
@public
def described() -> Response:
    """Return the OpenAPI document of this API."""
    return Response(_document(current_app._get_current_object()), content_type="application/json")  # type: ignore[attr-defined]  # noqa: SLF001
