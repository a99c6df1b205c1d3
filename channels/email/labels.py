"""Names of character sets: the WHATWG table of labels, and the ones that only mail uses, mapped to Python's codecs."""

from __future__ import annotations

import re

# WHATWG Encoding Standard, section 4.2: canonical codec, then its labels. Where Python's codec of that name knows less
# than browsers do, the wider one stands here (cp932 for shift_jis, gb18030 for gbk, cp949 for euc-kr, cp125x for latin).
_TABLE = """
utf-8: unicode-1-1-utf-8 unicode11utf8 unicode20utf8 utf-8 utf8 x-unicode20utf8 utf-8-sig utf8mb4 cp65001 65001 utf_8
cp866: 866 cp866 csibm866 ibm866
iso8859-2: csisolatin2 iso-8859-2 iso-ir-101 iso8859-2 iso88592 iso_8859-2 iso_8859-2:1987 l2 latin2
iso8859-3: csisolatin3 iso-8859-3 iso-ir-109 iso8859-3 iso88593 iso_8859-3 iso_8859-3:1988 l3 latin3
iso8859-4: csisolatin4 iso-8859-4 iso-ir-110 iso8859-4 iso88594 iso_8859-4 iso_8859-4:1988 l4 latin4
iso8859-5: csisolatincyrillic cyrillic iso-8859-5 iso-ir-144 iso8859-5 iso88595 iso_8859-5 iso_8859-5:1988
iso8859-6: arabic asmo-708 csiso88596e csiso88596i csisolatinarabic ecma-114 iso-8859-6 iso-8859-6-e iso-8859-6-i
 iso-ir-127 iso8859-6 iso88596 iso_8859-6 iso_8859-6:1987
iso8859-7: csisolatingreek ecma-118 elot_928 greek greek8 iso-8859-7 iso-ir-126 iso8859-7 iso88597 iso_8859-7
 iso_8859-7:1987 sun_eu_greek
iso8859-8: csiso88598e csisolatinhebrew hebrew iso-8859-8 iso-8859-8-e iso-ir-138 iso8859-8 iso88598 iso_8859-8
 iso_8859-8:1988 visual csiso88598i iso-8859-8-i logical
iso8859-10: csisolatin6 iso-8859-10 iso-ir-157 iso8859-10 iso885910 l6 latin6
iso8859-13: iso-8859-13 iso8859-13 iso885913
iso8859-14: iso-8859-14 iso8859-14 iso885914
iso8859-15: csisolatin9 iso-8859-15 iso8859-15 iso885915 iso_8859-15 l9 latin9 latin-9
iso8859-16: iso-8859-16 iso8859-16 iso885916
koi8-r: cskoi8r koi koi8 koi8-r koi8_r
koi8-u: koi8-ru koi8-u
mac-roman: csmacintosh mac macintosh x-mac-roman
cp874: dos-874 iso-8859-11 iso8859-11 iso885911 tis-620 windows-874 cp874
cp1250: cp1250 windows-1250 x-cp1250
cp1251: cp1251 windows-1251 x-cp1251 win-1251 win1251
cp1252: ansi_x3.4-1968 ascii cp1252 cp819 csisolatin1 ibm819 iso-8859-1 iso-ir-100 iso8859-1 iso88591 iso_8859-1
 iso_8859-1:1987 l1 latin1 us-ascii windows-1252 x-cp1252 latin-1 ansi us_ascii 7bit-ascii ansi_x3.110-1983
cp1253: cp1253 windows-1253 x-cp1253
cp1254: cp1254 csisolatin5 iso-8859-9 iso-ir-148 iso8859-9 iso88599 iso_8859-9 iso_8859-9:1989 l5 latin5 windows-1254
 x-cp1254
cp1255: cp1255 windows-1255 x-cp1255
cp1256: cp1256 windows-1256 x-cp1256
cp1257: cp1257 windows-1257 x-cp1257
cp1258: cp1258 windows-1258 x-cp1258
mac-cyrillic: x-mac-cyrillic x-mac-ukrainian
gb18030: chinese csgb2312 csiso58gb231280 gb2312 gb_2312 gb_2312-80 gbk iso-ir-58 x-gbk gb18030 cp936 ms936 936 gb-2312
 gb2312-80 windows-936 euc-cn x-euc-cn gb18030-2000 gb18030-2022 gb2312_charset
hz: hz-gb-2312 hz
big5: big5 big5-hkscs cn-big5 csbig5 x-x-big5 cp950 big5hkscs 950 big-5 chinesebig5
euc-jp: cseucpkdfmtjapanese euc-jp x-euc-jp eucjp ujis euc_jp
iso-2022-jp: csiso2022jp iso-2022-jp iso-2022-jp-1 iso-2022-jp-2 iso-2022-jp-3 iso-2022-jp-ms iso-2022-jp-2004 cp50220
 cp50221 cp50222 csiso2022jp2 iso2022jp jis jis_encoding csjisencoding
cp932: csshiftjis ms932 ms_kanji shift-jis shift_jis sjis windows-31j x-sjis cp932 932 x-ms-cp932 shift_jisx0213
cp949: cseuckr csksc56011987 euc-kr iso-ir-149 korean ks_c_5601-1987 ks_c_5601-1989 ksc5601 ksc_5601 windows-949 cp949
 ks_c_5601 euckr uhc 949
iso2022-kr: csiso2022kr iso-2022-kr
utf-16-be: unicodefffe utf-16be
utf-16-le: csunicode iso-10646-ucs-2 ucs-2 unicode unicodefeff utf-16 utf-16le
utf-32: utf-32 utf-32le utf-32be ucs-4
utf-7: utf-7 unicode-1-1-utf-7 csunicode11utf7 x-unicode-2-0-utf-7 utf7
"""

# Old code pages that Python knows by the same name; WHATWG does not, mail of old machines does.
_ALSO = (
    "cp037 cp437 cp500 cp737 cp775 cp850 cp852 cp855 cp857 cp858 cp860 cp861 cp862 cp863 cp864 cp865 cp869 cp1125 cp1140 "
    "mac-latin2 mac-greek mac-turkish mac-iceland koi8-t kz1048 ptcp154 johab"
)
_PREFIXED = re.compile(r"(?:x-)?(?:ibm|cp|windows|win|dos|ms)[-_]?0*(\d{2,5})(?:$|[^\d])")


def _build() -> dict[str, str]:
    labels: dict[str, str] = {}
    for line in _TABLE.replace("\n ", " ").strip().splitlines():
        codec, _, names = line.partition(": ")
        labels.update(dict.fromkeys([*names.split(), codec], codec))
    labels.update({name: name for name in _ALSO.split()})
    return labels


LABELS = _build()


def codec_of(label: str) -> str | None:
    """The codec for a charset label as found in mail, or None when nobody knows it.

    Quotes, blanks and what follows a `;` or `,` are ignored, as is letter case.
    """
    label = re.split(r"[;,\s]", label.strip("\"' \t\r\n<>").lower()[:80], maxsplit=1)[0].strip("\"'")
    found = LABELS.get(label) or LABELS.get(label.replace("_", "-"))
    if found:
        return found
    if page := _PREFIXED.match(label):
        return LABELS.get("cp" + page[1]) or LABELS.get("windows-" + page[1]) or LABELS.get(page[1])
    return LABELS.get(label.removeprefix("x-").removeprefix("charset="))
