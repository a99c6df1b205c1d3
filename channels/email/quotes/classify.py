"""What each line of a mail is: new text, a quote, or one of the lines by which a client announces its quote."""

from __future__ import annotations

import re
from dataclasses import dataclass
from itertools import pairwise

from channels.email.htmltext import ATTRIBUTION, CUT, END, INDENT, QUOTE, RULE
from channels.email.quotes import sieve, words

TEXT, EMPTY, QUOTED, ATTRIBUTED, CUTS, FORWARDED, INDENTED = "t", "e", "q", "a", "o", "f", "b"
MAX_LINES = 4000
_WIDTH = 1000  # characters of a line that are looked at
_MAX_SPAN = 5  # lines of one attribution
_MAX_JOINED = 420
_MAX_NAMED = 110  # from the verb to the end of the name
_NAME_WORDS = 6
_FULL_NAME = 4  # words of a name that nobody takes for a sentence
_BEFORE_ON = re.compile(r"\s(?:wrote|schrieb|schreef|a écrit|escribió|escreveu|ha scritto|hat am)\s", re.IGNORECASE)
_DATE_BEGINS = 30  # where the date has begun in `On Monday, May 6 …`
_MAX_TRIED = 200  # lines that end like an attribution; nobody answers more mails at once
_SHORT = 200
_LETTER = re.compile(r"[^\W\d_]")
_BLANK = " " + RULE + INDENT
_BLOCK = 12  # lines looked at for a block of headers


_OPEN = TEXT + INDENTED  # kinds of lines in which headers and dividers are looked for
_FORM_LINE = re.compile(r"\s{0,4}[^\W\d_][\w /-]{1,30}[:：]\s{0,4}\S")


@dataclass(slots=True)
class Lines:
    """The lines of a mail and one letter for each."""

    lines: list[str]
    kinds: str

    def without(self, start: int, end: int) -> Lines:
        """The lines without a range."""
        return Lines(self.lines[:start] + self.lines[end:], self.kinds[:start] + self.kinds[end:])

    def part(self, start: int, end: int | None = None) -> Lines:
        return Lines(self.lines[start:end], self.kinds[start:end])

    def has_text(self, start: int = 0, end: int | None = None) -> bool:
        return TEXT in self.kinds[start:end]


def classify(text: str) -> Lines:
    """The lines of `text`; what stands after MAX_LINES is never looked at."""
    lines = text.split("\n", MAX_LINES)
    if "wrote" in text:
        lines = _split_shared(lines)
    heads = sieve.plain([line[:_WIDTH] for line in lines], text)
    above = sieve.may_ask_above(text)
    kinds = [_simple_kind(line, above=above) for line in heads]
    if INDENT in text:
        heads = [line.lstrip(INDENT) for line in heads]
    _mark_blocks(heads, kinds)
    _mark_attributions(heads, kinds)
    _mark_html(heads, kinds)
    _mark_overhang(lines, kinds)
    return Lines(lines, _settle("".join(kinds)))


def _split_shared(lines: list[str]) -> list[str]:
    """Give an attribution its own line when it shares one with the reply, and a quote follows."""
    for index, line in enumerate(lines[:-1]):
        if "wrote" not in line[-12:] or len(line) > 600:
            continue
        following = next((after for after in lines[index + 1 : index + 4] if after.strip()), "")
        match = words.SHARED_LINE.match(line)
        if match and following.lstrip().startswith(">") and not words.OPENER.match(line):
            return [*lines[:index], match[1].rstrip("-") or match[1], match[2], *lines[index + 1 :]]
    return lines


def _simple_kind(line: str, *, above: bool) -> str:
    """The kind that a line has by itself. `above`: the mail may hold a line that says where to write."""
    bare = line.strip()
    if not bare or not bare.strip(_BLANK):
        return EMPTY
    first = bare[0]
    if first in ">＞":
        return QUOTED
    if first == INDENT:
        return INDENTED
    if bare == CUT or ((above or first in sieve.DASHES) and _is_separator(line)):
        return CUTS
    if sieve.may_forward(bare) and len(bare) < _SHORT and words.FORWARD.match(line):
        return FORWARDED
    if first in "-_=" and _has_letters(line) and words.DASHED.match(line):
        return ATTRIBUTED
    return TEXT


def _has_letters(line: str) -> bool:
    return bool(_LETTER.search(line))


def _is_separator(line: str) -> bool:
    if len(line) > _SHORT or not _has_letters(line):
        return False
    return bool(words.SEPARATOR.match(line) or words.SEPARATOR_OPEN.match(line) or words.REPLY_ABOVE.search(line))


# ---- the block of From, Sent, To and Subject


def _mark_blocks(heads: list[str], kinds: list[str]) -> None:
    index = 0
    while index < len(heads):
        if kinds[index] in _OPEN and words.header_kind(heads[index])[0] and (size := _block(heads, kinds, index)):
            start = _with_rule(heads, kinds, index)
            kinds[start : index + size] = [CUTS] * (index + size - start)
            index += size
        index += 1


def _block(heads: list[str], kinds: list[str], index: int) -> int:
    """How many lines the block of headers at `index` has, 0 when it is none."""
    first, value = words.header_kind(heads[index])
    if first not in {"from", "date", "subject", "to"}:
        return 0
    seen, values, at_lines = {first}, [value], [index]
    for at in range(index + 1, min(index + _BLOCK, len(heads))):
        if kinds[at] == CUTS or (kinds[at] == EMPTY and kinds[at - 1] == kinds[at - 2] == EMPTY):
            break
        if kinds[at] == EMPTY:
            continue
        kind, value = words.header_kind(heads[at]) if kinds[at] in _OPEN else ("", "")
        if kind in seen and kind not in {"cc", "other", "to"}:
            break
        if kind:
            seen.add(kind)
            values.append(value)
            at_lines.append(at)
        elif at - at_lines[-1] > 2 or kinds[at - 1] == EMPTY:
            break
    last = at_lines[-1]
    ruled = _ruled(heads, index)
    if _is_loose(kinds, at_lines) or (not ruled and (_is_form(heads, last + 1) or _is_form(heads, index - 1))):
        return 0
    sent = any(words.SENT.match(heads[at]) and words.TIME.search(heads[at]) for at in at_lines)
    return last - index + 1 if _is_block(seen - {"other"}, values, ruled=ruled, sent=sent) else 0


def _is_loose(kinds: list[str], at_lines: list[int]) -> bool:
    """Whether the first line stands apart from others that stand together: then it is text that happens to look like a header."""
    apart = [EMPTY in kinds[one:two] for one, two in pairwise(at_lines)]
    return bool(apart) and apart[0] and not all(apart)


def _is_form(heads: list[str], at: int) -> bool:
    """Whether the line next to the block is one more `Name: value`: then all of it is a form that somebody filled in."""
    return 0 <= at < len(heads) and bool(_FORM_LINE.match(heads[at])) and not words.header_kind(heads[at])[0]


def _is_block(seen: set[str], values: list[str], *, ruled: bool, sent: bool) -> bool:
    """`sent`: the date has a name that only mails give it, and a time."""
    told = " ".join(values)
    evidence = bool(words.MAILBOX.search(told)) + bool(words.DATE.search(told)) + ruled
    mailed = bool(words.MAILBOX.search(told))
    if "from" in seen and len(seen) >= 3:  # a journey has a `from`, a `to` and a date, too
        return ("subject" in seen and evidence > 0) or mailed or ruled or sent or len(seen) >= 4
    if len(seen) >= 3:
        return evidence > 1
    return len(seen) == 2 and (evidence > 1 if seen & {"from", "to"} else ruled)


def _ruled(heads: list[str], index: int) -> bool:
    """Whether a divider or a marker of a quote stands right before the line."""
    for at in range(index - 1, max(-1, index - 4), -1):
        bare = heads[at].strip()
        if bare in {RULE, CUT, QUOTE}:
            return True
        if bare:
            return bool(words.RULE_LINE.match(bare)) or bool(words.SEPARATOR.match(bare))
    return False


def _with_rule(heads: list[str], kinds: list[str], index: int) -> int:
    """The start of the block with the divider line before it."""
    at = index - 1
    while at >= 0 and kinds[at] == EMPTY and index - at < 4:
        at -= 1
    if at >= 0 and kinds[at] in _OPEN and words.RULE_LINE.match(heads[at]):
        return at
    return index


# ---- the line that says who wrote and when


def _mark_attributions(heads: list[str], kinds: list[str]) -> None:
    tried = 0
    for index, line in enumerate(heads):
        if tried >= _MAX_TRIED or not _may_close(line):
            continue
        if kinds[index] not in _OPEN:
            tried += _mark_inside(heads, kinds, index)
            continue
        tried += 1
        start = _attribution_start(heads, kinds, index)
        if start is not None:
            kinds[start : index + 1] = [ATTRIBUTED] * (index + 1 - start)


def _mark_inside(heads: list[str], kinds: list[str], index: int) -> int:
    """Some clients put the attribution inside the quote, as its first line. Returns how many lines were tried."""
    if kinds[index] != QUOTED or QUOTED in kinds[max(0, index - 1) : index] or kinds[index + 1 : index + 2] != [QUOTED]:
        return 0
    bare = heads[index].lstrip("> ").rstrip(' *_"”')
    if _is_attribution(bare, opens=bool(words.OPENER.match(bare)), quoted=True, single=True):
        kinds[index] = ATTRIBUTED
    return 1


def _may_close(line: str) -> bool:
    bare = line.rstrip(' *_"”')
    if not bare or not sieve.may_close(bare) or len(bare) > _MAX_JOINED:
        return False
    return sieve.is_closed(bare) or bool(words.VERB_LAST.search(bare[-60:]))


def _attribution_start(heads: list[str], kinds: list[str], index: int) -> int | None:
    """The first line of the attribution that ends at `index`, None when it is none. Several lines need an opening word."""
    quoted = _quote_follows(kinds, index)
    joined = ""
    for start in range(index, max(-1, index - _MAX_SPAN), -1):
        if kinds[start] != kinds[index]:
            break
        joined = f"{heads[start].strip()} {joined}".rstrip(' *_"”')
        if len(joined) > _MAX_JOINED:
            break
        opens = bool(words.OPENER.match(joined))
        if _is_attribution(joined, opens=opens, quoted=quoted, single=start == index) and _whole(
            heads, kinds, start, opens=opens
        ):
            return start
    return None


def _whole(heads: list[str], kinds: list[str], start: int, *, opens: bool) -> bool:
    """An attribution that begins without an opening word must not be the tail of a sentence."""
    if opens or start == 0 or kinds[start - 1] not in _OPEN:
        return True
    before = heads[start - 1].rstrip()
    return before.endswith((".", "!", "?", ",", "。", "！", "？")) and not words.OPENER.match(before)


def _quote_follows(kinds: list[str], index: int) -> bool:
    for kind in kinds[index + 1 : index + 4]:
        if kind != EMPTY:
            return kind in {QUOTED, INDENTED}
    return False


def _is_attribution(joined: str, *, opens: bool, quoted: bool, single: bool) -> bool:
    """With quoted lines after it, signs of an attribution are enough; alone it has to be one without a doubt."""
    closed = joined[-1:] in ":："
    exact = bool(words.EXACT_DATE.search(joined)) and any(letter.isdigit() for letter in joined[:_DATE_BEGINS])
    dated = exact or (quoted and bool(words.DATE.search(joined)))
    if closed and _is_rare(joined, announces=opens and dated, quoted=quoted, single=single):
        return True
    if words.VERB_LAST.search(joined) and (closed or quoted):
        return (opens and (dated or (quoted and bool(words.MAILBOX.search(joined))))) or _names(
            joined, quoted=quoted, single=single
        )
    if closed and (verb := words.VERB_FIRST.search(joined)):
        return (opens and dated and len(joined) - verb.start() <= _MAX_NAMED) or _names(
            joined, quoted=quoted, single=False
        )
    if (dated or words.EXACT_DATE.search(joined)) and words.BARE.search(joined):
        return (closed or quoted) and (opens or quoted or bool(words.DATE.match(joined)))
    return False


def _is_rare(joined: str, *, announces: bool, quoted: bool, single: bool) -> bool:
    """What only some clients write."""
    if single and words.NAME_WROTE_ON.match(joined) and words.EXACT_DATE.search(joined):
        name = _BEFORE_ON.split(joined, maxsplit=1)[0].split()
        return quoted or (len(name) <= _FULL_NAME and all(word[0].isupper() for word in name if word[0].isalpha()))
    if words.QUOTING.match(joined):
        return quoted or bool(words.MAILBOX.search(joined))
    if announces and words.SENT_LAST.search(joined):
        return True
    if words.DATE_BY.match(joined) and words.TIME.search(joined):
        return True
    return bool(words.VIA_WROTE.match(joined)) and len(joined.split()) <= _NAME_WORDS + 2


def _names(joined: str, *, quoted: bool, single: bool) -> bool:
    """Whether the line names somebody: with a mailbox in brackets, or right before the quote just so."""
    bracketed = words.BRACKETED.search(joined)
    if bracketed and (len(joined[: bracketed.start()].split()) <= _NAME_WORDS or words.EXACT_DATE.search(joined)):
        return True
    if not single or len(joined.split()) > _NAME_WORDS:
        return False
    if not joined.isascii() and words.MAILBOX.match(joined):
        return True
    return quoted and bool(words.NAME_WROTE.match(joined))


# ---- lines that a client broke when it quoted them


def _mark_overhang(lines: list[str], kinds: list[str]) -> None:
    """The rest of a long quoted line that was broken after it got its sign belongs to the quote."""
    for index in range(1, len(lines) - 1):
        if kinds[index] != TEXT or kinds[index - 1] != QUOTED or kinds[index + 1] != QUOTED:
            continue
        before, line = lines[index - 1].rstrip(), lines[index].strip()
        broken = 62 <= len(before) <= 80 and before[-1] not in ".?!:;。？！：" and len(line) <= 30
        if broken and line[0].islower():
            kinds[index] = QUOTED


# ---- marks from HTML


def _mark_html(heads: list[str], kinds: list[str]) -> None:
    """Turn the marks of a client's HTML into kinds: what is inside its quote and no blockquote belongs to the quote."""
    open_marks: list[tuple[str, int]] = []
    for index, line in enumerate(heads):
        if line in {QUOTE, ATTRIBUTION}:
            kinds[index] = EMPTY
            open_marks.append((line, index))
        elif line == END:
            kinds[index] = EMPTY
            if open_marks:
                sign, start = open_marks.pop()
                _mark_region(kinds, start, index, sign=sign)


def _mark_region(kinds: list[str], start: int, end: int, *, sign: str) -> None:
    region = kinds[start:end]
    if sign == ATTRIBUTION:
        kinds[start:end] = [ATTRIBUTED if kind == TEXT else kind for kind in region]
        return
    if FORWARDED in region and TEXT not in region[: region.index(FORWARDED)]:
        return
    kinds[start] = ATTRIBUTED
    blocks = [at for at, kind in enumerate(region) if kind in {QUOTED, INDENTED}]
    if not blocks:
        kinds[start + 1 : end] = [QUOTED if kind in {TEXT, CUTS, ATTRIBUTED} else kind for kind in region[1:]]
        return
    for at in range(1, len(region)):
        if at < blocks[0] and region[at] in {TEXT, CUTS}:
            kinds[start + at] = ATTRIBUTED
        elif region[at] == INDENTED:
            kinds[start + at] = QUOTED


def _settle(kinds: str) -> str:
    """Indented blocks are quotes where something announces them, and the writer's own otherwise."""
    if INDENTED not in kinds:
        return kinds
    settled: list[str] = []
    before = TEXT
    for kind in kinds:
        now = kind
        if kind == INDENTED:
            now = QUOTED if before in {ATTRIBUTED, QUOTED} else TEXT
        if now != EMPTY:
            before = now
        settled.append(now)
    return "".join(settled)
