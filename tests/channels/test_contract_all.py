"""Every provider that can be chosen keeps the contract, and the registry says what is wrong in sentences."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest

from channels import registry
from channels.outcomes import (
    ChannelError,
    Misconfigured,
    PermanentFailure,
    Reason,
    TemporaryFailure,
    Unsupported,
    reason_of,
)
from channels.port import Kind
from tests.channels.contract import ProviderContract

ROOT = Path(__file__).parents[2]


def test_each_provider_has_a_contract_test():
    for path in Path(__file__).parent.rglob("test_contract_*.py"):
        __import__(f"tests.channels.{path.stem}")
    kept = {(each.kind, each.provider) for each in ProviderContract.__subclasses__()}
    assert kept >= set(registry.providers())


def test_each_kind_has_a_room_and_each_listed_provider_a_page():
    docs = (ROOT / "docs" / "channels.md").read_text()
    for kind in Kind:
        assert (ROOT / "channels" / kind.value / "__init__.py").is_file()
    for key in registry.providers():
        assert f"`{'/'.join(key)}`" in docs


def test_the_page_explains_each_state_and_reason():
    from channels.outcomes import DeliveryState, HealthState

    docs = (ROOT / "docs" / "channels.md").read_text()
    for value in [*DeliveryState, *Reason, *HealthState]:
        assert f"| `{value.value}` |" in docs, value


def test_nothing_is_loaded_before_it_is_asked_for():
    code = (
        "import sys, channels.registry as r; r.providers();"
        "print([m for m in sys.modules if m.startswith(('channels.email', 'imapclient', 'aiosmtpd'))])"
    )
    done = subprocess.run([sys.executable, "-c", code], cwd=ROOT, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"


def test_an_unknown_provider_is_named_with_those_there_are():
    with pytest.raises(Misconfigured) as failure:
        registry.spec("email", "pigeon")
    assert "email/pigeon" in failure.value.sentence
    assert "email/smtp" in failure.value.sentence


GOOD = {"address": "Support@Desk.test", "smtp_host": "smtp.desk.test"}


@pytest.mark.parametrize(
    "settings,field",
    [
        ({}, "address"),
        ({"address": "nonsense"}, "address"),
        ({"address": "a@b.test\r\nBcc: x@y.test"}, "address"),
        ({**GOOD, "name": "a\nb"}, "name"),
        ({**GOOD, "smtp_host": "https://smtp.desk.test"}, "smtp_host"),
        ({**GOOD, "smtp_port": 70000}, "smtp_port"),
        ({**GOOD, "smtp_security": "maybe"}, "smtp_security"),
        ({**GOOD, "smtp_user": "u"}, "smtp_password"),
        ({**GOOD, "smtp_user": "u", "smtp_password": "p", "smtp_security": "none"}, "smtp_security"),
        ({**GOOD, "inbound": "imap"}, "imap_host"),
        ({**GOOD, "inbound": "imap", "imap_host": "h"}, "imap_password"),
        ({**GOOD, "inbound": "imap", "imap_host": "h", "imap_password": "p", "imap_security": "none"}, "imap_security"),
        ({**GOOD, "inbound": "imap", "imap_host": "h", "imap_password": "p", "imap_after": "move"}, "imap_done_folder"),
        ({**GOOD, "inbound": "pigeon"}, "inbound"),
        ({**GOOD, "ca_file": "/no/such/file"}, "ca_file"),
        ({**GOOD, "max_bytes": 5}, "max_bytes"),
        ({**GOOD, "aliases": "good@desk.test, bad"}, "aliases"),
    ],
)
def test_wrong_settings_are_named_with_their_field(settings, field):
    with pytest.raises(Misconfigured) as failure:
        registry.read_config("email", "smtp", settings)
    assert list(failure.value.facts["fields"]) == [field]
    assert len(failure.value.facts["fields"][field]) > 10


def test_a_wrong_secret_is_not_repeated_in_the_error():
    with pytest.raises(Misconfigured) as failure:
        registry.read_config("email", "smtp", {**GOOD, "smtp_password": ["s3cret-word"]})
    assert "s3cret-word" not in failure.value.sentence + str(failure.value.facts)


def test_a_mailbox_knows_its_addresses():
    config = registry.read_config("email", "smtp", {**GOOD, "aliases": "sales@desk.test; @more.test"})
    assert config.address == "Support@desk.test"
    for address in (
        "support@desk.test",
        "SUPPORT+rb-a-b@DESK.test",
        "sales+x@desk.test",
        "anything@more.test",
    ):
        assert config.accepts(address), address
    for address in ("other@desk.test", "support@desk.test.evil", "more.test", "", "x@sub.more.test"):
        assert not config.accepts(address), address


def test_a_domain_of_other_letters_is_kept_as_mail_servers_say_it():
    config = registry.read_config("email", "smtp", {"address": "Support@例子.Test", "aliases": "@例子.test"})
    assert config.address == "Support@xn--fsqu00a.test"
    assert config.aliases == ("@xn--fsqu00a.test",)
    assert config.accepts("support@XN--fsqu00a.test")


def test_secrets_of_the_mailbox():
    assert set(registry.spec("email", "smtp").secret_fields) == {
        *("imap_password", "imap_oauth_token", "smtp_password", "smtp_oauth_token", "oauth_client_secret"),
        "oauth_refresh_token",
    }


def test_errors_carry_code_sentence_and_facts():
    error = TemporaryFailure("busy", "It is busy.", retry_after=5, in_doubt=True, server="x")
    assert (error.code, error.sentence, error.facts, str(error)) == (
        "busy",
        "It is busy.",
        {"server": "x"},
        "It is busy.",
    )
    assert (error.retry_after, error.in_doubt) == (5, True)
    assert reason_of(error) is Reason.BUSY
    assert reason_of(ChannelError("something else", "x")) is Reason.UNKNOWN
    assert issubclass(Unsupported, PermanentFailure)
    assert issubclass(Misconfigured, PermanentFailure)
