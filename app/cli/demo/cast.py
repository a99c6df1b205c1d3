"""The customers of the demo: tenants, owners and firms whom a property and appliance service looks after, in English and Chinese."""

from __future__ import annotations

from dataclasses import dataclass

SUPPORT = "support@ringback.test"
EMERGENCY = "emergency@ringback.test"
BILLING = "billing@ringback.test"
TEXTS = "+442079460100"


@dataclass(frozen=True, slots=True)
class Firm:
    """An organization; who writes from one of its domains belongs to it."""

    name: str
    domain: str
    tier: str = ""
    warning: str = ""


@dataclass(frozen=True, slots=True)
class Customer:
    """A person who writes. What is kept by hand (zone, tier, warning, other addresses) makes a contact before they write."""

    name: str
    address: str
    language: str = "en"
    timezone: str = ""
    tier: str = ""
    warning: str = ""
    points: tuple[tuple[str, str], ...] = ()

    @property
    def is_kept(self) -> bool:
        """Tell whether colleagues have written down more than what a mail says."""
        return bool(self.timezone or self.tier or self.warning or self.points)


FIRMS = (
    Firm("Harbour Lettings Ltd", "harbour-lettings.test", "gold"),
    Firm("Northgate Park Management", "northgate.test", "platinum", "Invoices only with a purchase order number."),
    Firm("Kreuz GmbH", "kreuz.test"),
    Firm("金湖花园业主委员会", "jinhu-garden.test", "gold"),
    Firm("晨星科技有限公司", "chenxing.test", "platinum", "前台门禁故障须两小时内到场。"),
    Firm("云锦物业服务中心", "yunjin.test"),
)
PEOPLE = {
    # English
    "dana": Customer("Dana Fox", "dana.fox@example.com", "en", "Europe/London", points=(("voice", "+442079460112"), ("sms", "+442079460112"))),
    "dana_work": Customer("Dana Fox", "d.fox@northgate.test", "en"),
    "sarah": Customer("Sarah Whitfield", "sarah@harbour-lettings.test", "en", "Europe/London", points=(("voice", "+442079460140"), ("email", "s.whitfield@harbour-lettings.test"))),
    "grace": Customer("Grace Okafor", "grace@harbour-lettings.test", "en", "Europe/London"),
    "marcus": Customer("Marcus Hill", "facilities@northgate.test", "en", "America/New_York", points=(("voice", "+12025550143"),)),
    "kreuz": Customer("Martina Kreuz", "buchhaltung@kreuz.test", "en", "Europe/Berlin"),
    "tom": Customer("Tom Becker", "tom.becker@example.com", "en", "Europe/Berlin", warning="Hard of hearing: please write, do not call."),
    "priya": Customer("Priya Nair", "priya.nair@example.com", "en", "Asia/Kolkata"),
    "ana": Customer("Ana Souza", "ana.souza@example.com", "en", "Europe/Lisbon", points=(("voice", "+12025550171"),)),
    "oliver": Customer("Oliver Grant", "oliver.grant@example.com"),
    "emma": Customer("Emma Clarke", "emma.clarke@example.com"),
    "daniel": Customer("Daniel Moreau", "daniel.moreau@example.com", "en", "Europe/Paris"),
    "hannah": Customer("Hannah Lee", "hannah.lee@example.com"),
    "peter": Customer("Peter Novak", "peter.novak@example.com"),
    "lucia": Customer("Lucía Ferrer", "lucia.ferrer@example.org"),
    "james": Customer("James Whitlock", "james.whitlock@example.net", "en", "Europe/London", warning="Two payments returned this year: confirm the price before any visit."),
    "amara": Customer("Amara Diallo", "amara.diallo@example.org"),
    "noah": Customer("Noah Fischer", "noah.fischer@example.com"),
    "ruth": Customer("Ruth Adler", "ruth.adler@example.net"),
    "ben": Customer("Ben Carter", "ben.carter@example.com"),
    "sofia": Customer("Sofia Rossi", "sofia.rossi@example.org"),
    "liam": Customer("Liam Byrne", "liam.byrne@example.net"),
    "meera": Customer("Meera Joshi", "meera.joshi@example.com"),
    "victor": Customer("Victor Lindqvist", "victor.lindqvist@example.org"),
    # Chinese
    "li_wei": Customer("李伟", "li.wei@jinhu-garden.test", "zh-CN", "Asia/Shanghai", points=(("voice", "+8657155500112"), ("sms", "+8657155500112"))),
    "wang_fang": Customer("王芳", "wang.fang@jinhu-garden.test", "zh-CN", "Asia/Shanghai", warning="多次投诉上门不准时，预约后请短信确认。"),
    "zhao_min": Customer("赵敏", "zhao.min@jinhu-garden.test", "zh-CN"),
    "xu_ting": Customer("徐婷", "xu.ting@jinhu-garden.test", "zh-CN"),
    "sun_li": Customer("孙丽", "sun.li@chenxing.test", "zh-CN", "Asia/Shanghai", points=(("voice", "+8657155500138"),)),
    "wu_hao": Customer("吴昊", "wu.hao@chenxing.test", "zh-CN"),
    "chen_jing": Customer("陈静", "chen.jing@example.net", "zh-CN"),
    "liu_yang": Customer("刘洋", "liu.yang@example.org", "zh-CN"),
    "zhou_jie": Customer("周杰", "zhou.jie@example.com", "zh-CN"),
    "zheng": Customer("郑爽", "zheng.shuang@example.net", "zh-CN"),
    "huang_lei": Customer("黄磊", "huang.lei@example.org", "zh-CN"),
    "ma_lin": Customer("马琳", "ma.lin@yunjin.test", "zh-CN"),
    "he_qiang": Customer("何强", "he.qiang@yunjin.test", "zh-CN"),
    "lin_yue": Customer("林悦", "lin.yue@example.com", "zh-CN"),
    "gao_ming": Customer("高明", "gao.ming@example.net", "zh-CN", points=(("sms", "+8613800138000"),)),
    "tang": Customer("唐晓燕", "tang.xiaoyan@example.org", "zh-CN"),
    "deng": Customer("邓超群", "deng.chaoqun@example.com", "zh-CN"),
    "feng": Customer("冯雪", "feng.xue@example.net", "zh-CN"),
}  # fmt: skip
