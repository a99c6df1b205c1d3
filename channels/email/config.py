"""The settings of an email account: how mail comes in, how it goes out, and who it is from. Errors are sentences."""

from __future__ import annotations

import re
from enum import StrEnum
from pathlib import Path
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator, model_validator

MEGABYTE = 1024 * 1024
_ADDRESS = re.compile(
    r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~.-]{1,64}@[A-Za-z0-9\u0080-\uffff](?:[A-Za-z0-9.\u0080-\uffff-]{0,252})"
)
_HOST = re.compile(r"[A-Za-z0-9](?:[A-Za-z0-9.-]{0,252})|\[?[0-9a-fA-F:.]{2,45}\]?")


class Security(StrEnum):
    """How a connection is protected."""

    NONE, STARTTLS, TLS = "none", "starttls", "tls"


class AfterFetch(StrEnum):
    """What is done with a mail on the IMAP server once it is stored here."""

    SEEN, FLAG, MOVE = "seen", "flag", "move"


class FirstFetch(StrEnum):
    """Which mails are taken of those that lay in the folder when the account was first connected."""

    UNSEEN, ALL, NONE = "unseen", "all", "none"


def _field(en: str, zh: str, *, secret: bool = False, **more: Any) -> Any:
    """Return a pydantic field with its label in both languages; `secret` ones are stored encrypted."""
    extra: dict[str, Any] = {"label": {"en": en, "zh": zh}}
    if secret:
        extra |= {"secret": True, "writeOnly": True}
    return Field(json_schema_extra=extra, **more)


def _address(value: str) -> str:
    text = value.strip()
    if not _ADDRESS.fullmatch(text):
        raise ValueError(f"{text!r} is not a mail address, such as support@example.com")
    local, _, domain = text.rpartition("@")
    return f"{local}@{_domain(domain)}"


def _domain(text: str) -> str:
    """Return the domain as mail servers say it: small letters, in ASCII."""
    try:
        return text.lower() if text.isascii() else text.lower().encode("idna").decode()
    except UnicodeError:
        raise ValueError(f"{text!r} is not a valid domain") from None


def _host(value: str) -> str:
    text = value.strip()
    if text and not _HOST.fullmatch(text):
        raise ValueError(f"{text!r} is not a server name, such as mail.example.com (no https://, no port)")
    return text.strip("[]")


def _is_local(host: str) -> bool:
    return host in {"localhost", "::1"} or host.startswith("127.")


def _split(value: object) -> object:
    """Let a form send a list as one text, separated by commas, spaces or lines."""
    return [part for part in re.split(r"[,;\s]+", value) if part] if isinstance(value, str) else value


AddressList = Annotated[tuple[str, ...], BeforeValidator(_split)]


class EmailConfig(BaseModel):
    """One mailbox of the desk."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    address: str = _field("Address", "邮箱地址")
    name: str = _field("Name shown to the customer", "显示名称", default="", max_length=120)
    aliases: AddressList = _field("Further addresses of this mailbox", "其他收件地址", default=())
    plus_addressing: bool = _field("Replies come back to address+token@", "回复使用加号地址", default=True)
    max_bytes: int = _field(
        "Largest mail taken, in bytes", "最大邮件字节数", default=25 * MEGABYTE, ge=10_000, le=200 * MEGABYTE
    )

    inbound: Literal["listener", "imap", "none"] = _field("How mail comes in", "收信方式", default="listener")
    imap_host: str = _field("IMAP server", "IMAP 服务器", default="")
    imap_port: int | None = _field("IMAP port (empty: by security)", "IMAP 端口", default=None, ge=1, le=65535)
    imap_security: Security = _field("IMAP security", "IMAP 加密方式", default=Security.TLS)
    imap_user: str = _field("IMAP user (empty: the address)", "IMAP 用户名", default="")
    imap_password: SecretStr = _field("IMAP password", "IMAP 密码", default=SecretStr(""), secret=True)
    imap_oauth_token: SecretStr = _field("IMAP OAuth2 token", "IMAP OAuth2 令牌", default=SecretStr(""), secret=True)
    imap_folder: str = _field("Folder to read", "读取的文件夹", default="INBOX", min_length=1)
    imap_first: FirstFetch = _field("Mail that is there already", "首次连接时已有的邮件", default=FirstFetch.UNSEEN)
    imap_after: AfterFetch = _field("After storing", "入库后的处理", default=AfterFetch.SEEN)
    imap_done_folder: str = _field("Folder to move to", "移入的文件夹", default="")
    poll_seconds: int = _field("Seconds between polls without IDLE", "轮询间隔（秒）", default=60, ge=5, le=86_400)

    smtp_host: str = _field("SMTP server", "SMTP 服务器", default="")
    smtp_port: int | None = _field("SMTP port (empty: by security)", "SMTP 端口", default=None, ge=1, le=65535)
    smtp_security: Security = _field("SMTP security", "SMTP 加密方式", default=Security.STARTTLS)
    smtp_user: str = _field("SMTP user (empty: no login)", "SMTP 用户名", default="")
    smtp_password: SecretStr = _field("SMTP password", "SMTP 密码", default=SecretStr(""), secret=True)
    smtp_oauth_token: SecretStr = _field("SMTP OAuth2 token", "SMTP OAuth2 令牌", default=SecretStr(""), secret=True)
    smtp_seconds: float = _field(
        "Longest time for one mail, in seconds", "单封发送超时（秒）", default=90, gt=0, le=110
    )

    oauth_token_url: str = _field("OAuth2 token address (empty: no OAuth2)", "OAuth2 令牌地址", default="")
    oauth_client_id: str = _field("OAuth2 client id", "OAuth2 客户端 ID", default="")
    oauth_client_secret: SecretStr = _field(
        "OAuth2 client secret", "OAuth2 客户端密钥", default=SecretStr(""), secret=True
    )
    oauth_refresh_token: SecretStr = _field(
        "OAuth2 refresh token", "OAuth2 刷新令牌", default=SecretStr(""), secret=True
    )
    oauth_scope: str = _field("OAuth2 scope", "OAuth2 范围", default="")

    ca_file: str = _field("CA file for the servers (empty: the system's)", "CA 证书文件", default="")
    verify_tls: bool = _field("Check the servers' certificates", "校验服务器证书", default=True)

    @field_validator("address")
    @classmethod
    def _check_address(cls, value: str) -> str:
        return _address(value)

    @field_validator("aliases")
    @classmethod
    def _check_aliases(cls, value: tuple[str, ...]) -> tuple[str, ...]:
        # `@example.com` takes every address of a domain.
        return tuple("@" + _host(_domain(each[1:])) if each.startswith("@") else _address(each) for each in value)

    @field_validator("imap_host", "smtp_host")
    @classmethod
    def _check_host(cls, value: str) -> str:
        return _host(value)

    @field_validator("name", "imap_user", "smtp_user", "imap_folder", "imap_done_folder")
    @classmethod
    def _check_line(cls, value: str) -> str:
        if any(char < " " or char == "\x7f" for char in value):
            raise ValueError("must be one line of text")
        return value

    @field_validator("ca_file")
    @classmethod
    def _check_file(cls, value: str) -> str:
        if value and not Path(value).is_file():
            raise ValueError(f"there is no file {value!r} on this server")
        return value

    @model_validator(mode="after")
    def _check_whole(self) -> EmailConfig:
        if self.inbound == "imap":
            self._check_imap()
        if not self.smtp_host and self.smtp_user:
            raise ValueError("smtp_host: an SMTP user needs an SMTP server")
        if self.smtp_user and not self._has_secret(self.smtp_password, self.smtp_oauth_token):
            raise ValueError("smtp_password: enter the SMTP password or an OAuth2 token, or leave the SMTP user empty")
        return self

    @model_validator(mode="after")
    def _check_secrecy(self) -> EmailConfig:
        """A password crosses the network encrypted only; on this very machine it crosses none."""
        if self.smtp_user and self.smtp_security is Security.NONE and not _is_local(self.smtp_host):
            raise ValueError("smtp_security: choose STARTTLS or TLS, or the password would be sent readable")
        if self.inbound == "imap" and self.imap_security is Security.NONE and not _is_local(self.imap_host):
            raise ValueError("imap_security: choose STARTTLS or TLS, or the password would be sent readable")
        return self

    @model_validator(mode="after")
    def _check_oauth(self) -> EmailConfig:
        if not self.oauth_token_url:
            return self
        is_safe = self.oauth_token_url.startswith("https://") or _is_local(
            urlsplit(self.oauth_token_url).hostname or ""
        )
        if not is_safe:
            raise ValueError("oauth_token_url: must begin with https://")
        if not self.oauth_client_id:
            raise ValueError("oauth_client_id: enter the client id registered with the mail service")
        if not (self.oauth_client_secret.get_secret_value() or self.oauth_refresh_token.get_secret_value()):
            raise ValueError("oauth_client_secret: enter the client secret or a refresh token")
        return self

    def _has_secret(self, *secrets: SecretStr) -> bool:
        return bool(self.oauth_token_url) or any(secret.get_secret_value() for secret in secrets)

    def _check_imap(self) -> None:
        if not self.imap_host:
            raise ValueError("imap_host: enter the IMAP server, or choose another way for mail to come in")
        if not self._has_secret(self.imap_password, self.imap_oauth_token):
            raise ValueError("imap_password: enter the IMAP password or an OAuth2 token")
        if self.imap_after is AfterFetch.MOVE and not self.imap_done_folder:
            raise ValueError("imap_done_folder: name the folder that stored mail is moved to")
        if self.imap_after is AfterFetch.MOVE and self.imap_done_folder == self.imap_folder:
            raise ValueError("imap_done_folder: must not be the folder that is read")

    def imap_endpoint(self) -> tuple[str, int]:
        """Return host and port of the IMAP server."""
        return self.imap_host, self.imap_port or (993 if self.imap_security is Security.TLS else 143)

    def smtp_endpoint(self) -> tuple[str, int]:
        """Return host and port of the SMTP server."""
        ports = {Security.TLS: 465, Security.STARTTLS: 587, Security.NONE: 25}
        return self.smtp_host, self.smtp_port or ports[self.smtp_security]

    def accepts(self, recipient: str) -> bool:
        """Whether mail to this address is for this mailbox, with or without a plus tag."""
        local, _, domain = recipient.strip().lower().rpartition("@")
        if not local:
            return False
        plain = f"{local.partition('+')[0]}@{domain}"
        own = {self.address.lower(), *(each.lower() for each in self.aliases)}
        return plain in own or f"{local}@{domain}" in own or f"@{domain}" in own
