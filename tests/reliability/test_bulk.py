"""kill -9 in the midst of a bulk action, and Redis emptied: every case is done once, and the run ends."""

from __future__ import annotations

import pytest

from tests.reliability.running import RunningDesk, wait_for

pytestmark = pytest.mark.slow
CASES = 120
BEGIN = """
import sys
from app import bootstrap, db
from app.cases import service as cases
from app.cases.models import Case
from app.identity import queries as people
from app.orchestration.bulk import runs
bootstrap.start()
def begin():
    ids = [cases.open_case(subject=f"Bulk {n}", channel="email", contact_id=None, contact_name="").id for n in range(int(sys.argv[1]))]
    viewer = people.viewer(people.user_by_login("alice").id)
    row = runs.prepare(viewer, "fields", {"priority": "urgent"}, where=[Case.id.in_(ids)])
    return runs.start(viewer, row.id).id
print(db.transact(begin))
"""


def test_a_killed_worker_does_no_case_twice_and_leaves_none_out(desk: RunningDesk) -> None:
    desk.start("clock", "clock")
    run_id = int(desk.run_code(BEGIN, CASES))
    desk.start("work", "work", crash_at="bulk.after_case")
    wait_for(lambda: desk.died("work"), 60)
    desk.redis().flushall()
    desk.start("again", "work")

    def is_done() -> bool:
        return desk.query("select state from bulk_runs where id = %s", run_id)[0]["state"] == "done"

    wait_for(is_done, 60)
    rows = desk.query(
        "select i.outcome, count(e.*) as times from bulk_items i left join audit_events e"
        " on e.chain = 'case:' || i.case_id and e.kind = 'case_changed' where i.run_id = %s group by i.id", run_id,
    )  # fmt: skip
    assert [(row["outcome"], row["times"]) for row in rows] == [("changed", 1)] * CASES
