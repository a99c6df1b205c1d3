"""The English of keys that the webhook of an account shows: why something was refused."""

from __future__ import annotations

from typing import Final

WORDS: Final[dict[str, str]] = {
    "refused_unsigned": "%(num)s webhooks without a valid signature were refused in the last 7 days",
    "refused_paused": "%(num)s webhooks were sent back in the last 7 days because the account is switched off",
    "refused_misconfigured": "%(num)s webhooks could not be checked in the last 7 days: look at the settings",
}  # fmt: skip
