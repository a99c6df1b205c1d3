"""Queues: found by key, with one to fall back on."""

from __future__ import annotations

import pytest

from app.errors import NotFound
from app.identity import service as identity
from app.routing import service as routing
from app.sla import service as sla


def test_there_is_always_somewhere_to_go_once_there_is_a_queue(session):
    with pytest.raises(NotFound):
        routing.queue("service")
    team = identity.save_team("t", name="T")
    calendar = sla.save_calendar("business", name="Business hours")
    for key in ("zeta", "service"):
        routing.save_queue(key, name=key, team_id=team.id, calendar_id=calendar.id)
    assert routing.queue("zeta").key == "zeta"
    assert routing.queue("").key == "service"
    assert routing.queue("unknown").key == "service"
    assert [row.key for row in routing.queues()] == ["service", "zeta"]
    assert routing.save_queue("zeta", name="Alpha", team_id=team.id, calendar_id=calendar.id).name == "Alpha"
    assert [row.key for row in routing.queues()] == ["zeta", "service"]
