"""Working hours: a person's own calendar counts alone, else those of their teams together."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from app.errors import Conflict
from app.identity import service as identity
from app.sla import service as sla
from app.sla import working_hours
from tests.support.people import make_cast

# A Monday.
NIGHT, MORNING = datetime(2026, 11, 23, 2, tzinfo=UTC), datetime(2026, 11, 23, 9, tzinfo=UTC)


def calendar(key, hours):
    weekly = {day: [hours] for day in ("mon", "tue", "wed", "thu", "fri", "sat", "sun")}
    return sla.save_calendar(key, name=key.title(), spec={"timezone": "UTC", "weekly": weekly})


def test_who_is_off_duty_follows_from_the_calendars(session):
    cast = make_cast()
    day, night = calendar("by-day", "08:00-18:00"), calendar("by-night", "00:00-06:00")
    everybody = {cast.alice.id, cast.bob.id, cast.charlie.id}
    assert working_hours.off_duty(everybody, at=NIGHT) == set()
    working_hours.set_team(cast.service_team.id, day.id)
    assert working_hours.off_duty(everybody, at=MORNING) == set()
    assert working_hours.off_duty(everybody, at=NIGHT) == {cast.alice.id, cast.bob.id}
    working_hours.set_user(cast.bob.id, night.id)
    assert working_hours.off_duty(everybody, at=NIGHT) == {cast.alice.id}
    assert working_hours.off_duty(everybody, at=MORNING) == {cast.bob.id}
    # In two teams: at work while one of them is.
    identity.add_member(cast.repairs.id, cast.alice.id)
    working_hours.set_team(cast.repairs.id, night.id)
    assert working_hours.off_duty({cast.alice.id}, at=NIGHT) == set()
    working_hours.set_user(cast.bob.id, None)
    assert working_hours.of_user(cast.bob.id) is None
    assert working_hours.off_duty({cast.bob.id}, at=MORNING) == set()
    with pytest.raises(Conflict, match="work by this calendar"):
        sla.delete_calendar(night)
