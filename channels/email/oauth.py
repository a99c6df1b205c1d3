"""Access tokens for mail servers that take no passwords (Exchange Online, Gmail): fetched, kept until they expire.

A service may answer with a new refresh token and take the old one no more, or even revoke both when the old one is used
again. So the new one is stored before anybody else asks, and the stored one counts, not the one in the settings.
"""

from __future__ import annotations

import threading
import time
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from pydantic import SecretStr

from channels.email.config import EmailConfig
from channels.keeping import SecretKeeper
from channels.outcomes import ChannelError, Reason, TemporaryFailure

EARLY_SECONDS = 60.0
FIELD = "oauth_refresh_token"
_Key = tuple[str, ...]
_tokens: dict[_Key, tuple[float, str]] = {}
_locks: dict[_Key, threading.Lock] = {}
_guard = threading.Lock()


@dataclass(frozen=True, slots=True)
class _Granted:
    """What the token service gave."""

    access: str
    expires: float
    refresh: str


class Tokens:
    """The tokens of one account. Safe to share between threads."""

    def __init__(self, config: EmailConfig) -> None:
        self._config = config
        self.keeper: SecretKeeper | None = None

    def bearer(self, fixed: SecretStr) -> str:
        """Return the token to log in with, "" when the account uses a password. Raises TemporaryFailure."""
        if not self._config.oauth_token_url:
            return fixed.get_secret_value()
        key = self._key()
        with _lock_of(key):  # one for each account: a token service that is silent delays no other
            expires, token = _tokens.get(key, (0.0, ""))
            if time.monotonic() < expires:
                return token
            granted = self._renew()
            _tokens[key] = granted.expires, granted.access
            return granted.access

    def forget(self) -> None:
        """Drop a token that a server has refused, so that the next try asks for a new one."""
        _tokens.pop(self._key(), None)

    def _key(self) -> _Key:
        config = self._config
        # Rotation must not make every process ask anew, so a kept refresh token is not part of the name.
        known = f"kept {self.keeper.name}" if self.keeper else config.oauth_refresh_token.get_secret_value()
        secret = config.oauth_client_secret.get_secret_value()
        return (config.oauth_token_url, config.oauth_client_id, config.oauth_scope, secret, known)

    def _renew(self) -> _Granted:
        given = self._config.oauth_refresh_token.get_secret_value()
        if self.keeper is None or not given:
            return _ask(self._config, given)
        granted: list[_Granted] = []

        def renew(stored: str) -> str:
            granted.append(_ask(self._config, stored or given))
            return granted[-1].refresh

        self.keeper.change(FIELD, renew)
        return granted[-1]


def _lock_of(key: _Key) -> threading.Lock:
    with _guard:
        return _locks.setdefault(key, threading.Lock())


def _ask(config: EmailConfig, refresh: str) -> _Granted:
    from channels import http  # noqa: PLC0415 - its library costs memory that only mailboxes with OAuth2 need

    try:
        reply = http.request("POST", config.oauth_token_url, form=_form(config, refresh), max_bytes=1024 * 1024)
        answer = reply.json() if reply.status == 200 or reply.body.startswith(b"{") else {}
    except ChannelError as error:
        # Whatever became of this request, no mail was handed over by it: never in doubt.
        raise TemporaryFailure(error.code, f"No access token: {error.sentence}") from None
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if reply.status != 200 or not isinstance(token, str) or not token:
        said = str(answer.get("error", reply.status))[:100] if isinstance(answer, dict) else str(reply.status)
        sentence = f"The token service refuses this account ({said}). Enter client id, secret or refresh token again."
        raise TemporaryFailure(Reason.BAD_CREDENTIALS.value, sentence)
    rotated = answer.get("refresh_token")
    return _Granted(token, _end(answer), rotated if isinstance(rotated, str) and rotated else refresh)


def _form(config: EmailConfig, refresh: str) -> dict[str, str]:
    form = {"client_id": config.oauth_client_id, "client_secret": config.oauth_client_secret.get_secret_value()}
    if refresh:
        form |= {"grant_type": "refresh_token", "refresh_token": refresh}
    else:
        form |= {"grant_type": "client_credentials"}
    if config.oauth_scope:
        form["scope"] = config.oauth_scope
    return {name: value for name, value in form.items() if value}


def _end(answer: Mapping[str, Any]) -> float:
    lasts = str(answer.get("expires_in", 300))
    seconds = float(lasts) if lasts.replace(".", "", 1).isdigit() else 300.0
    return time.monotonic() + max(0.0, seconds - EARLY_SECONDS)
