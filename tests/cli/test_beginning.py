"""`flask first-start`: a desk without a demo can take mail in."""

from __future__ import annotations

from app.db import unit_of_work
from app.identity import service as identity
from app.knowledge import service as knowledge
from app.routing import service as routing
from app.workflow import queries as workflow


def test_it_asks_for_a_team_first(run):
    answer = run("first-start")
    assert answer.exit_code == 1
    assert "flask team add" in answer.output


def test_it_makes_what_is_missing_and_nothing_twice(run):
    with unit_of_work():
        identity.save_team("care", name="Care", name_zh="客服")
    assert "New queues: care." in run("first-start").output
    assert "New queues: none." in run("first-start").output
    with unit_of_work():
        [queue] = routing.queues()
        assert (queue.key, queue.name_zh) == ("care", "客服")
        published = {row.key: row.version for row in workflow.definitions() if row.is_published}
        assert published == {"service_case": 1, "work_order": 1}
        assert knowledge.exists("acknowledge", "en") or knowledge.exists("received", "en")


def test_the_doctor_says_that_mail_can_not_become_a_case(run):
    assert "`flask first-start`" in next(line for line in run("doctor").output.splitlines() if "queues:" in line)
