"""A forgotten password: asked for, mailed, used once."""

from __future__ import annotations

import email
import re
from datetime import timedelta

import pytest
from sqlalchemy import func, select

from app import events, jobs
from app.audit import service as audit
from app.crypto import token_digest
from app.db import session, unit_of_work
from app.errors import Conflict, Forbidden, Invalid
from app.identity import passwords, resets, service, sessions
from app.identity.models import LoginSession, PasswordReset, User
from app.identity.throttle import FREE_TRIES
from app.messaging import accounts, password_links, providers
from app.settings import settings
from channels.outcomes import PermanentFailure, TemporaryFailure
from tests.support.desk import make_account
from tests.support.people import make_cast

NEW = "a new horse, and better"
HERE = "203.0.113.9"


@pytest.fixture
def desk(db):
    """The cast, and one mailbox."""
    with unit_of_work():
        cast, account = make_cast(), make_account()
    return cast, account


@pytest.fixture
def box(desk, monkeypatch):
    """What leaves through the mailbox; an error put into `fails` is raised instead."""
    sent, fails = [], []
    opened = providers.adapter(desk[1])
    hand_over = type(opened).send

    def send(self, message):
        if fails:
            raise fails[0]
        hand_over(self, message)
        sent.append(message)

    monkeypatch.setattr(type(opened), "send", send)
    return sent, fails


def ask(login, address=HERE):
    """Ask, and do what is to be done then."""
    with unit_of_work():
        before = session().scalar(select(func.max(PasswordReset.id))) or 0
        wait = resets.ask(login, address=address, locale="zh")
    with unit_of_work():
        made = list(session().scalars(select(PasswordReset.id).where(PasswordReset.id > before)))
    for reset_id in made:
        jobs.run(resets.JOB, reset_id)
    return wait


def token_of(message):
    return re.search(r"/login/new/(\S+)", message.text)[1]


def kinds(user_id):
    with unit_of_work():
        return [each["kind"] for each in audit.chain_events(f"user:{user_id}")]


def test_the_link_sets_a_new_password_once_and_ends_all_sessions(desk, box):
    alice, (sent, _fails) = desk[0].alice, box
    with unit_of_work():
        sessions.start(alice.id)
    assert ask(" Alice ") == 0
    token = token_of(sent[0])
    assert [each.value for each in sent[0].to] == ["alice@desk.example"]
    assert f"{settings().public_url}/login/new/{token}" in sent[0].text
    assert (sent[0].auto, "申请" in sent[0].text) == (True, True)
    with unit_of_work():
        service.renew_password(token, NEW)
    with unit_of_work():
        assert passwords.matches(session().get(User, alice.id).password_hash, NEW)
        assert not session().scalar(select(func.count()).where(LoginSession.user_id == alice.id))
    with pytest.raises(Forbidden), unit_of_work():
        service.renew_password(token, "yet another one")
    assert {"password_link_sent", "password_changed", "password_link_used"} <= set(kinds(alice.id))


def test_the_database_never_holds_the_token(desk, box):
    ask("alice")
    token = token_of(box[0][0])
    with unit_of_work():
        row = session().scalar(select(PasswordReset).where(PasswordReset.user_id == desk[0].alice.id))
        assert row.digest == token_digest(token)
        assert len(token) > 40
        assert token not in str([each["data"] for each in audit.chain_events(f"user:{desk[0].alice.id}")])


def test_asking_for_nobody_leaves_the_same_behind_and_sends_nothing(desk, box):
    with unit_of_work():
        assert resets.ask("nobody-at-all", address=HERE, locale="en") == 0
        row = session().scalar(select(PasswordReset).where(PasswordReset.user_id.is_(None)))
        reset_id = row.id
    jobs.run(resets.JOB, reset_id)
    assert box[0] == []
    with unit_of_work():
        assert session().get(PasswordReset, reset_id) is None


def test_a_link_ends_with_its_time(desk, box):
    ask("alice")
    with unit_of_work():
        row = session().scalar(select(PasswordReset).where(PasswordReset.user_id == desk[0].alice.id))
        row.expires_at -= resets.LIFE
    with pytest.raises(Forbidden), unit_of_work():
        service.renew_password(token_of(box[0][0]), NEW)


@pytest.mark.parametrize(
    "change",
    [
        lambda alice: service.change_user(alice.id, email="elsewhere@desk.example"),
        lambda alice: service.set_password(alice.id, "chosen otherwise"),
        lambda alice: service.give_password(alice.id),
        lambda alice: service.deactivate_user(alice.id),
    ],
)
def test_a_link_ends_with_the_password_the_address_or_the_account(desk, box, change):
    ask("alice")
    with unit_of_work():
        change(desk[0].alice)
    with pytest.raises(Forbidden), unit_of_work():
        service.renew_password(token_of(box[0][0]), NEW)


def test_an_unusable_password_uses_nothing_up(desk, box):
    ask("alice")
    token = token_of(box[0][0])
    with pytest.raises(Invalid), unit_of_work():
        service.renew_password(token, "short")
    with unit_of_work():
        service.renew_password(token, NEW)


def test_three_mails_an_hour_are_enough_but_an_administrator_may_send_one_more(desk, box):
    for _each in range(5):
        assert ask("alice") == 0
    assert len(box[0]) == resets.PER_HOUR
    with unit_of_work():
        password_links.ask_for(desk[0].alice.id, locale="")
    jobs.work_inline()
    assert len(box[0]) == resets.PER_HOUR + 1
    assert "password_link_asked" in kinds(desk[0].alice.id)


def test_who_asks_too_often_waits_whether_the_person_exists_or_not(desk):
    with unit_of_work():
        for login in ("alice", "nobody-at-all"):
            waits = [resets.ask(login, address=f"{login} {each}", locale="en") for each in range(FREE_TRIES + 1)]
            assert waits[:-1] == [0] * FREE_TRIES
            assert waits[-1] > 0
        waits = [resets.ask(f"guess{each}", address=HERE, locale="en") for each in range(FREE_TRIES + 1)]
        assert waits[-1] > 0


def test_a_mail_that_cannot_go_now_is_tried_again_with_another_link(desk, box):
    sent, fails = box
    fails.append(TemporaryFailure("rate_limited", "Later."))
    ask("alice")
    with unit_of_work():
        row = session().scalar(select(PasswordReset).where(PasswordReset.user_id == desk[0].alice.id))
        reset_id, first = row.id, row.digest
    fails.clear()
    jobs.run(resets.JOB, reset_id)
    jobs.run(resets.JOB, reset_id)
    assert len(sent) == 1
    assert token_digest(token_of(sent[0])) != first


def test_a_mail_asked_for_too_long_ago_does_not_go(desk, box):
    with unit_of_work():
        resets.ask("alice", address=HERE, locale="en")
        row = session().scalar(select(PasswordReset).where(PasswordReset.user_id == desk[0].alice.id))
        row.created_at -= resets.LIFE + timedelta(seconds=1)
        reset_id = row.id
    jobs.run(resets.JOB, reset_id)
    assert box[0] == []
    assert "password_link_failed" in kinds(desk[0].alice.id)


def test_a_link_that_was_mailed_stays_good_when_its_job_is_rung_again(desk, box):
    ask("alice")
    with unit_of_work():
        reset_id = session().scalar(select(PasswordReset.id).where(PasswordReset.user_id == desk[0].alice.id))
    jobs.run(resets.JOB, reset_id)
    assert len(box[0]) == 1
    with unit_of_work():
        service.renew_password(token_of(box[0][0]), NEW)


def test_a_mail_that_can_never_go_is_on_the_record(desk, box):
    box[1].append(PermanentFailure("rejected", "No."))
    ask("alice")
    assert "password_link_failed" in kinds(desk[0].alice.id)


def test_an_administrator_is_told_what_is_missing(desk):
    cast, account = desk
    with unit_of_work():
        service.change_user(cast.bob.id, email="")
    with pytest.raises(Conflict, match="no email address"), unit_of_work():
        password_links.ask_for(cast.bob.id, locale="")
    with unit_of_work(), events.acting(events.Actor("user", cast.ada.id, "Ada")):
        accounts.remove(account.id)
        assert not password_links.can_send()
    with pytest.raises(Conflict, match="No mailbox"), unit_of_work():
        password_links.ask_for(cast.alice.id, locale="")


def test_asking_forgotten_long_ago_is_tidied_away(desk):
    with unit_of_work():
        resets.ask("alice", address=HERE, locale="en")
        row = session().scalar(select(PasswordReset).where(PasswordReset.user_id == desk[0].alice.id))
        row.created_at -= resets.FORGET_AFTER + timedelta(seconds=1)
        session().flush()
        assert resets.forget_old() == 1


def test_the_mail_can_be_read_as_one(desk):
    link = resets.Link(1, 1, "Alice", "alice", "alice@desk.example", "xx", "rb_x")
    with unit_of_work():
        opened = providers.adapter(desk[1])
        opened.send(password_links.mail(link, domain="ringback.test"))
    mail = email.message_from_bytes(opened.outbox()[-1])
    assert mail["Auto-Submitted"] == "auto-generated"
    assert mail["Message-ID"].endswith("@ringback.test>")
