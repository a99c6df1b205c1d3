"""Runs migrations: one at a time over all hosts (advisory lock), with lock and statement time-outs."""

from __future__ import annotations

from alembic import context
from sqlalchemy import create_engine, text

from app.bootstrap import metadata
from app.settings import read_settings

LOCK = 0x52696E67  # "Ring": every Ringback migration run takes this advisory lock


def run() -> None:
    """Upgrade over one connection; the URL comes from the caller's config or from DATABASE_URL."""
    url = context.config.get_main_option("sqlalchemy.url") or read_settings().database_url
    engine = create_engine(url.replace("%%", "%"))
    with engine.connect() as connection:
        connection.execute(text("select pg_advisory_lock(:key)"), {"key": LOCK})
        connection.execute(text("set lock_timeout = '10s'"))
        connection.execute(text("set statement_timeout = '15min'"))
        connection.commit()
        context.configure(connection=connection, target_metadata=metadata(), compare_type=True)
        with context.begin_transaction():
            context.run_migrations()
        connection.commit()
        connection.execute(text("select pg_advisory_unlock(:key)"), {"key": LOCK})
        connection.commit()
    engine.dispose()


run()
