"""The shipped processes on the real desk: real capabilities, real rows, no fault on the way."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import orjson
import pytest
from sqlalchemy import select
from sqlalchemy.orm import Session

from app import events
from app.cases import service as cases
from app.cases.checklists import items as checklist
from app.cases.models import Case
from app.cli import seed
from app.errors import Conflict
from app.events import Actor
from app.identity import queries as identity
from app.identity.models import User
from app.messaging.models import Message
from app.orchestration import driving, forms, writing
from app.orchestration.queries import overview
from app.routing import service as routing
from app.sla import service as sla
from app.workflow.queries import Action
from app.workorders.models import WorkOrder
from tests.processes.driving import ROOT
from tests.support.desk import make_account, make_case
from tests.support.people import Cast, make_cast


@dataclass
class OnDesk:
    """One case on the desk, worked by people."""

    cast: Cast
    case: Case
    session: Session

    def offered(self) -> list[Action]:
        return list(overview(self.case.id).actions)

    def act(self, who: User, verb: str, *, on: str = "case", role: str = "agent", **values: Any) -> None:
        view = overview(self.case.id)
        action = next(
            a for a in view.actions if a.verb == verb and bool(view.work_order_of(a.instance_id)) == (on == "order")
        )
        process = "work_order" if on == "order" else "service_case"
        with events.acting(Actor("user", who.id, who.name)):
            payload = self._form(process, action.form, values)
            driving.act(self.case.id, verb, payload, instance_id=action.instance_id, token=str(action.token), role=role)
        self.no_fault()

    def do(self, who: User, element: str, **values: Any) -> None:
        task = next(t for t in overview(self.case.id).tasks if t.element_id == element)
        process = "service_case" if element == "handle" else "work_order"
        with events.acting(Actor("user", who.id, who.name)):
            driving.complete_task(task.id, self._form(process, task.form, values))
        self.no_fault()

    def hear(self, text: str) -> bool:
        names = {
            "id": None,
            "subject": "Re",
            "text": text,
            "from": "dana@example.org",
            "channel": "email",
            "auto": "none",
        }
        heard = driving.deliver(self.case.id, "customer_message", {**names, "by": "customer"}, message=names)
        self.no_fault()
        return heard

    def _form(self, process: str, key: str | None, values: dict[str, Any]) -> dict[str, Any]:
        if not key:
            return values
        return forms.read(orjson.loads((ROOT / process / "forms" / f"{key}.json").read_bytes()), values)

    def no_fault(self) -> None:
        self.session.flush()
        assert not [(f.element_id, f.message) for f in overview(self.case.id).faults]

    @property
    def tasks(self) -> set[str]:
        return {task.element_id for task in overview(self.case.id).tasks}

    @property
    def order(self) -> WorkOrder:
        return self.session.scalars(select(WorkOrder).where(WorkOrder.case_id == self.case.id)).one()

    @property
    def sent(self) -> list[str]:
        query = select(Message.subject).where(Message.case_id == self.case.id, Message.direction == "out")
        return list(self.session.scalars(query.order_by(Message.id)))


@pytest.fixture
def desk(session: Session) -> OnDesk:
    return make_on_desk(session)


def make_on_desk(session: Session) -> OnDesk:
    cast = make_cast()
    calendar = sla.save_calendar("business", name="Business hours")
    routing.save_queue("service", name="Service", team_id=cast.service_team.id, calendar_id=calendar.id)
    seed._save_templates()
    for folder in sorted(ROOT.iterdir()):
        if folder.is_dir():
            seed.deploy_folder(folder)
    case = make_case(cast, make_account())
    found = OnDesk(cast, case, session)
    found.no_fault()
    return found


def dispatched(desk: OnDesk) -> OnDesk:
    desk.act(desk.cast.alice, "dispatch", title="Mend the pipe", team="repairs", instructions="Ring twice")
    return desk


def test_the_task_is_for_the_team_that_serves_the_queue(desk: OnDesk) -> None:
    queue = routing.queue("service")
    routing.save_queue("vip", name="VIP", team_id=desk.cast.service_team.id, calendar_id=queue.calendar_id)
    cases.change(cases.lock(desk.case.id), {"queue_key": "vip"})
    desk.act(desk.cast.alice, "archive", text="By mistake")
    desk.act(desk.cast.alice, "reopen", text="It leaks again")
    task = next(task for task in overview(desk.case.id).open.tasks if task.element_id == "handle")
    assert task.candidate_teams == ["service"]


def test_a_new_case_is_triaged_acknowledged_and_on_the_list(desk: OnDesk) -> None:
    assert (desk.case.type, desk.case.priority, desk.case.queue_key) == (
        "fault",
        "high",
        "service",
    )  # Dana wrote “It leaks.”
    assert desk.case.status == "open"
    assert desk.case.due_at is not None
    assert len(desk.sent) == 1
    assert desk.tasks == {"handle"}
    assert {a.verb for a in desk.offered()} == {"reply", "dispatch", "chase", "amend", "cancel", "archive"}


def test_the_whole_loop(desk: OnDesk) -> None:
    alice, charlie = desk.cast.alice, desk.cast.charlie
    dispatched(desk)
    assert desk.case.status == "dispatched"
    assert desk.tasks == {"handle", "accept"}
    desk.do(charlie, "accept", outcome="accept")
    assert desk.order.holder_id == charlie.id
    desk.act(alice, "chase", text="The customer rang")
    assert desk.order.chase_count == 1
    desk.act(alice, "chase", text="and rang again", on="order")
    assert (desk.order.chase_count, desk.order.escalation) == (2, 1)
    desk.act(alice, "amend", on="order", changes={"instructions": "Ring three times"}, text="deaf")
    assert desk.order.fields["instructions"] == "Ring three times"
    desk.do(charlie, "accept", outcome="accept")
    desk.do(charlie, "reply", outcome="partly", text="half done")
    desk.do(alice, "review", outcome="return", reason="other half")
    assert desk.order.round == 2
    desk.do(charlie, "reply", outcome="done", text="all done")
    desk.do(alice, "review", outcome="accept")
    assert (str(desk.order.state), desk.order.outcome) == ("archived", "done")
    assert desk.tasks == {"handle"}
    assert desk.case.status == "open"
    desk.do(alice, "handle", outcome="resolve", answer="The pipe is mended.")
    assert desk.case.status == "resolved"
    assert desk.hear("It leaks again")
    assert desk.case.status == "open"
    desk.act(alice, "archive", text="Customer confirmed on the phone")
    assert desk.case.status == "archived"
    assert desk.hear("Once more")
    assert desk.case.status == "open"
    assert desk.tasks == {"handle"}


def test_reply_from_the_composer_stops_the_first_response_clock(desk: OnDesk) -> None:
    writing.reply(desk.case.id, user_id=desk.cast.alice.id, author="Alice", text="We look at it.")
    desk.no_fault()
    assert desk.case.first_reply_at is not None
    assert len(desk.sent) == 2
    desk.act(desk.cast.alice, "reply", text="Still looking.")
    assert len(desk.sent) == 3


def test_question_and_answer(desk: OnDesk) -> None:
    desk.do(desk.cast.alice, "handle", outcome="ask", question="Which pipe?")
    assert desk.case.status == "waiting"
    assert desk.tasks == set()
    assert desk.hear("The big one")
    assert desk.tasks == {"handle"}


def test_a_case_with_an_open_work_order_stays_open(desk: OnDesk) -> None:
    dispatched(desk)
    before = desk.sent
    desk.do(desk.cast.alice, "handle", outcome="resolve", answer="Done")
    assert desk.tasks == {"handle", "accept"}
    assert desk.sent == before


def test_cancelling_the_case_cancels_what_nobody_has_accepted(desk: OnDesk) -> None:
    dispatched(desk).act(desk.cast.alice, "cancel", text="Solved itself")
    assert str(desk.order.state) == "cancelled"
    assert (str(desk.case.status), desk.case.archived_at is None) == ("cancelled", False)
    assert not [subject for subject in desk.sent if "Work cancelled" in subject]
    assert desk.hear("It leaks again")
    assert desk.case.status == "open"


def test_cancelling_accepted_work_asks_its_holder(desk: OnDesk) -> None:
    dispatched(desk).do(desk.cast.charlie, "accept", outcome="accept")
    desk.act(desk.cast.alice, "cancel", on="order", text="Not needed")
    assert desk.tasks == {"handle", "consent"}
    desk.do(desk.cast.charlie, "consent", outcome="refuse", reason="almost done")
    assert desk.tasks == {"handle", "reply"}
    desk.act(desk.cast.alice, "cancel", on="order", text="Really not")
    desk.do(desk.cast.charlie, "consent", outcome="consent")
    assert str(desk.order.state) == "cancelled"


def test_cancelling_a_case_asks_whoever_is_at_work_on_it(desk: OnDesk) -> None:
    dispatched(desk).do(desk.cast.charlie, "accept", outcome="accept")
    desk.act(desk.cast.alice, "cancel", text="Not needed")
    assert (str(desk.order.state), str(desk.case.status)) == ("cancelling", "dispatched")
    assert desk.tasks == {"consent"}
    assert [subject for subject in desk.sent if "We are stopping the work" in subject]
    desk.do(desk.cast.charlie, "consent", outcome="refuse", reason="almost done")
    assert str(desk.order.state) == "accepted"
    assert desk.tasks == {"handle", "reply"}


def test_a_case_is_cancelled_once_its_last_holder_agrees(desk: OnDesk) -> None:
    dispatched(desk).do(desk.cast.charlie, "accept", outcome="accept")
    desk.act(desk.cast.alice, "cancel", text="Not needed")
    desk.do(desk.cast.charlie, "consent", outcome="consent")
    assert (str(desk.order.state), str(desk.case.status)) == ("cancelled", "cancelled")
    assert len([subject for subject in desk.sent if "Cancelled" in subject]) == 1
    assert not [subject for subject in desk.sent if "Work cancelled" in subject]


@pytest.mark.parametrize("on", ["case", "order"])
def test_whoever_holds_work_is_told_that_it_is_cancelled(desk: OnDesk, on: str) -> None:
    dispatched(desk).do(desk.cast.charlie, "accept", outcome="accept")
    desk.act(desk.cast.alice, "cancel", on=on, text="Not needed")
    desk.do(desk.cast.charlie, "consent", outcome="consent")
    assert str(desk.order.state) == "cancelled"
    told = identity.notices(desk.cast.charlie.id)
    assert f"{desk.order.number}: cancelled" in [notice.text for notice in told]


def test_declined_dispatched_to_a_person_and_withdrawn(desk: OnDesk) -> None:
    dispatched(desk).do(desk.cast.charlie, "accept", outcome="decline", reason="No time")
    desk.do(desk.cast.alice, "redispatch", outcome="again", team="service", holder="bob")
    assert desk.order.holder_id == desk.cast.bob.id
    desk.do(desk.cast.bob, "accept", outcome="decline", reason="Nor me")
    desk.do(desk.cast.alice, "redispatch", outcome="withdraw")
    assert str(desk.order.state) == "cancelled"


def test_a_change_of_the_case_reaches_its_work_orders(desk: OnDesk) -> None:
    dispatched(desk).do(desk.cast.charlie, "accept", outcome="accept")
    desk.act(desk.cast.alice, "amend", changes={"phone": "555"}, text="new number")
    assert desk.tasks == {"handle", "accept"}
    assert desk.order.fields["phone"] == "555"


def test_a_person_archives_no_case_with_open_points_that_are_needed(desk: OnDesk) -> None:
    [point] = checklist.add(desk.case, checklist.Wish("Shut the valve", is_needed=True))
    with pytest.raises(Conflict, match="tick them first"):
        desk.act(desk.cast.alice, "archive", text="done")
    assert desk.case.archived_at is None
    checklist.tick(desk.case, point.id, is_done=True, by=desk.cast.alice.id)
    desk.act(desk.cast.alice, "archive", text="done")
    assert desk.case.status == "archived"
