"""A desk with a telephone number of its own, and customers who write to it through the real webhook."""

from __future__ import annotations

import itertools
from collections.abc import Callable
from typing import Any

import orjson
from flask import Flask

from app import db, jobs
from app.db import unit_of_work
from app.messaging import accounts, hooks
from app.messaging.models import ChannelAccount
from channels.sms.loopback import LoopbackAccount as Line
from channels.sms.loopback import LoopbackConfig, signed

SECRET = "a secret of sixteen or more"
NUMBER = "+4930111222"
DANA = "+4917612345678"
_ids = itertools.count(1)


def make_line(number: str = NUMBER, **more: Any) -> ChannelAccount:
    """A number without a network."""
    return accounts.save(
        None, kind="sms", provider="loopback", name=f"Text line {number}", address=number, config={"address": number},
        secrets={"webhook_secret": SECRET}, queue_key="service", **more,
    )  # fmt: skip


class Texts:
    """What passes over one number. `text` writes in, `sent` is what went out since one last looked."""

    def __init__(self, app: Flask, account: ChannelAccount, *, work: Callable[[], Any] = jobs.work_inline) -> None:
        self.app, self.account, self.work = app, account, work
        self.line = Line(LoopbackConfig(address=account.address))
        self._seen = {each["id"] for each in self.line.outbox()}

    def post(self, said: dict[str, Any]) -> int:
        """Post to the webhook as the network would; returns the status of the answer."""
        body = orjson.dumps(said)
        path = f"{hooks.PREFIX}/{self.account.hook_key}/in"
        return self.app.test_client().post(path, data=body, headers=signed(body, SECRET)).status_code

    def text(self, words: str, *, sender: str = DANA, key: str = "") -> None:
        """Write in and let the desk work."""
        assert self.post({"id": key or f"t{next(_ids)}", "from": sender, "text": words}) == 200
        self.settle()

    def told(self, message_id: str, state: str, **more: str) -> None:
        """Tell what became of a message."""
        assert self.post({"id": message_id, "state": state, **more}) == 200
        self.settle()

    def settle(self) -> None:
        """Do what is due until nothing is."""
        while self.work():
            pass

    def sent(self) -> list[dict[str, Any]]:
        """What went out since one last looked."""
        fresh = [each for each in self.line.outbox() if each["id"] not in self._seen]
        self._seen |= {each["id"] for each in fresh}
        return fresh


def rows(model: Any, *conditions: Any) -> list[Any]:
    """Rows of a table, oldest first."""
    with unit_of_work() as session:
        return list(session.query(model).filter(*conditions).order_by(model.id))


__all__ = ["DANA", "NUMBER", "Texts", "db", "make_line", "rows"]
