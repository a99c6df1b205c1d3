"""What the generated route × role matrix needs: a world in which every path parameter names something of Alice's team."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any
from uuid import uuid4

from app import blobs
from app.cases import service as cases
from app.cases.models import Case
from app.clock import utcnow
from app.contacts.models import Contact, ContactPoint, Organization
from app.db import session
from app.messaging.models import (
    Attachment,
    ChannelAccount,
    Delivery,
    DeliveryState,
    Direction,
    Envelope,
    EnvelopeState,
    Interaction,
    Message,
)
from app.orchestration.models import Drive, EntryRule
from app.workflow.models import Fault, InstanceState, ProcessDefinition, ProcessInstance, Task, TaskState
from app.workorders.models import WorkOrder, WorkOrderState
from tests.support.people import Cast


@dataclass(frozen=True)
class World:
    """One case of the service team with everything that can hang on it."""

    cast: Cast
    account: ChannelAccount
    definition: ProcessDefinition
    instance: ProcessInstance
    case: Case
    order: WorkOrder
    task: Task
    fault: Fault
    message: Message
    attachment: Attachment
    delivery: Delivery
    envelope: Envelope
    rule: EntryRule
    contact: Contact
    point: ContactPoint
    organization: Organization


# What each path parameter of any route stands for. A new name must be added here, or the matrix fails.
SAMPLES: dict[str, Callable[[World], Any]] = {
    "case_id": lambda w: w.case.id,
    "number": lambda w: w.case.number,
    "order_id": lambda w: w.order.id,
    "order_number": lambda w: w.order.number,
    "task_id": lambda w: w.task.id,
    "instance_id": lambda w: w.instance.id,
    "message_id": lambda w: w.message.id,
    "attachment_id": lambda w: w.attachment.id,
    "delivery_id": lambda w: w.delivery.id,
    "fault_id": lambda w: w.fault.id,
    "account_id": lambda w: w.account.id,
    "envelope_id": lambda w: w.envelope.id,
    "definition_id": lambda w: w.definition.id,
    "contact_id": lambda w: w.contact.id,
    "point_id": lambda w: w.point.id,
    "organization_id": lambda w: w.organization.id,
    "rule_id": lambda w: w.rule.id,
    "user_id": lambda w: w.cast.bob.id,
    "team_id": lambda w: w.cast.service_team.id,
    "view_id": lambda _w: 1,
    "calendar_id": lambda _w: 1,
    "queue_id": lambda _w: 1,
    "policy_id": lambda _w: 1,
    "held_id": lambda _w: 1,
    "run_id": lambda _w: 1,
    "canned_id": lambda _w: 1,
    "macro_id": lambda _w: 1,
    "verdict": lambda _w: "undo",
    "token_id": lambda _w: 1,
    "absence_id": lambda _w: 1,
    "link_id": lambda _w: 1,
    "item_id": lambda _w: 1,
    "entry_id": lambda _w: 1,
    "skill_key": lambda _w: "nothing",
    "role_key": lambda _w: "nothing",
    "template_id": lambda _w: 1,
    "token": lambda _w: "x",
    "how": lambda _w: "retry",
    "key": lambda w: w.definition.key,
    "version": lambda w: w.definition.version,
    "digest": lambda w: w.attachment.digest,
    "verb": lambda _w: "chase",
    "field": lambda _w: "nothing",
    "view": lambda _w: "mine",
    "kind": lambda _w: "email",
    "provider": lambda _w: "loopback",
    "name": lambda _w: "overview",
    "name_of_file": lambda w: next(iter(w.definition.files), "nothing.dmn"),
    "tab": lambda _w: "audit",
    "filename": lambda _w: "nothing.css",
    "widget": lambda _w: "nothing",
    "hook": lambda _w: "nothing",
    "rest": lambda _w: "status",
    "file_id": lambda _w: 1,
    "offer_id": lambda _w: 1,
}
# Those that name something of one case: who may not see the case must not see them either.
OF_A_CASE = frozenset({
    "case_id", "number", "order_id", "order_number", "task_id", "instance_id", "message_id", "attachment_id", "delivery_id",
})  # fmt: skip


def _added(row: Any) -> Any:
    session().add(row)
    session().flush()
    return row


def make_world(cast: Cast) -> World:
    """Make the world; the instance has no engine state, for no stimulus is meant to reach it."""
    now = utcnow()
    account = _added(
        ChannelAccount(
            kind="email", provider="loopback", name="Desk", address="desk@ringback.test",
            config={"address": "desk@ringback.test"}, cursor={}, inbound_health={"state": "unknown", "cause": "none", "detail": "", "at": None},
            outbound_health={"state": "unknown", "cause": "none", "detail": "", "at": None}, created_at=now, updated_at=now,
        )
    )  # fmt: skip
    case = cases.open_case(
        subject="A leak", channel="email", contact_id=None, contact_name="Dana", account_id=account.id,
        team_id=cast.service_team.id,
    )  # fmt: skip
    definition = _added(
        ProcessDefinition(
            key="sample", version=1, name="Sample", digest="0" * 64, xml_digest=blobs.put(b"<definitions/>"), findings=[],
            files={}, facts={}, is_executable=False, created_at=now,
        )
    )  # fmt: skip
    instance = _added(
        ProcessInstance(
            definition_id=definition.id, business_key=case.number, status=InstanceState.WAITING, state=b"",
            started_at=now, updated_at=now,
        )
    )  # fmt: skip
    _added(Drive(instance_id=instance.id, case_id=case.id))
    order = _added(
        WorkOrder(
            number="WO-2026-99999", case_id=case.id, title="Mend it", fields={}, state=WorkOrderState.DISPATCHED,
            team_id=cast.service_team.id, dispatched_at=now, reply={},
        )
    )  # fmt: skip
    task = _added(
        Task(
            instance_id=instance.id, token=str(uuid4()), element_id="handle", name="Handle", candidate_teams=["service"],
            candidate_users=[], data={}, state=TaskState.OPEN, created_at=now,
        )
    )  # fmt: skip
    fault = _added(
        Fault(
            instance_id=instance.id, token=str(uuid4()), element_id="x", name="X", code="failed", message="It failed.",
            created_at=now,
        )
    )  # fmt: skip
    message, attachment, delivery = _message(case, account)
    envelope = _added(
        Envelope(
            account_id=account.id, external_id="1", digest=blobs.put(b"raw"), meta={}, received_at=now,
            state=EnvelopeState.FAILED,
        )
    )  # fmt: skip
    rule = _added(EntryRule(position=9, definition_key="sample"))
    contact = _added(Contact(name="Dana", created_at=now))
    point = _added(ContactPoint(contact_id=contact.id, kind="email", address="dana@matrix.example"))
    organization = _added(Organization(name="Matrix"))
    return World(
        cast, account, definition, instance, case, order, task, fault, message, attachment, delivery, envelope, rule,
        contact, point, organization,
    )  # fmt: skip


def _message(case: Case, account: ChannelAccount) -> tuple[Message, Attachment, Delivery]:
    now = utcnow()
    interaction = _added(Interaction(case_id=case.id, account_id=account.id, kind="email", started_at=now))
    message = _added(
        Message(
            interaction_id=interaction.id, case_id=case.id, direction=Direction.OUT, kind="email", author="Alice",
            text="Hello", recipients={"to": [["dana@example.org", "Dana"]], "cc": []}, cause={}, problems=[],
            created_at=now, raw_digest=blobs.put(b"From: dana@example.org\r\n\r\nHello"),
        )
    )  # fmt: skip
    attachment = _added(
        Attachment(message_id=message.id, name="a.txt", media_type="text/plain", size=5, digest=blobs.put(b"bytes"))
    )
    delivery = _added(
        Delivery(
            message_id=message.id, account_id=account.id, case_id=case.id, key=str(uuid4()), state=DeliveryState.FAILED,
            due_at=now, headers={}, created_at=now,
        )
    )  # fmt: skip
    return message, attachment, delivery
