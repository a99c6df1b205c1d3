"""Bulk actions: the preview says what then happens, rights hold for each case, what was changed is taken back."""

from __future__ import annotations

import pytest

from app import jobs
from app.cases import around
from app.cases import service as cases
from app.cases.fields import keeping, values
from app.cases.models import Case
from app.db import session, unit_of_work
from app.errors import Conflict, NotFound
from app.messaging import held
from app.orchestration.bulk import progress, runs
from app.orchestration.bulk.catalogue import KINDS
from app.orchestration.bulk.models import BulkRun, RunState
from app.orchestration.macros import book
from tests.support.desk import make_case, make_desk
from tests.support.people import make_cast, viewer_of

ASKED = {
    "fields": {"priority": "high", "assignee": "me", "team": "repairs"},
    "tags": {"add": "Flood, boiler", "remove": "old"},
    "watch": {},
    "snooze": {"hours": "4", "note": "later"},
    "reply": {"text": "Dear {{customer}}, we look into {{number}}."},
    "note": {"text": "All of {{subject}}"},
    "verb": {"verb": "chase", "values": {"text": "Where is it?"}},
    "task": {"element": "handle", "values": {"outcome": "resolved"}},
    "merge": {},
    "custom": {"key": "floor", "value": "Second"},
    "macro": {},
}
MACRO = [{"kind": kind, "params": ASKED[kind]} for kind in ("fields", "tags", "watch", "snooze", "custom")]


@pytest.fixture
def desk(db):
    with unit_of_work():
        keeping.make("floor", kind="text", name="Floor")
        return make_desk(make_cast())


@pytest.fixture
def several(desk):
    """Cases of several states: as they come, urgent already, with other tags, merged, with a colleague, of another team."""
    with unit_of_work():
        made = [make_case(desk.cast, desk.account, subject=f"Leak {number}") for number in range(4)]
        cases.change(made[0], {"priority": "high", "assignee_id": desk.cast.alice.id})
        cases.change(made[1], {"assignee_id": desk.cast.bob.id})
        cases.change(made[2], {"team_id": desk.cast.repairs.id})
        return [desk.case.id, *(case.id for case in made)]


def prepare(user, kind, ids, given=None):
    with unit_of_work():
        wanted = dict(ASKED[kind] if given is None else given)
        if kind == "merge":
            wanted["into"] = session().get_one(Case, ids[0]).number
        if kind == "macro":
            wanted["macro"] = book.save(viewer_of(user), book.Wish("Flood", MACRO)).id
        return runs.prepare(viewer_of(user), kind, wanted, where=[Case.id.in_(ids)]).id


def finish(user, run_id, *, start=True):
    if start:
        with unit_of_work():
            runs.start(viewer_of(user), run_id)
    while state_of(run_id) is RunState.RUNNING:
        for lane in range(runs.LANES):
            jobs.run(runs.JOB, run_id * runs.LANES + lane)
    return run_id


def state_of(run_id):
    with unit_of_work():
        return session().get_one(BulkRun, run_id, populate_existing=True).state


def outcomes(run_id):
    with unit_of_work():
        row = session().get_one(BulkRun, run_id)
        return {
            (item.number, outcome, item.why) for outcome in ("changed", "same", "refused") for item in progress.items(row, outcome)
        }  # fmt: skip


def standing(ids):
    """All that can be undone of these cases."""
    with unit_of_work():
        found = []
        for case_id in ids:
            case = cases.lock(case_id)
            beside = around.of_case(case_id)
            sleep = beside.sleep.until if beside.sleep and not beside.sleep.back else None
            waits = held.waiting(case_id)
            found.append((
                case.priority, case.assignee_id, case.team_id, case.queue_key, case.status, case.merged_into, beside.tags,
                sorted(beside.watching), sleep, bool(beside.sleep and not beside.sleep.back), waits is not None,
                values.plain(case),
            ))  # fmt: skip
        return found


def test_what_the_preview_says_is_what_happens(desk, several):
    for kind in ("fields", "tags", "watch", "snooze", "reply", "note", "custom", "macro", "verb", "merge", "task"):
        before = standing(several)
        run_id = prepare(desk.cast.alice, kind, several)
        foreseen = outcomes(run_id)
        assert standing(several) == before, kind
        assert "changed" in {outcome for _number, outcome, _why in foreseen}, kind
        finish(desk.cast.alice, run_id)
        assert outcomes(run_id) == foreseen, kind


def test_undo_is_the_identity(desk, several):
    mona = desk.cast.mona
    for kind in sorted(key for key, kind in KINDS.items() if kind.undo):
        before = standing(several)
        run_id = finish(mona, prepare(mona, kind, several))
        assert standing(several) != before, kind
        with unit_of_work():
            back = runs.undo(viewer_of(mona), run_id).id
        finish(mona, back, start=False)
        assert standing(several) == before, kind
        with unit_of_work(), pytest.raises(Conflict, match="already"):
            runs.undo(viewer_of(mona), run_id)


def test_undo_leaves_what_somebody_changed_since(desk, several):
    mona = desk.cast.mona
    run_id = finish(mona, prepare(mona, "fields", several, {"priority": "urgent"}))
    with unit_of_work():
        cases.change(cases.lock(several[3]), {"priority": "low"})
        back = runs.undo(viewer_of(mona), run_id).id
    finish(mona, back, start=False)
    with unit_of_work():
        assert cases.lock(several[3]).priority == "low"
        assert cases.lock(several[4]).priority == "normal"
        [left] = progress.items(session().get_one(BulkRun, back), "refused")
    assert "changed this since" in left.why


def test_rights_are_asked_again_and_a_stopped_run_reaches_nothing_more(desk, several):
    alice = desk.cast.alice
    run_id = prepare(alice, "fields", several, {"priority": "urgent"})
    with unit_of_work():
        cases.change(cases.lock(several[4]), {"team_id": desk.cast.repairs.id})
    finish(alice, run_id)
    assert [why for _number, outcome, why in outcomes(run_id) if outcome == "refused"] == [
        "There is no such case, or it is not for you."
    ] * 2
    with unit_of_work():
        assert cases.lock(several[4]).priority == "normal"
    with unit_of_work():
        retried = runs.again(viewer_of(alice), run_id).id
    assert len(outcomes(retried)) == 2
    with unit_of_work():
        runs.start(viewer_of(alice), retried)
        runs.stop(viewer_of(alice), retried)
    finish(alice, retried, start=False)
    assert not {outcome for _number, outcome, _why in outcomes(retried)}
    with unit_of_work(), pytest.raises(NotFound):
        runs.get(viewer_of(desk.cast.mona), run_id)
