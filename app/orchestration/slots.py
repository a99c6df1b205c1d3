"""What the variables of canned replies stand for on a case."""

from __future__ import annotations

from zoneinfo import ZoneInfo

from babel.dates import format_date

from app.cases.models import Case
from app.clock import utcnow
from app.contacts import queries as contacts
from app.errors import NotFound
from app.identity import queries as people
from app.knowledge import filling
from app.knowledge.service import language_of
from app.routing import service as routing
from app.settings import settings


def names_for(case: Case, *, agent: str, language: str) -> dict[str, str]:
    """Return the value of each variable for a case and a writer, days in words of this language; empty where nothing is known.

    A customer who is known by address alone has no name.
    """
    chinese = language_of(language) == "zh"
    queue = next((row for row in routing.queues() if row.key == case.queue_key), None)
    zone = ZoneInfo(settings().default_timezone)
    days = {"case.opened_on": case.opened_at, "today": utcnow()}
    locale = "zh_Hans_CN" if chinese else "en_GB"
    values = {
        "customer.name": "" if "@" in case.contact_name else case.contact_name,
        "customer.organization": _organization(case),
        "case.number": case.number,
        "case.subject": case.subject,
        "agent.name": agent,
        "queue.name": ((chinese and queue.name_zh) or queue.name) if queue else "",
        "team.name": _team(case, chinese=chinese),
    }
    days_written = {name: format_date(at.astimezone(zone).date(), "long", locale=locale) for name, at in days.items()}
    return {name: value for name, value in (values | days_written).items() if name in filling.VARIABLES}


def _organization(case: Case) -> str:
    return contacts.organization_of(case.contact_id) if case.contact_id is not None else ""


def _team(case: Case, *, chinese: bool) -> str:
    if case.team_id is None:
        return ""
    try:
        team = people.get_team(case.team_id)
    except NotFound:
        return ""
    return (chinese and team.name_zh) or team.name
