"""What the customers of the demo write: tenants, owners and firms of a property and appliance service, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True)
class Sample:
    """One mail of a customer; `more` are what the same customer writes afterwards in the same thread."""

    name: str
    address: str
    subject: str
    text: str
    more: tuple[str, ...] = ()
    file: str = ""


SAMPLES = (
    Sample("李伟", "li.wei@jinhu-garden.example", "昨天开始没有热水，12-3 室", "您好，\n\n锅炉显示 E4，昨天晚上开始没有热水。家里有老人，请尽快派人来看看。\n\n李伟\n138 0013 8000", ("补充一下：今天下午两点以后家里有人，门口对讲机坏了，到了请打电话。",), "锅炉照片.txt"),
    Sample("Dana Fox", "dana.fox@example.com", "No hot water since yesterday", "Hello,\n\nthe boiler shows E4 and there is no hot water. A note of the display is attached.\n\nThanks,\nDana", ("I pressed reset twice as the sticker says. It runs for a minute, then E4 again.", "Any news? We have two small children here."), "boiler.txt"),
    Sample("Ana Souza", "ana.souza@example.com", "Change the delivery address on order 88213", "Hi,\n\nplease send order 88213 to Rua Nova 12 instead.\n\nAna"),
    Sample("Kreuz GmbH", "buchhaltung@kreuz.example", "Invoice 2231 lacks the agreed discount", "Good morning,\n\ninvoice 2231 does not show the 8 % we agreed on in March. Please send a corrected one.\n\nM. Kreuz", (), "invoice-2231.txt"),
    Sample("王芳", "wang.fang@jinhu-garden.example", "投诉：维修人员没有按时到", "你好，\n\n约好上午十点上门，等到中午也没有人来，也没有电话。请给一个说法。\n\n王芳", ("刚刚师傅来电话说今天来不了了，请重新安排时间并回复我。",)),
    Sample("Tom Becker", "tom.becker@example.com", "Urgent: water is running down the wall", "It started an hour ago, flat 4-1. Please send somebody at once!\n\nTom Becker", ("I found the main valve and closed it. The wall is still wet and the light in the hall flickers.",)),
    Sample("陈静", "chen.jing@example.cn", "空调不制冷，漏水", "您好，\n\n客厅的空调（KFR-35）吹出来的风不凉，室内机一直滴水。地址：云锦路 18 号 3 栋 502。\n\n陈静"),
    Sample("Sarah Whitfield", "sarah@harbour-lettings.example", "Lift out of order, Harbour House", "Hello,\n\nthe lift in Harbour House has been standing still on the third floor since 7 this morning. Nobody is inside.\n\nSarah Whitfield\nHarbour Lettings", ("The engineer's code for the machine room is with the porter.",)),
    Sample("赵敏", "zhao.min@jinhu-garden.example", "物业费账单有误", "你好，\n\n十月份的物业费多收了一个车位的费用，我已经在八月退租了。请核对后退款。\n\n赵敏", (), "物业费账单.txt"),
    Sample("Priya Nair", "priya.nair@example.com", "Washing machine stops at minute 12", "Hi,\n\nmy new washing machine (WM-700) stops after 12 minutes and shows F05. It is six weeks old.\n\nPriya"),
    Sample("刘洋", "liu.yang@example.cn", "冰箱异响，想约周六检修", "您好，冰箱最近晚上响声很大，影响休息。周六上午可以上门吗？\n\n刘洋", ("周六上午如果约满了，周日全天也可以。",)),
    Sample("Oliver Grant", "oliver.grant@example.com", "When does my warranty end?", "Good evening,\n\nI bought the dishwasher DW-45 in spring last year. Is it still under warranty?\n\nOliver Grant"),
    Sample("孙丽", "sun.li@chenxing.example", "公司前台门禁失灵", "您好，\n\n晨星大厦 8 层前台的门禁刷卡没有反应，员工进不来，请今天处理。\n\n孙丽，晨星科技行政部", ("现在用备用钥匙开门，但是下班前必须修好。",)),
    Sample("Grace Okafor", "grace@harbour-lettings.example", "Three radiators stay cold", "Hello,\n\nflats 2, 5 and 9 in Quay Street report cold radiators. Can one visit cover all three?\n\nGrace Okafor"),
    Sample("周杰", "zhou.jie@example.cn", "热水器安装预约", "你好，我买的热水器明天送到，请帮我预约后天安装，地址：梧桐街 7 号 1 单元 301。\n\n周杰"),
    Sample("Daniel Moreau", "daniel.moreau@example.com", "Smell of gas in the stairwell", "There is a faint smell of gas on the ground floor of Mill Lane 3. I have opened the windows and called the gas company as well.\n\nDaniel Moreau"),
    Sample("吴昊", "wu.hao@chenxing.example", "请开具维修发票", "您好，\n\n上个月的中央空调保养还没有收到发票，请开专用发票，抬头见附件。\n\n吴昊", (), "开票信息.txt"),
    Sample("Hannah Lee", "hannah.lee@example.com", "Thank you, and one question", "Hello,\n\nthe technician yesterday was very friendly and quick. How often should the filter be changed?\n\nHannah"),
    Sample("郑爽", "zheng.shuang@example.cn", "楼上漏水到我家卫生间", "您好，\n\n卫生间天花板一直滴水，楼上没有人应门，请物业联系楼上业主。\n\n郑女士，5 栋 1102"),
    Sample("Marcus Hill", "facilities@northgate.example", "Quarterly service of 14 units", "Hello,\n\nplease propose dates for the quarterly service of our 14 air handling units at Northgate Park. List attached.\n\nMarcus Hill", ("The week after next suits us best, before eight in the morning.",), "units.txt"),
    Sample("黄磊", "huang.lei@example.cn", "取消明天的上门预约", "你好，洗衣机自己好了，明天的上门预约请帮我取消，谢谢。\n\n黄磊"),
    Sample("Emma Clarke", "emma.clarke@example.com", "Front door lock jams", "Hi,\n\nthe lock of the front door at Elm Court 6 jams every evening. Some tenants could not get in last night.\n\nEmma"),
    Sample("徐婷", "xu.ting@jinhu-garden.example", "地下车库照明不亮", "您好，B2 层东侧的灯全部不亮，晚上停车很不安全，请尽快维修。\n\n徐婷"),
    Sample("Peter Novak", "peter.novak@example.com", "Wrong part delivered", "Hello,\n\nI ordered a pump for the BX-20 and got one for the BX-12. How do I send it back?\n\nPeter Novak"),
)  # fmt: skip
