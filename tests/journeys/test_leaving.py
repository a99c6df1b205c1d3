"""What stands on a mail that leaves, and what a server that cannot be spoken to does to the mailbox's health."""

from __future__ import annotations

from datetime import timedelta

import pytest
from sqlalchemy import update

from app import db as frame
from app.clock import utcnow
from app.messaging import accounts, delivery
from app.messaging.models import ChannelAccount, Delivery
from app.orchestration import writing
from tests.channels.email.peers import PASSWORD, far_end, make_certificate
from tests.journeys.mailing import mail


@pytest.fixture(scope="module")
def certificate(tmp_path_factory):
    return make_certificate(tmp_path_factory.mktemp("certificate"))


@pytest.fixture
def case(office):
    return office.case_of(mail(Message_ID="<first@example.org>", References="<older@example.org>"))


def point(office, port, *, secrets=None, **config):
    """Have the office send through another server."""
    with frame.unit_of_work():
        account = accounts.get(office.account_id)
        accounts.save(
            account.id, kind="email", provider="smtp", name=account.name, address=account.address, queue_key="service",
            secrets=secrets or {}, config={**account.config, "smtp_port": port, **config},
        )  # fmt: skip


def health(office):
    with frame.unit_of_work() as session:
        return session.get_one(ChannelAccount, office.account_id).outbound_health


def seconds_until(row):
    return (row.due_at - utcnow()) / timedelta(seconds=1)


# ---------------------------------------------------------------- headers
def test_an_automatic_mail_says_so_and_a_persons_does_not(office, case):
    office.deliver()
    [sent] = office.far_end.mails
    assert sent["Auto-Submitted"] == "auto-replied"
    assert sent["Precedence"] == "bulk"
    assert sent["In-Reply-To"] == "<first@example.org>"
    assert sent["X-Ringback-Loop"]
    with frame.unit_of_work():
        writing.reply(case.id, text="We come.", user_id=office.cast.alice.id, author="Alice")
    office.deliver()
    sent = office.far_end.mails[1]
    assert "Auto-Submitted" not in sent
    assert "Precedence" not in sent


def test_the_chain_of_references_grows_and_every_mail_has_an_address_for_its_reply(office, case):
    office.deliver()
    ids = ["<first@example.org>", office.far_end.mails[0]["Message-ID"]]
    for number in range(3):
        answer = mail(f"And {number}?", Message_ID=f"<more{number}@example.org>", In_Reply_To=ids[-1])
        assert office.case_of(answer).id == case.id
        ids.append(f"<more{number}@example.org>")
        with frame.unit_of_work():
            writing.reply(case.id, text=f"Yes {number}.", user_id=office.cast.alice.id, author="Alice")
        office.deliver()
        sent = office.far_end.mails[-1]
        assert sent["In-Reply-To"] == ids[-1]
        assert sent["References"].split() == ids
        ids.append(sent["Message-ID"])
    assert len(set(ids)) == len(ids), "a mail has its own id"
    [reply_to] = {sent["Reply-To"].addresses[0].addr_spec for sent in office.far_end.mails}
    assert reply_to.startswith("support+rb-")
    alone = mail("A new thread altogether", subject="Something", to=reply_to)
    assert office.case_of(alone, rcpt_to=reply_to).id == case.id


def test_without_plus_addresses_the_token_travels_in_the_message_id(office, case):
    point(office, office.far_end.port, plus_addressing=False)
    office.deliver()
    [sent] = office.far_end.mails
    assert "Reply-To" not in sent
    answer = mail("Well?", subject="Other", References=sent["Message-ID"])
    assert office.case_of(answer).id == case.id


# ---------------------------------------------------------------- servers that cannot be spoken to
@pytest.mark.parametrize("security", ["tls", "starttls"])
def test_a_certificate_that_is_not_trusted_is_named_and_nothing_leaves(office, case, certificate, security):
    context = certificate.server_context()
    with far_end(tls=context) if security == "tls" else far_end(starttls=context) as peer:
        point(office, peer.address[1], smtp_security=security)
        [row] = office.deliver()
        assert (row.state, row.reason) == ("queued", "tls_failed")
        told = health(office)
        assert (told["state"], told["cause"]) == ("failing", "tls_failed")
        assert "not trusted" in told["detail"]
        assert peer.mails == []
        point(office, peer.address[1], smtp_security=security, ca_file=str(certificate.cert))
        office.wait()
        [row] = office.deliver()
        assert (row.state, row.detail, health(office)["state"]) == ("sent", "", "ok")


def test_a_server_without_starttls_gets_no_mail(office, case):
    with far_end() as peer:
        point(office, peer.address[1], smtp_security="starttls")
        [row] = office.deliver()
    assert (row.reason, health(office)["state"], peer.mails) == ("tls_failed", "failing", [])


def test_a_refused_login_is_named_and_the_mail_waits_for_the_right_password(office, case):
    with far_end(auth=True) as peer:
        point(office, peer.address[1], smtp_user="me", secrets={"smtp_password": "wrong-word"})
        [row] = office.deliver()
        assert (row.state, row.reason) == ("queued", "bad_credentials")
        told = health(office)
        assert (told["state"], told["cause"]) == ("failing", "bad_credentials")
        assert "wrong-word" not in told["detail"] + row.detail
        point(office, peer.address[1], smtp_user="me", secrets={"smtp_password": PASSWORD})
        office.wait()
        assert office.deliver()[0].state == "sent"
        assert health(office)["state"] == "ok"


def test_the_waits_between_tries_grow_and_end(office, case):
    waits = []
    for _ in delivery.BACKOFF:
        office.far_end.answers = ["451 4.3.0 later"]
        [row] = office.deliver()
        waits.append(round(seconds_until(row), -1))
        office.wait()
    assert waits == [round(each, -1) for each in delivery.BACKOFF]
    office.far_end.answers = ["451 4.3.0 later"]
    [row] = office.deliver()
    assert (row.state, row.attempts) == ("failed", len(delivery.BACKOFF) + 1)


def test_a_line_cut_after_the_mail_leaves_a_doubt_that_stays_to_be_seen(office, case):
    with far_end(hang_up_after_data=True) as peer:
        point(office, peer.address[1])
        [row] = office.deliver()
        assert (row.state, row.reason) == ("queued", "in_doubt")
        assert "never confirmed" in row.detail
        peer.hang_up_after_data = False
        office.wait()
        [row] = office.deliver()
        assert (row.state, row.reason) == ("sent", "in_doubt")
        first, second = (raw for _, _, raw in peer.mails)
    ids = [[line for line in raw.split(b"\r\n") if line.startswith(b"Message-ID")] for raw in (first, second)]
    assert ids[0] == ids[1], "so that most readers show it once"


# ---------------------------------------------------------------- accounts that are off
def test_what_is_queued_waits_while_its_account_is_off(office, case):
    with frame.unit_of_work():
        accounts.get(office.account_id).is_enabled = False
    [row] = office.deliver()
    assert (row.state, row.reason, office.far_end.mails) == ("queued", "account_off", [])
    assert "switched off" in row.detail
    with frame.unit_of_work():
        accounts.get(office.account_id).is_enabled = True
    office.wait()
    [row] = office.deliver()
    assert (row.state, row.reason, row.detail) == ("sent", "", "")


def test_what_a_dead_worker_held_stays_in_doubt_while_its_account_is_off(office, case):
    with frame.unit_of_work() as session:
        past = utcnow() - timedelta(seconds=1)
        session.execute(update(Delivery).values(state="sending", lease_until=past, attempts=1))
        accounts.get(office.account_id).is_enabled = False
    [row] = office.deliver()
    assert (row.state, row.reason) == ("queued", "in_doubt")
