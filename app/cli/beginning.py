"""`flask first-start`: what every desk needs before mail can come in, besides its own people and mailboxes."""

from __future__ import annotations

import click

from app import db, events
from app.cli import seed
from app.cli.frame import OPERATOR, spoken
from app.errors import Invalid
from app.identity import queries as people
from app.routing import service as routing
from app.settings import settings
from app.sla import service as sla


@click.command("first-start")
def first_start() -> None:
    """Publish the shipped processes, store their texts, and make a business calendar and a queue for each team.

    Only makes what is missing; may be run again, as after an update.
    """
    with events.acting(OPERATOR):
        spoken(_publish)
        made = spoken(lambda: db.transact(_queues))
    click.echo(f"The shipped processes and their texts are there. New queues: {', '.join(made) or 'none'}.")


def _publish() -> None:
    if not db.transact(people.teams):
        raise Invalid("no_team", "There is no team yet: make one first, as `flask team add service --name Service`.")
    seed.deploy_shipped()


def _queues() -> list[str]:
    calendar = next((row for row in sla.calendars() if row.key == "business"), None)
    if calendar is None:
        calendar = sla.save_calendar("business", name="Business hours", timezone=settings().default_timezone)
    served = {queue.team_id for queue in routing.queues()}
    missing = [team for team in people.teams() if team.id not in served]
    for team in missing:
        routing.save_queue(team.key, name=team.name, name_zh=team.name_zh, team_id=team.id, calendar_id=calendar.id)
    return [team.key for team in missing]
