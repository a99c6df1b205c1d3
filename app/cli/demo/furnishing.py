"""What the desk of the demo has before its stories begin: mailboxes, fields, checklists, views, firms and known customers."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

from sqlalchemy import select

from app import db, events
from app.cases import views
from app.cases.checklists import templates
from app.cases.fields import keeping
from app.cases.listed import Shared
from app.cli import seed
from app.cli.demo import cast
from app.contacts import keeping as contacts
from app.contacts import organizations
from app.contacts.models import ContactPoint, Organization
from app.db import session
from app.events import Actor
from app.identity import queries as people
from app.identity import service as identity
from app.messaging import accounts
from app.orchestration import entry
from app.routing import service as routing
from app.sla import policies
from app.sla import service as sla
from app.sla.calendar import always_open, calendar_to_spec
from app.workflow import definitions, queries

FIELDS: tuple[dict[str, Any], ...] = (
    {"key": "building", "kind": "text", "name": "Building and flat", "name_zh": "楼栋房号", "position": 1},
    {"key": "appliance", "kind": "choice", "name": "Appliance", "name_zh": "设备类型", "position": 2, "choices": [
        {"value": "boiler", "name": "Boiler", "name_zh": "锅炉"}, {"value": "aircon", "name": "Air conditioner", "name_zh": "空调"},
        {"value": "lift", "name": "Lift", "name_zh": "电梯"}, {"value": "washer", "name": "Washing machine", "name_zh": "洗衣机"},
        {"value": "fridge", "name": "Refrigerator", "name_zh": "冰箱"}, {"value": "door", "name": "Door and access", "name_zh": "门禁"},
    ]},
    {"key": "serial", "kind": "text", "name": "Serial number", "name_zh": "序列号", "position": 3},
    {"key": "warranty", "kind": "yes_no", "name": "Under warranty", "name_zh": "保修期内", "position": 4},
    {"key": "visit_on", "kind": "date", "name": "Visit on", "name_zh": "上门日期", "position": 5},
    {"key": "amount", "kind": "decimal", "name": "Amount in dispute", "name_zh": "争议金额", "case_type": "billing", "position": 6},
)  # fmt: skip
CHECKLISTS = (
    templates.Wish("Visit on site", ("Call the customer", "Agree on a time", "Pack the spare part", "Photo after the repair"), "上门服务"),
    templates.Wish("Complaint", ("Apologise in writing", "Ask the crew what happened", "Offer a remedy", "Tell the team lead"), "投诉处理", "complaint"),
    templates.Wish("发票更正", ("核对合同", "作废原发票", "重开发票", "邮寄或发送电子版"), "发票更正", "billing"),
)  # fmt: skip
VIEWS = (
    views.Wish("Complaints", "is:open type:complaint", shared=Shared.EVERYBODY),
    views.Wish("中文来件", "is:open language:zh", shared=Shared.EVERYBODY),
    views.Wish("Water damage", 'is:open tag:"water damage"', shared=Shared.EVERYBODY),
)
POLICIES = (
    policies.Draft(
        "Gold and platinum customers", "金牌和白金客户", conditions={"tier": ("gold", "platinum")},
        targets={"first_response": 3_600, "next_response": 4 * 3_600, "resolution": 18 * 3_600},
        pauses=("waiting", "dispatched", "resolved"), warn_percent=75, warn_who=("agent",), breach_who=("agent", "lead"),
    ),
    policies.Draft(
        "Everybody else", "普通客户", conditions={"queue": ("service", "repairs", "billing")},
        targets={"first_response": 4 * 3_600, "next_response": 9 * 3_600, "resolution": 45 * 3_600},
        pauses=("waiting", "dispatched", "resolved"), warn_percent=80, warn_who=("agent",), breach_who=("agent",),
    ),
)  # fmt: skip
METERS = "meter_reading"


def furnish() -> None:
    """Make what is missing; what was changed in the desk stays."""
    for maker, work in (
        ("admin", _mailboxes), ("admin", _fields), ("admin", _policies), ("mona", _checklists), ("mona", _views), ("mona", _firms),
        ("alice", _customers), ("dora", _process),
    ):  # fmt: skip
        db.transact(lambda maker=maker, work=work: _by(maker, work))  # type: ignore[misc]


def _by(login: str, work: Callable[[], None]) -> None:
    user = people.user_by_login(login)
    with events.acting(Actor("user", user.id, user.name)):
        work()


def _mailboxes() -> None:
    there = {row.address for row in accounts.accounts(kind="email")}
    if cast.EMERGENCY not in there:
        calendar = sla.save_calendar("always", name="Day and night", spec=calendar_to_spec(always_open()))
        team = identity.save_team("emergency", name="Emergency", name_zh="应急值班组")
        for login, is_lead in (("alice", False), ("bob", True), ("mona", False)):
            identity.add_member(team.id, people.user_by_login(login).id, is_lead=is_lead)
        routing.save_queue("emergency", name="Emergency", name_zh="应急值班", team_id=team.id, calendar_id=calendar.id)
        seed.save_mailbox(cast.EMERGENCY, name="Emergency line", queue="emergency")
    if cast.BILLING not in there:
        seed.save_mailbox(cast.BILLING, name="Billing mailbox", queue="billing")


def _fields() -> None:
    if not keeping.fields(retired=True):
        for field in FIELDS:
            keeping.make(**field)


def _policies() -> None:
    if not policies.are_there():
        for draft in POLICIES:
            policies.save(None, draft)


def _checklists() -> None:
    if not templates.every():
        for wish in CHECKLISTS:
            templates.save(wish)


def _views() -> None:
    viewer = people.viewer(people.user_by_login("mona").id)
    if not views.of_viewer(viewer):
        for wish in VIEWS:
            views.save(viewer, wish)


def _firms() -> None:
    for firm in cast.FIRMS:
        if session().scalar(select(Organization.id).where(Organization.name == firm.name)) is None:
            organizations.save(None, name=firm.name, tier=firm.tier, warning=firm.warning, domains=[firm.domain])


def _customers() -> None:
    for person in cast.PEOPLE.values():
        if person.is_kept and not _is_known(person.address):
            firm = next((firm for firm in cast.FIRMS if person.address.endswith(f"@{firm.domain}")), None)
            contacts.create(
                {
                    "name": person.name, "language": person.language, "timezone": person.timezone, "tier": person.tier,
                    "warning": person.warning, "organization_id": organizations.by_name(firm.name) if firm else None,
                },
                (("email", person.address), *person.points),
            )  # fmt: skip


def _is_known(address: str) -> bool:
    return session().scalar(select(ContactPoint.id).where(ContactPoint.address == address)) is not None


def _process() -> None:
    """Publish the designer's process for meter readings, whose first version names a text that nobody has written yet."""
    if queries.versions(METERS):
        return
    xml, files = seed.read_folder(Path(__file__).parent / METERS)
    definition = definitions.deploy(METERS, xml, files=files, note="first draft with billing")
    definitions.publish(definition.id)
    for position, words in enumerate(("meter reading", "抄表"), 10):
        entry.save_rule(None, position=position, definition_key=METERS, subject_contains=words)
