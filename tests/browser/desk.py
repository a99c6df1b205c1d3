"""The whole desk for people at a screen: every process, the demo's people, and customers who write by SMTP."""

from __future__ import annotations

import re
import secrets
import signal
import smtplib
from email.message import EmailMessage
from functools import partial
from pathlib import Path
from typing import Any

from tests.reliability.running import RunningDesk, Sink, answers, free_port, wait_for

SEED = "from app import bootstrap; from app.cli import seed; bootstrap.start(); seed.deploy_shipped(); seed.seed_demo()"
PASSWORD = "ringback-demo"  # the demo people's
ADDRESS = "support@ringback.test"
START_SECONDS = 60  # a busy machine loads the code slowly


class WholeDesk(RunningDesk):
    """Web, stream, worker, clock and listener on one database, as `make run` starts them."""

    def __init__(self, *, database_url: str, redis_url: str, folder: Path) -> None:
        super().__init__(database_url=database_url, redis_url=redis_url, folder=folder, sink=Sink(), lease=30)
        self.port, self.stream_port = free_port(), free_port()
        self.env |= {"PORT": str(self.port), "STREAM_PORT": str(self.stream_port), "WEB_WORKERS": "1"}
        self.url = f"http://127.0.0.1:{self.port}"
        self.cookies: dict[str, Any] = {}

    def open(self) -> None:
        """Fill the database and start everything."""
        self.run_code(SEED)
        for kind in ("web", "stream", "work", "clock", "listen"):
            self.start(kind, kind)
        for port in (self.port, self.stream_port):
            wait_for(partial(answers, port), START_SECONDS)

    def close(self) -> None:
        """End the processes in good order, so that none of them leaves a child behind."""
        for process in self.processes.values():
            process.send_signal(signal.SIGTERM)
        for process in self.processes.values():
            process.wait(30)
        self.sink.stop()

    def write(
        self,
        subject: str,
        text: str = "There is no hot water.",
        *,
        html: str = "",
        sender: str = "",
        answer_to: str = "",
    ) -> str:
        """Send a customer's mail and return its Message-ID; `answer_to` is that of the mail it answers."""
        mail = EmailMessage()
        mail["From"], mail["To"], mail["Subject"] = (
            sender or f"Dana Fox <{secrets.token_hex(4)}@example.com>",
            ADDRESS,
            subject,
        )
        mail["Message-ID"] = f"<{secrets.token_hex(8)}@example.com>"
        if answer_to:
            mail["In-Reply-To"] = mail["References"] = answer_to
        mail.set_content(text)
        if html:
            mail.add_alternative(html, subtype="html")
        with smtplib.SMTP("127.0.0.1", self.smtp_port, timeout=30) as far:
            far.send_message(mail)
        return str(mail["Message-ID"])

    def case_of(self, message_id: str) -> str:
        """Wait until the mail is a case that its process has given to somebody, and return the case's number."""
        found: list[dict[str, Any]] = []

        def is_given() -> bool:
            found[:] = self.query(
                "select c.number from cases c join messages m on m.case_id = c.id join drives d on d.case_id = c.id"
                " join tasks t on t.instance_id = d.instance_id where m.rfc_id = %s", message_id,
            )  # fmt: skip
            return bool(found)

        wait_for(is_given, 90)
        return str(found[0]["number"])

    def new_case(self, subject: str, text: str = "There is no hot water.", **more: str) -> str:
        """Have a customer write, and return the number of the case that came of it."""
        return self.case_of(self.write(subject, text, **more))

    def sent(self, words: str) -> bool:
        """Whether a mail with these words has reached the far end."""
        return any(words.encode() in mail for mail in self.sink.mails)


def sign_in(page: Any, desk: WholeDesk, login: str, password: str = PASSWORD) -> None:
    """Fill in the login page."""
    page.goto(f"{desk.url}/login")
    page.locator("#login").fill(login)
    page.locator("#password").fill(password)
    page.locator("form[action='/login'] [type=submit]").click()


def dispatch(page: Any, *, title: str) -> str:
    """Dispatch a work order to the repair team from the open case and return its number."""
    page.locator("#case-head [data-verb=dispatch]").click()
    form = page.locator("#dialog form")
    form.locator("[name=title]").fill(title)
    form.locator("[name=team]").select_option("repairs")
    form.locator(".primary").click()
    number = page.locator("#case-head .acts small").first
    number.wait_for()
    found = re.search(r"WO-\d+-\d+", number.inner_text())
    assert found
    return found[0]


def complete(page: Any, task: str, **values: str) -> None:
    """Fill in the form of the next step with this name and complete it."""
    form = page.locator("#case-side .next", has_text=task).locator("form")
    for name, value in values.items():
        field = form.locator(f"[name={name}]")
        field.select_option(value) if name == "outcome" else field.fill(value)
    form.locator(".primary").click()
