"""The administrator's pages of mailboxes: add, be told what is wrong, test against real servers, switch off, remove."""

from __future__ import annotations

import re

import pytest
from sqlalchemy import select

from app.audit import service as audit
from app.db import unit_of_work
from app.messaging import accounts, outbox
from app.messaging.models import ChannelAccount, Delivery, Message
from app.orchestration import writing
from tests.channels.email.peers import PASSWORD, far_end
from tests.support.desk import make_desk

FORM = {
    "kind": "email", "provider": "smtp", "name_of_account": "Front desk", "queue": "service", "is_enabled": "true",
    "address": "front@desk.test", "inbound": "listener", "smtp_host": "127.0.0.1", "smtp_security": "none",
    "verify_tls": "true", "plus_addressing": "true",
}  # fmt: skip


@pytest.fixture
def admin(browser, cast):
    return browser(cast.ada)


@pytest.fixture
def desk(cast, db):
    with unit_of_work():
        return make_desk(cast)


def saved(admin, **form):
    """Save the form and return the account's page and id."""
    answer = admin.post("/channels", {**FORM, **form})
    assert answer.status_code == 303, answer.text
    return int(re.search(r"/channels/(\d+)", answer.location)[1])


def row(account_id):
    with unit_of_work() as session:
        return session.get_one(ChannelAccount, account_id)


def test_a_mailbox_is_added_and_changed_and_its_secrets_are_never_shown(admin, desk):
    page = admin.get("/channels/new/email/smtp").text
    assert "Sending by SMTP" in page
    assert "Fetching by IMAP" in page
    assert "Remove this account" not in page
    account_id = saved(admin, smtp_user="me", smtp_password="s3cret-word")
    page = admin.get(f"/channels/{account_id}?saved=1").text
    assert "Saved." in page
    assert "s3cret-word" not in page
    assert page.count("Leave empty to keep the stored one.") == 1, "said of stored secrets only"
    saved(admin, account=account_id, version=1, name_of_account="Reception", smtp_user="me")
    assert row(account_id).name == "Reception"
    assert accounts.providers.names_of_secrets(row(account_id)) == {"smtp_password"}


def test_what_is_wrong_stands_at_its_field_in_an_open_part(admin, desk):
    answer = admin.post("/channels", {**FORM, "inbound": "imap", "imap_host": ""})
    assert answer.status_code == 422
    assert "enter the IMAP server" in answer.text
    assert 'value="Front desk"' in answer.text, "what was typed is kept"
    answer = admin.post("/channels", {**FORM, "oauth_token_url": "http://elsewhere.test"})
    assert "must begin with https://" in answer.text


def test_a_mailbox_is_tested_and_its_health_shows_the_cause_in_both_languages(admin, desk):
    with far_end(auth=True) as peer:
        port = peer.address[1]
        account_id = saved(admin, smtp_port=port, smtp_user="me", smtp_password="wrong")
        admin.post(f"/channels/{account_id}/test")
        page = admin.get(f"/channels/{account_id}?tested=1").text
        assert "does not work" in page
        assert "the login was refused" in page
        assert "Enter user and password again" in page
        assert "登录被拒绝" in admin.get(f"/channels/{account_id}?lang=zh").text
        overview = admin.get("/channels?lang=en").text
        assert "the login was refused" in overview
        saved(admin, account=account_id, version=1, smtp_port=port, smtp_user="me", smtp_password=PASSWORD)
        admin.post(f"/channels/{account_id}/test")
        assert row(account_id).outbound_health["state"] == "ok"
    admin.post(f"/channels/{account_id}/test")
    assert "cannot be reached" in admin.get(f"/channels/{account_id}").text


def test_somebody_elses_change_is_not_written_over(admin, desk):
    account_id = saved(admin)
    saved(admin, account=account_id, version=1, name_of_account="Mine")
    answer = admin.post("/channels", {**FORM, "account": account_id, "version": 1, "name_of_account": "Yours"})
    assert answer.status_code == 409
    assert row(account_id).name == "Mine"


def test_a_mailbox_that_is_off_shows_no_health_and_sends_nothing(admin, desk):
    account_id = saved(admin)
    form = {name: value for name, value in FORM.items() if name != "is_enabled"}
    assert admin.post("/channels", {**form, "account": account_id, "version": 1}).status_code == 303
    assert row(account_id).is_enabled is False
    assert "switched off" in admin.get("/channels").text


def test_a_removed_mailbox_leaves_its_messages_and_no_secret(admin, cast, desk):
    with unit_of_work():
        writing.reply(desk.case.id, text="We come.", user_id=cast.alice.id, author="Alice")
    account_id = desk.account.id
    version = row(account_id).version
    assert admin.post(f"/channels/{account_id}/remove", {"version": version + 5}).status_code == 409
    answer = admin.post(f"/channels/{account_id}/remove", {"version": version})
    assert answer.status_code == 303
    page = admin.get(answer.location).text
    assert "was removed" in page
    assert f'href="/channels/{account_id}"' not in page
    gone = row(account_id)
    assert (gone.is_enabled, gone.secrets) == (False, "")
    for again in (admin.get(f"/channels/{account_id}"), admin.post(f"/channels/{account_id}/remove"),
                  admin.post(f"/channels/{account_id}/test"),
                  admin.post("/channels", {**FORM, "account": account_id})):  # fmt: skip
        assert again.status_code == 404
    with unit_of_work() as session:
        assert session.scalars(select(Message.id).where(Message.case_id == desk.case.id)).all()
        [delivery] = session.scalars(select(Delivery)).all()
        kinds = [e["kind"] for e in audit.chain_events(f"account:{account_id}")]
    assert kinds[-1] == "account_removed"
    from app.messaging import delivery as sending

    sending.deliver(delivery.id)
    with unit_of_work() as session:
        assert session.get_one(Delivery, delivery.id).reason == "account_removed"
    assert "We come." in browser_page(admin, desk)
    with unit_of_work():
        assert accounts.by_address("email", gone.address) is None, "the address may be given to a new mailbox"


def browser_page(admin, desk):
    return admin.get(f"/cases/{desk.case.number}").text


def test_what_became_of_each_recipient_stands_on_the_message(browser, cast, desk):
    with unit_of_work() as session:
        message_id = writing.reply(desk.case.id, text="We come.", user_id=cast.alice.id, author="Alice")
        sent = session.scalar(select(Delivery).where(Delivery.message_id == message_id))
        sent.state = "sent"
        sent.outcomes = {
            "ann@far.test": {"state": "sent", "reason": "", "detail": "", "at": ""},
            "ben@far.test": {"state": "deferred", "reason": "rate_limited", "detail": "450 greylisted", "at": ""},
            "cy@far.test": {"state": "failed", "reason": "no_such_recipient", "detail": "550 no such user", "at": ""},
        }
    page = browser(cast.alice).get(f"/cases/{desk.case.number}").text
    assert "ann@far.test: sent" in page
    assert "ben@far.test: put off, tried again" in page
    assert "cy@far.test: failed" in page
    assert "550 no such user" in page
    assert f"/deliveries/{sent.id}/again" in page, "who was refused can be tried once more"


def test_an_automatic_mail_that_was_held_back_stands_on_the_case(browser, cast, desk):
    given = outbox.Outgoing(
        desk.case.id, desk.case.number, desk.account.id, None, to=[("robot@far.test", "")], subject="We got it",
        text="Thank you.", auto=True,
    )  # fmt: skip
    with unit_of_work():
        for _ in range(outbox.AUTO_CAP):
            assert outbox.queue_auto(given, inbound_auto="none", cause={})
        assert outbox.queue_auto(given, inbound_auto="none", cause={}) is None
    page = browser(cast.alice).get(f"/cases/{desk.case.number}").text
    assert "Automatic mail held back" in page
    assert "3 automatic messages within an hour" in page
