"""API: channel accounts, for administrators: list, add, change, try. Secrets go in and never come out."""

from __future__ import annotations

from typing import Any

from flask import Blueprint
from pydantic import Field

from app.crypto import unseal
from app.errors import Invalid, Unavailable
from app.identity import policy
from app.messaging import accounts, health, providers
from app.messaging.models import ChannelAccount
from app.routing import service as routing
from app.web.api.contract import In, Out, operation
from app.web.rules import allow_if
from channels.spec import ChannelSpec, Feature

blueprint = Blueprint("api_accounts", __name__)
configures = allow_if(policy.may_configure_channels)
TAG = "accounts"
SETTINGS = "As `GET /providers` describes them. Secrets may be among them; they are stored sealed and never given out."


PACE = "`rate` messages `per` second or minute at most; `quiet_from` and `quiet_until` (21:00) in the time of the queue. Empty: none."


class NewAccount(In):
    """A mailbox or number."""

    kind: str = Field(max_length=40, examples=["email"])
    provider: str = Field(max_length=40, examples=["smtp"])
    name: str = Field(max_length=120)
    address: str = Field(max_length=320)
    settings: dict[str, Any] = Field(default_factory=dict, description=SETTINGS)
    queue: str = Field("", max_length=80, description="Key of the queue that new cases go to.")
    is_enabled: bool = True
    pace: dict[str, Any] = Field(default_factory=dict, description=PACE)


class AccountChange(In):
    """What is to change; what is not given stays."""

    name: str | None = Field(None, max_length=120)
    address: str | None = Field(None, max_length=320)
    settings: dict[str, Any] = Field(
        default_factory=dict,
        description=f"{SETTINGS} Those that are not given stay; null takes one back to its default.",
    )
    queue: str | None = Field(None, max_length=80)
    is_enabled: bool | None = None
    pace: dict[str, Any] | None = Field(None, description=PACE)
    version: int | None = Field(
        None,
        description="The version that you have read: the call is refused (409) when somebody changed the account since.",
    )


class HealthRow(Out):
    """How one side of an account is."""

    state: str = Field(description="ok, degraded, failing, or unknown: not tried yet.")
    cause: str
    detail: str
    at: str | None


class AccountRow(Out):
    """An account without its secrets."""

    id: int
    kind: str
    provider: str
    name: str
    address: str
    settings: dict[str, Any]
    secrets: list[str] | None = Field(
        description="Names of the secrets that are set; null: SECRET_KEY has changed since."
    )
    queue: str
    is_enabled: bool
    version: int
    pace: dict[str, Any]
    webhook: str = Field(description="The address that the vendor is told; empty where nothing comes in that way.")
    inbound: HealthRow
    outbound: HealthRow


class AccountPage(Out):
    """All accounts by name."""

    items: list[AccountRow]


class ProviderRow(Out):
    """A provider and what its accounts need."""

    kind: str
    provider: str
    label: dict[str, str]
    settings: dict[str, Any] = Field(description="JSON Schema of the settings.")
    secrets: list[str] = Field(description="Which of them are secrets.")


class ProviderPage(Out):
    """All providers."""

    items: list[ProviderRow]


@blueprint.get("/providers")
@operation("List providers", tag=TAG, answers=ProviderPage)
@configures
def list_providers() -> ProviderPage:
    """List the kinds and providers that an account can have, with the settings of each."""
    return ProviderPage(items=[_provider(spec) for spec in providers.connected().specs()])


def _provider(spec: ChannelSpec) -> ProviderRow:
    schema = providers.connected().form_schema(str(spec.kind), spec.provider)
    return ProviderRow(
        kind=str(spec.kind), provider=spec.provider, label=dict(spec.label), settings=schema,
        secrets=list(spec.secret_fields),
    )  # fmt: skip


@blueprint.get("/accounts")
@operation("List channel accounts", tag=TAG, answers=AccountPage)
@configures
def list_accounts() -> AccountPage:
    """List all accounts with the health of both sides."""
    return AccountPage(items=[_row(account) for account in accounts.accounts()])


@blueprint.get("/accounts/<int:account_id>")
@operation("Get a channel account", tag=TAG, answers=AccountRow)
@configures
def get_account(account_id: int) -> AccountRow:
    """Return an account."""
    return _row(accounts.get(account_id))


@blueprint.post("/accounts")
@operation("Add a channel account", tag=TAG, answers=AccountRow, body=NewAccount, status=201, is_repeatable=True)
@configures
def add_account(body: NewAccount) -> AccountRow:
    """Make an account. 422: `errors` names each wrong setting; 409: the address belongs to another account."""
    spec = providers.spec(body.kind, body.provider)
    config, secrets = _parted(spec, body.settings)
    _check_queue(body.queue)
    return _row(accounts.save(
        None, kind=body.kind, provider=body.provider, name=body.name, address=body.address, config=config,
        secrets=secrets, queue_key=body.queue, is_enabled=body.is_enabled, pace=body.pace,
    ))  # fmt: skip


@blueprint.patch("/accounts/<int:account_id>")
@operation("Change a channel account", tag=TAG, answers=AccountRow, body=AccountChange)
@configures
def change_account(account_id: int, body: AccountChange) -> AccountRow:
    """Change an account; secrets that are not given stay as they are."""
    account = accounts.get(account_id)
    config, secrets = _parted(providers.spec(account.kind, account.provider), body.settings)
    merged = {**account.config, **config}
    if body.queue is not None:
        _check_queue(body.queue)
    return _row(accounts.save(
        account_id, kind=account.kind, provider=account.provider, name=_given(body.name, account.name),
        address=_given(body.address, account.address),
        config={name: value for name, value in merged.items() if value is not None}, secrets=secrets,
        queue_key=_given(body.queue, account.queue_key), is_enabled=_given(body.is_enabled, account.is_enabled),
        version=body.version, pace=body.pace,
    ))  # fmt: skip


@blueprint.post("/accounts/<int:account_id>/test")
@operation("Try a channel account", tag=TAG, answers=AccountRow)
@configures
def try_account(account_id: int) -> AccountRow:
    """Connect as the account would, both ways, and keep what came of it as its health."""
    return _row(health.examine(account_id))


def _given(value: Any, before: Any) -> Any:
    return before if value is None else value


def _check_queue(key: str) -> None:
    if key and key not in {queue.key for queue in routing.queues()}:
        raise Invalid("queue_unknown", f"There is no queue {key[:80]!r}.", fields={"queue": "unknown"})


def _parted(spec: ChannelSpec, given: dict[str, Any]) -> tuple[dict[str, Any], dict[str, str]]:
    """Part settings from secrets."""
    secret = set(spec.secret_fields)
    for name in secret & given.keys():
        if not isinstance(given[name], str):
            raise Invalid("bad_account", "A secret is a text.", fields={name: "a text"})
    secrets = {name: value for name, value in given.items() if name in secret}
    return {name: value for name, value in given.items() if name not in secret}, secrets


def _row(account: ChannelAccount) -> AccountRow:
    spec = providers.spec(account.kind, account.provider)
    secret = set(spec.secret_fields)
    return AccountRow(
        id=account.id, kind=account.kind, provider=account.provider, name=account.name, address=account.address,
        settings={name: value for name, value in account.config.items() if name not in secret},
        secrets=_names_of_secrets(account), queue=account.queue_key, is_enabled=account.is_enabled,
        version=account.version, pace=account.pace,
        webhook=providers.webhook_of(account) if Feature.PUSH in spec.features else "", inbound=HealthRow.model_validate(account.inbound_health, from_attributes=False),
        outbound=HealthRow.model_validate(account.outbound_health, from_attributes=False),
    )  # fmt: skip


def _names_of_secrets(account: ChannelAccount) -> list[str] | None:
    try:
        return sorted(unseal(account.secrets or ""))
    except Unavailable:
        return None
