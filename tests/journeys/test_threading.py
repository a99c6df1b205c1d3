"""A customer writes, is answered, and writes again: one case, and always a reason why."""

from __future__ import annotations

import pytest

from app import blobs, db
from app.audit import service as audit
from app.cases.models import Case
from app.errors import Conflict
from app.messaging.models import Attachment, Delivery, Message
from app.orchestration import moving, queries, writing
from tests.journeys.mailing import mail


def test_a_mail_becomes_a_case_with_a_task_and_an_acknowledgement(office):
    case = office.case_of(mail(Message_ID="<one@example.org>"))
    assert (case.subject, case.contact_name, case.team_id) == ("No hot water", "Dana", office.cast.service_team.id)
    with db.unit_of_work():
        assert [task.element_id for task in queries.overview(case.id).tasks] == ["handle"]
    [delivery] = office.deliver()
    assert (delivery.state, delivery.attempts) == ("sent", 1)
    [sent] = office.far_end.mails
    assert sent["To"] == "Dana <dana@example.org>"
    assert case.number in sent["Subject"]
    assert sent["In-Reply-To"] == "<one@example.org>"
    assert sent["Auto-Submitted"].startswith("auto-")
    with db.unit_of_work():
        assert audit.verify_chain(f"case:{case.id}").is_intact


def test_an_answer_to_our_signed_address_finds_its_case_whatever_else_is_lost(office):
    case = office.case_of(mail())
    office.deliver()
    address = office.far_end.mails[0]["Reply-To"].addresses[0].addr_spec
    assert "+rb-" in address
    answered = office.case_of(mail("It drips now.", subject="something else", to=address), rcpt_to=address)
    assert answered.id == case.id
    assert office.last().reason.startswith("reply-token:")


def test_a_signed_address_is_worth_nothing_to_a_stranger(office):
    case = office.case_of(mail())
    office.deliver()
    address = office.far_end.mails[0]["Reply-To"].addresses[0].addr_spec
    other = office.case_of(mail(sender="mallory@evil.example", to=address), rcpt_to=address)
    assert other.id != case.id


def test_an_answer_by_references_or_by_case_number_is_told_apart(office):
    case = office.case_of(mail())
    office.deliver()
    ours = office.far_end.mails[0]["Message-ID"].replace(".rb-", ".xx-")
    theirs = office.last().rfc_id
    assert office.case_of(mail("More.", In_Reply_To=theirs, References=f"{ours} {theirs}")).id == case.id
    assert office.last().reason == f"references: answers {theirs}"
    assert office.case_of(mail("And more.", subject=f"Re: {case.number.lower()} boiler")).id == case.id
    assert office.last().reason == f"case-number: {case.number} in the subject"


@pytest.mark.parametrize("how", ["references", "number"])
def test_a_stranger_who_refers_to_a_case_gets_one_of_their_own_with_the_mention(office, how):
    case = office.case_of(mail())
    theirs = office.last().rfc_id
    claim = {"In_Reply_To": theirs} if how == "references" else {"subject": f"Re: {case.number}"}
    other = office.case_of(mail(sender="mallory@evil.example", **claim))
    assert other.id != case.id
    assert office.last().reason.startswith("stranger:")
    with db.unit_of_work():
        [related] = [e for e in audit.chain_events(f"case:{other.id}") if e["kind"] == "case_related"]
        assert related["data"]["other"] == case.id


def test_somebody_in_copy_takes_part(office):
    case = office.case_of(mail(Cc="Neighbour <nina@example.net>"))
    assert office.case_of(mail(sender="nina@example.net", In_Reply_To=office.last().rfc_id)).id == case.id


def test_the_same_subject_is_no_reason(office):
    assert office.case_of(mail()).id != office.case_of(mail()).id


def test_the_customers_answer_is_heard_by_the_process(office):
    case = office.case_of(mail())
    with db.unit_of_work():
        writing.reply(case.id, user_id=office.cast.alice.id, author="Alice", text="Which model?")
    office.deliver()
    office.case_of(mail("The E4 one.", In_Reply_To=office.far_end.mails[-1]["Message-ID"]))
    with db.unit_of_work():
        kinds = [e["kind"] for e in audit.chain_events(f"case:{case.id}")]
    assert kinds.count("message_received") == 2
    assert "attention_drawn" in kinds


def test_a_message_is_moved_to_another_case_to_a_new_one_and_back(office):
    first = office.case_of(mail())
    second = office.case_of(mail(subject="Another matter"))
    message = office.last()
    with db.unit_of_work():
        assert moving.move_to_case(message.id, first.id) == first.id
    with db.unit_of_work():
        third = moving.move_to_new_case(message.id)
    assert office.case(third).subject == "Another matter"
    with db.unit_of_work():
        assert [task.element_id for task in queries.overview(third).tasks] == ["handle"]
        moving.move_to_case(message.id, second.id)
    assert (office.message(message.id).case_id, office.message(message.id).moved_from) == (second.id, third)
    with db.unit_of_work():
        for case_id, moves in ((first.id, 2), (second.id, 2), (third, 2)):
            events = audit.chain_events(f"case:{case_id}")
            assert [e["kind"] for e in events].count("message_moved") == moves
            assert audit.verify_chain(f"case:{case_id}").is_intact
        with pytest.raises(Conflict):
            moving.move_to_case(message.id, second.id)


def test_what_we_wrote_is_not_moved(office):
    office.case_of(mail())
    ours = next(m for m in office.all(Message) if m.direction == "out")
    with db.unit_of_work(), pytest.raises(Conflict):
        moving.move_to_new_case(ours.id)


def test_attachments_and_raw_bytes_are_kept(office):
    raw = (
        mail(Content_Type="multipart/mixed; boundary=b").removesuffix(b"The boiler shows E4.\r\n")
        + b"--b\r\nContent-Type: text/plain\r\n\r\nSee photo.\r\n"
        + b'--b\r\nContent-Type: image/png\r\nContent-Disposition: attachment; filename="../E4.png"\r\n'
        + b"Content-Transfer-Encoding: base64\r\n\r\niVBORw0KGgo=\r\n--b--\r\n"
    )
    office.case_of(raw)
    with db.unit_of_work():
        [file] = office.all(Attachment)
        assert file.name == "E4.png"
        assert blobs.get(file.digest) == b"\x89PNG\r\n\x1a\n"
        assert blobs.get(office.last().raw_digest) == raw


def test_a_chinese_customer_is_answered_in_chinese(office):
    case = office.case_of(mail("从昨天起没有热水，请尽快安排人来。", subject="没有热水"))
    assert case.language == "zh"
    office.deliver()
    assert any("\u4e00" <= c <= "\u9fff" for c in office.far_end.mails[0].get_content())


def test_cases_and_deliveries_are_as_many_as_mails(office):
    office.receive(*(mail(f"Number {n}", sender=f"c{n}@example.org") for n in range(20)))
    assert (len(office.all(Case)), len(office.all(Delivery))) == (20, 20)
