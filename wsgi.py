"""Entry point of any WSGI server, and of the `flask` command, which finds it by its name."""

from __future__ import annotations

from app import bootstrap, cli, jobs, web
from app.errors import Invalid

try:
    bootstrap.start()
except Invalid as error:  # a setting that cannot be: a sentence, not a traceback
    raise SystemExit(f"Error: {error.message}") from None
application = web.create_app()
cli.register(application, work=cli.Work(ring=jobs.sweep, inline=jobs.work_inline))
