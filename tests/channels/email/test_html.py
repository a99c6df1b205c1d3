"""HTML of strangers: nothing that runs, loads or covers gets through, and the words do."""

from __future__ import annotations

import html as stdlib_html
import re
from html.parser import HTMLParser

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.html import blocked_images, rewrite_cids, safe_style, sanitise, unblock_images
from channels.email.htmlguard import breach
from channels.email.htmltext import to_text
from tests.channels.email.xss_vectors import vectors

VECTORS = vectors()
TAGS_WORDS = """
a abbr acronym address article aside b bdi bdo big blockquote br caption center cite code col colgroup dd
del dfn div dl dt em figcaption figure font footer h1 h2 h3 h4 h5 h6 header hr i img ins kbd li main mark
ol p pre q s samp section small span strike strong sub sup table tbody td tfoot th thead time tr tt u ul
var wbr
"""
TAGS = set(TAGS_WORDS.split())
ATTRIBUTES_WORDS = """
style dir lang title align width height bgcolor valign colspan rowspan nowrap href rel target src alt
border color face size cellpadding cellspacing start reversed class id type data-blocked-src
"""
ATTRIBUTES = set(ATTRIBUTES_WORDS.split())
CSS = re.compile(r"(?:[a-z-]+:[\w\s#%.,()+!'\"-]+;?)+")


class Judge(HTMLParser):
    """Reads what the sanitiser let through and notes what has no business there."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.faults: list[str] = []

    def handle_starttag(self, tag, attrs):
        if tag not in TAGS:
            self.faults.append(f"element {tag}")
        for name, value in attrs:
            self.judge(tag, name, value or "")

    def judge(self, tag, name, value):
        if name not in ATTRIBUTES:
            self.faults.append(f"attribute {name}")
        if name == "href" and not re.match(r"(?i)\s*(https?://|mailto:|tel:)", value):
            self.faults.append(f"link {value}")
        if name == "src" and not re.match(r"(?i)\s*(cid:|data:image/(png|jpe?g|gif|webp|bmp);base64,)", value):
            self.faults.append(f"source {value}")
        if name == "src" and tag != "img":
            self.faults.append(f"source of {tag}")
        if name == "style" and (
            not CSS.fullmatch(value) or re.search(r"(?i)url|expression|position|var\(|@|\\|calc|attr\(|scale", value)
        ):
            self.faults.append(f"style {value}")
        if name == "target" and value != "_blank":
            self.faults.append(f"target {value}")

    def handle_comment(self, data):
        self.faults.append("comment")

    def handle_decl(self, decl):
        self.faults.append("declaration")

    def handle_pi(self, data):
        self.faults.append("instruction")


def faults(html: str) -> list[str]:
    judge = Judge()
    judge.feed(html)
    judge.close()
    return judge.faults


def test_there_are_many_vectors():
    assert len(VECTORS) > 600


def test_no_vector_gets_through():
    assert {vector: found for vector in VECTORS if (found := faults(sanitise(vector)))} == {}


def test_no_vector_gets_through_inside_others():
    wrapped = [
        shape.format(vector)
        for vector in VECTORS
        for shape in (
            "<div>{}</div>",
            "<table><tr><td>{}",
            "<b><i>{}</b>x",
            "<a href=https://e.example>{}",
            "<pre>\n{}",
        )
    ]
    assert {vector: found for vector in wrapped if (found := faults(sanitise(vector)))} == {}


def test_what_is_shown_before_consent_is_clean_and_loads_nothing():
    for vector in VECTORS:
        shown = rewrite_cids(sanitise(vector), {})
        assert faults(shown) == []
        assert "cid:" not in re.sub(r">[^<]*<", "><", shown)


@settings(max_examples=300, deadline=None)
@given(
    st.lists(
        st.sampled_from(
            [*VECTORS, "<p>", "</p>", "<table>", "<td>", "'", '"', ">", "<!--", "-->", "&", "<a href=", "text"]
        ),
        max_size=6,
    ).map("".join)
)
def test_no_mixture_gets_through(source):
    assert faults(sanitise(source)) == []


@settings(max_examples=200, deadline=None)
@given(
    st.lists(
        st.sampled_from([*"<>/='\" abisp:-!&;#x1\n\t\0", "script", "img", "on", "src", "style", "cid:", "http://"]),
        max_size=40,
    ).map("".join)
)
def test_no_rubbish_gets_through(source):
    cleaned = sanitise(source)
    assert faults(cleaned) == []
    to_text(cleaned, marks=True)


def test_remote_images_wait_for_consent():
    html = sanitise(
        '<img src="https://e.example/a.png" alt="x"><img src="cid:1@x"><img src="http://e.example/b.png?a=1&amp;b=2">'
    )
    assert blocked_images(html) == 2
    assert "src=" not in html.replace("data-blocked-src=", "").replace('src="cid:', "")
    shown = unblock_images(html)
    assert ' src="https://e.example/a.png"' in shown
    assert ' src="http://e.example/b.png?a=1&amp;b=2"' in shown
    assert blocked_images(shown) == 0


def test_pictures_of_the_mail_are_put_in():
    html = sanitise('<img src="cid:a%40x" width="3"><img src="cid:b@x"><img src="cid:gone@x">')
    shown = rewrite_cids(html, {"a@x": "/files/1?x=1&y=2", "b@x": '/files/"2'})
    assert re.findall(r'src="([^"]*)"', shown) == ["/files/1?x=1&amp;y=2", "/files/&quot;2"]
    assert 'width="3"' in shown
    assert "cid:" not in shown


def test_harmless_formatting_stays():
    source = '<p style="color: red; font-weight:bold">a <b>b</b> <font color="#ff0000">c</font></p><table width="100%"><tr><td bgcolor="#eee" colspan="2">d</td></tr></table>'
    html = sanitise(source)
    assert 'style="color:red;font-weight:bold"' in html
    assert 'bgcolor="#eee"' in html
    assert 'colspan="2"' in html
    assert '<font color="#ff0000">c</font>' in html


@pytest.mark.parametrize(
    "style, kept",
    [
        ("color:rgb(1, 2, 3)", "color:rgb(1, 2, 3)"),
        ("COLOR:Red", "color:Red"),
        ("position:fixed;color:red", "color:red"),
        ("background:url(x)", None),
        ("color:red;" * 500, None),
    ],
)
def test_styles(style, kept):
    assert safe_style(style) == kept


@pytest.mark.parametrize(
    "source, text",
    [
        ("<p>a</p><p>b</p>", "a\n\nb"),
        ("a<br>b<br><br>c", "a\nb\n\nc"),
        ("<div>a</div><div>b</div>", "a\nb"),
        ("<div><div><div>a</div></div></div>b", "a\nb"),
        ("a  \n  b", "a b"),
        ("<pre>a\n  b</pre>", "a\n  b"),
        ("<ul><li>a<li>b</ul>", "- a\n- b"),
        ("<blockquote>a<br>b</blockquote>c", "> a\n> b\n\nc"),
        ("<table><tr><td>a</td><td>b</td></tr><tr><td>c</td></tr></table>", "a b\nc"),
        ("x<img src=cid:1 alt='😀'>y", "x😀y"),
        ("<style>p{}</style><script>x</script><title>t</title>a", "a"),
        ("1 &lt; 2 &amp;&amp; 3&nbsp;&gt; 2", "1 < 2 && 3\xa0> 2"),
    ],
)
def test_text(source, text):
    assert to_text(sanitise(source)) == text


def test_words_survive():
    words = "Guten Tag 您好 1 < 2 & 3 > 2 \"quoted\" 'single'"
    assert (
        to_text(
            sanitise(f"<html><body><table><tr><td><p>{stdlib_html.escape(words)}</p></td></tr></table></body></html>")
        )
        == words
    )


@pytest.mark.parametrize(
    "source, bad",
    [
        ("<div>" * 500 + "</div>" * 500, False),
        ("<div>" * 501, True),
        ("<p>x" * 5000, False),
        ("<li>x" * 5000, False),
        ("<br>" * 5000, False),
        ("<div>x</div>" * 5000, False),
        ("<tr><td>x" * 5000, False),
        ("<div><span>x</div>" * 2000, False),
        ("<x>" + "</x>" * 1000 + "<div></p>" * 600, True),
        ("<div></x>" * 501, True),
        ("<!-- <div> -->" * 1000, False),
        ("<b>x</b>" * 5000, False),
        ("<b title=1>" * 501, True),
        ("x" * 1024 * 1024, False),
        ("x" * (1024 * 1024 + 1), True),
        ("<a " + " ".join(f"a{n}=1" for n in range(501)) + ">", True),
        ("<a " + " ".join(f"a{n}='>'" for n in range(501)) + ">", True),
        ("<a title='" + "word " * 5000 + "'>", False),
        ("<img src='data:image/png;base64," + "AA/A" * 20000 + "'>", False),
    ],
)
def test_the_guard(source, bad):
    assert bool(breach(source)) is bad
