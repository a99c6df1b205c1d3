"""Cheap questions asked before the regular expressions of `words`: a line that answers no cannot match them.

Nearly all lines of a mail are plain text. Each answer here costs a comparison or two; a yes only means that the regular
expression has to be asked. Whoever adds a word to `words` adds how it begins or ends here; tests compare the two.
"""

from __future__ import annotations

_ODD = (
    "\xa0", "\u200b", "\u200e", "\u200f", "\u202a", "\u202b", "\u202c", "\u202d", "\u202e", "\u2066", "\u2067", "\u2068",
    "\u2069", "\u3000",
)  # fmt: skip
# Blanks of other widths, and signs that nobody sees.
_PLAIN = str.maketrans("\xa0", " ", "".join(_ODD[1:]))

DASHES = frozenset("-_=*~—–─━")
_WORDS_OF_FORWARD = "be fo an we dé me in do vi vä пе на pr wi př to il 转发 转 轉寄 轉 以下 転送 전달"
_FORWARD = frozenset(word[:2] for word in _WORDS_OF_FORWARD.split())
_FORWARD_ONE = frozenset("转轉")
_ABOVE = (
    "bove",
    "BOVE",
    "eile",
    "EILE",
    "ligne",
    "LIGNE",
    "línea",
    "LÍNEA",
    "linha",
    "LINHA",
    "此行",
    "上方",
    "此线",
    "より上に",
)

_CLOSING = frozenset(":：>)]")
_WORDS_OF_VERB_ENDS = (
    "ote tes aid ten ing rit vit ait bió bio bía bia ito veu ram tto sse ive sał ała sze sal ala сал ала шет tti ris rta "
    "zdı zdi αψε iết lis rev ieb ben ven eef sao сав ише ašė īja tas ure"
)
_VERB_ENDS = frozenset((*_WORDS_OF_VERB_ENDS.split(), " je"))
_VERB_LAST_SIGNS = frozenset("道到说信写ルた成성다นาبבהジ")

_WORDS_OF_PHONES = "sen get thi env tél obt von mit ges die hol lad inv ott sca ver out dow ski läh häm hen отп wys ode над pos odo elk tri fro yah"
_PHONES = frozenset(_WORDS_OF_PHONES.split())
_PHONES_FIRST = frozenset("发發来來从從寄由獲获取下나签傳")
_PHONES_LAST = frozenset("信た送냄iIİ")
_BEFORE_PHONES = " \t\xa0\u3000*_([<—–-"
_AFTER_PHONES = " \t\xa0\u3000*_.)]>!—–-"


def has(text: str, signs: tuple[str, ...]) -> bool:
    """Whether any of the signs stands in `text`. As fast as memory for a handful of signs, unlike a regular expression."""
    return any(sign in text for sign in signs)


def plain(lines: list[str], text: str) -> list[str]:
    """The lines with blanks that are blanks, and without signs that nobody sees. `text` is where they come from."""
    if text.isascii():
        return [line.replace("&nbsp;", " ") for line in lines] if "&nbsp;" in text else lines
    if not has(text, _ODD) and "&nbsp;" not in text:
        return lines
    return [line.replace("&nbsp;", " ").translate(_PLAIN) for line in lines]


def may_ask_above(text: str) -> bool:
    """Whether `words.REPLY_ABOVE` could be found in a line of this text."""
    return has(text, _ABOVE)


def may_forward(bare: str) -> bool:
    """Whether `words.FORWARD` could match a line with this beginning."""
    return bare[0] in DASHES or bare[0] in _FORWARD_ONE or bare[:2].lower() in _FORWARD


def may_close(line: str) -> bool:
    """Whether an attribution could end here: with a sign, or with what could be a verb of `words.VERB_LAST`."""
    last = line[-1]
    if last in _CLOSING:
        return True
    core = line.rstrip() if last.isspace() else line
    if last in ".…":
        core = core.rstrip(".…").rstrip()
    return bool(core) and (core[-1] in _VERB_LAST_SIGNS or core[-3:].lower() in _VERB_ENDS)


def is_closed(line: str) -> bool:
    """Whether the line ends with a sign that closes an attribution."""
    return line[-1] in _CLOSING


def may_be_phone(line: str) -> bool:
    """Whether `words.MOBILE` could match this line."""
    lead = line.lstrip(_BEFORE_PHONES)[:3].lower()
    if lead in _PHONES or lead[:1] in _PHONES_FIRST:
        return True
    return not line.isascii() and line.rstrip(_AFTER_PHONES)[-1:] in _PHONES_LAST
