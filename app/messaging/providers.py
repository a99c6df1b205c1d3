"""Where the desk meets the channel port. The composition root fills it; no room but app.bootstrap knows the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Protocol

from app import crypto
from app.errors import Invalid, NotFound, Unavailable
from app.messaging.keeping import AccountSecrets
from app.messaging.models import ChannelAccount
from app.settings import settings
from channels.callbacks import CalledBack
from channels.keeping import RotatesSecrets
from channels.outcomes import ChannelError
from channels.port import InboundEvent, RawEnvelope
from channels.spec import ChannelSpec

Settings = Mapping[str, Any]
WEBHOOKS = "/hooks"


@dataclass(frozen=True, slots=True)
class Registry:
    """What the desk needs of the registry: specs, account forms, checked configs, adapters, readers of envelopes."""

    specs: Callable[[], Sequence[ChannelSpec]]
    form_schema: Callable[[str, str], dict[str, Any]]
    read_config: Callable[[str, str, Settings], Any]
    open_account: Callable[[str, str, Settings], Any]
    read: Mapping[str, Callable[[RawEnvelope], Sequence[InboundEvent]]]


_registry: Registry | None = None


def connect(registry: Registry) -> None:
    """Set the registry of this process."""
    global _registry
    _registry = registry


def connected() -> Registry:
    """Return the registry; raises RuntimeError before `connect`."""
    if _registry is None:
        raise RuntimeError("No channel registry is connected: app.bootstrap must run first.")
    return _registry


def spec(kind: str, provider: str) -> ChannelSpec:
    """Return one provider's spec; raises NotFound."""
    for item in connected().specs():
        if str(item.kind) == kind and item.provider == provider:
            return item
    raise NotFound("provider_unknown", f"There is no provider {provider} for {kind}.")


def kinds() -> frozenset[str]:
    """Return the kinds of channels that some provider serves."""
    return frozenset(str(item.kind) for item in connected().specs())


def checked_config(kind: str, provider: str, values: Settings) -> Any:
    """Return the provider's typed config; raises Invalid naming each wrong field."""
    try:
        return connected().read_config(kind, provider, values)
    except ChannelError as error:
        raise Invalid("bad_account", error.sentence, fields=dict(error.facts.get("fields", {}))) from None


class AccountRow(Protocol):
    """What opening an account needs of its row."""

    @property
    def id(self) -> int:
        """Return its id."""

    @property
    def kind(self) -> str:
        """Return the kind of channel."""

    @property
    def provider(self) -> str:
        """Return who serves it."""

    @property
    def config(self) -> dict[str, Any]:
        """Return its open settings."""

    @property
    def secrets(self) -> str:
        """Return its sealed ones."""

    @property
    def version(self) -> int:
        """Return which save this is."""


def adapter(account: AccountRow | ChannelAccount) -> Any:
    """Return the provider's adapter for this account, with its secrets unsealed.

    Raises channels' Misconfigured for settings that cannot be, Unavailable when the secrets cannot be read.
    """
    values = {**account.config, **crypto.unseal(account.secrets)}
    opened = connected().open_account(account.kind, account.provider, values)
    if isinstance(opened, RotatesSecrets):
        opened.keep_secrets_in(AccountSecrets(account.id, account.version))
    if isinstance(opened, CalledBack) and isinstance(account, ChannelAccount):
        opened.call_back_at(webhook_of(account))
    return opened


def webhook_of(account: ChannelAccount) -> str:
    """Return the address that the vendor is told: signatures are computed over it, so it is the public one."""
    return f"{settings().public_url}{WEBHOOKS}/{account.hook_key}/"


def names_of_secrets(account: ChannelAccount) -> set[str]:
    """Return which secrets are stored, never what they are; none when they cannot be read with this key."""
    try:
        return {name for name, value in crypto.unseal(account.secrets).items() if value}
    except Unavailable:
        return set()


def read(kind: str, envelope: RawEnvelope) -> Sequence[InboundEvent] | None:
    """Translate a stored envelope to neutral events; None for a kind whose every account has a language of its own."""
    reader = connected().read.get(kind)
    return None if reader is None else reader(envelope)
