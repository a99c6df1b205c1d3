"""The loopback mailbox: what is put in comes in once, what is sent lies in the outbox."""

from __future__ import annotations

import threading
import time

import pytest

from channels import registry
from channels.email import loopback
from channels.outcomes import HealthState, Misconfigured, PermanentFailure
from channels.port import Address, OutboundMessage

MAIL = b"From: dana@customer.test\r\nSubject: Hello\r\nMessage-ID: <c1@customer.test>\r\n\r\nHi\r\n"


@pytest.fixture(params=["memory", "folder"])
def settings(request, tmp_path):
    loopback._boxes.clear()
    return {"address": "support@desk.test", "folder": str(tmp_path / "mail") if request.param == "folder" else ""}


@pytest.fixture
def account(settings):
    return registry.open_account("email", "loopback", settings)


def test_what_is_put_in_comes_in_once_and_in_order(account):
    names = [account.inject(MAIL), account.inject(MAIL + b"again\r\n")]
    stored = []
    account.poll("", commit=lambda envelopes, _cursor: stored.extend(envelopes), stop=threading.Event())
    account.poll("", commit=lambda envelopes, _cursor: stored.extend(envelopes), stop=threading.Event())
    assert [envelope.external_id for envelope in stored] == names
    (event,) = account.parse(stored[0])
    assert event.external_id == "<c1@customer.test>"
    assert stored[0].meta["rcpt_to"] == ["support@desk.test"]


def test_a_mail_stays_in_the_inbox_until_it_was_stored(account):
    account.inject(MAIL)

    def fail(_envelopes, _cursor):
        raise ConnectionError("the database is gone")

    with pytest.raises(ConnectionError):
        account.poll("", commit=fail, stop=threading.Event())
    stored = []
    account.poll("", commit=lambda envelopes, _cursor: stored.extend(envelopes), stop=threading.Event())
    assert len(stored) == 1


def test_watching_and_stopping(account):
    stored, healths, stop = [], [], threading.Event()
    options = {"commit": lambda envelopes, _cursor: stored.extend(envelopes), "stop": stop, "report": healths.append}
    thread = threading.Thread(target=account.watch, args=("",), kwargs=options)
    thread.start()
    account.inject(MAIL)
    end = time.monotonic() + 30
    while not stored and time.monotonic() < end:
        time.sleep(0.01)
    stop.set()
    thread.join(5)
    assert len(stored) == 1
    assert [health.state for health in healths] == [HealthState.OK]


def test_a_mail_larger_than_the_mailbox_takes_is_refused(settings):
    account = registry.open_account("email", "loopback", {**settings, "max_bytes": 500})
    order = OutboundMessage((Address("d@c.test"),), "1", text="x" * 1000, message_id="<a@b>")
    with pytest.raises(PermanentFailure):
        account.send(order)
    assert account.outbox() == []


def test_names_of_files_cannot_leave_the_folder(settings):
    account = registry.open_account("email", "loopback", settings)
    account.send(OutboundMessage((Address("d@c.test"),), "../../etc/passwd", text="x", message_id="<a@b>"))
    assert len(account.outbox()) == 1


def test_a_bad_address_is_refused():
    with pytest.raises(Misconfigured) as failure:
        registry.open_account("email", "loopback", {"address": "nonsense"})
    assert "address" in failure.value.facts["fields"]
