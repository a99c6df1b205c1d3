"""Sanitised HTML as plain text: lines where a reader sees lines, `> ` before what is quoted.

With `marks`, the places where a client put its quote are kept as QUOTE and END lines for the reply extractor.
"""

from __future__ import annotations

import re
from html import unescape

from channels.email.html import QUOTE_CLASSES, QUOTE_IDS

QUOTE = "\ufdd0"  # a line of its own: here the client's quote begins …
END = "\ufdd1"  # … and here it ends
RULE = "\ufdd2"  # a divider line; what follows may be a quote's header
INDENT = "\ufdd3"  # before each line of a blockquote that may be the writer's own
CUT = "\ufdd4"  # from here on everything is quoted
ATTRIBUTION = "\ufdd5"  # here the line that announces the quote begins; END closes it too

_TOKEN = re.compile(r"<(/?)([a-z0-9]+)((?: [a-z-]+=\"[^\"]*\")*)>|([^<]+)")
_BLANKS = re.compile(r"[ \t\r\n\f]+")
_WORDS_OF_PARAGRAPHS = "p h1 h2 h3 h4 h5 h6 ul ol dl table blockquote pre figure address"
_PARAGRAPHS = frozenset(_WORDS_OF_PARAGRAPHS.split())
_WORDS_OF_LINES = "div tr li dt dd section article header footer aside main center caption thead tbody tfoot"
_LINES = frozenset(_WORDS_OF_LINES.split())
_VOID = frozenset(("br", "img", "hr", "wbr", "col"))
_QUOTE_TAGS = frozenset(("div", "span", "blockquote", "table", "p", "hr", "a", "td"))
_ATTRIBUTIONS = frozenset(("gmail_attr", "moz-cite-prefix"))
_CUTS = frozenset(
    ("divRplyFwdMsg", "appendonsend", "OutlookMessageHeader", "reply-intro", "zwchr", "oriMsgHtmlSeperator",
     "yahoo-quoted-begin-line", "mail-editor-reference-message-container")
)  # fmt: skip
_NO_QUOTES = frozenset(
    ("gmail_signature", "ms-outlook-mobile-signature", "Signature", "moz-forward-container", "isForwardContent")
)
_STARTS = (QUOTE_CLASSES | QUOTE_IDS) - _NO_QUOTES - _ATTRIBUTIONS - _CUTS
# A blockquote is a quote for sure when a client says so; any other one may be the writer's own.
_CITE = re.compile(r" type=\"cite\"| class=\"[^\"]*cite| style=\"[^\"]*border-left|id=\"isReplyContent")
_MARK = re.compile(r" (?:class|id)=\"([^\"]*)\"")
_ALT = re.compile(r" alt=\"([^\"]{1,8})\"")
_SOLID_TOP = re.compile(r" style=\"[^\"]*border-top:[^;\"]*(?:solid|1pt|1\.0pt)")
_EXTRA_LINES = re.compile(r"\n{3,}")
_NONCHARACTERS = re.compile("[\ufdd0-\ufdef]")


class _Writer:
    """Collects lines; knows in which quotes it is."""

    def __init__(self) -> None:
        self.lines: list[str] = []
        self.current: list[str] = []
        self.quotes: list[str] = []  # the prefix of each blockquote around this line
        self.preformatted = 0

    def text(self, data: str) -> None:
        data = unescape(data) if "&" in data else data
        if self.preformatted:
            *whole, last = data.split("\n")
            for line in whole:
                self.current.append(line)
                self.end_line()
            self.current.append(last)
            return
        data = _BLANKS.sub(" ", data)
        if data == " " and not self.current:
            return
        self.current.append(data)

    def end_line(self) -> None:
        line = "".join(self.current)
        if not self.preformatted:
            line = line.replace("  ", " ").strip(" ")
        self.lines.append(self.prefix + line)
        self.current.clear()

    def break_line(self) -> None:
        if self.current:
            self.end_line()

    def paragraph(self) -> None:
        self.break_line()
        if self.lines and self.lines[-1].strip("> \ufdd3"):
            self.lines.append(self.prefix)

    def mark(self, sign: str) -> None:
        self.break_line()
        self.lines.append(sign)

    @property
    def prefix(self) -> str:
        return "".join(self.quotes[:20])


def to_text(html: str, *, marks: bool = False) -> str:
    """The text of sanitised `html`."""
    if not html.isascii():
        html = _NONCHARACTERS.sub("", html)
    writer = _Writer()
    open_marks: list[tuple[str, int]] = []
    nesting = 0
    for match in _TOKEN.finditer(html):
        if match[4] is not None:
            writer.text(match[4])
            continue
        tag, closes = match[2], bool(match[1])
        if tag not in _VOID:
            nesting += -1 if closes else 1
        if closes:
            _close(writer, tag)
            if open_marks and open_marks[-1] == (tag, nesting):
                open_marks.pop()
                writer.mark(END)
            continue
        if marks and tag in _QUOTE_TAGS and (sign := _sign(tag, match[3])):
            writer.mark(sign)
            if sign in {QUOTE, ATTRIBUTION} and tag not in _VOID:
                open_marks.append((tag, nesting - 1))
        _open(writer, tag, match[3], marks=marks)
    writer.break_line()
    return _EXTRA_LINES.sub("\n\n", "\n".join(line.rstrip() for line in writer.lines)).strip("\n")


def _sign(tag: str, attributes: str) -> str:
    if not attributes:
        return RULE if tag == "hr" else ""
    marks = {word for found in _MARK.findall(attributes) for word in found.split()}
    if marks & _CUTS:
        return CUT
    if marks & _ATTRIBUTIONS:
        return ATTRIBUTION
    if marks & _STARTS and tag != "blockquote":
        return QUOTE
    if tag == "hr" or _SOLID_TOP.search(attributes):
        return RULE
    return ""


def _open(writer: _Writer, tag: str, attributes: str, *, marks: bool) -> None:
    if tag == "br":
        writer.end_line()
    elif tag == "img":
        if found := _ALT.search(attributes):
            writer.text(found[1])  # an emoji drawn as a picture
    elif tag in _PARAGRAPHS:
        writer.paragraph()
        if tag == "blockquote":
            cited = not marks or bool(writer.quotes and writer.quotes[-1] == "> ") or bool(_CITE.search(attributes))
            writer.quotes.append("> " if cited else INDENT)
        writer.preformatted += tag == "pre"
    elif tag in _LINES or tag == "hr":
        writer.break_line()
        if tag == "li":
            writer.current.append("- ")
    elif tag in {"td", "th"} and writer.current:
        writer.current.append(" ")


def _close(writer: _Writer, tag: str) -> None:
    if tag in _PARAGRAPHS:
        writer.break_line()
        if tag == "blockquote" and writer.quotes:
            writer.quotes.pop()
        writer.preformatted -= tag == "pre"
        writer.paragraph()
    elif tag in _LINES:
        writer.break_line()
