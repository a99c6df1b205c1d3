"""At most three automatic mails an hour to one mailbox, however its address is spelled and however many work at once."""

from __future__ import annotations

import threading

import pytest
from sqlalchemy import text

from app import db, jobs
from app.audit import service as audit
from app.cases.models import Case
from app.messaging import accounts, outbox
from app.messaging.models import AutoMail, Delivery, Message
from tests.journeys.mailing import DESK, mail


def sent_to(office) -> list[str]:
    return [row.recipients["to"][0][0] for row in office.all(Message) if row.direction == "out"]


def held(case_id: int) -> list[dict[str, str]]:
    with db.unit_of_work():
        return [e["data"] for e in audit.chain_events(f"case:{case_id}") if e["kind"] == "auto_mail_held"]


SPELLINGS = [
    "dana@example.org", "DANA@Example.ORG", "dana+1@example.org", "Dana+bounce-7f3@example.org", "dana+@example.org",
    "dana+a+b@example.org",
]  # fmt: skip


@pytest.mark.parametrize(
    "spellings",
    [
        SPELLINGS,
        ["dana@bücher.example", "dana@xn--bcher-kva.example", "dana+x@BÜCHER.example", "Dana@xn--bcher-kva.example"],
        ["d.a.na@gmail.com", "dana@googlemail.com", "dana+x@gmail.com", "DA.NA@gmail.com"],
    ],
    ids=["case and plus", "domain", "gmail"],
)
def test_one_mailbox_under_many_names_gets_three(office, spellings):
    for number, sender in enumerate(spellings):
        office.case_of(mail(f"Mail {number}", sender=sender))
    cases = office.all(Case)
    assert len(cases) == len(spellings), "no mail is lost for it"
    assert len(sent_to(office)) == outbox.AUTO_CAP
    for case in cases[outbox.AUTO_CAP :]:
        [data] = held(case.id)
        assert "within an hour" in data["why"]
        assert data["subject"]


def test_the_hour_passes(office):
    for _ in range(4):
        office.case_of(mail())
    with db.unit_of_work() as session:
        session.execute(text("update auto_mails set sent_at = sent_at - interval '61 minutes'"))
    office.case_of(mail())
    assert len(sent_to(office)) == 4
    with db.unit_of_work():
        outbox.forget_old_counts()
    assert len(office.all(AutoMail)) == 1


@pytest.mark.parametrize(
    "sender", [DESK.upper(), "support+rb-token@ringback.test", "care@ringback.test", "Care+x@ringback.test"]
)
def test_mail_from_an_address_of_ours_is_a_loop(office, sender):
    with db.unit_of_work():
        account = accounts.get(office.account_id)
        account.config = {**account.config, "aliases": "care@ringback.test, @ringback.test"}
    [envelope] = [office.envelope(one) for one in office.receive(mail(sender=sender))]
    assert envelope.reason == "dropped: it comes from one of our own addresses"
    assert office.case_of(mail(sender="boss@ringback.test")), "a colleague of the same domain is none"


@pytest.mark.committed
def test_two_workers_at_once_hold_to_the_cap(office):
    """Six mails of one robot under six names: nothing but the cap makes them wait for each other."""
    mails = [mail(f"Mail {number}", sender=sender) for number, sender in enumerate(SPELLINGS * 2)]
    office.receive(*mails, work=False)
    failed: list[Exception] = []
    begin = threading.Barrier(3)

    def work() -> None:
        begin.wait(10)
        try:
            jobs.ingest(0)
        except Exception as error:
            failed.append(error)

    workers = [threading.Thread(target=work) for _ in range(3)]
    for worker in workers:
        worker.start()
    for worker in workers:
        worker.join(60)
    jobs.ingest(0)
    assert failed == []
    assert len(office.all(Case)) == len(mails)
    assert len(office.all(Delivery)) == outbox.AUTO_CAP
    assert sum(len(held(case.id)) for case in office.all(Case)) == len(mails) - outbox.AUTO_CAP


@pytest.mark.committed
def test_two_processes_of_two_cases_that_write_at_once_hold_to_the_cap(office):
    """Automatic mails that no mail came before: reminders of many cases to one customer."""
    case = office.case_of(mail())
    begin, results = threading.Barrier(8), list[int | None]()

    def write(number: int) -> None:
        given = outbox.Outgoing(
            case.id, case.number, office.account_id, case.contact_id, to=[(SPELLINGS[number % 6], "")],
            subject="Reminder", text="Please answer.", auto=True,
        )  # fmt: skip
        begin.wait(10)
        results.append(db.transact(lambda: outbox.queue_auto(given, inbound_auto="none", cause={})))

    threads = [threading.Thread(target=write, args=(number,)) for number in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(60)
    assert len([one for one in results if one]) == outbox.AUTO_CAP - 1, "the acknowledgement was the first"
    assert len(results) == 8
