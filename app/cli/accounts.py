"""`flask account`: mailboxes and other channel accounts."""

from __future__ import annotations

from typing import Any

import click

from app import db
from app.cli.frame import spoken, table, unit
from app.errors import Invalid
from app.messaging import accounts, health, providers
from app.routing import service as routing


@click.group()
def account() -> None:
    """Mailboxes and other channel accounts."""


@account.command("list")
@unit
def account_list() -> None:
    """List all accounts with their health."""
    rows = [
        (a.id, f"{a.kind}/{a.provider}", a.name, a.address, a.queue_key, "on" if a.is_enabled else "off",
         _well(a.inbound_health), _well(a.outbound_health))
        for a in accounts.accounts()
    ]  # fmt: skip
    table(("ID", "KIND", "NAME", "ADDRESS", "QUEUE", "", "IN", "OUT"), rows)


def _well(health: dict[str, Any]) -> str:
    state = str(health.get("state", "unknown"))
    return state if state in {"ok", "unknown"} else f"{state} ({health.get('cause', '')})"


@account.command("add")
@click.argument("address")
@click.option("--kind", default="email", show_default=True)
@click.option("--provider", default="smtp", show_default=True)
@click.option("--name", default="", help="What people read; the address when not given.")
@click.option("--queue", default="", help="Key of the queue that its cases go to.")
@click.option("--set", "settings", multiple=True, metavar="NAME=VALUE",
              help="A setting of the provider, as smtp_host=mail.example.com; may be given several times.")  # fmt: skip
@unit
def account_add(address: str, *, kind: str, provider: str, name: str, queue: str, settings: tuple[str, ...]) -> None:
    """Add an account. A wrong setting is named, with what it should be."""
    _check_queue(queue)
    values = {"address": address, **dict(_pair(setting) for setting in settings)}
    secret = providers.spec(kind, provider).secret_fields
    made = accounts.save(
        None, kind=kind, provider=provider, name=name or address, address=address, queue_key=queue,
        config={key: value for key, value in values.items() if key not in secret},
        secrets={key: value for key, value in values.items() if key in secret},
    )  # fmt: skip
    click.echo(f"Added account {made.id} ({made.address}). `flask account test {made.id}` tries it.")


def _check_queue(key: str) -> None:
    """Refuse a queue that does not exist: its mail would go to the first one unseen."""
    there = [row.key for row in routing.queues()]
    if key and key not in there:
        raise Invalid(
            "queue_unknown", f"There is no queue {key!r}. There are: {', '.join(sorted(there)) or 'none yet'}."
        )


def _pair(setting: str) -> tuple[str, str]:
    name, equals, value = setting.partition("=")
    if not equals or not name.strip():
        raise Invalid("bad_setting", f"Write settings as NAME=VALUE, not {setting!r}.")
    return name.strip(), value


@account.command("test")
@click.argument("account_id", type=int)
def account_test(account_id: int) -> None:
    """Try an account for real: sign in, look, send nothing. Exit code 1 when it fails."""
    row = spoken(lambda: db.transact(lambda: health.examine(accounts.in_use(account_id).id)))
    sides = {"in": row.inbound_health, "out": row.outbound_health}
    for side, found in sides.items():
        click.echo(f"{side}: {_well(found)} {found.get('detail', '')}".rstrip())
    if any(found["state"] not in {"ok", "unknown"} for found in sides.values()):
        raise SystemExit(1)


@account.command("remove")
@click.argument("account_id", type=int)
@unit
def account_remove(account_id: int) -> None:
    """Take an account out of use for good. Its messages stay, its passwords are wiped."""
    name = accounts.in_use(account_id).name
    accounts.remove(account_id)
    click.echo(f"Removed {name}. Its messages are still there.")
