"""Access tokens for mail servers that take no passwords (Exchange Online, Gmail): fetched, kept until they expire."""

from __future__ import annotations

import threading
import time

from pydantic import SecretStr

from channels.email.config import EmailConfig
from channels.outcomes import Reason, TemporaryFailure

EARLY_SECONDS = 60.0
_tokens: dict[tuple[str, ...], tuple[float, str]] = {}
_lock = threading.Lock()


def bearer_token(config: EmailConfig, fixed: SecretStr) -> str:
    """Return the token to log in with, "" when the account uses a password. Raises TemporaryFailure."""
    if not config.oauth_token_url:
        return fixed.get_secret_value()
    with _lock:
        expires, token = _tokens.get(_key(config), (0.0, ""))
        if time.monotonic() >= expires:
            expires, token = _fetch(config)
            _tokens[_key(config)] = expires, token
        return token


def forget_token(config: EmailConfig) -> None:
    """Drop a token that a server has refused, so that the next try asks for a new one."""
    with _lock:
        _tokens.pop(_key(config), None)


def _key(config: EmailConfig) -> tuple[str, ...]:
    secrets = (config.oauth_client_secret.get_secret_value(), config.oauth_refresh_token.get_secret_value())
    return (config.oauth_token_url, config.oauth_client_id, config.oauth_scope, *secrets)


def _fetch(config: EmailConfig) -> tuple[float, str]:
    from channels import http  # noqa: PLC0415 - its library costs memory that only mailboxes with OAuth2 need

    form = {"client_id": config.oauth_client_id, "client_secret": config.oauth_client_secret.get_secret_value()}
    if refresh := config.oauth_refresh_token.get_secret_value():
        form |= {"grant_type": "refresh_token", "refresh_token": refresh}
    else:
        form |= {"grant_type": "client_credentials"}
    if config.oauth_scope:
        form["scope"] = config.oauth_scope
    form = {name: value for name, value in form.items() if value}
    reply = http.request("POST", config.oauth_token_url, form=form, max_bytes=1024 * 1024)
    answer = reply.json() if reply.status == 200 or reply.body.startswith(b"{") else {}
    token = answer.get("access_token") if isinstance(answer, dict) else None
    if reply.status != 200 or not isinstance(token, str) or not token:
        said = str(answer.get("error", reply.status))[:100] if isinstance(answer, dict) else str(reply.status)
        sentence = f"The token service refuses this account ({said}). Enter client id, secret or refresh token again."
        raise TemporaryFailure(Reason.BAD_CREDENTIALS.value, sentence)
    lasts = answer.get("expires_in", 300)
    seconds = (
        float(lasts) if isinstance(lasts, int | float | str) and str(lasts).replace(".", "", 1).isdigit() else 300.0
    )
    return time.monotonic() + max(0.0, seconds - EARLY_SECONDS), token
