"""Which character set do these bytes have, when no label can be believed: score the text each candidate would give."""

from __future__ import annotations

from itertools import pairwise

_SAMPLE = 4096
_CANDIDATES = ("gb18030", "big5", "cp932", "euc-jp", "cp949", "cp1252", "cp1251", "koi8-r")
_FAVOUR = 0.3

# The characters that make up most of any Chinese text, simplified and traditional.
_SIMPLIFIED = frozenset(
    "的一是不了在人有我他这个们中来上大为和国地到以说时要就出会可也你对生能而子那得于着下自之年过发后作里用道行所然家种事"
    "成方多经么去法学如都同现当没动面起看定天分还进好小部其些主样理心她本前开但因只从想实日军者意无力它与长把机十民第公此"
    "已工使情明性知全三又关点正业外将两高间由问很最重并物手应战向头文体政美相见被利什二等产或新己制身果加西斯月话合回特代"
    "内信表化老给世位次度门任常先海通教儿原东声提立及比员解水名真论处走义各入几口认条平系气题活尔更别打女变四神总何电数安"
    "少报才结反受目太量再感建务做接必场件计管期市直德资命山金指克许统区保至队形社便空决治展马科司五基眼书非则听白却界达光"
    "放强即像难且权思王象完设式色路记南品住告类求据程北边死张该交规万取拉格望觉术领共确传师观清今切院让识候带导争运您请订"
    "单退款谢号码客服邮维修测试价货送京附收试"
)
_TRADITIONAL = frozenset(
    "的一是不了在人有我他這個們中來上大為和國地到以說時要就出會可也你對生能而子那得於著下自之年過發後作裡用道行所然家種事"
    "成方多經麼去法學如都同現當沒動面起看定天分還進好小部其些主樣理心她本前開但因只從想實日軍者意無力它與長把機十民第公此"
    "已工使情明性知全三又關點正業外將兩高間由問很最重並物手應戰向頭文體政美相見被利什二等產或新己制身果加西斯月話合回特代"
    "內信表化老給世位次度門任常先海通教兒原東聲提立及比員解水名真論處走義各入幾口認條平系氣題活爾更別打女變四神總何電數安"
    "少報才結反受目太量再感建務做接必場件計管期市直德資命山金指克許統區保至隊形社便空決治展馬科司五基眼書非則聽白卻界達光"
    "放強即像難且權思王象完設式色路記南品住告類求據程北邊死張該交規萬取拉格望覺術領共確傳師觀清今切院讓識候帶導爭運您請訂"
    "單退款謝號碼客服郵維修測試價貨送灣附收"
)
_SYLLABLES = frozenset(
    "이다는을를가의에한고하지로사기어은도나리자시아그인서대있것일수해안정만여보들라전우부상성주제장과원요면구화조동무문비오공물생실신마미스위모소"
    "간거저심방경연관발차진중행감세선영유예용내금계니습까녕품착직않았었했합됩입될된되할함께님메송배불결답변확드려십세여러분번호고객센터바랍통체"
    "달날말살팔말개게네데레세제계배왔왜외후회최소초도록때문으므로와워월날짜김박최강조윤임오신권황송류홍"
)
_ACCENTED = frozenset("àâäáãåçéèêëíìîïñóòôöõúùûüÿßæœøýðþÀÂÄÁÃÅÇÉÈÊËÍÎÏÑÓÔÖÕÚÙÛÜØÆ")
_SIGNS = frozenset("“”‘’‚„–—…€£©®°«»¿¡§·•´\xa0™½¼²³ª⁰º×")


def detect(data: bytes, *, favourite: str = "", among: tuple[str, ...] = _CANDIDATES) -> str:
    """The most likely codec of `data`, which holds 8-bit bytes and is not UTF-8. `favourite` wins when it is close."""
    sample = _sample(data)
    best, best_score = favourite or "cp1252", -9.0
    order = among if favourite in {"", *among} else (favourite, *among)
    for codec in order:
        score = _score(sample, codec) + (_FAVOUR if codec == favourite else 0.0)
        if score > best_score:
            best, best_score = codec, score
    return best


def _sample(data: bytes) -> bytes:
    """The lines that hold 8-bit bytes, up to the sample's size, cut where no character is cut."""
    lines: list[bytes] = []
    size = 0
    for line in data[: 64 * _SAMPLE].splitlines(keepends=True):
        if line.isascii():
            continue
        lines.append(line[:_SAMPLE])
        size += len(line)
        if size >= _SAMPLE:
            break
    return b"".join(lines)[: 2 * _SAMPLE]


def _score(sample: bytes, codec: str) -> float:
    """About 1 for text that people write, about 0 for any text, below 0 for broken bytes."""
    text = sample.decode({"big5": "cp950", "cp949": "euc_kr"}.get(codec, codec), "replace")
    strange = [letter for letter in text if letter > "\x7f"][:1000]
    if not strange:
        return -1.0
    good = _RATING.get(codec, _rate_latin)(text, strange)
    return (good - 3 * strange.count("\ufffd")) / len(strange)


def _is_sign(letter: str) -> bool:
    """Full-width punctuation and letters, circled numbers, company signs."""
    return (
        "\u3000" <= letter <= "\u3011"
        or "\uff01" <= letter <= "\uff5e"
        or "\u2460" <= letter <= "\u2473"
        or letter in "㈱№℃※"
    )


def _rate_chinese(strange: list[str], common: frozenset[str]) -> float:
    good = 0.0
    for letter in strange:
        if letter in common:
            good += 1.2
        elif _is_sign(letter) or letter in _SIGNS:
            good += 0.8
        elif "\u4e00" <= letter <= "\u9fff":
            good += 0.35
        else:
            good -= 0.6
    return good


def _rate_japanese(_text: str, strange: list[str]) -> float:
    good = 0.0
    for letter in strange:
        if "\u3041" <= letter <= "\u30fe":
            good += 1.25
        elif _is_sign(letter):
            good += 0.8
        elif "\u4e00" <= letter <= "\u9fff":
            good += 0.35
        elif "\uff61" <= letter <= "\uff9f":
            good -= 0.3
        else:
            good -= 0.6
    return good


def _rate_korean(_text: str, strange: list[str]) -> float:
    return sum(
        1.1 if letter in _SYLLABLES else 0.5 if "\uac00" <= letter <= "\ud7a3" else 0.3 if _is_sign(letter) else -0.5
        for letter in strange
    )


def _rate_latin(text: str, strange: list[str]) -> float:
    """Accents stand alone among ASCII letters; where most of them stand side by side it is no Latin text."""
    known = sum(letter in _ACCENTED or letter in _SIGNS for letter in strange)
    pairs = sum(one in _ACCENTED and two in _ACCENTED for one, two in pairwise(text))
    return 0.9 * known - 1.5 * pairs - 0.8 * (len(strange) - known)


def _rate_cyrillic(text: str, strange: list[str]) -> float:
    """A wrong Cyrillic table turns the case of letters around; and no word mixes scripts."""
    mixed = sum((one > "\x7f") != (two > "\x7f") and one.isalpha() and two.isalpha() for one, two in pairwise(text))
    return sum(0.95 if "а" <= letter <= "ё" else 0.3 if "А" <= letter <= "Я" else -0.6 for letter in strange) - mixed


_RATING = {
    "gb18030": lambda _text, strange: _rate_chinese(strange, _SIMPLIFIED),
    "big5": lambda _text, strange: _rate_chinese(strange, _TRADITIONAL),
    "cp932": _rate_japanese,
    "euc-jp": _rate_japanese,
    "cp949": _rate_korean,
    "cp1251": _rate_cyrillic,
    "koi8-r": _rate_cyrillic,
}
