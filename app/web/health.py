"""`/healthz`: this process answers. `/readyz`: the desk can work, or why it cannot, for load balancers and alarms."""

from __future__ import annotations

from collections.abc import Callable

import orjson
from flask import Blueprint, Response
from redis.exceptions import RedisError
from sqlalchemy import text
from sqlalchemy.exc import SQLAlchemyError

from app import db, doorbell, schedule
from app.clock import utcnow
from app.messaging import intake
from app.web.rules import public

blueprint = Blueprint("health", __name__)
CLOCK_LAG_SECONDS = 30.0
ENVELOPE_SECONDS = 60.0


def _database() -> tuple[bool, str]:
    try:
        with db.unit_of_work() as session:
            session.execute(text("select 1"))
    except SQLAlchemyError as error:
        return False, f"does not answer ({type(error).__name__})"
    return True, "answers"


def _redis() -> tuple[bool, str]:
    try:
        doorbell.connection().ping()
    except RedisError as error:
        return False, f"does not answer ({type(error).__name__}); work goes on, up to a minute later"
    return True, "answers"


def _clock() -> tuple[bool, str]:
    with db.unit_of_work():
        oldest = schedule.oldest_due()
    late = max(0.0, (utcnow() - oldest).total_seconds()) if oldest else 0.0
    return late <= CLOCK_LAG_SECONDS, f"the oldest due timer is {late:.1f} s late"


def _envelopes() -> tuple[bool, str]:
    with db.unit_of_work():
        age = intake.oldest_waiting_seconds()
    return age <= ENVELOPE_SECONDS, f"the oldest unprocessed envelope has waited {age:.1f} s"


CHECKS: dict[str, Callable[[], tuple[bool, str]]] = {
    "database": _database,
    "redis": _redis,
    "clock": _clock,
    "envelopes": _envelopes,
}
NEED_DATABASE = frozenset({"clock", "envelopes"})


def readiness() -> dict[str, tuple[bool, str]]:
    """Return per part whether it is well, and a sentence."""
    results: dict[str, tuple[bool, str]] = {}
    for name, check in CHECKS.items():
        if name in NEED_DATABASE and not results["database"][0]:
            results[name] = False, "not known without the database"
        else:
            results[name] = check()
    return results


@blueprint.get("/healthz")
@public
def live() -> Response:
    """Answer that this process lives."""
    return Response(b'{"status":"ok"}', content_type="application/json")


@blueprint.get("/readyz")
@public
def ready() -> Response:
    """Answer 200 when all parts are well, else 503; the body says why."""
    results = readiness()
    well = all(ok for ok, _why in results.values())
    body = {
        "status": "ready" if well else "not_ready",
        "checks": {name: {"ok": ok, "detail": why} for name, (ok, why) in results.items()},
    }
    return Response(orjson.dumps(body), 200 if well else 503, content_type="application/json")
