"""Three long conversations of thirty messages and more, with notes between colleagues and work orders along the way."""

from __future__ import annotations

from app.cli.demo.telling import accept, dispatch, do, done, good, story, talk

STORIES = (
    story("units_marcus", "8d 09:10", "marcus", "Quarterly service of 14 units",
        "Hello,\n\nplease propose dates for the quarterly service of our 14 air handling units at Northgate Park. List attached.\n\nMarcus Hill\nNorthgate Park Management",
        do("25m", "alice", "take"),
        do("3m", "alice", "fields", building="Northgate Park", appliance="aircon"),
        do("2m", "alice", "tag", "service contract, Northgate"),
        *talk("""
+20m alice
Hello Mr Hill,

thank you for the list. We could come in the week after next, three days in a row. Is there a time of day at which the units may stand still?

Alice Chen
+3h customer
The week after next suits us. Before eight in the morning, please: the offices open at half past eight.
+35m alice note
@charlie 14 units, before eight only. How many can two people do in one morning?
+1h20m charlie note
Five, if the filters are on site. So three mornings. The F9 filters for the basement have to be ordered, four days.
+15m alice
With two technicians we need three mornings, Tuesday to Thursday, from five to eight. The filters are included; the F9 filters for the basement are ordered today.

Alice Chen
+2h customer
Tuesday does not work: the sprinkler test is on that day. Wednesday to Friday?
+40m alice note
@charlie Wednesday to Friday instead of Tuesday to Thursday, all right?
+30m charlie note
Fine. Friday only with one van.
+10m alice
Wednesday to Friday is reserved for you. On Friday there will be one van, which is enough for the last four units.

Alice Chen
+18h customer
Good. Who do your people report to at five in the morning? The gate is closed then.
+25m alice
Could your security let them in? I can send you names and number plates the day before.

Alice Chen
+1h customer
Security needs names, plates and a copy of the identity cards 48 hours ahead. Sorry, that is the rule of the site.
+50m alice note
@charlie they want copies of the identity cards. Is that all right for the two of you?
+2h charlie note
Names and plates yes. Identity cards we show at the gate, copies we do not hand out. We had that two years ago with another site.
+20m alice
Names and plates you get on Monday. Our technicians gladly show their identity cards at the gate, but for reasons of data protection we do not send copies. Would that do?

Alice Chen
+4h customer
I had to ask our data protection officer. Showing them is fine.
+15m alice
Thank you for settling that so quickly. You get the list on Monday before noon.

Alice Chen
+20h customer
One more thing: AHU-03 in the basement has been making a noise since yesterday. Could you look at it earlier than the others?
"""),
        dispatch("30m", "alice", "AHU-03 Northgate Park makes a noise", "Basement, ahead of the quarterly service. Register with security on the day.", urgency="high"),
        accept("25m", "charlie"),
        *talk("""
+10m alice
We look at AHU-03 tomorrow morning. Would you register Charlie Wu with security, number plate RB 4471?

Alice Chen
+50m customer
Registered, gate 2.
"""),
        done("19h", "charlie", "AHU-03: belt pulley loose, tightened; bearing of the fan is at its end, replaced next week with the service.", hours="1.5"),
        good("25m", "alice"),
        *talk("""
+10m alice
AHU-03 is quiet again: the belt pulley was loose. The bearing of the fan is worn, we replace it together with the service so that nobody has to come twice.

Alice Chen
+2h customer
Very good. Is the bearing part of the contract, or do you need an order from us?
+30m alice note
@erin is a fan bearing covered by the Northgate contract?
+1h10m erin note
Wear parts up to 250 are included, the bearing is 180. No order needed, but invoices for them only with a PO number, see the warning.
+15m alice
It is part of the contract, no order needed.

Alice Chen
+5h customer
Perfect. Could we have the service reports as one PDF per unit this time, with the unit number in the file name? Our auditors want that.
+45m alice
Yes, one PDF for each unit, named AHU-01 to AHU-14.

Alice Chen
+3h customer
Great. And please a short summary for the tenants that there may be noise before eight.
+1h alice
Here is a text for your notice board: "On Wednesday to Friday, from 5 to 8 a.m., the air handling units are serviced. Short noises and a standstill of the ventilation are possible." Would that do?

Alice Chen
+40m customer
That is exactly what we need. Thank you.
+15m alice note
Names and plates go out on Monday before noon, then I dispatch the three mornings.
-3h customer
Thank you also for the quick help with AHU-03, it is still quiet.
"""), files=("units.csv",)),
    story("noise_ma", "7d 13:20", "ma_lin", "电梯夜间噪音，多户业主反映",
        "您好，\n\n1 号楼东侧电梯夜间运行噪音大，顶楼三户业主多次反映影响睡眠，请安排检测。\n\n马琳 云锦物业服务中心",
        do("30m", "bob", "take"),
        do("3m", "bob", "fields", building="1 号楼东侧", appliance="lift"),
        do("2m", "bob", "tag", "噪音, 电梯"),
        *talk("""
+15m bob
马经理，您好！

请问噪音是持续的还是停靠时才有？大概几点最明显？

客服中心 Bob Meyer
+1h customer
停靠和启动的时候最明显，像是“咚”的一声，晚上十一点以后特别清楚。
+20m bob note
@charlie 听描述像抱闸或者导靴的问题，先派人听一下？
+50m charlie note
可以，明天上午。夜间噪音最好再做一次夜测，白天环境声大。
+10m bob
明天上午先派师傅检查机房和导轨，之后安排一次夜间检测。请物业提供机房钥匙。

客服中心 Bob Meyer
+30m customer
钥匙在监控室，24 小时有人。
"""),
        dispatch("10m", "bob", "1 号楼东侧电梯异响检查", "停靠、启动时有撞击声，机房钥匙在监控室。"),
        accept("30m", "charlie"),
        done("17h", "charlie", "抱闸间隙偏大，已调整；轿厢导靴磨损，需要更换（配件三天到货）。", outcome="partly", hours="2"),
        good("30m", "bob"),
        *talk("""
+10m bob
抱闸已调整，噪音应该明显减小。导靴磨损需要更换，配件三天后到货，到货后马上安排。

客服中心 Bob Meyer
+20h customer
昨晚顶楼业主说好一些，但还是能听到。
+25m bob
收到。导靴更换之后我们再做夜测，请您先告诉我哪几户可以配合入户测量。

客服中心 Bob Meyer
+3h customer
1801 和 1803 愿意配合，1802 家里有婴儿，希望不要进门。
+15m bob note
夜测只进 1801 和 1803，1802 有婴儿，不要敲门。
+2h customer
另外业委会问，如果测出来超标，费用谁承担？
+40m bob note
@mona 夜间噪音检测的费用，合同里有没有约定？
+1h30m mona note
维保合同第 9 条：检测费由我方承担，整改超出维保范围的部分另行报价。可以这样答复。
+10m bob
检测费由我们承担。如果整改内容超出维保合同范围，会先提供报价，业委会同意后再施工。

客服中心 Bob Meyer
+50m customer
好的，我转告业委会。
+18h customer
业委会同意。另外他们希望检测报告盖章。
+20m bob
没问题，报告会加盖检测章，一式两份。

客服中心 Bob Meyer
+2h bob note
导靴今天到货，charlie 明早更换，晚上十一点夜测。
+15m bob
配件今天到货，明天上午更换导靴，期间停梯约两小时；当晚十一点进行夜测。请张贴通知。

客服中心 Bob Meyer
+1h customer
通知已贴。停梯时间可以安排在九点半以后吗？避开上班高峰。
+10m bob
可以，改为九点半至十一点半。

客服中心 Bob Meyer
"""),
        dispatch("15m", "bob", "更换导靴并做夜间噪音检测", "停梯 9:30—11:30；23:00 夜测，入户 1801、1803，不要打扰 1802。", urgency="high"),
        accept("25m", "charlie"),
        *talk("""
+3h customer
1801 业主今晚临时有事，改成 1804 可以吗？
+15m bob
可以，1804 在同一侧，测点位置一样。

客服中心 Bob Meyer
+10m bob note
@charlie 夜测改为 1803 和 1804。
+30m charlie note
收到。
+1h customer
好的，辛苦了。请问报告什么时候能出？
+20m bob
夜测后两个工作日内出具盖章报告，届时发送电子版，纸质版送到物业办公室。

客服中心 Bob Meyer
+40m customer
谢谢，我在业主群里通知一下。
-45m bob
马经理，夜测数据已整理，白天复核一遍后出报告，盖章后先发电子版给您。

客服中心 Bob Meyer
""")),
    story("bath_ana", "8d 09:50", "ana", "Mould in the bathroom after the pipe repair",
        "Hello,\n\nsince the pipe in our bathroom was repaired in October there is mould behind the tiles, and the joint is broken in two places. I have two small children and I am worried.\n\nAna Souza\nQuay Street 12, flat 3\n+1 202 555 0171",
        do("25m", "bob", "take"),
        do("3m", "bob", "fields", building="Quay Street 12, flat 3"),
        do("2m", "bob", "tag", "mould, water damage"),
        *talk("""
+10m bob
Hello Ms Souza,

thank you for writing straight away. Could you send us two photos, and tell us whether the wall feels damp?

Bob Meyer
+2h customer
Photos follow this evening. The wall is damp up to my knee, and it smells.
+20m bob note
Pipe repair of 9 October, work order closed with photos. @charlie was the wall dried before the tiles went on?
+1h charlie note
We dried for three days and measured 4 %. It was done according to the rules, but it was an outside wall in autumn. I would measure again.
+15m bob
A colleague measures the moisture in the wall tomorrow. Until then please air for ten minutes, three times a day, and leave the door of the bathroom open.

Bob Meyer
"""),
        dispatch("10m", "bob", "Measure moisture, bathroom wall", "Quay Street 12, flat 3. Photos of every point of measurement, please.", urgency="high"),
        accept("20m", "charlie"),
        *talk("""
+5h customer
Here is the first photo, the second is too large for my phone.
+16h customer
When exactly does your colleague come? I have to leave at eleven.
+10m bob
Between nine and ten, he calls half an hour before.

Bob Meyer
"""),
        done("3h", "charlie", "9 % at 20 cm, 6 % at 60 cm. The joint at the tub is open, water runs behind the tiles. Not the pipe: that is tight under pressure.", hours="1"),
        good("15m", "bob"),
        *talk("""
+10m bob
The pipe is tight. Water runs behind the tiles through the open joint at the tub; that is why the wall is damp. We renew the joint and set up a dryer.

Bob Meyer
+1h customer
So who pays for that? The joint was made by you in October.
+30m bob note
@mona the joint was ours. Guarantee?
+45m mona note
Yes, guarantee. Dryer included, electricity for the dryer as well: note the meter reading before and after.
+10m bob
It is our guarantee, you pay nothing. We also refund the electricity of the dryer: please note the meter reading on the day it is set up.

Bob Meyer
+2h customer
Thank you, that is fair. How long does the dryer run? It is loud, I suppose.
+25m bob
About ten days, day and night at first. From the third day on you may switch it off from ten in the evening to six in the morning.

Bob Meyer
+18h customer
With two children in the next room that will be hard. Is there a quieter one?
+35m bob note
@charlie do we have the quiet dryer with the hose, so that the machine can stand in the hall?
+50m charlie note
Yes, from Thursday on. The hose is six metres, that reaches.
+10m bob
From Thursday we have one with a hose, the machine stands in the stairwell then. You only hear the air.

Bob Meyer
+1h customer
Thursday is fine. Do we have to move out of the bathroom?
+15m bob
No, you can use it, except the tub until the new joint has cured, about 24 hours.

Bob Meyer
+4h customer
All right. And the mould itself? Is it dangerous for the children?
+40m bob
The area is small. We remove it with the tiles that have to come off, and send you the result of the air measurement afterwards. Please keep the children out of the bathroom while we work.

Bob Meyer
"""),
        dispatch("10m", "bob", "Dryer with hose, remove mould, renew the joint", "Guarantee. Machine in the stairwell, hose 6 m. Meter reading before and after.", urgency="high"),
        accept("20m", "charlie"),
        *talk("""
+30m bob
Everything is dispatched for Thursday at eight: dryer, mould and joint. I write to you on Wednesday to confirm.

Bob Meyer
+1h customer
Thank you, Mr Meyer. It is good to have one person who answers.
+5m bob note
Promised: a mail on Wednesday to confirm Thursday.
-1h10m bob
Hello Ms Souza,

a short word in between: the dryer with the hose is reserved for you, it stays at Thursday, eight o'clock.

Bob Meyer
""")),
)  # fmt: skip
