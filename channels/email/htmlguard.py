"""Is this HTML safe to hand to a sanitiser? Counts what would make one slow or hungry, in one pass over the source.

The counts err towards too many: what looks like a tag counts as one, wherever it stands.
"""

from __future__ import annotations

import re
from collections import Counter

from channels.email.limits import MAX_HTML, MAX_HTML_ATTRIBUTES, MAX_HTML_DEPTH, MAX_HTML_REFERENCES, MAX_HTML_WORK

_TAG = re.compile(r"<!--|<(/?)([a-zA-Z][^\s/>]{0,40})")
_NAME = re.compile(r"<(/?[a-z][^\s/>]{0,40})")
_RUN = re.compile(r"<[a-zA-Z](?:[^>=]++|=\s*+(?:\"[^\"]*+\"?|'[^']*+'?)?+)*+")
_VALUE = re.compile(r"=\s*+(?:\"[^\"]*+\"?|'[^']*+'?)")
_PIECE = re.compile(r"[^\s/]+")
_DATA_URI = re.compile(r"data:[\w/+.;=-]{0,100},[^\"')\s>]{2000,}", re.IGNORECASE)
_WORDS_OF_VOID = "area base br col embed hr img input link meta param source track wbr"
_VOID = frozenset(_WORDS_OF_VOID.split())
# Sources often leave these open; a parser closes them by itself, so they do not nest.
_WORDS_OF_CLOSING = "p li dd dt td th tr option optgroup thead tbody tfoot colgroup html head body"
_CLOSING = frozenset(_WORDS_OF_CLOSING.split())
_FLAT = _VOID | _CLOSING | {"/" + name for name in _VOID | _CLOSING}
# Left open, these are opened again in each block that follows.
_WORDS_OF_FORMATTING = "a b big code em font i nobr s small strike strong tt u"
_FORMATTING = frozenset(_WORDS_OF_FORMATTING.split())


def without_data_uris(html: str) -> str:
    """The source without embedded files, which alone make a mail's HTML larger than the limit."""
    return _DATA_URI.sub("", html)


def breach(html: str) -> str:
    """What is too much in this source, in words; "" when a sanitiser may have it."""
    if len(html) > MAX_HTML:
        return f"HTML of more than {MAX_HTML >> 20} MiB"
    if html.count("&") - html.count("&#") > MAX_HTML_REFERENCES:
        return f"HTML with more than {MAX_HTML_REFERENCES} character references"
    if html.count("<") > MAX_HTML_DEPTH and _may_be_deep(html) and (words := _too_deep(html)):
        return words
    if any(_attributes(match[0]) > MAX_HTML_ATTRIBUTES for match in _RUN.finditer(html) if len(match[0]) > 1500):
        return f"an HTML element with more than {MAX_HTML_ATTRIBUTES} attributes"
    return ""


def _attributes(run: str) -> int:
    return len(_PIECE.findall(_VALUE.sub("= ", run)))


def _may_be_deep(html: str) -> bool:
    """The cheap question first: could anything be too deep if no element closed another one?"""
    names = _NAME.findall(html.lower())
    opened = dict.fromkeys(names, 0)
    depth = deepest = 0
    for name in names:
        if name in _FLAT:
            continue
        if name[0] != "/":
            opened[name] += 1
            depth += 1
            deepest = max(deepest, depth)
        elif opened.get(name[1:]):
            opened[name[1:]] -= 1
            depth -= 1
    return deepest > MAX_HTML_DEPTH or deepest * len(names) > MAX_HTML_WORK


def _too_deep(html: str) -> str:
    stack: list[str] = []
    formats: Counter[str] = Counter()
    formatting = work = position = 0
    while match := _TAG.search(html, position):
        position = match.end()
        if match[2] is None:
            position = html.find("-->", position) + 3
            if position < 3:
                break
            continue
        name = match[2].lower()
        closes = bool(match[1])
        if name in _FORMATTING:
            change = -1 if closes and formats[name] else 0 if closes else 1
            formats[name] += change
            formatting += change
        else:
            work += formatting
            if name not in _VOID and name not in _CLOSING:
                _nest(stack, name, closes=closes)
        if len(stack) + formatting > MAX_HTML_DEPTH:
            return f"HTML nested deeper than {MAX_HTML_DEPTH} elements"
        if work > MAX_HTML_WORK:
            return "HTML with too many elements left open"
    return ""


def _nest(stack: list[str], name: str, *, closes: bool) -> None:
    """Open or close an element on the stack, which is never longer than MAX_HTML_DEPTH."""
    if not closes:
        stack.append(name)
        return
    for index in range(len(stack) - 1, -1, -1):
        if stack[index] == name:
            del stack[index:]
            return
