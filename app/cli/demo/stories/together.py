"""Cases that belong together, people who may be one, cases of the repairs team itself, and cases that are laid aside."""

from __future__ import annotations

from app.cli.demo.telling import accept, ask, dispatch, do, done, good, resolve, says, story, talk

STORIES = (
    story("flood_merged", "2d 09:05", "sarah", "Water in the basement of Harbour House",
        "Hello,\n\nthere is a leak in the basement of Harbour House, about two centimetres of water near the meters.\n\nSarah Whitfield\nHarbour Lettings Ltd",
        do("18m", "grace", "mail", "Hello,\n\nour caretaker reports water in the basement of Harbour House. Could somebody come and look where the leak is?\n\nGrace Okafor\nHarbour Lettings", case="b", subject="Basement Harbour House under water"),
        do("20m", "alice", "take"),
        do("2m", "alice", "tag", "water damage, Harbour House"),
        do("4m", "alice", "merge", case="b", into="a"),
        dispatch("5m", "alice", "Water in the basement of Harbour House", "Meter room. Switch off circuit 7 before entering.", urgency="urgent"),
        accept("8m", "charlie"),
        *talk("""
+5m alice
Hello Ms Whitfield, hello Ms Okafor,

I have put your two mails together, a technician is on his way. Please keep residents out of the meter room.

Alice Chen
+2h customer
He is here and has found it: the feed of the heating. Thank you for the quick help.
""")),
    story("hall_linked", "4d 09:15", "sun_li", "公司前台门禁失灵",
        "您好，\n\n晨星大厦 8 层前台的门禁坏了，刷卡没有反应，员工进不来，请今天处理。名单见附件。\n\n孙丽，晨星科技行政部",
        do("10m", "bob", "take"),
        do("4m", "bob", "fields", building="晨星大厦 8 层", appliance="door"),
        dispatch("5m", "bob", "8 层前台门禁刷卡无反应", "客户合同约定两小时内到场，请立即出发。", urgency="urgent"),
        accept("6m", "charlie"),
        says("1h", "现在用备用钥匙开门，但是下班前必须修好。"),
        done("3h", "charlie", "控制器电源模块烧毁，已更换；门禁卡白名单重新下发，逐一测试正常。", hours="2"),
        good("20m", "bob"),
        do("10m", "sun_li", "mail", "另外：9 层会议室的门禁偶尔也会失灵，要刷两三次才开，请一并检查。\n\n孙丽", case="b", subject="9 层会议室门禁偶尔失灵", fresh=True),
        resolve("20m", "bob", "孙女士，您好！\n\n8 层前台门禁已修复，更换了电源模块。9 层会议室已单独建单处理，请留意另一封邮件。\n\n客服中心 Bob Meyer"),
        do("6m", "bob", "take", case="b"),
        do("2m", "bob", "link", case="b", to="a", role="related"),
        do("4m", "bob", "fields", case="b", building="晨星大厦 9 层会议室", appliance="door"),
        dispatch("10m", "bob", "9 层会议室门禁读头检查", "疑似与 8 层同批次电源模块。", case="b"),
        do("5m", "bob", "reply", "孙女士，您好！\n\n9 层会议室门禁已单独派单。可能与 8 层是同一批电源模块，师傅会先带配件上门。\n\n客服中心 Bob Meyer", case="b"),
        accept("40m", "charlie", case="b"), files=("门禁卡名单.csv",)),
    story("split_emma", "2d 11:30", "ben", "Boiler noise and a question about my contract",
        "Hi,\n\nthe boiler in flat 5 knocks when it starts, it is not broken but loud.\n\nBen Carter",
        do("40m", "bob", "take"),
        do("10m", "bob", "reply", "Hi Ben,\n\na knocking start usually means air in the pump. A technician looks at it on his next round in your street, this week.\n\nBob Meyer"),
        says("2h", "Great. One more thing: my contract still runs on my old name, Benjamin Carter-Hill. Can you change that to Ben Carter? Marriage certificate is no problem."),
        do("15m", "bob", "split", "Change of name on the contract", into="b"),
        do("5m", "bob", "give", case="b", to="erin")),
    story("dana_again", "1d 10:20", "dana_work", "Annual boiler check for our office",
        "Hello,\n\nI wrote to you two weeks ago about my flat; this time it is about our office at Northgate Park. When is the annual check of the two boilers due?\n\nDana Fox\nNorthgate Park Management\n+44 20 7946 0112",
        do("45m", "alice", "take"),
        do("5m", "alice", "note", "Looks like the same Ms Fox as the E4 case of the 11th: same number in the signature. See the candidates beside the case before merging."),
        do("10m", "alice", "reply", "Hello Ms Fox,\n\nthe check is due by the end of January. Would the second week of December suit you?\n\nAlice Chen")),
    # cases that the repairs team works on itself
    story("spare_peter", "2d 10:45", "peter", "Wrong part delivered",
        "Hello,\n\nI ordered a pump for the BX-20 and got one for the BX-12. How do I send it back?\n\nPeter Novak",
        do("30m", "alice", "set", queue="repairs"),
        do("1m", "alice", "note", "Over to you, @charlie: the mix-up happened in the spare parts store."),
        do("25m", "charlie", "take"),
        do("10m", "charlie", "reply", "Hello Mr Novak,\n\nI am sorry, that is our mistake. A courier brings the right pump tomorrow and takes the wrong one along, you need not pack it.\n\nCharlie Wu\nRepairs"),
        says("3h", "Very good. I am at home after two.")),
    story("manual_lucia", "3d 13:10", "lucia", "Manual for the thermostat TH-3",
        "Hello,\n\nthe thermostat TH-3 was installed without a manual. How do I set the night temperature?\n\nLucía Ferrer",
        do("1h", "bob", "set", queue="repairs"),
        do("50m", "charlie", "take"),
        do("15m", "charlie", "reply", "Hello Ms Ferrer,\n\npress the moon for three seconds, then turn. The manual is attached.\n\nCharlie Wu", files=("Manual-TH-3.pdf",)),
        do("5m", "charlie", "snooze", "Closed if she has no more questions")),
    story("yearly_yunjin", "3d 10:40", "he_qiang", "年度电梯维保计划",
        "您好，\n\n请提供云锦小区六部电梯明年的维保计划和报价，年底前要提交业委会。\n\n何强 云锦物业服务中心",
        do("50m", "alice", "set", queue="repairs"),
        do("40m", "charlie", "take"),
        do("5m", "charlie", "checklist", "Visit on site", ticked=1),
        do("30m", "charlie", "reply", "何经理，您好！\n\n明年维保计划本周内整理完毕，报价由账务组出具，一并发给您。\n\n维修组 吴查理"),
        do("5m", "charlie", "time", "维保计划初稿", minutes=90, category="planning")),
    # laid aside
    story("paint_noah", "3d 15:20", "noah", "Paint stains after the repair",
        "Hello,\n\nthe technicians left paint stains on the stairs of Quay Street 12. Could somebody clean that?\n\nNoah Fischer",
        do("50m", "bob", "take"),
        do("15m", "bob", "reply", "Hello Mr Fischer,\n\nI am sorry about that. Cleaning is booked; I check with you when they have been.\n\nBob Meyer"),
        do("5m", "bob", "snooze", "Cleaners come tomorrow afternoon", hours=30)),
    story("photo_lin", "2d 13:30", "lin_yue", "卫生间墙面渗水",
        "您好，卫生间靠近管道的墙面有渗水痕迹，面积在变大。什么时候方便上门看看？\n\n林悦 502",
        do("40m", "alice", "take"),
        do("3m", "alice", "tag", "water damage"),
        ask("10m", "alice", "林女士，您好！\n\n请先拍两张照片发给我们：渗水位置的近照，以及整面墙的照片，这样师傅可以带对工具。\n\n客服中心 陈爱丽"),
        do("2m", "alice", "snooze", "等客户照片")),
    story("quote_hannah", "1d 14:40", "hannah", "Offer for a second thermostat",
        "Hello,\n\nwhat would a second thermostat in the bedroom cost, with installation?\n\nHannah Lee",
        do("40m", "bob", "take"),
        ask("12m", "bob", "Hello Ms Lee,\n\nthat depends on the heating circuit. Could you send us the number on the manifold in your hallway cupboard?\n\nBob Meyer")),
)  # fmt: skip
