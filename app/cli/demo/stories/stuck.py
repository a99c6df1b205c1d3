"""Steps that are stuck: a process of the designer's names a text that nobody has written yet."""

from __future__ import annotations

from app.cli.demo.telling import do, story

STORIES = (
    story("meter_amara", "2d 10:00", "amara", "Meter reading for flat 3-1",
        "Hello,\n\nthe hot water meter HW-4475 in flat 3-1 shows 2210 today.\n\nAmara Diallo",
        do("40m", "erin", "take"),
        do("5m", "erin", "note", "The confirmation does not go out, the process says that a text is missing. @dora can you have a look?"),
        do("-2h15m", "erin", "reply", "Hello Ms Diallo,\n\nthank you, the reading has arrived. The official confirmation follows.\n\nErin Lopez\nBilling"), files=("meters.csv",)),
    story("meter_he", "2h40m", "he_qiang", "云锦小区 3 栋抄表数据",
        "您好，\n\n3 栋本月热水表读数见附件，请登记。\n\n何强 云锦物业", files=("meters.csv",)),
)  # fmt: skip
