"""The mails of the demo: each can be sent, follow-ups stand in the thread of their first mail."""

from __future__ import annotations

from tools.demo_mail import build
from tools.demo_samples import SAMPLES


def test_each_mail_has_a_sender_a_text_and_an_id_of_its_own():
    mails = [mail for sample in SAMPLES for mail in build(sample)]
    assert all(mail["From"] and bytes(mail) for mail in mails)
    assert len({mail["Message-ID"] for mail in mails}) == len(mails)


def test_what_the_customer_writes_afterwards_answers_the_first_mail():
    sample = next(one for one in SAMPLES if len(one.more) > 1)
    first, *later = build(sample)
    assert len(later) == len(sample.more)
    assert {mail["In-Reply-To"] for mail in later} == {first["Message-ID"]}
