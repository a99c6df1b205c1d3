"""The administrator's pages of channel accounts: add, change, test, see health, switch off, remove."""

from __future__ import annotations

from collections import Counter
from datetime import datetime
from typing import Any
from urllib.parse import quote

from flask import Blueprint, redirect, request

from app.errors import Invalid
from app.identity import policy
from app.messaging import accounts, health, hooks, outbox, providers, trying
from app.messaging.models import ChannelAccount
from app.routing import service as routing
from app.settings import settings
from app.web import headers, shell
from app.web.rules import allow_if
from channels.spec import ChannelSpec, Feature

blueprint = Blueprint("channels", __name__)
configures = allow_if(policy.may_configure_channels)


@blueprint.get("/channels")
@configures
def overview() -> str:
    """List the accounts with the health of both sides."""
    return shell.page(
        "channels.html", section="channels", accounts=accounts.accounts(), specs=providers.connected().specs(),
        when=datetime.fromisoformat,
    )  # fmt: skip


@blueprint.get("/channels/new/<kind>/<provider>")
@configures
def new(kind: str, provider: str) -> str:
    """Show the form of a new account."""
    return _form(providers.spec(kind, provider), None, values={}, errors={})


@blueprint.get("/channels/<int:account_id>")
@configures
def edit(account_id: int) -> str:
    """Show an account's form; secrets are never shown again."""
    account = accounts.in_use(account_id)
    return _form(providers.spec(account.kind, account.provider), account, values=account.config, errors={})


def _form(
    spec: ChannelSpec,
    account: ChannelAccount | None,
    *,
    values: dict[str, Any],
    errors: dict[str, str],
    message: str = "",
) -> str:
    schema = providers.connected().form_schema(str(spec.kind), spec.provider)
    fields = _fields(schema)
    stored = providers.names_of_secrets(account) if account else set()
    return shell.page(
        "channel.html", section="channels", spec=spec, account=account, values=values, errors=errors, message=message,
        groups=_groups(fields), hook=providers.webhook_of(account) if account and Feature.PUSH in spec.features else "",
        refusals=hooks.refusals(account.id) if account else [], known={field["name"] for field in fields}, secret=set(spec.secret_fields), stored=stored,
        desk=settings().public_url, stream=headers.stream_origin(settings().stream_url), queues=routing.queues(), usual=_usual_queue(), when=datetime.fromisoformat,
    )  # fmt: skip


def _usual_queue() -> str | None:
    """Name the queue that most accounts fill: a new one most likely does too."""
    used = Counter(account.queue_key for account in accounts.accounts() if account.queue_key)
    return next((key for key, _ in used.most_common(1)), None)


PACE = ("rate", "per", "quiet_from", "quiet_until")
GROUPS = ("imap", "smtp", "oauth")


def _groups(fields: list[dict[str, Any]]) -> list[tuple[str, list[dict[str, Any]]]]:
    """Put the fields of a long form into parts, by the first word of their names; what belongs to none comes first."""
    parts: dict[str, list[dict[str, Any]]] = {"account": []}
    for field in fields:
        part = "imap" if field["name"] == "poll_seconds" else field["name"].split("_", 1)[0]
        parts.setdefault(part if part in GROUPS else "account", []).append(field)
    return list(parts.items())


def _fields(schema: dict[str, Any]) -> list[dict[str, Any]]:
    """Turn the config's JSON schema into what the form draws."""
    listed = []
    for name, info in schema.get("properties", {}).items():
        found = _resolved(info, schema)
        listed.append({
            "name": name, "label": info.get("label", {"en": name, "zh": name}), "default": info.get("default"),
            "options": found.get("enum") or ([found["const"]] if "const" in found else None),
            "type": found.get("type", "string"), "required": name in schema.get("required", ()),
        })  # fmt: skip
    return listed


def _resolved(info: dict[str, Any], schema: dict[str, Any]) -> dict[str, Any]:
    """Follow a reference or an optional type to the type itself."""
    for option in (info, *info.get("allOf", ()), *info.get("anyOf", ())):
        if "$ref" in option:
            return dict(schema["$defs"][option["$ref"].rsplit("/", 1)[-1]])
        if option.get("type") not in (None, "null"):
            return dict(option)
    return info


@blueprint.post("/channels")
@configures
def save() -> Any:
    """Make or change an account; what is wrong is shown on its field."""
    form = request.form
    account_id = form.get("account", type=int)
    spec = providers.spec(form.get("kind", ""), form.get("provider", ""))
    config, secrets = _given(spec)
    try:
        saved = accounts.save(
            account_id, kind=str(spec.kind), provider=spec.provider, name=form.get("name_of_account", ""),
            address=form.get("address", ""), config=config, secrets=secrets, queue_key=form.get("queue", ""),
            is_enabled=form.get("is_enabled") == "true", version=form.get("version", type=int),
            pace={key: form.get(key, "") for key in PACE} if str(spec.kind) in outbox.NUMBERED else None,
        )  # fmt: skip
    except Invalid as error:
        account = accounts.get(account_id) if account_id else None
        return _form(spec, account, values=config, errors=error.fields, message=error.message), 422
    return redirect(f"/channels/{saved.id}?saved=1", 303)


def _given(spec: ChannelSpec) -> tuple[dict[str, Any], dict[str, str]]:
    """Return what the form gave, without empty fields: those keep the provider's default."""
    schema = providers.connected().form_schema(str(spec.kind), spec.provider)
    secret = set(spec.secret_fields)
    config: dict[str, Any] = {}
    secrets: dict[str, str] = {}
    for field in _fields(schema):
        text = request.form.get(field["name"], "").strip()
        if field["name"] in secret:
            secrets[field["name"]] = text
        elif field["type"] == "boolean":
            config[field["name"]] = text == "true"
        elif text:
            config[field["name"]] = text
    return config, secrets


@blueprint.post("/channels/<int:account_id>/test")
@configures
def test(account_id: int) -> Any:
    """Try the account for real and keep the result as its health."""
    health.examine(accounts.in_use(account_id).id)
    return redirect(f"/channels/{account_id}?tested=1", 303)


@blueprint.post("/channels/<int:account_id>/text")
@configures
def text(account_id: int) -> Any:
    """Send a test message to a number, at once and past all lines; what the gateway says is kept as the account's health."""
    account = accounts.in_use(account_id)
    fault = trying.text(account, request.form.get("number", ""))
    if fault:
        shown = _form(
            providers.spec(account.kind, account.provider), account, values=account.config, errors={}, message=fault
        )
        return shown, 422
    return redirect(f"/channels/{account_id}?texted=1#trying", 303)


@blueprint.post("/channels/<int:account_id>/remove")
@configures
def remove(account_id: int) -> Any:
    """Take an account out of use; its messages stay."""
    name = accounts.in_use(account_id).name
    accounts.remove(account_id, version=request.form.get("version", type=int))
    return redirect(f"/channels?removed={quote(name)}", 303)
