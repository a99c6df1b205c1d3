"""Merging and taking apart: the identity, also for what comes in meanwhile, and nobody is answered twice."""

from __future__ import annotations

from datetime import timedelta

import pytest
from hypothesis import HealthCheck, Phase, given, settings
from hypothesis import strategies as st
from sqlalchemy import select

from app import jobs
from app.audit import service as audit
from app.cases import around, snoozing, tags, watching
from app.cases import service as cases
from app.db import unit_of_work
from app.errors import Conflict, Invalid, NotFound
from app.messaging.models import Message
from app.orchestration import driving, merging
from app.orchestration.models import Merge, MissedMessage
from app.orchestration.queries import overview
from app.schedule import Timer
from app.sla import clocks, policies
from app.workflow.models import ProcessInstance, WaitingTimer
from tests.journeys.merging import Desk, open_merging_office, told, verify

NAMES = ("a", "b", "c")
HOWS = ("thread", "number", "token")


@pytest.fixture
def desk(db, far_end, bell, wire):
    far_end.forget()
    return Desk(open_merging_office(far_end))


@pytest.fixture
def pair(desk):
    for name in ("a", "b"):
        desk.open(name)
    return desk


# ---------------------------------------------------------------- one merge
def test_merge_then_unmerge_is_the_identity(pair):
    desk, bob = pair, pair.office.cast.bob
    desk.order("a")
    desk.reply("a")
    with unit_of_work():
        for name, text in (("a", "boiler, old"), ("b", "boiler")):
            tags.add(cases.lock(desk.ids[name]), text)
        watching.watch(cases.lock(desk.ids["a"]), bob.id)
        snoozing.snooze(cases.lock(desk.ids["a"]), user_id=bob.id, until=None)
    before = {name: told(desk.ids[name]) for name in ("a", "b")}
    desk.merge("a", "b")
    joined = told(desk.ids["b"])
    assert {m for m, _home, _from in joined["messages"]} >= {m for m, _home, _from in before["a"]["messages"]}
    with unit_of_work():
        beside = around.of_case(desk.ids["b"])
        assert (beside.tags, beside.watching) == (("boiler", "old"), {bob.id})
        assert [merged.number for merged in beside.merged] == [before["a"]["row"]["number"]]
        assert [order.number for order in overview(desk.ids["b"]).orders]
    assert told(desk.ids["a"])["messages"] == []
    desk.unmerge("a")
    for name in ("a", "b"):
        assert _undated(told(desk.ids[name])) == _undated(before[name])
        verify(desk.ids[name])


def _undated(what):
    """Limits have as much longer as the case stood still."""
    return {**what, "row": {k: v for k, v in what["row"].items() if not k.endswith(("due_at", "due_from"))}}


def test_the_merged_process_stands_still_and_its_clocks_with_it(pair):
    desk, weeks = pair, timedelta(weeks=3)
    with unit_of_work() as session:
        instance = driving.case_instance(desk.ids["a"])
        due = dict(
            session.execute(
                select(WaitingTimer.token, WaitingTimer.due_at).where(WaitingTimer.instance_id == instance)
            ).all()
        )
        cases.change(
            cases.lock(desk.ids["a"]), {"due_at": cases.utcnow() + timedelta(hours=4), "due_from": cases.utcnow()}
        )
        limit = cases.lock(desk.ids["a"]).due_at
    assert due
    sent = len(desk.office.deliver())
    desk.merge("a", "b")
    with unit_of_work() as session:
        assert str(session.get_one(ProcessInstance, instance).status) == "held"
        assert session.scalar(select(Timer).where(Timer.job == "timer", Timer.ref == instance)) is None
        assert overview(desk.ids["a"]).tasks == overview(desk.ids["a"]).actions == ()
        session.scalar(select(Merge)).merged_at -= weeks
    jobs.timer(instance)
    assert len(desk.office.deliver()) == sent
    desk.unmerge("a")
    with unit_of_work() as session:
        moved = dict(
            session.execute(
                select(WaitingTimer.token, WaitingTimer.due_at).where(WaitingTimer.instance_id == instance)
            ).all()
        )
        assert moved.keys() == due.keys()
        assert all(weeks <= moved[token] - due[token] < weeks + timedelta(minutes=5) for token in due)
        assert weeks <= cases.lock(desk.ids["a"]).due_at - limit < weeks + timedelta(minutes=5)
        assert session.scalar(select(Timer.due_at).where(Timer.ref == instance)) == min(moved.values())
        assert str(session.get_one(ProcessInstance, instance).status) == "waiting"
        assert [task.element_id for task in overview(desk.ids["a"]).tasks] == ["handle"]
    jobs.timer(instance)  # nothing is due at once
    assert len(desk.office.deliver()) == sent


@pytest.mark.parametrize("how", HOWS)
def test_all_ways_lead_to_the_survivor_and_back_again(pair, how):
    desk = pair
    desk.merge("a", "b")
    before = len(desk.office.all(Message))
    message = desk.mail("a", how)
    assert (message.case_id, message.home_id) == (desk.ids["b"], desk.ids["a"])
    assert len(desk.office.all(Message)) == before + 1  # nobody is acknowledged a second time
    with unit_of_work() as session:
        assert [row.name for row in session.scalars(select(MissedMessage))] == ["customer_message"]
    desk.unmerge("a")
    again = desk.office.message(message.id)
    assert (again.case_id, again.home_id) == (desk.ids["a"], None)
    assert desk.case("a").is_unread
    with unit_of_work() as session:
        assert session.scalar(select(MissedMessage)) is None
        heard = [event for event in audit.chain_events(f"case:{desk.ids['a']}") if event["kind"] == "attention_drawn"]
        assert heard or not overview(desk.ids["a"]).faults
    assert desk.mail("a", how).case_id == desk.ids["a"]
    assert desk.mail("b", how).case_id == desk.ids["b"]
    verify(desk.ids["a"], desk.ids["b"])


def test_service_levels_rest_while_a_case_is_merged(pair):
    desk = pair
    with unit_of_work():
        policies.save(None, policies.Draft(name="Fast", targets={"first_response": 240, "resolution": 480}))
    desk.open("c")
    desk.merge("c", "b")
    with unit_of_work():
        assert {str(clock.state) for clock in clocks.open_clocks(desk.ids["c"])} == {"paused"}
    desk.unmerge("c")
    with unit_of_work():
        assert {str(clock.state) for clock in clocks.open_clocks(desk.ids["c"])} == {"running"}


def test_what_agents_write_on_the_survivor_stays_there(pair):
    desk = pair
    desk.merge("a", "b")
    written = desk.reply("b")
    desk.unmerge("a")
    assert desk.office.message(written).case_id == desk.ids["b"]


def test_a_work_order_tells_the_survivor_and_later_its_own_case(pair):
    desk, cast = pair, pair.office.cast
    number = desk.order("a")
    desk.merge("a", "b")
    with unit_of_work():
        [order] = overview(desk.ids["b"]).orders
        assert order.number == number
        instance = next(d.instance_id for d in overview(desk.ids["b"]).drivings if d.work_order)
        driving._hand_over_now(_told_by(instance, desk.ids["b"]))
    with unit_of_work() as session:
        [missed] = session.scalars(select(MissedMessage))
        assert (missed.case_id, missed.name) == (desk.ids["a"], "work_order_ended")
    desk.unmerge("a")
    with unit_of_work() as session:
        assert session.scalar(select(MissedMessage)) is None
        assert [order.number for order in overview(desk.ids["a"]).orders] == [number]
        assert not overview(desk.ids["b"]).orders
    assert cast


def _told_by(instance, case_id):
    from app.orchestration.mailbag import Posted

    payload = {"work_order": "WO", "outcome": "done", "summary": "done"}
    return Posted(instance, case_id, "message", "work_order_ended", payload, is_optional=True)


# ---------------------------------------------------------------- what is refused
def test_nobody_works_on_a_merged_case(pair):
    desk, alice = pair, pair.office.cast.alice
    with unit_of_work():
        [task] = overview(desk.ids["a"]).tasks
        action = next(a for a in overview(desk.ids["a"]).actions if a.verb == "chase")
    desk.merge("a", "b")
    attempts = (
        lambda: desk.reply("a"),
        lambda: cases.change(cases.lock(desk.ids["a"]), {"priority": "high"}),
        lambda: tags.add(cases.lock(desk.ids["a"]), "x"),
        lambda: watching.watch(cases.lock(desk.ids["a"]), alice.id),
        lambda: driving.complete_task(task.id, {}),
        lambda: driving.act(
            desk.ids["a"], "chase", {}, instance_id=action.instance_id, token=action.token, role="agent"
        ),
        lambda: merging.merge(desk.ids["a"], desk.ids["b"]),
        lambda: merging.merge(desk.ids["b"], desk.ids["a"]),
    )
    for attempt in attempts:
        with pytest.raises(Conflict), unit_of_work():
            attempt()


def test_merges_that_make_no_sense(pair):
    desk = pair
    desk.open("c")
    with pytest.raises(Invalid), unit_of_work():
        merging.merge(desk.ids["a"], desk.ids["a"])
    with pytest.raises(NotFound), unit_of_work():
        merging.unmerge(desk.ids["a"])
    desk.merge("a", "b")
    desk.merge("b", "c")
    with pytest.raises(Conflict), unit_of_work():
        merging.unmerge(desk.ids["a"])  # b is itself merged: first that one
    with unit_of_work():
        assert merging.survivor_of(cases.lock(desk.ids["a"])).id == desk.ids["c"]
    desk.unmerge("b")
    desk.unmerge("a")
    with unit_of_work():
        cases.archive(cases.lock(desk.ids["c"]), outcome="resolved", retain_until=cases.utcnow())
    for one, other in (("a", "c"), ("c", "a")):
        with pytest.raises(Conflict), unit_of_work():
            merging.merge(desk.ids[one], desk.ids[other])


# ---------------------------------------------------------------- any order, anything meanwhile
name = st.sampled_from(NAMES)
COMMANDS = st.lists(
    st.one_of(
        st.tuples(st.just("merge"), name, name),
        st.tuples(st.just("merge"), name, name),
        st.tuples(st.just("unmerge"), name, st.none()),
        st.tuples(st.just("mail"), name, st.sampled_from(HOWS)),
        st.tuples(st.just("tag"), name, st.sampled_from(("red", "blue"))),
        st.tuples(st.just("watch"), name, st.sampled_from(("alice", "bob"))),
        st.tuples(st.just("order"), name, st.none()),
        st.tuples(st.just("reply"), name, st.none()),
    ),
    min_size=3, max_size=14,
)  # fmt: skip


class Model:
    """What should be so: who lives on in whom, and what belongs to each."""

    def __init__(self):
        self.into = {}
        self.own = {each: {"messages": set(), "tags": set(), "watchers": set(), "orders": set()} for each in NAMES}

    def survivor(self, who):
        while who in self.into:
            who = self.into[who]
        return who

    def family(self, who):
        return {each for each in NAMES if self.survivor(each) == who or each == who} if who not in self.into else set()

    def seen(self, who, what):
        return set().union(*(self.own[each][what] for each in self.family(who)))


@settings(
    max_examples=12,
    deadline=None,
    phases=[Phase.explicit, Phase.generate],
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(commands=COMMANDS)
def test_any_merges_undone_in_any_order_leave_everything_where_it_belongs(desk, commands):
    model = Model()
    for each in NAMES:
        desk.open(each)
        model.own[each]["messages"] = {m for m, _home, _from in told(desk.ids[each])["messages"]}
    processes = {each: told(desk.ids[each])["process"] for each in NAMES}
    for command, who, what in commands:
        _do(desk, model, command, who, what)
        for each in NAMES:
            assert {m for m, *_ in told(desk.ids[each])["messages"]} == model.seen(each, "messages")
    while model.into:
        last = next(each for each in sorted(model.into) if model.into[each] not in model.into)
        _do(desk, model, "unmerge", last, None)
    for each in NAMES:
        is_ = told(desk.ids[each])
        own = model.own[each]
        assert {m for m, *_ in is_["messages"]} == own["messages"]
        assert {number for number, _home in is_["orders"]} == own["orders"]
        assert is_["tags"] == {(tag, 0) for tag in own["tags"]}
        assert is_["watchers"] == {(user, 0) for user in own["watchers"]}
        assert all(home is None for _, home, _ in is_["messages"])
        assert is_["row"]["merged_into"] is is_["row"]["archived_at"] is None
        assert is_["process"]["status"] == processes[each]["status"]
        assert is_["process"]["tasks"] == processes[each]["tasks"]
        assert is_["process"]["waits"] == processes[each]["waits"]
        assert is_["process"]["timers"] <= processes[each]["timers"]
        assert is_["process"]["alarms"] == processes[each]["alarms"]
    verify(*desk.ids.values())


def _do(desk, model, command, who, what):
    """Do it, in truth and in the model; what the model says is impossible must be refused."""
    users = {"alice": desk.office.cast.alice.id, "bob": desk.office.cast.bob.id}
    if command == "merge":
        if who == what or who in model.into or what in model.into:
            with pytest.raises((Conflict, Invalid)):
                desk.merge(who, what)
            return
        desk.merge(who, what)
        model.into[who] = what
    elif command == "unmerge":
        if who not in model.into or model.into[who] in model.into:
            with pytest.raises((Conflict, NotFound)):
                desk.unmerge(who)
            return
        desk.unmerge(who)
        del model.into[who]
    elif command == "mail":
        message = desk.mail(who, what)
        assert message.case_id == desk.ids[model.survivor(who)]
        model.own[who]["messages"].add(message.id)
    elif command == "order":
        survivor = model.survivor(who)
        model.own[survivor]["orders"].add(desk.order(survivor))
    elif command == "reply":
        survivor = model.survivor(who)
        model.own[survivor]["messages"].add(desk.reply(survivor))
    else:
        survivor = model.survivor(who)
        kind, value = ("tags", what) if command == "tag" else ("watchers", users[what])
        is_new = value not in model.seen(survivor, kind)
        with unit_of_work():
            case = cases.lock(desk.ids[survivor])
            done = tags.add(case, what) if command == "tag" else watching.watch(case, value)
        assert bool(done) is is_new
        if is_new:
            model.own[survivor][kind].add(value)
