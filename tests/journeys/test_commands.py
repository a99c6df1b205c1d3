"""Customers who chase and cancel by mail, in their own words; what is only quoted asks for nothing."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from sqlalchemy import update

from app import db
from app.audit import service as audit
from app.cases.models import Case
from app.cli import seed
from app.contacts import service as contacts
from app.events import Actor, acting
from app.orchestration import customers, driving
from app.orchestration.queries import overview
from app.workorders.models import WorkOrder
from tests.journeys.mailing import Office, mail
from tests.journeys.test_arrivals import db_trap
from tests.processes.driving import ROOT

OWNER = "Dana <dana@example.org>"


@pytest.fixture
def office(office: Office) -> Office:
    """The office with the processes as they are shipped."""
    with db.unit_of_work():
        for folder in sorted(ROOT.iterdir()):
            if folder.is_dir():
                seed.deploy_folder(folder)
    return office


@pytest.fixture
def say(office: Office) -> Callable[..., Case]:
    """Open a case, then answer its acknowledgement: `say("追单")` returns the case."""
    first = office.case_of(mail(Cc="Erik <erik@example.org>"))
    office.deliver()
    answered = str(office.far_end.mails[0]["Message-ID"])

    def answer(text: str, *, sender: str = OWNER) -> Case:
        found = office.case_of(mail(text, sender=sender, In_Reply_To=answered, subject="Re: No hot water"))
        assert found.id == first.id
        return found

    return answer


def record(case: Case, kind: str) -> list[dict[str, Any]]:
    with db.unit_of_work():
        return [event for event in audit.chain_events(f"case:{case.id}") if event["kind"] == kind]


@pytest.mark.parametrize(
    "words",
    ["CHASE", "Chase!", "Hello,\n\nis there any news?", "追单", "你好，怎么还没有人来？", "催一下", "Guten Tag,\nich warte immer noch.",
     "Erinnerung", "Bonjour,\nj'attends toujours le technicien.", "Relance."],
)  # fmt: skip
def test_asking_for_news_chases_and_names_the_words(say, words):
    case = say(words)
    assert case.chase_count == 1
    [taken] = record(case, "action_taken")
    assert taken["data"]["verb"] == "chase"
    assert taken["actor"].startswith("contact:")
    assert taken["cause"]["words"].casefold() in words.casefold()


@pytest.mark.parametrize(
    "words", ["Cancel", "cancel.\n\nThank you", "Hello\n撤单", "Stornieren!", "Guten Tag\nStorno", "Annuler"]
)
def test_a_command_on_a_line_of_its_own_cancels(say, office, words):
    case = say(words)
    assert str(case.status) == "cancelled"
    office.deliver()
    assert len(office.far_end.mails) == 2, "the customer is told"


@pytest.mark.parametrize(
    "words",
    [
        "Thank you, that helps.\n\n> cancel\n> chase",
        "It works now.\n\nOn Mon, 2 Nov 2026 at 10:00, Support <support@ringback.test> wrote:\n> To stop, write on a line of its own\n> cancel",
        "> cancel",
        "Please do not cancel the visit.",
        "Danke!\n\nAm 02.11.2026 um 10:00 schrieb Support <support@ringback.test>:\n> stornieren",
        "谢谢！\n\n在 2026年11月2日 10:00，Support <support@ringback.test> 写道：\n> 撤单",
    ],
)
def test_what_is_quoted_or_only_mentioned_asks_for_nothing(say, words):
    case = say(words)
    assert (case.chase_count, str(case.status)) == (0, "open")
    assert record(case, "action_taken") == []


def test_who_is_the_same_person_may_cancel_from_their_other_address(say):
    erik = "Erik <erik@example.org>"
    case = say("It drips.", sender=erik)
    with db.unit_of_work():
        customers.merge(case.contact_id, contacts.find_or_create("email", "erik@example.org").id)
    assert str(say("cancel", sender=erik).status) == "cancelled"


def test_somebody_in_copy_may_ask_how_it_goes_but_not_cancel(say):
    erik = "Erik <erik@example.org>"
    assert str(say("cancel", sender=erik).status) == "open"
    assert say("any news?", sender=erik).chase_count == 1


def test_a_stranger_who_names_the_number_moves_nothing(say, office):
    case = say("Thank you")
    other = office.case_of(mail("cancel", sender="eve@example.net", subject=f"Re: {case.number}"))
    assert other.id != case.id
    assert str(office.case(case.id).status) == "open"


def test_a_verb_that_is_not_on_offer_is_a_message_like_any_other(say, office):
    cancelled = say("cancel")
    again = say("cancel")  # in the archive nothing can be cancelled: what the customer writes reopens the case
    assert again.id == cancelled.id
    assert str(again.status) == "open"


def test_cancelling_by_mail_reaches_the_work_order_that_nobody_has_accepted(say, office):
    case = say("Thank you")
    with db.unit_of_work(), acting(Actor("user", office.cast.alice.id, "Alice")):
        offered = next(a for a in overview(case.id).actions if a.verb == "dispatch")
        values = {"title": "Mend", "team": "repairs", "holder": None, "instructions": "", "urgency": "normal"}
        driving.act(
            case.id, "dispatch", values, instance_id=offered.instance_id, token=str(offered.token), role="agent"
        )
    say("撤单")
    [order] = office.all(WorkOrder)
    assert (str(order.state), order.outcome) == ("cancelled", "cancelled")


def test_mail_to_a_case_that_was_merged_goes_to_the_other(say, office):
    merged = say("Thank you")
    into = office.case_of(mail("Another one", sender="gil@example.org"))
    with db.unit_of_work() as session:
        session.execute(update(Case).where(Case.id == merged.id).values(merged_into=into.id))
    office.receive(mail("And still cold", sender=OWNER, subject=f"Re: {merged.number}"))
    assert office.last().case_id == into.id


def test_seven_of_eight_go_through_when_one_is_bad(office):
    """One commit for eight fails as a whole; then each goes by itself."""
    with db.unit_of_work() as session:
        session.execute(db_trap("create"))
    mails = [mail(f"Number {n}", sender=f"c{n}@example.org") for n in range(7)]
    mails.insert(3, mail("This is the poisoned one", sender="eve@example.org"))
    ids = office.receive(*mails)
    states = [office.envelope(one).state for one in ids]
    assert states.count("done") == 7
    assert "poisoned" in office.envelope(ids[3]).error
    assert len(office.all(Case)) == 7
    with db.unit_of_work() as session:
        session.execute(db_trap("drop"))
