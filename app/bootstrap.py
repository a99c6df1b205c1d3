"""Composition root: the only module that knows all rooms and wires them together."""

from __future__ import annotations

import gc
import importlib
import os
from functools import cache, partial

from sqlalchemy import MetaData

from app import db
from app.audit import service as audit
from app.logs import configure_logs
from app.messaging import providers
from app.orchestration import capabilities, order_capabilities, reactions
from app.orchestration.world import CAPABILITIES, World
from app.settings import settings
from app.workflow import outside
from channels import registry
from channels.chat import lines as chat_lines
from channels.email.child import ParserChild
from channels.email.parsed import ParsedMail
from channels.email.receiver import EmailReceiver

ROOMS_WITH_MODELS = (
    "identity",
    "audit",
    "sla",
    "routing",
    "contacts",
    "knowledge",
    "workflow",
    "cases",
    "workorders",
    "messaging",
    "orchestration",
)
CAPABILITY_MODULES = (capabilities, order_capabilities)


def metadata() -> MetaData:
    """Return the metadata with the tables of all rooms."""
    importlib.import_module("app.blobs")
    importlib.import_module("app.schedule")
    importlib.import_module("app.cases.beside")
    importlib.import_module("app.cases.checklists.models")
    importlib.import_module("app.cases.fields.models")
    importlib.import_module("app.cases.listed")
    importlib.import_module("app.cases.timekeeping.models")
    importlib.import_module("app.messaging.chats.models")
    importlib.import_module("app.messaging.line_models")
    importlib.import_module("app.orchestration.bulk.models")
    importlib.import_module("app.orchestration.chatting.models")
    importlib.import_module("app.orchestration.macros.models")
    for room in ROOMS_WITH_MODELS:
        importlib.import_module(f"app.{room}.models")
    return db.Base.metadata


@cache
def _child(pid: int) -> ParserChild:
    """One parser child a process: a forked one must not share its parent's pipes."""
    del pid
    return ParserChild()


def _parse(raw: bytes) -> ParsedMail:
    return _child(os.getpid()).parse(raw)


def wire() -> None:
    """Connect the rooms: audit hears all events, processes find their world, messaging finds its providers."""
    audit.listen()
    reactions.listen()
    outside.connect(World, capabilities=frozenset(CAPABILITIES))
    providers.connect(
        providers.Registry(
            specs=registry.specs,
            form_schema=registry.form_schema,
            read_config=registry.read_config,
            open_account=_open_account,
            read={"email": EmailReceiver(_parse).parse, "chat": chat_lines.read},
        )
    )


def _open_account(kind: str, provider: str, values: providers.Settings) -> object:
    """Open an account's adapter once a process and configuration, so that its connections are kept between mails."""
    key = repr(sorted(values.items(), key=lambda item: item[0]))
    return _opened(os.getpid(), kind, provider, key, partial(registry.open_account, kind, provider, values))


_adapters: dict[tuple[int, str, str, str], object] = {}
MAX_ADAPTERS = 64


def _opened(pid: int, kind: str, provider: str, key: str, make: partial[object]) -> object:
    found = _adapters.get((pid, kind, provider, key))
    if found is None:
        if len(_adapters) >= MAX_ADAPTERS:
            _adapters.clear()
        found = _adapters[pid, kind, provider, key] = make()
    return found


COLLECT = (20_000, 20, 50)


def start(*, url: str | None = None, pool_size: int | None = None) -> None:
    """Make this process ready to work: logs, database, wiring. Opens no connection yet."""
    current = settings()
    configure_logs(current.log_level)
    db.configure(url or current.database_url, pool_size=pool_size or current.db_pool)
    metadata()
    wire()
    # A process holds many objects for good and makes few circles: looking for those after each 700 new ones costs a tenth of its time.
    gc.set_threshold(*COLLECT)
