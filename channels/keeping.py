"""Secrets that change by themselves, such as a refresh token that its service rotates: how a provider has the new one kept."""

from __future__ import annotations

from collections.abc import Callable
from typing import Protocol, runtime_checkable


class SecretKeeper(Protocol):
    """Where the desk keeps the secrets of one account."""

    @property
    def name(self) -> str:
        """What tells this account, with the settings a person gave it last, from all others."""

    def change(self, field: str, renew: Callable[[str], str]) -> None:
        """Call `renew` with the secret as it is stored, and store what it returns. No other process does so meanwhile."""


@runtime_checkable
class RotatesSecrets(Protocol):
    """A provider's adapter whose secrets may change while it is in use."""

    def keep_secrets_in(self, keeper: SecretKeeper) -> None:
        """Have changed secrets kept there from now on."""
