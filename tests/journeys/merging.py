"""What tests of merging are made of: an office with the shipped processes, and what a case is, told in plain values."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app.audit import service as audit
from app.cases import service as cases
from app.cases.beside import CaseTag, Tag, Watcher
from app.cases.models import Case
from app.db import unit_of_work
from app.messaging import reply_tokens
from app.messaging.models import Delivery, Message, Participant
from app.orchestration import driving, merging, writing
from app.orchestration.models import Drive
from app.schedule import Timer
from app.workflow.models import ProcessInstance, Subscription, Task, WaitingTimer
from app.workorders import service as workorders
from app.workorders.models import WorkOrder
from channels.email.reply_token import plus_address
from tests.journeys.mailing import FarEnd, Office, mail, open_office
from tests.support.desk import CHASE, FORM, ORDER_BPMN, deploy

#: What changes with any touch and says nothing about what a case is.
SIMPLE = Path(__file__).parent / "simple.bpmn"
LATE = """<bpmn:boundaryEvent id="late" attachedToRef="handle" cancelActivity="false"><bpmn:outgoing>l1</bpmn:outgoing>
 <bpmn:timerEventDefinition id="td"><bpmn:timeDuration xsi:type="bpmn:tFormalExpression">P2D</bpmn:timeDuration></bpmn:timerEventDefinition></bpmn:boundaryEvent>
 <bpmn:serviceTask id="remind"><bpmn:extensionElements><ringback:capability name="send_message"><ringback:input name="template" value="acknowledge"/><ringback:input name="to" value="customer"/></ringback:capability></bpmn:extensionElements><bpmn:incoming>l1</bpmn:incoming><bpmn:outgoing>l2</bpmn:outgoing></bpmn:serviceTask>
 <bpmn:endEvent id="reminded"><bpmn:incoming>l2</bpmn:incoming></bpmn:endEvent>
 <bpmn:sequenceFlow id="l1" sourceRef="late" targetRef="remind"/><bpmn:sequenceFlow id="l2" sourceRef="remind" targetRef="reminded"/>"""
FLEETING = {"version", "touched_at", "preview", "is_unread"}


def open_merging_office(far_end: FarEnd) -> Office:
    """An office whose case process has a time limit, too, and work orders that a small process drives."""
    office = open_office(far_end, SIMPLE.read_text().replace("</bpmn:process>", LATE + "</bpmn:process>").encode())
    with unit_of_work():
        deploy("work_order", ORDER_BPMN, mend=FORM, chase=CHASE)
    return office


@dataclass
class Desk:
    """Cases of the office by name, and how people and mails act on them."""

    office: Office
    ids: dict[str, int] = field(default_factory=dict)

    def open(self, name: str, sender: str = "Dana <dana@example.org>") -> int:
        """A customer writes for the first time."""
        self.ids[name] = self.office.case_of(mail(f"{name} is broken", sender=sender, subject=f"About {name}")).id
        return self.ids[name]

    def case(self, name: str) -> Case:
        return self.office.case(self.ids[name])

    def mail(
        self, name: str, how: str, text: str = "One more thing", sender: str = "Dana <dana@example.org>"
    ) -> Message:
        """The customer writes about a case: by its thread, its number, or our signed address."""
        case, to, headers = self.case(name), "support@ringback.test", {}
        subject = "Again"
        if how == "thread":
            with unit_of_work() as session:
                own = (Message.home_id == case.id) | ((Message.case_id == case.id) & Message.home_id.is_(None))
                wanted = select(Message.rfc_id).where(own, Message.direction != "note", Message.rfc_id.is_not(None))
                headers["In_Reply_To"] = session.scalars(wanted.order_by(Message.id)).first()
        elif how == "number":
            subject = f"About {case.number}"
        else:
            with unit_of_work():
                token = reply_tokens.issue(case.number, sender.rsplit("<", maxsplit=1)[-1].rstrip(">"))
                to = plus_address("support@ringback.test", token) or to
        self.office.receive(mail(text, sender=sender, subject=subject, to=to, **headers), rcpt_to=to)
        return self.office.last()

    def merge(self, name: str, into: str) -> None:
        with unit_of_work():
            merging.merge(self.ids[name], self.ids[into])

    def unmerge(self, name: str) -> None:
        with unit_of_work():
            merging.unmerge(self.ids[name])

    def reply(self, name: str, text: str = "We are on it") -> int:
        with unit_of_work():
            return writing.reply(
                self.ids[name], user_id=self.office.cast.alice.id, author="Alice", text=text,
                to=[("dana@example.org", "Dana")],
            )  # fmt: skip

    def order(self, name: str) -> str:
        """A work order is dispatched under a case."""
        with unit_of_work():
            case = cases.lock(self.ids[name])
            order = workorders.open_work_order(
                case_id=case.id, title="Mend it", fields={}, team_id=self.office.cast.repairs.id, holder_id=None,
                opened_by=self.office.cast.alice.id,
            )  # fmt: skip
            driving.start_work_order(order, case, data={})
            return order.number


def told(case_id: int) -> dict[str, Any]:
    """All that a case is: its row, what belongs to it, and where its own process stands."""
    with unit_of_work() as session:
        case = session.get_one(Case, case_id)
        row = {c.key: getattr(case, c.key) for c in Case.__table__.columns if c.key not in FLEETING}
        owned = [Drive.case_id == case_id, Drive.work_order_id.is_(None)]
        own = list(session.scalars(select(Drive.instance_id).where(*owned)))
        return {
            "row": row,
            "messages": _rows(session.execute(
                select(Message.id, Message.home_id, Message.moved_from).where(Message.case_id == case_id).order_by(Message.id)
            )),
            "deliveries": list(session.scalars(select(Delivery.id).where(Delivery.case_id == case_id).order_by(Delivery.id))),
            "participants": set(session.scalars(select(Participant.address).where(Participant.case_id == case_id))),
            "orders": _rows(session.execute(
                select(WorkOrder.number, WorkOrder.home_id).where(WorkOrder.case_id == case_id).order_by(WorkOrder.id)
            )),
            "drives": set(session.scalars(select(Drive.instance_id).where(Drive.case_id == case_id))),
            "tags": _set(session.execute(
                select(Tag.name, CaseTag.via).join(Tag, Tag.id == CaseTag.tag_id).where(CaseTag.case_id == case_id)
            )),
            "watchers": _set(session.execute(
                select(Watcher.user_id, Watcher.via).where(Watcher.case_id == case_id)
            )),
            "process": {
                "status": [str(session.get_one(ProcessInstance, i).status) for i in own],
                "tasks": set(session.scalars(select(Task.token).where(Task.instance_id.in_(own), Task.state == "open"))),
                "waits": set(session.scalars(select(Subscription.token).where(Subscription.instance_id.in_(own)))),
                "timers": set(session.scalars(select(WaitingTimer.token).where(WaitingTimer.instance_id.in_(own)))),
                "alarms": sorted(session.scalars(select(Timer.key).where(Timer.job == "timer", Timer.ref.in_(own)))),
            },
        }  # fmt: skip


def _rows(found: Any) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in found]


def _set(found: Any) -> set[tuple[Any, ...]]:
    return set(_rows(found))


def verify(*case_ids: int) -> None:
    """The audit chains of these cases hold."""
    with unit_of_work():
        assert all(audit.verify_chain(f"case:{case_id}").is_intact for case_id in case_ids)
