"""Brings a database to where the desk can start: schema, shipped processes, demo data."""

from __future__ import annotations

from pathlib import Path

ROOT = Path(__file__).resolve().parent.parent


def migrate(url: str) -> None:
    """Bring the database at `url` to the newest revision."""
    from alembic import command
    from alembic.config import Config

    config = Config(ROOT / "alembic.ini")
    config.set_main_option("sqlalchemy.url", url.replace("%", "%%"))
    command.upgrade(config, "head")
