"""Which providers there are. Each is loaded when it is first asked for, so one broken or missing library stops one provider only."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cache
from importlib import import_module
from typing import Any

from pydantic import ValidationError

from channels.outcomes import Misconfigured
from channels.spec import ChannelSpec

# (kind, provider) → module that holds a ChannelSpec named SPEC.
_PROVIDERS = {
    ("email", "smtp"): "channels.email.provider",
    ("email", "loopback"): "channels.email.loopback",
    ("chat", "widget"): "channels.chat.widget",
    ("chat", "loopback"): "channels.chat.loopback",
    ("sms", "twilio"): "channels.sms.twilio",
    ("sms", "gateway"): "channels.sms.gateway",
    ("sms", "loopback"): "channels.sms.loopback",
}


def providers() -> tuple[tuple[str, str], ...]:
    """Return (kind, provider) of all that can be chosen, without loading any."""
    return tuple(_PROVIDERS)


@cache
def spec(kind: str, provider: str) -> ChannelSpec:
    """Return what the provider declares. Raises Misconfigured when there is no such provider."""
    module = _PROVIDERS.get((kind, provider))
    if module is None:
        known = ", ".join("/".join(key) for key in _PROVIDERS)
        raise Misconfigured("unknown_provider", f"There is no provider {kind}/{provider}. Choose one of: {known}.")
    found = import_module(module).SPEC
    assert isinstance(found, ChannelSpec)  # noqa: S101 - a provider module without SPEC is our own mistake
    return found


def specs() -> tuple[ChannelSpec, ...]:
    """Return what all providers declare, for the page that adds an account."""
    return tuple(spec(*key) for key in _PROVIDERS)


def read_config(kind: str, provider: str, settings: Mapping[str, Any]) -> Any:
    """Return the provider's checked config. Raises Misconfigured with one sentence per wrong field in `fields`."""
    try:
        return spec(kind, provider).config.model_validate(dict(settings))
    except ValidationError as error:
        fields = _sentences(error)
        raise Misconfigured("bad_settings", " ".join(f"{k}: {v}." for k, v in fields.items()), fields=fields) from None


def open_account(kind: str, provider: str, settings: Mapping[str, Any]) -> Any:
    """Return the adapter of one account; ask with isinstance which protocols of the port it has. Raises Misconfigured."""
    return spec(kind, provider).open(read_config(kind, provider, settings))


def form_schema(kind: str, provider: str) -> dict[str, Any]:
    """Return the JSON schema of the account form: labels in en and zh, secret fields marked writeOnly."""
    return spec(kind, provider).config.model_json_schema()


def _sentences(error: ValidationError) -> dict[str, str]:
    """One sentence per field; a check over several fields names its field before the first colon."""
    fields: dict[str, str] = {}
    for each in error.errors(include_url=False, include_input=False, include_context=False):
        text = str(each["msg"]).removeprefix("Value error, ").rstrip(".")
        name = ".".join(str(part) for part in each["loc"])
        if not name and ": " in text:
            name, _, text = text.partition(": ")
        fields.setdefault(name or "settings", text)
    return fields
