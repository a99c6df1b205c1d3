"""What the settings of all text message accounts have in common. Errors are sentences."""

from __future__ import annotations

from typing import Any

from pydantic import BaseModel, ConfigDict, Field, field_validator, model_validator

from channels.http import check_url
from channels.outcomes import PermanentFailure
from channels.sms import numbers

MAX_TEXT = 1600


def setting(en: str, zh: str, *, secret: bool = False, **more: Any) -> Any:
    """Return a field with its label in both languages; `secret` ones are stored encrypted."""
    extra: dict[str, Any] = {"label": {"en": en, "zh": zh}}
    if secret:
        extra |= {"secret": True, "writeOnly": True}
    return Field(json_schema_extra=extra, **more)


class SmsConfig(BaseModel):
    """The number of the desk and how texts are written."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    address: str = setting(
        "Sender: a number with + and country code, a short code or a name",
        "发送方：带 + 和国家代码的号码、短号码或名称",
    )
    region: str = setting(
        "Country of numbers without + (two letters, such as CN)", "不带 + 的号码所属国家（两位字母，如 CN）", default=""
    )
    simplify: bool = setting(
        "Replace letters that would make a message longer (“ ” – ç)", "替换会使短信变长的字符（“ ” – ç）", default=False
    )

    @field_validator("region")
    @classmethod
    def _check_region(cls, value: str) -> str:
        return numbers.checked_region(value)

    @model_validator(mode="before")
    @classmethod
    def _region_first(cls, values: Any) -> Any:
        """Let a sender without + be read with the country beside it."""
        if not isinstance(values, dict) or not isinstance(values.get("address"), str):
            return values
        region = str(values.get("region") or "").strip().upper()
        try:
            return {**values, "address": cls.checked_sender(values["address"], numbers.checked_region(region))}
        except ValueError:
            return values  # the fields themselves say what is wrong

    @field_validator("address")
    @classmethod
    def _check_address(cls, value: str) -> str:
        return cls.checked_sender(value, "")

    @classmethod
    def checked_sender(cls, value: str, region: str) -> str:
        """Return the sender as the network says it; raises ValueError with a sentence."""
        return numbers.address(value, region=region)


def checked_service(value: str) -> str:
    """Return the address of a service that secrets may be sent to; raises ValueError with a sentence."""
    try:
        check_url(value)
    except PermanentFailure as error:
        raise ValueError(error.sentence.rstrip(".")) from None
    return value
