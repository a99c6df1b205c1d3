"""The contract of every provider. A provider's test module subclasses ProviderContract, names itself and shows its payloads.

Payloads are what the vendor really sends, kept as files beside the events they mean: `NAME.EXT` and `NAME.json`.
The JSON lists the events; each names its type and the fields that matter. Attachments stand as [name, type, size].
"""

from __future__ import annotations

import dataclasses
import json
import random
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar

import pytest

from channels import registry
from channels.outcomes import (
    BadSignature,
    ChannelError,
    DeliveryState,
    Health,
    HealthState,
    Misconfigured,
    Reason,
    Receipt,
    TemporaryFailure,
    Unsupported,
)
from channels.port import (
    Address,
    Attachment,
    CallControl,
    CallUpdate,
    DeliveryUpdate,
    HealthCheck,
    InboundMessage,
    OutboundMessage,
    Poller,
    RawEnvelope,
    Receiver,
    Sender,
    WebhookRequest,
)
from channels.spec import ChannelSpec, Feature

PAYLOADS = Path(__file__).parent / "payloads"
NOON = datetime(2026, 11, 22, 12, 0, tzinfo=UTC)
_PROTOCOLS = {
    Feature.SEND: Sender,
    Feature.POLL: Poller,
    Feature.PUSH: Receiver,
    Feature.LISTEN: Receiver,
    Feature.CALLS: CallControl,
}


class ProviderContract:
    """What holds for every provider. Set `kind` and `provider`; override what says so."""

    kind: ClassVar[str]
    provider: ClassVar[str]
    recipient: ClassVar[str] = "dana@customer.test"

    @contextmanager
    def working(self) -> Iterator[tuple[dict[str, Any], Callable[[], list[Any]]]]:
        """Override: settings of an account that works, and a look at what has arrived at the far end."""
        raise NotImplementedError

    @contextmanager
    def broken(self) -> Iterator[dict[str, Any] | None]:
        """Override where the account can break: settings whose far end cannot be reached."""
        yield None

    def bad_requests(self) -> list[WebhookRequest]:
        """Override for PUSH: requests that are not signed, signed wrongly, or long ago."""
        return [WebhookRequest("POST", "https://desk.test/hooks/1", {}, b"{}")]

    # ------------------------------------------------------------ the spec
    @pytest.fixture
    def spec(self) -> ChannelSpec:
        return registry.spec(self.kind, self.provider)

    def test_the_spec_names_itself(self, spec: ChannelSpec) -> None:
        assert (spec.kind.value, spec.provider) == (self.kind, self.provider)
        assert spec.label["en"]
        assert spec.label["zh"]
        assert spec.features

    def test_each_setting_has_a_label_in_both_languages(self, spec: ChannelSpec) -> None:
        properties = registry.form_schema(self.kind, self.provider)["properties"]
        assert set(properties) == set(spec.config.model_fields)
        for name, field in properties.items():
            assert {"en", "zh"} <= set(field["label"]), name

    def test_secrets_are_declared_and_never_shown(self, spec: ChannelSpec) -> None:
        properties = registry.form_schema(self.kind, self.provider)["properties"]
        for name in properties:
            looks_secret = name.endswith(("password", "secret", "token", "key"))
            assert (name in spec.secret_fields) or not looks_secret, f"{name} looks like a secret; mark it as one"
        for name in spec.secret_fields:
            assert properties[name]["writeOnly"] is True
        with self.working() as (settings, _):
            shown = repr(registry.read_config(self.kind, self.provider, settings))
            for name in spec.secret_fields:
                assert not settings.get(name) or str(settings[name]) not in shown

    def test_wrong_settings_are_refused_with_a_sentence_for_each(self) -> None:
        with pytest.raises(Misconfigured) as failure:
            registry.open_account(self.kind, self.provider, {"no_such_setting": 1})
        assert "no_such_setting" in failure.value.facts["fields"]
        assert failure.value.sentence

    def test_the_adapter_has_what_its_features_promise(self, spec: ChannelSpec) -> None:
        with self.account() as (account, _):
            assert isinstance(account, HealthCheck)
            for feature in spec.features & self.promised(spec):
                assert isinstance(account, _PROTOCOLS[feature]), feature

    def promised(self, spec: ChannelSpec) -> frozenset[Feature]:
        """Override when some features depend on the account's settings."""
        return spec.features & frozenset(_PROTOCOLS)

    @contextmanager
    def account(self) -> Iterator[tuple[Any, Callable[[], list[Any]]]]:
        with self.working() as (settings, arrived):
            account = registry.open_account(self.kind, self.provider, settings)
            try:
                yield account, arrived
            finally:
                getattr(account, "close", lambda: None)()

    # ------------------------------------------------------------ sending
    def message(self, **fields: Any) -> OutboundMessage:
        known: dict[str, Any] = {
            "idempotency_key": "delivery-1",
            "subject": "Your case RB-1",
            "text": "We are on it. 我们正在处理。",
            "message_id": "<delivery-1@desk.test>",
        }
        return OutboundMessage((Address(self.recipient, "Dana"),), **{**known, **fields})

    def test_sending_gives_a_receipt(self, spec: ChannelSpec) -> None:
        if Feature.SEND not in spec.features:
            return
        with self.account() as (account, arrived):
            receipt = account.send(self.message())
            assert len(arrived()) == 1
        assert isinstance(receipt, Receipt)
        assert receipt.provider_id
        assert receipt.accepted == (self.recipient,)
        assert receipt.refused == ()
        assert receipt.in_doubt is False
        assert receipt.state in {DeliveryState.ACCEPTED, DeliveryState.SENT, DeliveryState.DELIVERED}

    def test_a_repeat_has_the_same_id_and_is_one_message_where_the_vendor_dedupes(self, spec: ChannelSpec) -> None:
        if Feature.SEND not in spec.features:
            return
        with self.account() as (account, arrived):
            first, again = account.send(self.message()), account.send(self.message())
            assert first.provider_id == again.provider_id
            assert len(arrived()) == (1 if Feature.IDEMPOTENT in spec.features else 2)

    def test_what_cannot_be_carried_is_refused_not_dropped(self, spec: ChannelSpec) -> None:
        rich: dict[Feature, dict[str, Any]] = {
            Feature.ATTACHMENTS: {"attachments": (Attachment("a.pdf", "application/pdf", b"%PDF"),)},
            Feature.CC: {"cc": (Address("eve@customer.test"),)},
        }
        for feature, fields in rich.items():
            if Feature.SEND in spec.features and feature not in spec.features:
                with self.account() as (account, _), pytest.raises(Unsupported):
                    account.send(self.message(**fields))

    def test_a_far_end_that_cannot_be_reached_is_worth_another_try(self, spec: ChannelSpec) -> None:
        with self.broken() as settings:
            if settings is None or Feature.SEND not in spec.features:
                return
            account = registry.open_account(self.kind, self.provider, settings)
            with pytest.raises(TemporaryFailure) as failure:
                account.send(self.message())
        assert failure.value.code in {reason.value for reason in Reason}
        assert failure.value.sentence
        assert not failure.value.in_doubt

    # ------------------------------------------------------------ health
    def test_health_is_told_and_never_raised(self) -> None:
        with self.account() as (account, _):
            assert account.check() == Health(HealthState.OK)
        with self.broken() as settings:
            if settings is not None:
                health = registry.open_account(self.kind, self.provider, settings).check()
                assert health.state is HealthState.FAILING
                assert health.cause not in {Reason.NONE, Reason.UNKNOWN}
                assert health.detail

    # ------------------------------------------------------------ receiving
    def payloads(self) -> list[Path]:
        """The vendor's messages as they really came; override to keep them elsewhere."""
        folder = PAYLOADS / self.kind
        return [path for path in sorted(folder.iterdir()) if path.suffix != ".json"]

    def test_literal_payloads_become_these_events(self) -> None:
        paths = self.payloads()
        assert paths, "a provider needs literal payloads"
        with self.account() as (account, _):
            for path in paths:
                expected = json.loads(path.with_suffix(".json").read_text())
                events = account.parse(RawEnvelope(path.read_bytes(), "x:1", NOON))
                assert len(events) == len(expected), path.name
                for event, wanted in zip(events, expected, strict=True):
                    assert type(event).__name__ == wanted.pop("type"), path.name
                    found = _plain(event)
                    assert {name: found[name] for name in wanted} == wanted, path.name

    def test_no_bytes_whatever_break_the_parser(self) -> None:
        chance = random.Random(1)
        with self.account() as (account, _):
            for path in self.payloads():
                raw = path.read_bytes()
                pieces = [b"", raw[: len(raw) // 2], raw[len(raw) // 3 :], bytes(reversed(raw)), chance.randbytes(2000)]
                for piece in pieces:
                    for event in account.parse(RawEnvelope(piece, "x:2", NOON)):
                        assert isinstance(event, InboundMessage | DeliveryUpdate | CallUpdate)

    def test_requests_that_are_not_the_vendors_are_refused(self, spec: ChannelSpec) -> None:
        with self.account() as (account, _):
            if not isinstance(account, Receiver):
                return
            for request in self.bad_requests():
                with pytest.raises((BadSignature, Unsupported)) as failure:
                    account.verify(request)
                assert isinstance(failure.value, ChannelError)
                if Feature.PUSH in spec.features:
                    assert isinstance(failure.value, BadSignature)


def _plain(event: Any) -> dict[str, Any]:
    values = {field.name: getattr(event, field.name) for field in dataclasses.fields(event)}
    return {name: _plain_value(value) for name, value in values.items()}


def _plain_value(value: Any) -> Any:
    if isinstance(value, Address):
        return [value.value, value.name]
    if isinstance(value, Attachment):
        return [value.name, value.media_type, len(value.content)]
    if isinstance(value, datetime):
        return value.isoformat()
    if isinstance(value, tuple):
        return [_plain_value(each) for each in value]
    return value
