"""The contract, kept by every provider of chat; and what a widget's settings say."""

from __future__ import annotations

from contextlib import contextmanager

import pytest

from channels import registry
from channels.chat import widget
from channels.chat.config import WidgetConfig
from channels.outcomes import HealthState, Misconfigured
from tests.channels.contract import ProviderContract

SETTINGS = {"address": "shop-help", "origins": "https://shop.test"}


class TestWidget(ProviderContract):
    kind, provider = "chat", "widget"
    recipient = "visitor-1"

    @contextmanager
    def working(self):
        widget._handed.clear()
        yield SETTINGS, lambda: widget.handed("shop-help")


class TestLoopback(ProviderContract):
    kind, provider = "chat", "loopback"
    recipient = "visitor-1"

    @contextmanager
    def working(self):
        from channels.chat import loopback

        loopback._boxes.clear()
        yield SETTINGS, lambda: registry.open_account(self.kind, self.provider, SETTINGS).outbox()


@pytest.mark.parametrize(
    "settings,field",
    [
        ({}, "address"),
        ({"address": "No spaces"}, "address"),
        ({**SETTINGS, "origins": "shop.test"}, "origins"),
        ({**SETTINGS, "origins": "*"}, "origins"),
        ({**SETTINGS, "origins": "https://shop.test/path"}, "origins"),
        ({**SETTINGS, "origins": "https://shop.test:x"}, "origins"),
        ({**SETTINGS, "colour": "red; background: url(x)"}, "colour"),
        ({**SETTINGS, "identity_secret": "short"}, "identity_secret"),
        ({**SETTINGS, "file_types": "pdf, ../x"}, "file_types"),
        ({**SETTINGS, "ask_name": "perhaps"}, "ask_name"),
    ],
)
def test_wrong_settings_are_named_with_their_field(settings, field):
    with pytest.raises(Misconfigured) as failure:
        registry.read_config("chat", "widget", settings)
    assert list(failure.value.facts["fields"]) == [field]


@pytest.mark.parametrize(
    "origin,is_admitted",
    [
        ("https://shop.test", True),
        ("https://SHOP.test", True),
        ("http://shop.test", False),
        ("https://shop.test:8443", False),
        ("https://evil-shop.test", False),
        ("https://a.more.test", True),
        ("https://more.test", False),
        ("https://amore.test", False),
        ("null", False),
        ("", False),
    ],
)
def test_a_widget_stands_on_the_sites_that_are_named_and_on_no_other(origin, is_admitted):
    config = WidgetConfig.model_validate({"address": "abc", "origins": "https://shop.test/, https://*.more.test"})
    assert config.admits(origin) is is_admitted


def test_a_widget_without_a_site_says_what_to_do():
    health = registry.open_account("chat", "widget", {"address": "abc"}).check()
    assert health.state is HealthState.DEGRADED
    assert "name the sites" in health.detail
