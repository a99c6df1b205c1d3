"""What journeys of mail are made of: the far end's mail server, the office, and mails as customers write them."""

from __future__ import annotations

import email
import email.message
import email.policy
import itertools
from dataclasses import dataclass, field
from typing import Any

from aiosmtpd.controller import Controller
from sqlalchemy import select, update

from app import db, jobs
from app.cases.models import Case
from app.cli import seed
from app.clock import utcnow
from app.messaging import accounts, intake
from app.messaging.models import Delivery, Envelope, Message
from app.routing import service as routing
from app.sla import service as sla
from app.workflow import definitions
from channels.port import RawEnvelope
from tests.support.people import Cast, make_cast

DESK = "support@ringback.test"
_numbers = itertools.count(1)


class FarEnd:
    """A real SMTP server: keeps what it took, and answers otherwise when told to."""

    def __init__(self, port: int) -> None:
        self.port = port
        self.mails: list[email.message.EmailMessage] = []
        self.envelopes: list[tuple[str, list[str]]] = []
        self.answers: list[str] = []
        self._controller = Controller(self, hostname="127.0.0.1", port=port)

    async def handle_DATA(self, _server: object, _session: object, envelope: Any) -> str:
        if self.answers:
            return self.answers.pop(0)
        self.mails.append(email.message_from_bytes(envelope.content, policy=email.policy.default))  # type: ignore[arg-type]
        self.envelopes.append((envelope.mail_from, envelope.rcpt_tos))
        return "250 taken"

    def forget(self) -> None:
        """Begin a new book."""
        self.mails, self.envelopes, self.answers = [], [], []

    def start(self) -> None:
        self._controller.start()

    def stop(self) -> None:
        self._controller.stop()


def mail(
    text: str = "The boiler shows E4.", *, sender: str = "Dana <dana@example.org>", subject: str = "No hot water",
    to: str = DESK, **headers: str,
) -> bytes:  # fmt: skip
    """A plain mail; headers are given with _ for -."""
    lines = [f"From: {sender}", f"To: {to}", f"Subject: {subject}"]
    given = {name.replace("_", "-"): value for name, value in headers.items()}
    given.setdefault("Message-ID", f"<m{next(_numbers)}@example.org>")
    lines += [f"{name}: {value}" for name, value in given.items() if value]
    if "Content-Type" not in given:
        lines.append("Content-Type: text/plain; charset=utf-8")
    return ("\r\n".join([*lines, "", text, ""])).encode()


@dataclass
class Office:
    """The desk under test; everything happens in this process, on rows."""

    cast: Cast
    account_id: int
    far_end: FarEnd
    seen: list[int] = field(default_factory=list)

    def receive(self, *mails: bytes, rcpt_to: str = DESK, mail_from: str = "", work: bool = True) -> list[int]:
        """Store mails as the edge does and work on them; returns the ids of the new envelopes."""
        meta = {"mail_from": mail_from, "rcpt_to": [rcpt_to]}
        items = [RawEnvelope(raw, "", utcnow(), meta) for raw in mails]
        fresh = db.transact(lambda: intake.accept(self.account_id, items))
        if work:
            jobs.ingest(0)
        return fresh

    def case_of(self, *mails: bytes, **options: Any) -> Case:
        """Receive a mail and return the case that it is in."""
        [envelope] = [self.envelope(one) for one in self.receive(*mails, **options)]
        assert envelope.message_id, envelope.reason or envelope.error
        return self.case(self.message(envelope.message_id).case_id)

    def last(self) -> Message:
        """The newest message that came in."""
        with db.unit_of_work() as session:
            found = session.scalars(select(Message).where(Message.direction == "in").order_by(Message.id.desc()))
            return found.first()  # type: ignore[return-value]

    def message(self, message_id: int) -> Message:
        with db.unit_of_work() as session:
            return session.get_one(Message, message_id)

    def case(self, case_id: int) -> Case:
        with db.unit_of_work() as session:
            return session.get_one(Case, case_id)

    def envelope(self, envelope_id: int) -> Envelope:
        with db.unit_of_work() as session:
            return session.get_one(Envelope, envelope_id)

    def all(self, model: Any) -> list[Any]:
        """All rows of a table in order."""
        with db.unit_of_work() as session:
            return list(session.scalars(select(model).order_by(model.id)))

    def deliver(self) -> list[Delivery]:
        """Send what is due and return all deliveries."""
        for row in self.all(Delivery):
            jobs.deliver(row.id)
        return self.all(Delivery)

    def wait(self) -> None:
        """Let the time of every delivery come that waits for another try."""
        with db.unit_of_work() as session:
            session.execute(update(Delivery).values(due_at=utcnow()))


def open_office(far_end: FarEnd, process: bytes) -> Office:
    """Make people, queue, texts, process and a mailbox that sends through the far end."""
    with db.unit_of_work():
        cast = make_cast()
        calendar = sla.save_calendar("business", name="Business hours")
        routing.save_queue("service", name="Service", team_id=cast.service_team.id, calendar_id=calendar.id)
        seed._save_templates()
        definitions.publish(definitions.deploy("service_case", process).id)
        account = accounts.save(
            None, kind="email", provider="smtp", name="Desk", address=DESK, secrets={}, queue_key="service",
            config={
                "address": DESK, "smtp_host": "127.0.0.1", "smtp_port": far_end.port, "smtp_security": "none",
            },
        )  # fmt: skip
        return Office(cast, account.id, far_end)
