"""The proof on Twilio's webhooks: a keyed digest over the public address and the sorted fields of the form."""

from __future__ import annotations

import base64
import hashlib
import hmac
from urllib.parse import SplitResult, parse_qsl, urlsplit

from channels.port import WebhookRequest
from channels.sms.incoming import MAX_FIELDS

HEADER, SETTINGS = "x-twilio-signature", "x-twilio-webhooks-signature-settings"
_DIGESTS = {"HMAC_SHA1": hashlib.sha1, "HMAC_SHA256": hashlib.sha256}
_PORTS = {"https": 443, "http": 80}


def is_signed(request: WebhookRequest, secret: str) -> bool:
    """Tell whether the request carries Twilio's signature made with this secret. Never raises."""
    digest = _DIGESTS.get(_algorithm(request.headers.get(SETTINGS, "")).upper())
    given = request.headers.get(HEADER, "").encode()
    try:
        fields = _signed_fields(request)
        addresses = _addresses(urlsplit(request.url))
    except (ValueError, UnicodeError):
        return False
    if not (secret and digest and given):
        return False
    expected = [
        base64.b64encode(hmac.new(secret.encode(), (url + fields).encode("utf-8", "replace"), digest).digest())
        for url in addresses
    ]
    return any(hmac.compare_digest(each, given) for each in expected)


def _algorithm(settings: str) -> str:
    """Return the algorithm named in `key=…,algorithm=HMAC_SHA256`; the old one where none is."""
    for part in settings.split(","):
        name, _, value = part.partition("=")
        if name.strip() == "algorithm" and value.strip():
            return value.strip()
    return "HMAC_SHA1"


def _signed_fields(request: WebhookRequest) -> str:
    """Return the form's names and values, each pair once, in order. Raises ValueError for what is no form."""
    if not request.body:
        return ""
    pairs = parse_qsl(
        request.body.decode("ascii"), keep_blank_values=True, max_num_fields=MAX_FIELDS, errors="strict"
    )  # fmt: skip
    return "".join(name + value for name, value in sorted(set(pairs)))


def _addresses(parts: SplitResult) -> tuple[str, ...]:
    """Return the address without and with its port: Twilio signs one or the other."""
    host = parts.netloc.rpartition(":")[0] if parts.port else parts.netloc
    port = parts.port or _PORTS.get(parts.scheme, 443)
    return tuple(parts._replace(netloc=each).geturl() for each in (host, f"{host}:{port}"))
