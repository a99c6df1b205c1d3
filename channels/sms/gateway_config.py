"""The settings of an HTTP gateway: how its send address looks, how it says yes, how it proves itself. Errors are sentences."""

from __future__ import annotations

import re
from typing import Annotated, Literal
from urllib.parse import urlsplit

from pydantic import BeforeValidator, SecretStr, field_validator, model_validator

from channels.sms.config import SmsConfig, checked_service, setting

KANNEL = (
    "http://127.0.0.1:13013/cgi-bin/sendsms?username={user}&password={password}&from={from}&to={to}"
    "&text={text}&coding={coding}&charset={charset}&dlr-mask=31&dlr-url={report_url}"
)
PLACEHOLDERS = frozenset(
    {"user", "password", "from", "to", "to_digits", "text", "coding", "charset", "key", "report_url"}
)
FIELDS = frozenset({"id", "from", "to", "text", "charset", "coding", "udh", "at", "status", "answer", "vendor_id"})
PLACEHOLDER = re.compile(r"\{([^{}]*)\}")
_SECRET = re.compile(r"[A-Za-z0-9_-]{16,200}")


def _pairs(value: object) -> object:
    """Let a form send `ours=theirs` pairs as one text, separated by commas or lines."""
    return (
        tuple(part.strip() for part in re.split(r"[,\n]+", value) if part.strip()) if isinstance(value, str) else value
    )


class GatewayConfig(SmsConfig):
    """One account at a gateway."""

    send_url: str = setting("Send address", "发送地址", default=KANNEL)
    method: Literal["GET", "POST"] = setting(
        "How it is asked (POST: as a form)", "请求方式（POST 为表单）", default="GET"
    )
    login: Literal["address", "basic", "bearer"] = setting(
        "Where user and password go", "账号密码的传递方式",
        default="address",
    )  # fmt: skip
    user: str = setting("User", "用户名", default="", max_length=200)
    password: SecretStr = setting("Password or token", "密码或令牌", default=SecretStr(""), secret=True)
    charset: Literal["utf-8", "utf-16be", "gb18030"] = setting("Charset of texts", "文本编码", default="utf-8")
    success_pattern: str = setting(
        "How a good answer begins or looks (regular expression)", "成功应答的样式（正则表达式）",
        default=r"^[03]: ", max_length=200,
    )  # fmt: skip
    id_pattern: str = setting(
        "Where the gateway's own id stands in the answer (regular expression with one group; empty: reports come to the address we give)",
        "应答中网关消息编号的位置（含一个分组的正则表达式；留空则回执发到我们给出的地址）", default="", max_length=200,
    )  # fmt: skip
    webhook_secret: SecretStr = setting(
        "Secret in the address that the gateway calls", "网关回调地址中的密钥", default=SecretStr(""), secret=True
    )
    fields: Annotated[tuple[str, ...], BeforeValidator(_pairs)] = setting(
        "Other names of fields in calls, as text=message", "回调中字段的其他名称，如 text=message", default=()
    )

    @field_validator("send_url")
    @classmethod
    def _check_send_url(cls, value: str) -> str:
        used = set(PLACEHOLDER.findall(value))
        if used - PLACEHOLDERS:
            known = ", ".join(sorted(PLACEHOLDERS))
            raise ValueError(f"{{{min(used - PLACEHOLDERS)}}} is not known; there are {known}")
        if "text" not in used or not used & {"to", "to_digits"}:
            raise ValueError("must hold {text} and {to} (or {to_digits}, the number without +)")
        checked_service(value)
        if PLACEHOLDER.search(urlsplit(value).netloc):
            raise ValueError("must name its server; placeholders stand behind it")
        return value

    @field_validator("success_pattern", "id_pattern")
    @classmethod
    def _check_pattern(cls, value: str) -> str:
        try:
            re.compile(value)
        except re.error as error:
            raise ValueError(f"is not a regular expression: {error.msg}") from None
        return value

    @field_validator("id_pattern")
    @classmethod
    def _check_group(cls, value: str) -> str:
        if value and re.compile(value).groups != 1:
            raise ValueError("needs one group in round brackets around the id, such as id=(\\w+)")
        return value

    @field_validator("webhook_secret")
    @classmethod
    def _check_secret(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and not _SECRET.fullmatch(value.get_secret_value()):
            raise ValueError("The secret needs 16 or more letters, digits, - and _, since it stands in an address")
        return value

    @field_validator("fields")
    @classmethod
    def _check_fields(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        for pair in value:
            ours, _, theirs = pair.partition("=")
            if ours not in FIELDS or not theirs:
                raise ValueError(f"{pair!r} must be ours=theirs; ours are {', '.join(sorted(FIELDS))}")
        return value

    @model_validator(mode="after")
    def _check_login(self) -> GatewayConfig:
        if self.login != "address" and not self.password.get_secret_value():
            raise ValueError("password: enter the password or token, or let it stand in the send address")
        if "report_url" in PLACEHOLDER.findall(self.send_url) and not self.webhook_secret.get_secret_value():
            raise ValueError(
                "webhook_secret: choose a secret of 16 or more letters and digits: reports are proven by it"
            )
        return self

    def names(self) -> dict[str, str]:
        """Return our name of each field the gateway calls otherwise, by its name."""
        return {theirs: ours for ours, _, theirs in (pair.partition("=") for pair in self.fields)}
