"""The words of the language: fields and values with their Chinese names, and which comparisons a field knows."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Final

from app.cases.models import CaseStatus

COMPARED: Final = (":", "<", "<=", ">", ">=")
PRIORITIES: Final = ("low", "normal", "high", "urgent")
CHANNELS: Final = ("email", "voice", "sms", "chat", "fax", "letter", "web", "phone", "telegram", "schedule")


@dataclass(frozen=True, slots=True)
class Kind:
    """A field: what its values are (`kind`), whether it has an order, and its values when they are known beforehand."""

    kind: str
    ordered: bool = False
    values: tuple[str, ...] = ()


FIELDS: Final[dict[str, Kind]] = {
    "team": Kind("team"), "assignee": Kind("user"), "status": Kind("choice", values=tuple(str(each) for each in CaseStatus)),
    "priority": Kind("choice", ordered=True, values=PRIORITIES), "channel": Kind("choice", values=CHANNELS),
    "type": Kind("text"), "queue": Kind("text"), "language": Kind("text"), "number": Kind("number"), "from": Kind("from"),
    "tag": Kind("tag"), "skill": Kind("skill"), "mentions": Kind("mention"),
    "is": Kind("choice", values=("open", "archived", "unread", "read", "chased", "breached", "assigned", "unassigned", "merged",
                          "snoozed", "watched")),
    "chased": Kind("count", ordered=True, values=("yes", "no")),
    "due": Kind("ahead", ordered=True), "opened": Kind("ago", ordered=True), "touched": Kind("ago", ordered=True),
    "resolved": Kind("ago", ordered=True),
}  # fmt: skip

#: What the name of a custom field begins with; the rest is its key.
BEGIN: Final = "field."
BEGIN_ZH: Final = "字段."
CUSTOM: Final = Kind("custom", ordered=True)

FIELD_NAMES: Final[dict[str, str]] = {
    **{name: name for name in FIELDS},
    "团队": "team", "负责人": "assignee", "状态": "status", "优先级": "priority", "渠道": "channel", "类型": "type", "队列": "queue",
    "语言": "language", "编号": "number", "来自": "from", "发件人": "from", "标签": "tag", "技能": "skill", "提及": "mentions", "提到": "mentions", "是": "is", "催办": "chased", "到期": "due", "期限": "due",
    "打开": "opened", "创建": "opened", "更新": "touched", "解决": "resolved", "updated": "touched", "lang": "language",
}  # fmt: skip


def kind_of(name: str) -> Kind:
    """Return what a field is, by its name in English; custom fields are told apart when their kind is known."""
    return CUSTOM if name.startswith(BEGIN) else FIELDS[name]


def name_of(typed: str) -> str | None:
    """Return the name of the field that was typed, in English or Chinese; None when there is none."""
    low = typed.lower()
    for begin in (BEGIN, BEGIN_ZH):
        if low.startswith(begin):
            return f"{BEGIN}{low.removeprefix(begin)}"
    return FIELD_NAMES.get(low)


VALUE_NAMES: Final[dict[str, dict[str, str]]] = {
    "status": {"新建": "new", "处理中": "open", "已派发": "dispatched", "等待": "waiting", "已解决": "resolved", "已归档": "archived",
               "已取消": "cancelled"},
    "priority": {"低": "low", "普通": "normal", "高": "high", "紧急": "urgent"},
    "channel": {"邮件": "email", "语音": "voice", "短信": "sms", "聊天": "chat", "传真": "fax", "信件": "letter", "网页": "web", "电话": "phone"},
    "is": {"未关闭": "open", "已归档": "archived", "未读": "unread", "已读": "read", "已催办": "chased", "已超时": "breached", "已分配": "assigned",
           "未分配": "unassigned", "已合并": "merged", "已搁置": "snoozed", "关注": "watched"},
    "chased": {"是": "yes", "否": "no"},
    "team": {"无": "none", "我的": "mine"},
    "assignee": {"我": "me", "无": "none"}, "mentions": {"我": "me", "无": "none"}, "tag": {"无": "none"}, "skill": {"任一": "any", "无": "none"},
    "due": {"无": "none", "今天": "today", "明天": "tomorrow", "昨天": "yesterday"},
    "opened": {"今天": "today", "昨天": "yesterday"}, "touched": {"今天": "today", "昨天": "yesterday"},
    "resolved": {"无": "none", "今天": "today", "昨天": "yesterday"},
}  # fmt: skip

OR_WORDS: Final = ("or", "OR", "或")
AND_WORDS: Final = ("AND", "且")
NOT_WORDS: Final = ("NOT", "非")
