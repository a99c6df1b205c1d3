"""What a fresh desk starts with: shipped processes and texts, and for a trial run the demo's people, teams and mailbox."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import orjson
from sqlalchemy import select

from app import db
from app.cli import canned_demo, chat_demo, macro_demo, skills_demo, sms_demo
from app.db import session
from app.identity import queries as people
from app.identity import service as identity
from app.identity import sessions
from app.identity.models import ApiToken, Role, Team, TeamMember, User
from app.knowledge import service as knowledge
from app.logs import log
from app.messaging import accounts
from app.routing import service as routing
from app.settings import settings
from app.sla import service as sla
from app.workflow import definitions, queries

ROOT = Path(__file__).resolve().parents[2] / "workflows"
DEMO_PASSWORD = "ringback-demo"  # noqa: S105 -- printed by `make run`; the demo is for one machine
DEMO_USERS = (
    ("alice", "Alice Chen", "agent", ("service",), False),
    ("bob", "Bob Meyer", "agent", ("service",), True),
    ("charlie", "Charlie Wu", "agent", ("repairs",), True),
    ("erin", "Erin Lopez", "agent", ("billing",), True),
    ("mona", "Mona Zhao", "manager", ("service", "repairs", "billing"), False),
    ("dora", "Dora Klein", "designer", ("service",), False),
    ("admin", "Ada Admin", "admin", ("service",), False),
)
DEMO_TEAMS = (
    ("service", "Service desk", "客服中心"),
    ("repairs", "Repairs", "维修组"),
    ("billing", "Billing", "账务组"),
)
DEMO_ADDRESS = "support@ringback.test"


def deploy_shipped() -> None:
    """Deploy the shipped processes and texts; a process that has a published version keeps it unless the shipped one is new."""
    db.transact(_save_templates)
    for folder in sorted((ROOT / "bpmn").iterdir()):
        if (folder / "process.bpmn").exists():
            db.transact(lambda folder=folder: deploy_folder(folder))  # type: ignore[misc]


def read_folder(folder: Path) -> tuple[bytes, dict[str, bytes]]:
    """Return the diagram and the tables and forms of a process folder."""
    files = {path.name: path.read_bytes() for path in sorted(folder.glob("*.dmn"))}
    files |= {path.name: path.read_bytes() for path in sorted((folder / "forms").glob("*.json"))}
    return (folder / "process.bpmn").read_bytes(), files


def deploy_folder(folder: Path) -> None:
    """Deploy one process folder and publish it when this is the first version, or a newer shipped one."""
    xml, files = read_folder(folder)
    digest = definitions.content_digest(xml, files)
    if all(version.digest != digest for version in queries.versions(folder.name)):
        definition = definitions.deploy(folder.name, xml, files=files, note="shipped with Ringback")
        if definition.is_executable:
            definitions.publish(definition.id)
        else:  # kept as a draft with its to-do list; a test makes sure that what we ship never is one
            log().error("shipped_process_not_executable", process=folder.name)


def _save_templates() -> None:
    for path in sorted((ROOT / "templates").glob("*.txt")):
        key, language = path.stem.rsplit(".", 1)
        subject, _, body = path.read_text(encoding="utf-8").partition("\n\n")
        if not knowledge.exists(key, language):
            knowledge.save_template(key, language, subject=subject.strip(), body=body.strip())


def seed_demo() -> list[dict[str, Any]]:
    """Make the demo's teams, queues, people and mailbox, as far as they are missing; returns logins with their tokens.

    The tokens are kept in DATA_DIR/demo.json (mode 600), so that they are the same after a new start.
    """
    db.transact(_places)
    book = settings().data_dir / "demo.json"
    listed = db.transact(lambda: _people(_kept_tokens(book)))
    db.transact(canned_demo.make)
    db.transact(macro_demo.make)
    db.transact(skills_demo.make)
    db.transact(chat_demo.make)
    db.transact(sms_demo.make)
    draft = book.with_suffix(".new")
    draft.unlink(missing_ok=True)
    with os.fdopen(os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as out:
        out.write(orjson.dumps({entry["login"]: entry["token"] for entry in listed}))
    draft.replace(book)
    return listed


def _kept_tokens(book: Path) -> dict[str, str]:
    """Return login → token as an earlier start left them; nothing when there was none."""
    return dict(orjson.loads(book.read_bytes())) if book.exists() else {}


def _places() -> None:
    # What was changed in the desk stays: a new start only makes what is missing.
    calendar = next((row for row in sla.calendars() if row.key == "business"), None)
    if calendar is None:
        calendar = sla.save_calendar("business", name="Business hours", timezone=settings().default_timezone)
    served = {queue.key for queue in routing.queues()}
    for key, name, name_zh in DEMO_TEAMS:
        team = people.find_team(key) or identity.save_team(key, name=name, name_zh=name_zh)
        if key not in served:
            routing.save_queue(key, name=name, name_zh=name_zh, team_id=team.id, calendar_id=calendar.id)
    if not accounts.accounts(kind="email"):
        save_mailbox(DEMO_ADDRESS, name="Service mailbox", queue="service")


def save_mailbox(address: str, *, name: str, queue: str) -> None:
    """Make a mailbox of the demo: its mails are kept as files, or with DEMO_SMTP go out through that server."""
    outgoing = settings().demo_smtp
    host, _, port = outgoing.partition(":")
    outbox = settings().data_dir / "outbox"
    config: dict[str, Any] = {"address": address, "name": "Ringback service", "folder": str(outbox)}
    provider = "loopback"
    if outgoing:
        provider = "smtp"
        del config["folder"]
        config |= {"smtp_host": host, "smtp_port": int(port or 25), "smtp_security": "none"}
    accounts.save(
        None, kind="email", provider=provider, name=name, address=address, config=config, secrets={}, queue_key=queue,
    )  # fmt: skip


def _people(kept: dict[str, str]) -> list[dict[str, Any]]:
    listed = []
    for login, name, role, teams, is_lead in DEMO_USERS:
        user = session().scalar(select(User).where(User.login == login))
        if user is None:
            user = identity.create_user(
                login, name=name, password=DEMO_PASSWORD, role=Role(role), email=f"{login}@ringback.test"
            )
            for key in teams:
                team_id = session().scalar(select(Team.id).where(Team.key == key))
                if team_id is not None and session().get(TeamMember, (team_id, user.id)) is None:
                    identity.add_member(team_id, user.id, is_lead=is_lead)
        listed.append(
            {"login": login, "password": DEMO_PASSWORD, "role": role, "token": _token(user.id, kept.get(login, ""))}
        )
    return listed


def _token(user_id: int, kept: str) -> str:
    """Return the kept token where it still opens this user's door, else a new one in place of all older ones."""
    viewer = people.token_viewer(kept)
    if viewer is not None and viewer.user_id == user_id:
        return kept
    old = select(ApiToken.id).where(ApiToken.user_id == user_id, ApiToken.name == "demo", ApiToken.revoked_at.is_(None))
    for token_id in session().scalars(old):
        sessions.revoke_api_token(token_id)
    return sessions.new_api_token(user_id, "demo").text
