"""Brings a database to where the desk can start: schema, shipped processes, demo data."""

from __future__ import annotations

import json
import os
from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest revision."""
    from alembic import command
    from alembic.config import Config

    config = Config(ROOT / "alembic.ini")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")


def prepare(answer: Path) -> None:
    """Migrate, deploy the shipped processes, make the demo data; writes the demo users as JSON to `answer` (mode 600).

    Everything may be done again on a database that has it already.
    """
    from app import bootstrap
    from app.cli import seed
    from app.settings import settings

    migrate(settings().database_url)
    bootstrap.start()
    seed.deploy_shipped()
    users = seed.seed_demo()
    with os.fdopen(os.open(answer, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600), "w") as out:
        json.dump(users, out)
