"""Migrations: one line of revisions, from empty to head and one step back, and nothing left to generate."""

from __future__ import annotations

import re

from alembic import command
from alembic.config import Config
from alembic.script import ScriptDirectory

from tests.architecture.sources import ROOT
from tests.support.databases import TestDatabases


def _config(url: str = "") -> Config:
    config = Config(ROOT / "alembic.ini")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    return config


def test_there_is_one_head_and_every_revision_is_named() -> None:
    script = ScriptDirectory.from_config(_config())
    assert len(script.get_heads()) == 1
    assert not [
        revision.path
        for revision in script.walk_revisions()
        if not re.search(r"/\d{8}_\d{4}_\w+_[a-z][a-z0-9_]+\.py$", revision.path)
    ]


def test_one_step_back_and_forth_leaves_no_difference(databases: TestDatabases, worker_id: str) -> None:
    url = databases.make_beside(f"migrations_{worker_id}")
    command.check(_config(url))
    command.downgrade(_config(url), "-1")
    command.upgrade(_config(url), "head")
    command.check(_config(url))
