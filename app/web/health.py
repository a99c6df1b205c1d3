"""`/healthz`: this process answers. `/readyz`: the desk can work, or why it cannot, for load balancers and alarms."""

from __future__ import annotations

import orjson
from flask import Blueprint, Response

from app.reporting import readiness
from app.web.rules import public

blueprint = Blueprint("health", __name__)


@blueprint.get("/healthz")
@public
def live() -> Response:
    """Answer that this process lives."""
    return Response(b'{"status":"ok"}', content_type="application/json")


@blueprint.get("/readyz")
@public
def ready() -> Response:
    """Answer 200 when all parts are well, else 503; the body says why."""
    found = readiness.findings()
    well = all(finding.is_well for finding in found)
    body = {
        "status": "ready" if well else "not_ready",
        "checks": {finding.part: {"ok": finding.is_well, "detail": finding.detail} for finding in found},
    }
    return Response(orjson.dumps(body), 200 if well else 503, content_type="application/json")
