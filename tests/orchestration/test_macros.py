"""Macros: all steps of one or none, in its maker's words filled in, and the record names it as the cause."""

from __future__ import annotations

import pytest

from app.audit import service as audit
from app.cases import around
from app.cases import service as cases
from app.db import unit_of_work
from app.errors import Conflict, DeskError, Forbidden, Invalid
from app.messaging import composing, drafts, held, queries
from app.orchestration import holding
from app.orchestration.macros import book, offers, running, steps
from tests.support.desk import make_desk
from tests.support.people import make_cast, viewer_of


@pytest.fixture
def desk(db):
    with unit_of_work():
        return make_desk(make_cast())


def step(kind, **params):
    return {"kind": kind, "params": params}


ALL = (
    step("reply", texts={"en": "Dear {{ customer.name }}, {{ case.number }} comes [[when]].", "zh": "您好：[[when]]"}),
    step("note", texts={"en": "Told {{customer}}"}),
    step("fields", priority="high", assignee="me"),
    step("tags", add="Flood, told"),
    step("watch"),
    step("snooze", hours="4"),
)


def made(user, *given, **wish):
    with unit_of_work():
        return book.save(viewer_of(user), book.Wish("Flood", list(given), **wish)).id


def ran(user, case_id, macro_id, **answers):
    with unit_of_work():
        return running.run(viewer_of(user), case_id, macro_id, answers)


def foreseen(user, case_id, macro_id, **answers):
    with unit_of_work():
        return running.foresee(viewer_of(user), case_id, macro_id, answers)


def standing(case_id):
    with unit_of_work():
        case, beside = cases.lock(case_id), around.of_case(case_id)
        return (
            case.priority, case.assignee_id, case.status, beside.tags, sorted(beside.watching), beside.sleep is not None,
            held.waiting(case_id) is not None, len(queries.messages_since(case_id, 0)), len(audit.chain_events(f"case:{case_id}")),
        )  # fmt: skip


def test_all_of_it_happens_and_the_record_names_it(desk):
    alice, case_id = desk.cast.alice, desk.case.id
    with unit_of_work():
        composing.keep_habits(alice.id, undo=30)
    macro_id = made(alice, *ALL)
    before = standing(case_id)
    found = foreseen(alice, case_id, macro_id, when="today")
    assert found.error is None
    assert found.done[0].shown == f"Dear Dana, {desk.case.number} comes today."
    assert standing(case_id) == before
    ran(alice, case_id, macro_id, when="today")
    priority, assignee, _status, tags, watching, asleep, waits, *_ = standing(case_id)
    assert (priority, assignee, asleep, waits) == ("high", alice.id, True, True)
    assert {"Flood", "told"} <= set(tags)
    assert alice.id in watching
    with unit_of_work():
        assert book.get(viewer_of(alice), macro_id).uses == 1
        waiting = held.waiting(case_id)
        holding.send_now(waiting.id)
    with unit_of_work():
        holding.release(waiting.id)
    with unit_of_work():
        events = audit.chain_events(f"case:{case_id}")
    named = {event["kind"] for event in events if event["cause"].get("macro") == "Flood"}
    assert {"case_changed", "reply_held", "message_written", "macro_run", "case_snoozed"} <= named


@pytest.mark.parametrize(
    "stops",
    [
        step("verb", verb="chase", values={"text": "Where is it, {{ customer.organization }}?"}),
        step("reply", texts={"en": "We come [[when]]."}),
        step("task", element="handle", values={"outcome": "resolved", "answer": "[[what]]"}),
        step("verb", verb="seal"),
    ],
)
def test_what_cannot_be_done_stops_all_of_it(desk, stops):
    alice, case_id = desk.cast.alice, desk.case.id
    macro_id = made(alice, step("fields", priority="urgent"), step("tags", add="told"), stops)
    before = standing(case_id)
    found = foreseen(alice, case_id, macro_id)
    assert found.stopped == 2
    assert found.error.message
    with pytest.raises(DeskError) as refused:
        ran(alice, case_id, macro_id)
    assert refused.value.message == found.error.message
    assert standing(case_id) == before


def test_a_reply_before_a_step_of_the_process_goes_at_once_else_it_waits(desk):
    alice, case_id = desk.cast.alice, desk.case.id
    with unit_of_work():
        composing.keep_habits(alice.id, undo=30)
        before = len(queries.messages_since(case_id, 0))
    reply = step("reply", texts={"en": "We look into it."})
    macro_id = made(alice, reply, step("verb", verb="chase", values={"text": "Late, {{ customer.name }}"}))
    ran(alice, case_id, macro_id)
    with unit_of_work():
        assert held.waiting(case_id) is None
        assert len(queries.messages_since(case_id, 0)) > before


def test_a_task_is_completed_and_then_refuses(desk):
    alice, case_id = desk.cast.alice, desk.case.id
    macro_id = made(alice, step("task", element="handle", values={"outcome": "resolved"}))
    ran(alice, case_id, macro_id)
    with pytest.raises(Conflict, match="not open"):
        ran(alice, case_id, macro_id)


def test_a_begun_draft_and_an_unread_message_stop_a_reply(desk):
    alice, case_id = desk.cast.alice, desk.case.id
    macro_id = made(alice, step("reply", texts={"en": "We look into it."}))
    with unit_of_work(), pytest.raises(Conflict, match="came in"):
        running.run(viewer_of(alice), case_id, macro_id, {}, seen_message_id=0)
    with unit_of_work():
        drafts.save(case_id, alice.id, text="Dear", kind="reply", recipients={})
    assert "begun a reply" in foreseen(alice, case_id, macro_id).error.message


def test_rights_order_and_switch(desk):
    cast, tag = desk.cast, step("tags", add="x")
    own = made(cast.alice, tag)
    ours = made(cast.alice, tag, shared="team", team_id=cast.service_team.id)
    with unit_of_work():
        alice, bob, charlie = (viewer_of(user) for user in (cast.alice, cast.bob, cast.charlie))
        assert [row.id for row in book.of_viewer(alice)] == [own, ours]
        book.move(alice, ours, up=True)
        assert [row.id for row in book.of_viewer(alice)] == [ours, own]
        assert [row.id for row in book.of_viewer(bob, "flood")] == [ours]
        assert book.of_viewer(charlie) == []
        with pytest.raises(Forbidden):
            book.switch(bob, ours, is_on=False)
        copy = book.duplicate(bob, ours, name="Mine")
        assert (copy.owner_id, copy.shared) == (bob.user_id, "private")
        book.switch(alice, ours, is_on=False)
        assert [row.id for row in book.of_viewer(bob)] == [copy.id]
        with pytest.raises(Conflict, match="switched off"):
            book.usable(bob, ours)
        with pytest.raises(Forbidden, match="Only managers"):
            book.save(alice, book.Wish("All", [tag], shared="everybody"))


WRONG = (
    [], [step("merge", into="RB-1")], [step("tags")], [step("fields", priority="odd")], [step("custom", key="none")],
    [step("reply", texts={"en": "{{ nothing.known }}"})], [step("verb", verb="explode")], [step("verb", verb="chase")],
    [step("reply", texts={"en": "a"}), step("reply", texts={"en": "b"})], [step("reply", canned=999)],
    [step("tags", add="x")] * 21,
)  # fmt: skip


def test_what_cannot_be_is_not_kept(desk):
    with unit_of_work():
        viewer = viewer_of(desk.cast.alice)
        for given in WRONG:
            with pytest.raises(Invalid):
                book.save(viewer, book.Wish("Bad", given))


def test_blanks_are_asked_for_in_the_language_of_the_customer(desk):
    alice = desk.cast.alice
    macro_id = made(alice, ALL[0])
    with unit_of_work():
        read = steps.read(viewer_of(alice), book.get(viewer_of(alice), macro_id).steps, held_seconds=0)
        case = cases.lock(desk.case.id)
        assert running.blanks(viewer_of(alice), read, case) == ["when"]
        assert running.blanks(viewer_of(alice), [steps.Step(steps.KINDS["watch"], {})]) == []


def test_what_processes_offer(desk):
    with unit_of_work():
        found = {(each.kind, each.key): each for each in offers.offers()}
    assert ("verb", "chase") in found
    assert found["task", "handle"].form["fields"][0]["key"] == "outcome"


def test_a_step_keeps_what_its_kind_knows():
    assert steps.cleaned([step("tags", add="x", remove="", odd="y")]) == [step("tags", add="x")]
    assert steps.cleaned([step("note", texts={"en": "a", "zh": ""})]) == [step("note", texts={"en": "a"})]
