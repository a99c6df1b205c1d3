"""Business time equals what the wall clock says minute by minute; `python -m tools.sla_oracle 100000` asks more often."""

from __future__ import annotations

from dataclasses import replace

import pytest

from tools import sla_oracle


@pytest.mark.parametrize("seed", range(100, 106))
def test_business_time_equals_the_wall_clock(seed: int) -> None:
    assert [each for case in sla_oracle.cases(500, seed) for each in sla_oracle.differences(case)] == []


def test_the_oracle_sees_a_calendar_that_is_one_minute_or_one_day_off(monkeypatch: pytest.MonkeyPatch) -> None:
    right = sla_oracle.calendar_from_spec

    def shifted(spec):
        zone = "Europe/Paris" if spec["timezone"] == "UTC" else "UTC"
        return right({**spec, "timezone": zone})

    open_days = {day: ["09:00-18:00"] for day in sla_oracle.WEEKDAYS}
    case = next(sla_oracle.cases(1))
    case = replace(case, start=0, stop=12 * sla_oracle.DAY_MINUTES, wanted=3000)
    for change in (
        lambda spec: {**spec, "weekly": {**open_days, "mon": ["09:00-18:01"]}},
        lambda spec: {**spec, "holidays": [(case.first).isoformat()]},
    ):
        spec = {"timezone": "UTC", "weekly": open_days, "holidays": [], "extra_days": {}}
        plain = replace(case, spec=spec)
        assert sla_oracle.differences(plain) == []
        monkeypatch.setattr(sla_oracle, "calendar_from_spec", lambda given, change=change: right(change(given)))
        assert sla_oracle.differences(plain)
        monkeypatch.setattr(sla_oracle, "calendar_from_spec", shifted)
        assert sla_oracle.differences(plain)
        monkeypatch.setattr(sla_oracle, "calendar_from_spec", right)


def test_the_command_counts_cases_and_differences(capsys: pytest.CaptureFixture[str]) -> None:
    assert sla_oracle.main(["50", "7"]) == 0
    assert capsys.readouterr().out == "cases 50, differences 0\n"
