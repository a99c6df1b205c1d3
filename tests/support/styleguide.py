"""The style guide as a page: every component with sample content, for looking at and for axe. Not part of the product."""

from __future__ import annotations

from datetime import timedelta
from types import SimpleNamespace

from flask import Blueprint, Flask, render_template, request
from jinja2 import ChainableUndefined
from markupsafe import Markup

from app.cases import around
from app.clock import utcnow
from app.identity.preferences import Preferences
from app.web import create_app, inbox, keys
from app.web.rules import public

blueprint = Blueprint("styleguide", __name__)
SAMPLES = {
    "en": {
        "subjects": ("No hot water since yesterday, flat 12-3", "Change the delivery address on order 88213", "Please cancel my appointment", "Signed acceptance form", "Is the maintenance window today or tomorrow?"),
        "text": "The boiler shows E4 and there is no hot water.\nPhoto attached.", "note": "Landlord approved a call-out up to 300 €.",
        "answer": "The crew is on its way and will call you before 11:15.", "step": "Confirm the crew’s reply",
    },
    "zh": {
        "subjects": ("从昨天起没有热水，12-3 室", "更改订单 88213 的收货地址", "请取消我的预约", "已签字的验收单", "维护时间是今天还是明天？"),
        "text": "锅炉显示 E4，没有热水。\n照片见附件。", "note": "房东同意上门费用不超过 300 欧元。", "answer": "维修人员已出发，11:15 前会给您打电话。", "step": "确认维修班组的回单",
    },
}  # fmt: skip
FORM = {
    "fields": [
        {"key": "outcome", "type": "choice", "required": True, "label": {"en": "Outcome", "zh": "结果"}, "options": [{"value": "fixed", "label": {"en": "Fixed on site", "zh": "现场修复"}}]},
        {"key": "parts", "type": "text", "label": {"en": "Parts used", "zh": "所用配件"}, "required": True},
        {"key": "words", "type": "textarea", "label": {"en": "What was done", "zh": "处理情况"}, "help": {"en": "The customer reads this.", "zh": "客户会看到。"}},
        {"key": "again", "type": "bool", "label": {"en": "Another visit is needed", "zh": "需要再次上门"}},
    ]
}  # fmt: skip


class Row(SimpleNamespace):
    """One line of the list; lists keep what they have drawn by the row itself."""

    def __hash__(self) -> int:  # type: ignore[override]
        return id(self)


@blueprint.get("/styleguide")
@public
def page() -> str:
    """Show everything once."""
    words = SAMPLES["zh" if request.args.get("lang") == "zh" else "en"]
    now = utcnow()
    rows = [_row(number, subject, now) for number, subject in enumerate(words["subjects"])]
    case = SimpleNamespace(
        number="RB-2026-004217",
        subject=words["subjects"][0],
        channel="email",
        contact_name="Dana",
        **{k: words[k] for k in ("text", "note", "answer", "step")},
    )
    order = SimpleNamespace(state="accepted", dispatched_at=now - timedelta(hours=3), accepted_at=now - timedelta(hours=2), replied_at=None, ended_at=None, due_at=now + timedelta(minutes=41), due_from=now - timedelta(minutes=70), chase_count=2, escalation=1, round=1)  # fmt: skip
    events = [
        {"seq": seq, "kind": kind, "at": (now - timedelta(hours=9 - seq)).isoformat(), "actor_name": "Bob", "data": {"changes": changes} if changes else {}, "cause": {"element": "chase", "rule": "escalate.2"}, "hash": "9f2c" * 16, "previous": "77be" * 16}
        for seq, (kind, changes) in enumerate((("case_opened", None), ("work_order_dispatched", None), ("work_order_amended", {"priority": {"from": "normal", "to": "high"}}), ("work_order_chased", None)), 1)
    ]  # fmt: skip
    return render_template(
        "styleguide.html", section="inbox", nav=tuple(Row(key=key, href=f"#{key}") for key in ("inbox", "orders", "processes", "faults", "channels", "people")),
        stream_url="", rows=rows, following="next", view="mine", views=("mine", "unassigned", "team", "chased", "due", "breached"), saved_views={}, counts={"mine": 7, "unassigned": 12, "team": 131, "chased": 4},
        names={1: "Alice"}, now=now, case=case, order=order, events=events, verdict=SimpleNamespace(is_intact=True, events=17, bad_seq=None, why=""), form=FORM, people=[], teams=[],
        preferences=SimpleNamespace(density="comfortable", unread=3), bindings=keys.bindings(Preferences()), shortcuts_shown=keys.sheet(Preferences()), tabs=[],
        ways=["email", "sms"], text_numbers=["+4917612345678"], quiet=None, points=[SimpleNamespace(kind="email", address="dana@example.com")], draft=None, newer=[1], last_message=1, may_work=True,
    )  # fmt: skip


def _row(number: int, subject: str, now):
    left = (41, 180, 130, None, -4)[number]
    return Row(
        id=number, number=f"RB-2026-00421{7 - number}", channel=("email", "sms", "chat", "fax", "voice")[number], contact_name=("Dana Weiß", "Ana Souza", "+44 20 7946 0018", "Kreuz GmbH", "李伟")[number],
        subject=subject, touched_at=now - timedelta(minutes=(2, 9, 14, 60, 3000)[number]), due_at=None if left is None else now + timedelta(minutes=left), due_from=now - timedelta(minutes=70), due_why="first response",
        chase_count=2 if number == 0 else 0, priority="high" if number == 1 else "normal", status=("dispatched", "open", "new", "waiting", "open")[number], assignee_id=1 if number < 2 else None, is_unread=number < 2,
    )  # fmt: skip


def _items(rows, names) -> Markup:
    """Draw the lines as the list does, with no tags beside them."""
    return Markup("\n").join(
        inbox._item(row, names.get(row.assignee_id, ""), around.NO_MARKS, utcnow()) for row in rows
    )


def make_app():
    """Make an application that serves the style guide at /styleguide; nobody is signed in, somebody is drawn."""
    app = create_app(("app.web.health", "app.web.inbox", "tests.support.styleguide"))
    app.jinja_env.globals["viewer"] = lambda: SimpleNamespace(
        name="Alice",
        role="agent",
        theme=request.args.get("theme", "auto"),
        login="alice",
        user_id=1,
        may=lambda _right: True,
    )
    app.jinja_env.globals |= {"case_items": _items, "who": lambda _key, value: value}
    # What pages get from rooms that are not loaded here is empty.
    app.jinja_env.undefined = ChainableUndefined
    # No database stands behind this page, so no frame is put around it.
    vars(app)["dispatch_request"] = lambda: app.make_response(Flask.dispatch_request(app))
    return app
