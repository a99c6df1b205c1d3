"""The command line: `flask …`. Each command is one unit of work, and says what is wrong in a sentence."""

from __future__ import annotations

from flask import Flask

from app.cli import accounts, audit, beginning, desk, mail, people, processes, search
from app.cli.desk import Work

__all__ = ["Work", "register"]


def register(app: Flask, *, work: Work) -> None:
    """Add our commands to `flask`; `work` is what `sweep` does."""
    desk.work.ring, desk.work.inline = work.ring, work.inline
    for command in (
        people.user, people.team, people.token, accounts.account, processes.deploy, audit.verify_audit, desk.sweep,
        beginning.first_start,
        desk.doctor, mail.mail, search.search,
    ):  # fmt: skip
        app.cli.add_command(command)
