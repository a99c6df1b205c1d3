"""HTML of mail: cleaned to a fixed profile, remote images held back, pictures of the mail itself put in, and as text.

What comes out of `sanitise` is nh3's own serialisation: attributes in double quotes, `<` and `>` escaped everywhere else.
The functions that work on it afterwards rely on that form, and on nothing the sender wrote.
"""

from __future__ import annotations

import re
from collections.abc import Mapping
from functools import lru_cache
from html import escape, unescape
from urllib.parse import unquote

import nh3

# What mail clients put around the text they quote. Kept through the sanitiser, so that quotes are found and can be folded.
_WORDS_OF_QUOTE_CLASSES = (
    "gmail_quote gmail_quote_container gmail_attr gmail_signature moz-cite-prefix moz-forward-container "
    "yahoo_quoted protonmail_quote tutanota_quote zmail_extra OutlookMessageHeader hmmessage_quote "
    "front-blockquote freemail_quote ntes_not_fresh_quote foxmail-quote qmbox-quote ox-quote quoted-message "
    "mail_quote aol_quote yahoo-quoted-begin-line outlook_id_quote"
)
QUOTE_CLASSES = frozenset(_WORDS_OF_QUOTE_CLASSES.split())
_WORDS_OF_QUOTE_IDS = (
    "divRplyFwdMsg appendonsend isReplyContent OLK_SRC_BODY_SECTION reply-intro "
    "mail-editor-reference-message-container ms-outlook-mobile-signature isForwardContent spnEditorContent_quote "
    "yiv_quote zwchr oriMsgHtmlSeperator Signature ox_quote"
)
QUOTE_IDS = frozenset(_WORDS_OF_QUOTE_IDS.split())
_MARKED = ("div", "span", "blockquote", "table", "p", "hr", "a", "td")

_COMMON = {"style", "dir", "lang", "title", "align"}
_CELL = _COMMON | {"width", "height", "bgcolor", "valign", "colspan", "rowspan", "nowrap"}
_WORDS_OF_TAGS = (
    "a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd "
    "del dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark ol "
    "p pre q s samp section small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul var "
    "wbr"
)
_TAGS = set(_WORDS_OF_TAGS.split())
_ATTRIBUTES: dict[str, set[str]] = {
    **dict.fromkeys(_TAGS, _COMMON),
    "a": _COMMON | {"href"},
    "img": _COMMON | {"src", "alt", "width", "height", "border"},
    "font": _COMMON | {"color", "face", "size"},
    "table": _CELL | {"border", "cellpadding", "cellspacing"},
    "ol": _COMMON | {"start", "reversed"},
    "hr": _COMMON | {"width", "size", "color"},
    **dict.fromkeys(("td", "th", "tr", "tbody", "thead", "tfoot", "col", "colgroup"), _CELL),
}
_VALUES: dict[str, dict[str, set[str]]] = {tag: {"id": set(QUOTE_IDS)} for tag in _MARKED}
_VALUES["blockquote"]["type"] = {"cite"}
_DROP_WITH_CONTENT = {"script", "style", "title", "template", "noscript", "iframe", "object", "svg", "math"}

_LINK = re.compile(r"\s*(?:https?://|mailto:|tel:)", re.IGNORECASE)
_PICTURE = re.compile(r"\s*(?:https?://|cid:|data:image/(?:png|jpe?g|gif|webp|bmp);base64,)", re.IGNORECASE)
_PLAIN_VALUE = re.compile(r"[\w\s#%.,()+!'\"-]{1,300}")
_WORDS_OF_STYLES = (
    "color background-color font-family font-size font-style font-weight text-align text-decoration text-indent "
    "line-height vertical-align white-space border-collapse width max-width padding padding-left padding-right "
    "padding-top padding-bottom margin-left margin-right margin-top margin-bottom margin border border-top "
    "border-left border-right border-bottom direction list-style-type"
)
_STYLES = frozenset(_WORDS_OF_STYLES.split())
_FUNCTION = re.compile(r"(?:rgb|rgba|hsl|hsla)\([\d\s.,%]{1,40}\)")
_IMG = re.compile(r"<img((?: [a-z-]+=\"[^\"]*\")*)>")
_SRC = re.compile(r" src=\"([^\"]*)\"")
_BLOCKED = re.compile(r"<img((?: [a-z-]+=\"[^\"]*\")*?) data-blocked-src=\"([^\"]*)\"")


def _filter(tag: str, name: str, value: str) -> str | None:
    """Called by nh3 for each attribute it would keep: the value to keep, or None."""
    if name == "style":
        return safe_style(value)
    if name == "href":
        return value if _LINK.match(value) else None
    if name == "src":
        return value if tag == "img" and _PICTURE.match(value) else None
    return value


@lru_cache(maxsize=2048)
def _style(value: str) -> str | None:
    kept = []
    for declaration in value.split(";")[:60]:
        name, _, content = declaration.partition(":")
        name, content = name.strip().lower(), content.strip()
        if name in _STYLES and _PLAIN_VALUE.fullmatch(content) and "(" not in _FUNCTION.sub("", content):
            kept.append(f"{name}:{content}")
    return ";".join(kept) or None


def safe_style(value: str) -> str | None:
    """The declarations of a style attribute that can neither load, nor run, nor cover anything; None when none stays."""
    return _style(value) if len(value) <= 2000 else None


def _cleaner() -> nh3.Cleaner:
    return nh3.Cleaner(
        tags=_TAGS,
        clean_content_tags=_DROP_WITH_CONTENT,
        attributes=_ATTRIBUTES,
        attribute_filter=_filter,
        url_schemes={"http", "https", "mailto", "tel", "cid", "data"},
        link_rel="noopener noreferrer nofollow",
        set_tag_attribute_values={"a": {"target": "_blank"}},
        tag_attribute_values=_VALUES,
        allowed_classes={tag: set(QUOTE_CLASSES) for tag in _MARKED},
    )


_CLEANER = _cleaner()


def sanitise(source: str) -> str:
    """`source` in the mail profile: no scripts, forms, frames or style sheets, and no remote image that loads by itself.

    The caller has asked `htmlguard.breach` first.
    """
    cleaned = _CLEANER.clean(source.replace("\0", ""))
    return _IMG.sub(_block, cleaned).replace(' class=""', "")


def _block(match: re.Match[str]) -> str:
    """Anything but a picture of the mail itself waits for consent."""
    found = _SRC.search(match[1])
    if not found or found[1].lstrip()[:4].lower() in {"cid:", "data"}:
        return match[0]
    rest = match[1][: found.start()] + match[1][found.end() :]
    return f'<img{rest} data-blocked-src="{found[1]}">'


def blocked_images(html: str) -> int:
    """How many remote images a sanitised mail holds back."""
    return len(_BLOCKED.findall(html))


def unblock_images(html: str) -> str:
    """A sanitised mail with its remote images, after the reader asked for them."""
    return _BLOCKED.sub(r'<img\1 src="\2"', html)


def rewrite_cids(html: str, mapping: Mapping[str, str]) -> str:
    """A sanitised mail whose `cid:` pictures point where `mapping` says (content id to URL); unknown ones lose their source."""

    def rewrite(match: re.Match[str]) -> str:
        found = _SRC.search(match[1])
        if not found or found[1].lstrip()[:4].lower() != "cid:":
            return match[0]
        content_id = unescape(found[1]).strip()[4:]
        url = mapping.get(content_id) or mapping.get(unquote(content_id).strip("<>"))
        source = f' src="{escape(url)}"' if url else ""
        return f"<img{match[1][: found.start()]}{source}{match[1][found.end() :]}>"

    return _IMG.sub(rewrite, html)


def from_text(text: str) -> str:
    """Plain text as HTML that keeps its lines."""
    return f'<div style="white-space:pre-wrap">{escape(text, quote=False)}</div>'
