"""The settings of a chat widget: where it may stand, how it looks, what it asks. Errors are sentences."""

from __future__ import annotations

import re
from typing import Annotated, Any, Literal
from urllib.parse import urlsplit

from pydantic import BaseModel, BeforeValidator, ConfigDict, Field, SecretStr, field_validator

_KEY = re.compile(r"[a-z0-9](?:[a-z0-9-]{1,38}[a-z0-9])")
_COLOUR = re.compile(r"#[0-9a-fA-F]{6}")
_HOST = re.compile(r"(?:\*\.)?[a-z0-9](?:[a-z0-9.-]{0,252})|\[[0-9a-f:.]{2,45}\]")
Asking = Literal["no", "optional", "required"]


def _field(en: str, zh: str, *, secret: bool = False, **more: Any) -> Any:
    """Return a field with its label in both languages; `secret` ones are stored encrypted."""
    extra: dict[str, Any] = {"label": {"en": en, "zh": zh}}
    if secret:
        extra |= {"secret": True, "writeOnly": True}
    return Field(json_schema_extra=extra, **more)


def _split(value: object) -> object:
    """Let a form send a list as one text, separated by commas or lines."""
    return [part.strip() for part in re.split(r"[,;\n]+", value) if part.strip()] if isinstance(value, str) else value


Lines = Annotated[tuple[str, ...], BeforeValidator(_split)]


def checked_origin(value: str) -> str:
    """Return an origin as browsers send it; raises ValueError with a sentence."""
    text = value.strip().lower().rstrip("/")
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        parts, port = urlsplit(""), None
    host = parts.netloc.rpartition(":")[0] if port is not None else parts.netloc
    if parts.scheme not in ("http", "https") or not _HOST.fullmatch(host) or text != f"{parts.scheme}://{parts.netloc}":
        raise ValueError(f"{value!r} is not an origin, such as https://www.example.com or https://*.example.com")
    return text


class WidgetConfig(BaseModel):
    """One widget. `address` is its public key, which stands in the script tag."""

    model_config = ConfigDict(extra="forbid", frozen=True, str_strip_whitespace=True, hide_input_in_errors=True)

    address: str = _field("Key of the widget (stands in its script tag)", "组件标识（写在脚本标签里）")
    title: str = _field("Title shown to visitors", "向访客显示的标题", default="", max_length=60)
    origins: Lines = _field("Sites it may stand on, as https://www.example.com", "允许嵌入的网站来源", default=())
    colour: str = _field("Colour", "主题颜色", default="#1f5fbf")
    side: Literal["end", "start"] = _field("Corner of the page", "显示在页面哪一角", default="end")
    language: Literal["auto", "en", "zh", "ar"] = _field("Language", "语言", default="auto")
    greeting: str = _field("First words to the visitor", "欢迎语", default="", max_length=300)
    ask_name: Asking = _field("Ask for a name", "询问姓名", default="optional")
    ask_email: Asking = _field("Ask for a mail address", "询问邮箱", default="no")
    topics: Lines = _field("Topics to choose from, separated by commas", "可选主题（逗号分隔）", default=())
    skill: str = _field("Skill that agents need (its key)", "客服所需技能（标识）", default="", max_length=60)
    offline_text: str = _field("Words when nobody is there", "无人值守时的提示", default="", max_length=300)
    mail_account: str = _field(
        "Mailbox for transcripts and for what is left when nobody is there (empty: the first one)",
        "用于发送聊天记录和处理留言的邮箱（留空则用第一个）",
        default="",
    )
    file_types: Lines = _field(
        "File endings that visitors may send",
        "访客可发送的文件后缀",
        default=("png", "jpg", "jpeg", "gif", "webp", "pdf", "txt", "csv", "docx", "xlsx", "pptx", "zip"),
    )
    file_megabytes: int = _field("Largest file of a visitor, in MB", "访客文件上限（MB）", default=8, ge=0, le=20)
    asks_rating: bool = _field("Ask for a rating at the end", "结束时请访客评价", default=True)
    identity_secret: SecretStr = _field(
        "Secret for signed visitors (at least 32 characters)", "访客身份签名密钥（至少 32 位）",
        default=SecretStr(""), secret=True,
    )  # fmt: skip
    requires_identity: bool = _field("Only signed visitors may chat", "仅允许已签名的访客", default=False)

    @field_validator("address")
    @classmethod
    def _check_key(cls, value: str) -> str:
        if not _KEY.fullmatch(value):
            raise ValueError("The key has 3 to 40 small letters, digits and dashes, such as shop-help")
        return value

    @field_validator("origins")
    @classmethod
    def _check_origins(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        return tuple(dict.fromkeys(checked_origin(each) for each in values))

    @field_validator("colour")
    @classmethod
    def _check_colour(cls, value: str) -> str:
        if not _COLOUR.fullmatch(value):
            raise ValueError("Write the colour as #1f5fbf")
        return value.lower()

    @field_validator("topics")
    @classmethod
    def _check_topics(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        if len(values) > 20 or any(len(each) > 80 for each in values):
            raise ValueError("There may be 20 topics of 80 characters")
        return values

    @field_validator("file_types")
    @classmethod
    def _check_types(cls, values: tuple[str, ...]) -> tuple[str, ...]:
        endings = tuple(dict.fromkeys(each.lower().lstrip(".") for each in values))
        if any(not re.fullmatch(r"[a-z0-9]{1,10}", each) for each in endings):
            raise ValueError("Write endings as png, pdf, docx")
        return endings

    @field_validator("identity_secret")
    @classmethod
    def _check_secret(cls, value: SecretStr) -> SecretStr:
        if value.get_secret_value() and len(value.get_secret_value()) < 32:
            raise ValueError("The secret needs at least 32 characters")
        return value

    def admits(self, origin: str) -> bool:
        """Tell whether a page of this origin may show the widget."""
        text = origin.lower()
        return any(text == each or _is_below(text, each) for each in self.origins)


def _is_below(origin: str, pattern: str) -> bool:
    """Tell whether an origin lies below `https://*.example.com`: same scheme and port, a host that ends so."""
    scheme, _, rest = pattern.partition("://")
    return rest.startswith("*.") and origin.startswith(f"{scheme}://") and origin.endswith(rest[1:])
