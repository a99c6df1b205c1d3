"""Entry point of any WSGI server, and of the `flask` command, which finds it by its name."""

from __future__ import annotations

from app import bootstrap, cli, jobs, web

bootstrap.start()
application = web.create_app()
cli.register(application, work=cli.Work(ring=jobs.sweep, inline=jobs.work_inline))
