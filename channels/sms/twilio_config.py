"""The settings of a Twilio account: who it is, which number or messaging service sends. Errors are sentences."""

from __future__ import annotations

import re

from pydantic import SecretStr, field_validator

from channels.sms import numbers
from channels.sms.config import SmsConfig, checked_service, setting
from channels.sms.numbers import AddressKind

_ACCOUNT, _SERVICE, CONTENT = (re.compile(prefix + "[0-9a-fA-F]{32}") for prefix in ("AC", "MG", "HX"))


class TwilioConfig(SmsConfig):
    """One number, short code, name or WhatsApp number at Twilio."""

    account_sid: str = setting("Account SID (AC…)", "账户 SID（AC…）")
    auth_token: SecretStr = setting("Auth token", "Auth Token（身份令牌）", secret=True)
    messaging_service: str = setting(
        "Messaging service (MG…; empty: the sender itself)", "消息服务（MG…；留空则直接用发送方）", default=""
    )
    signing_secret: SecretStr = setting(
        "Secret of the signatures (empty: the auth token)", "签名密钥（留空则用 Auth Token）",
        default=SecretStr(""), secret=True,
    )  # fmt: skip
    base_url: str = setting("Address of the API", "API 地址", default="https://api.twilio.com")

    @field_validator("account_sid")
    @classmethod
    def _check_account(cls, value: str) -> str:
        if not _ACCOUNT.fullmatch(value):
            raise ValueError("The account SID has AC and 32 digits and letters a to f; it stands in Twilio's console")
        return value

    @field_validator("messaging_service")
    @classmethod
    def _check_service(cls, value: str) -> str:
        if value and not _SERVICE.fullmatch(value):
            raise ValueError("A messaging service has MG and 32 digits and letters a to f, or leave it empty")
        return value

    @field_validator("auth_token")
    @classmethod
    def _check_token(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value()) < 16:
            raise ValueError("Enter the auth token that stands in Twilio's console below the account SID")
        return value

    @field_validator("base_url")
    @classmethod
    def _check_base(cls, value: str) -> str:
        return checked_service(value).rstrip("/")

    @property
    def is_whatsapp(self) -> bool:
        """Whether the sender is a WhatsApp number."""
        return numbers.kind_of(self.address) is AddressKind.WHATSAPP
