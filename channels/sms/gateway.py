"""An HTTP gateway, Kannel or one that works alike: messages go out by an address with placeholders, what happens is called back.

Its calls carry a shared secret (messages), or a proof made of it for one message alone (reports).
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Sequence
from urllib.parse import quote, urlsplit, urlunsplit

from channels import http
from channels.clock import utcnow
from channels.outcomes import (
    BadSignature,
    ChannelError,
    Health,
    HealthState,
    Misconfigured,
    PermanentFailure,
    Reason,
    Receipt,
    TemporaryFailure,
    reason_of,
)
from channels.port import InboundEvent, Kind, OutboundMessage, RawEnvelope, WebhookRequest
from channels.sms import gateway_calls, keys
from channels.sms.config import MAX_TEXT
from channels.sms.encoding import Encoding, encoding_of
from channels.sms.gateway_config import PLACEHOLDER, GatewayConfig
from channels.sms.incoming import carried, fields_of, query_of, refuse_oversize
from channels.sms.outgoing import checked
from channels.spec import ChannelSpec, Feature, Limits

_ANSWER_BYTES = 4000


class GatewayAccount:
    """Sender, Receiver, HealthCheck and CalledBack of one account at a gateway."""

    def __init__(self, config: GatewayConfig) -> None:
        self.config, self._webhook = config, ""

    def call_back_at(self, url: str) -> None:
        """Have reports sent there."""
        self._webhook = url

    def send(self, message: OutboundMessage) -> Receipt:
        """Ask the gateway to take the message."""
        to, text = checked(message, self.config)
        reply = self._asked(self._values(message.idempotency_key, to, text))
        said = reply.body[:_ANSWER_BYTES].decode("utf-8", "replace").strip()
        self._refuse_a_no(reply.status, said)
        accepted = tuple(each.value for each in message.to if each.value not in message.except_for)
        return Receipt(self._id_in(said) or message.idempotency_key, accepted, detail=said[:200])

    def verify(self, request: WebhookRequest) -> Sequence[RawEnvelope]:
        """Take a call that knows the secret, or proves that its report is of a message of ours."""
        refuse_oversize(request)
        fields = fields_of(query_of(request))
        report = fields.get("report", b"").decode("utf-8", "replace")
        wanted, given = (_proof(self._secret, report), "sign") if report else (self._secret, "secret")
        if not self._secret or not hmac.compare_digest(wanted.encode(), fields.get(given, b"")):
            sentence = "The call does not carry this account's secret: compare the address set in the gateway."
            raise BadSignature("bad_signature", sentence)
        raw = _without_secrets(_joined(request))
        meta = {
            "provider": "gateway", "names": self.config.names(), "to": self.config.address, "region": self.config.region,
        }  # fmt: skip
        return [RawEnvelope(raw, gateway_calls.id_of(raw, self.config.names()), utcnow(), meta)]

    def parse(self, envelope: RawEnvelope) -> Sequence[InboundEvent]:
        return gateway_calls.parse(envelope)

    def check(self) -> Health:
        """Knock at the gateway's door; only a message would try user and password."""
        parts = urlsplit(self.config.send_url)
        try:
            http.request("GET", f"{parts.scheme}://{parts.netloc}/", seconds=5, max_bytes=100_000)
        except TemporaryFailure as error:
            if "status" not in error.facts:
                return Health(HealthState.FAILING, reason_of(error), f"{error.sentence} Check the send address.")
        except ChannelError as error:
            return Health(HealthState.FAILING, reason_of(error), error.sentence)
        return Health(HealthState.OK)

    @property
    def _secret(self) -> str:
        return self.config.webhook_secret.get_secret_value()

    def _values(self, key: str, to: str, text: str) -> dict[str, str]:
        is_gsm = encoding_of(text) is Encoding.GSM
        return {
            "user": self.config.user,
            "password": self.config.password.get_secret_value(),
            "from": self.config.address,
            "to": to,
            "to_digits": to.removeprefix("+"),
            "key": key,
            "text": text,
            "coding": "0" if is_gsm else "2",
            "charset": self.config.charset.upper(),
            "report_url": self._report_url(key),
        }

    def _report_url(self, key: str) -> str:
        """Return where a report of this message is to be called; `%d` and `%A` are filled in by Kannel."""
        if not self._webhook:
            return ""
        token = keys.write(key)
        return (
            f"{self._webhook}?report={token}&sign={_proof(self._secret, token)}&status=%d&answer=%A&vendor_id=%F&at=%T"
        )

    def _asked(self, values: dict[str, str]) -> http.Reply:
        parts = urlsplit(self.config.send_url)
        address = urlunsplit(parts._replace(path=self._filled(parts.path, values), query="", fragment=""))
        query = self._filled(parts.query, values)
        headers = self._headers()
        if self.config.method == "GET":
            return http.request("GET", f"{address}?{query}", headers=headers, max_bytes=100_000)
        form = {"content-type": "application/x-www-form-urlencoded"}
        return http.request("POST", address, headers={**headers, **form}, content=query.encode(), max_bytes=100_000)

    def _filled(self, template: str, values: dict[str, str]) -> str:
        def fill(match: re.Match[str]) -> str:
            name = match.group(1)
            charset = self.config.charset if name == "text" else "utf-8"
            return quote(values[name].encode(charset), safe="")

        return PLACEHOLDER.sub(fill, template)

    def _headers(self) -> dict[str, str]:
        password = self.config.password.get_secret_value()
        if self.config.login == "bearer":
            return {"authorization": f"Bearer {password}"}
        if self.config.login == "basic":
            pair = f"{self.config.user}:{password}".encode()
            return {"authorization": f"Basic {base64.b64encode(pair).decode()}"}
        return {}

    def _refuse_a_no(self, status: int, said: str) -> None:
        if status in (401, 403):
            sentence = "The gateway refuses the login: check user, password and from where it may be used."
            raise Misconfigured(Reason.BAD_CREDENTIALS.value, sentence, status=status)
        if status >= 300:
            raise PermanentFailure(
                Reason.UNKNOWN.value, f"The gateway refused the message: {said[:200]}.", status=status
            )
        if not re.search(self.config.success_pattern, said):
            sentence = f"The gateway's answer does not say yes: {said[:200]}. Check the pattern of a good answer."
            raise PermanentFailure(Reason.UNKNOWN.value, sentence, status=status)

    def _id_in(self, said: str) -> str:
        found = re.search(self.config.id_pattern, said) if self.config.id_pattern else None
        return (found.group(1) or "") if found else ""


def _proof(secret: str, report: str) -> str:
    return hmac.new(secret.encode(), b"report:" + report.encode(), hashlib.sha256).hexdigest()[:32]


def _joined(request: WebhookRequest) -> bytes:
    query, rest = query_of(request), carried(request)
    return query if rest == query else query + b"&" + rest


def _without_secrets(encoded: bytes) -> bytes:
    """Return the fields as they came but for the proofs, which are stored nowhere."""
    return b"&".join(pair for pair in encoded.split(b"&") if not pair.startswith((b"secret=", b"sign=")))


SPEC = ChannelSpec(
    kind=Kind.SMS,
    provider="gateway",
    label={"en": "SMS gateway over HTTP (Kannel and others)", "zh": "HTTP 短信网关（Kannel 等）"},
    config=GatewayConfig,
    open=GatewayAccount,
    features=frozenset({Feature.SEND, Feature.PUSH, Feature.RECEIPTS}),
    limits=Limits(max_text=MAX_TEXT, max_recipients=1),
)
