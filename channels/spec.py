"""What a provider declares of itself: its kind, settings, features and limits. Read by the account form and the desk."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Any

from pydantic import BaseModel

from channels.port import Kind


class Feature(StrEnum):
    """What an adapter can do; one without a feature raises Unsupported when asked."""

    SEND, PUSH, POLL, LISTEN = "send", "push", "poll", "listen"
    HTML, ATTACHMENTS, SUBJECT, CC = "html", "attachments", "subject", "cc"
    RECEIPTS, READ_RECEIPTS, IDEMPOTENT, CALLS = "receipts", "read_receipts", "idempotent", "calls"


@dataclass(frozen=True, slots=True)
class Limits:
    max_bytes: int | None = None
    max_text: int | None = None
    max_recipients: int | None = None


@dataclass(frozen=True)
class ChannelSpec:
    """What the account form and the desk need to know of a provider. `open` builds the adapter from its config."""

    kind: Kind
    provider: str
    label: Mapping[str, str]  # by language: en, zh
    config: type[BaseModel]
    open: Callable[[Any], Any]
    features: frozenset[Feature]
    limits: Limits = Limits()

    @property
    def secret_fields(self) -> tuple[str, ...]:
        """Name the settings that are stored encrypted and never shown again, dotted where nested."""
        return tuple(_secrets(self.config))


def _secrets(model: type[BaseModel], prefix: str = "") -> list[str]:
    found: list[str] = []
    for name, info in model.model_fields.items():
        extra = info.json_schema_extra
        if isinstance(extra, dict) and extra.get("secret"):
            found.append(prefix + name)
    return found
