"""Canned replies of the demo's desk."""

from __future__ import annotations

from sqlalchemy import select

from app.db import session
from app.identity import queries as people
from app.knowledge import canned
from app.knowledge.models import CannedReply, Circle

MAKER = "mona"
REPLIES = (
    ("Greetings", "We have your message",
     "Dear {{ customer.name }},\n\nThank you for writing to us. Your case has the number {{ case.number }}. We will get back to you by [[when]].\n\nKind regards\n{{ agent.name }}",
     "{{ customer.name }}，您好：\n\n感谢您的来信。您的工单编号为 {{ case.number }}，我们将在[[时间]]之前给您答复。\n\n此致\n{{ agent.name }}"),
    ("Questions", "Please send a photo",
     "Dear {{ customer.name }},\n\nTo help you quickly we need a photo of [[what]]. Just answer this mail and attach it; please leave {{ case.number }} in the subject.\n\nKind regards\n{{ agent.name }}",
     "{{ customer.name }}，您好：\n\n为尽快帮您处理，请提供[[物品]]的照片。直接回复本邮件并附上照片即可，主题中请保留 {{ case.number }}。\n\n此致\n{{ agent.name }}"),
    ("Repairs", "A technician comes",
     "Dear {{ customer.name }},\n\nOur technician comes on [[day]] between [[from]] and [[to]]. Please see to it that somebody is at home.\n\nKind regards\n{{ agent.name }}",
     "{{ customer.name }}，您好：\n\n维修人员将于[[日期]] [[开始时间]]至[[结束时间]]上门，请留人在家。\n\n此致\n{{ agent.name }}"),
    ("Billing", "The refund is on its way",
     "Dear {{ customer.name }},\n\nToday, {{ today }}, we have sent you [[amount]] back. Depending on your bank it arrives within three to five working days.\n\nKind regards\n{{ agent.name }}",
     "{{ customer.name }}，您好：\n\n我们已于{{ today }}为您退款[[金额]]，通常三至五个工作日到账。\n\n此致\n{{ agent.name }}"),
)  # fmt: skip


def make() -> None:
    """Make them where the desk has none at all; what was changed or deleted in a desk that has some stays so."""
    if session().scalar(select(CannedReply.id).limit(1)) is not None:
        return
    viewer = people.viewer(people.user_by_login(MAKER).id)
    for folder, name, english, chinese in REPLIES:
        canned.save(viewer, canned.Wish(name, {"en": english, "zh": chinese}, folder, Circle.EVERYBODY))
