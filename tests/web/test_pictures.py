"""Pictures within a mail are shown in its frame, which may load nothing of the desk: they come along with the body."""

from __future__ import annotations

from base64 import b64encode

import pytest

from app.db import unit_of_work
from app.messaging import store
from app.web import files
from channels.port import Address, Attachment, InboundMessage
from tests.support.desk import make_desk

PICTURE = b"\x89PNG\r\n\x1a\n and so on"


@pytest.fixture
def body(browser, cast):
    with unit_of_work():
        desk = make_desk(cast)
        case, account = desk.case, desk.account
        interaction = store.new_interaction(
            case.id, kind="email", account_id=account.id, contact_id=case.contact_id, subject=""
        )
        message = InboundMessage(
            "<p@example.com>", Address("dana@example.com"), text="See below", html='<p>See <img src="cid:a@x" alt=""> <img src="cid:b@x" alt=""></p>',
            attachments=(
                Attachment("a.png", "image/png", PICTURE, content_id="a@x", inline=True),
                Attachment("b.svg", "image/svg+xml", b"<svg/>", content_id="b@x", inline=True),
            ),
        )  # fmt: skip
        message_id = store.store_inbound(
            message, case_id=case.id, interaction_id=interaction, kind="email", contact_id=case.contact_id,
            author="Dana", reason="", raw_digest="0" * 64,
        )  # fmt: skip
    return lambda: browser(cast.alice).get(f"/messages/{message_id}/body").text


def test_a_picture_comes_with_the_body_and_what_is_no_picture_does_not(body):
    shown = body()
    assert f'src="data:image/png;base64,{b64encode(PICTURE).decode()}"' in shown
    assert "svg" not in shown
    assert "cid:" not in shown


def test_more_than_a_page_should_hold_is_left_among_the_files(body, monkeypatch):
    monkeypatch.setattr(files, "MOST_PICTURES", 5)
    assert "data:" not in body()
