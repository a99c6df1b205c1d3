"""Twilio: text messages and WhatsApp out by its REST interface, signed webhooks in.

The address it reports to holds our own key of the message, so a report that comes before the answer is understood.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from typing import Any

from channels import http
from channels.clock import utcnow
from channels.outcomes import (
    BadSignature,
    ChannelError,
    DeliveryState,
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
from channels.sms import keys, numbers, twilio_calls, twilio_codes, twilio_signature
from channels.sms.config import MAX_TEXT
from channels.sms.incoming import query_of, refuse_oversize
from channels.sms.numbers import WHATSAPP, AddressKind
from channels.sms.outgoing import checked
from channels.sms.twilio_config import CONTENT, TwilioConfig
from channels.spec import ChannelSpec, Feature, Limits

_VERSION = "/2010-04-01/Accounts/"
_ANSWER_BYTES = 200_000


class TwilioAccount:
    """Sender, Receiver, HealthCheck and CalledBack of one sender at Twilio."""

    def __init__(self, config: TwilioConfig) -> None:
        self.config, self._webhook = config, ""

    def call_back_at(self, url: str) -> None:
        """Have reports sent there."""
        self._webhook = url

    def send(self, message: OutboundMessage) -> Receipt:
        """Create the message at Twilio. A `content_sid` in its headers sends an approved template."""
        form = self._form(message)
        reply = http.request(
            "POST", self._address("/Messages.json"), headers=self._login(), form=form, max_bytes=_ANSWER_BYTES
        )
        said = _said(reply)
        if reply.status >= 300:
            raise _refusal(reply.status, said)
        if not said.get("sid"):
            sentence = "Twilio's answer names no message: look into its console whether it was sent."
            raise TemporaryFailure(Reason.VENDOR_FAULT.value, sentence, in_doubt=True)
        state = twilio_codes.STATES.get(str(said.get("status")), DeliveryState.ACCEPTED)
        accepted = tuple(each.value for each in message.to if each.value not in message.except_for)
        return Receipt(message.idempotency_key, accepted, state=state, detail=str(said["sid"])[:64])

    def verify(self, request: WebhookRequest) -> Sequence[RawEnvelope]:
        """Take a request that Twilio signed for this account."""
        refuse_oversize(request)
        secret = self.config.signing_secret.get_secret_value() or self.config.auth_token.get_secret_value()
        if not twilio_signature.is_signed(request, secret):
            sentence = "The request is not signed with this account's auth token, or for another address: compare both."
            raise BadSignature("bad_signature", sentence)
        raw = b"&".join(filter(None, (query_of(request), request.body)))
        if twilio_calls.read_fields(raw).get("AccountSid") != self.config.account_sid:
            raise BadSignature("bad_signature", "The request is for another account at Twilio: check the account SID.")
        return [RawEnvelope(raw, twilio_calls.id_of(raw), utcnow(), {"provider": "twilio"})]

    def parse(self, envelope: RawEnvelope) -> Sequence[InboundEvent]:
        return twilio_calls.parse(envelope)

    def check(self) -> Health:
        """Ask for the account itself."""
        try:
            reply = http.request(
                "GET", self._address(".json"), headers=self._login(), seconds=8, max_bytes=_ANSWER_BYTES
            )
            said = _said(reply)
            if reply.status >= 300:
                raise _refusal(reply.status, said)
        except ChannelError as error:
            return Health(HealthState.FAILING, reason_of(error), error.sentence)
        if said.get("status", "active") != "active":
            sentence = f"Twilio says that the account is {str(said['status'])[:20]}: look into its console."
            return Health(HealthState.FAILING, Reason.MISCONFIGURED, sentence)
        return Health(HealthState.OK)

    def _form(self, message: OutboundMessage) -> dict[str, str]:
        template = _template(message.headers)
        to, text = checked(message, self.config)
        form = {"To": self._reachable(to), **({} if template else {"Body": text}), **template}
        if self.config.messaging_service:
            form["MessagingServiceSid"] = self.config.messaging_service
        else:
            form["From"] = self.config.address
        if self._webhook:
            form["StatusCallback"] = f"{self._webhook}?delivery={keys.write(message.idempotency_key)}"
        return form

    def _reachable(self, to: str) -> str:
        """Return the recipient on the network of the sender: WhatsApp numbers reach each other only."""
        kind = numbers.kind_of(to)
        if self.config.is_whatsapp and kind is AddressKind.NUMBER:
            return WHATSAPP + to
        if self.config.is_whatsapp or kind is not AddressKind.WHATSAPP:
            return to
        sentence = "A WhatsApp number cannot be reached from this sender: choose an account with a WhatsApp number."
        raise PermanentFailure(Reason.BAD_ADDRESS.value, sentence)

    def _address(self, rest: str) -> str:
        return f"{self.config.base_url}{_VERSION}{self.config.account_sid}{rest}"

    def _login(self) -> dict[str, str]:
        pair = f"{self.config.account_sid}:{self.config.auth_token.get_secret_value()}".encode()
        return {"authorization": f"Basic {base64.b64encode(pair).decode()}", "accept": "application/json"}


def _template(headers: Mapping[str, str]) -> dict[str, str]:
    """Return the fields of an approved template: `content_sid`, and `content_variables` as a JSON object."""
    sid, variables = headers.get("content_sid", ""), headers.get("content_variables", "")
    if not sid:
        return {}
    if not CONTENT.fullmatch(sid):
        sentence = "A template has HX and 32 digits and letters a to f: choose one from Twilio's console."
        raise PermanentFailure(Reason.CONTENT_REFUSED.value, sentence)
    try:
        is_object = isinstance(json.loads(variables or "{}"), dict)
    except ValueError:
        is_object = False
    if not is_object:
        sentence = 'The words for a template must be a JSON object, such as {"1": "Dana"}.'
        raise PermanentFailure(Reason.CONTENT_REFUSED.value, sentence)
    return {"ContentSid": sid, **({"ContentVariables": variables} if variables else {})}


def _said(reply: http.Reply) -> dict[str, Any]:
    """Return the answer's fields; nothing where it is no JSON object."""
    try:
        found = json.loads(reply.body)
    except (ValueError, RecursionError):
        return {}
    return found if isinstance(found, dict) else {}


def _refusal(status: int, said: Mapping[str, Any]) -> ChannelError:
    """Return the error for a refusal, with Twilio's own words for what our table has no sentence for."""
    code = said.get("code") if isinstance(said.get("code"), int) else 0
    reason = Reason.BAD_CREDENTIALS if status == 401 else twilio_codes.reason_of(code or 0)
    reason = Reason.UNKNOWN if reason is Reason.NONE else reason
    words = str(said.get("message", ""))[:200] or f"status {status}"
    sentence = twilio_codes.SENTENCES.get(reason, "Twilio refuses the message.") + f" Twilio says: {words} ({code})."
    if reason is Reason.BAD_CREDENTIALS:
        return Misconfigured(reason.value, sentence, status=status, vendor_code=code)
    if twilio_codes.is_worth_another_try(reason):
        return TemporaryFailure(reason.value, sentence, status=status, vendor_code=code)
    return PermanentFailure(reason.value, sentence, status=status, vendor_code=code)


SPEC = ChannelSpec(
    kind=Kind.SMS,
    provider="twilio",
    label={"en": "Twilio (SMS, WhatsApp)", "zh": "Twilio（短信、WhatsApp）"},
    config=TwilioConfig,
    open=TwilioAccount,
    features=frozenset({Feature.SEND, Feature.PUSH, Feature.RECEIPTS, Feature.READ_RECEIPTS}),
    limits=Limits(max_text=MAX_TEXT, max_recipients=1),
)
