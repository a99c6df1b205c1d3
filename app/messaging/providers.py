"""Where the desk meets the channel port. The composition root fills it; no room but app.bootstrap knows the registry."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from app import crypto
from app.errors import Invalid, NotFound
from app.messaging.models import ChannelAccount
from channels.port import InboundEvent, RawEnvelope
from channels.spec import ChannelSpec


@dataclass(frozen=True, slots=True)
class Registry:
    """What the desk needs of the registry: all specs, and how an envelope of a kind is read."""

    specs: Callable[[], Sequence[ChannelSpec]]
    read: Mapping[str, Callable[[RawEnvelope, Mapping[str, Any]], Sequence[InboundEvent]]]


_registry: Registry | None = None


def connect(registry: Registry) -> None:
    """Set the registry of this process."""
    global _registry
    _registry = registry


def _connected() -> Registry:
    if _registry is None:
        raise RuntimeError("No channel registry is connected: app.bootstrap must run first.")
    return _registry


def specs() -> Sequence[ChannelSpec]:
    """Return what providers there are."""
    return _connected().specs()


def spec(kind: str, provider: str) -> ChannelSpec:
    """Return one provider's spec; raises NotFound."""
    for item in specs():
        if str(item.kind) == kind and item.provider == provider:
            return item
    raise NotFound("provider_unknown", f"There is no provider {provider} for {kind}.")


def checked_config(kind: str, provider: str, values: Mapping[str, Any]) -> Any:
    """Return the provider's typed config; raises Invalid naming each wrong field."""
    try:
        return spec(kind, provider).config.model_validate(values)
    except ValueError as error:
        fields = {
            ".".join(map(str, item["loc"])) or "config": str(item["msg"]) for item in getattr(error, "errors", list)()
        }
        raise Invalid("bad_account", "Some settings of the account are wrong.", fields=fields) from None


def adapter(account: ChannelAccount) -> Any:
    """Return the provider's adapter for this account, with its secrets unsealed."""
    values = {**account.config, **crypto.unseal(account.secrets)}
    return spec(account.kind, account.provider).open(checked_config(account.kind, account.provider, values))


def read(kind: str, envelope: RawEnvelope, context: Mapping[str, Any]) -> Sequence[InboundEvent]:
    """Translate a stored envelope to neutral events. Never raises for bad input."""
    return _connected().read[kind](envelope, context)
