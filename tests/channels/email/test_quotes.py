"""The new text of replies: a corpus generated from clients' styles, and cases that are easy to get wrong."""

from __future__ import annotations

import time

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from channels.email.html import sanitise
from channels.email.htmltext import to_text
from channels.email.quotes import extract_reply, sieve, words
from tests.channels.email.quote_styles import ATTRIBUTIONS, MOBILE_LINES, QUOTED, REPLIES, SEPARATORS


def quoted(text: str, prefix: str = "> ") -> str:
    return "\n".join((prefix + line).rstrip() for line in text.split("\n"))


def same(found: str, wanted: str) -> bool:
    return found.split() == wanted.split()


@pytest.mark.parametrize("style", [name for name, _lines in ATTRIBUTIONS])
def test_announced_quotes(style):
    line = dict(ATTRIBUTIONS)[style]
    for reply in REPLIES:
        assert same(extract_reply(f"{reply}\n\n{line}\n\n{quoted(QUOTED)}"), reply)
        assert same(extract_reply(f"{reply}\n\n{line}\n{quoted(QUOTED, '>')}\n"), reply)
        assert same(extract_reply(f"{line}\n{quoted(QUOTED)}\n\n{reply}"), reply)
        assert same(
            extract_reply(f"{reply}\n\n{line}\n{quoted(QUOTED)}\n>\n{quoted(line)}\n{quoted(quoted(QUOTED))}"), reply
        )
        if not style.startswith("en-old-gmail"):
            assert same(extract_reply(f"{reply}\n\n{line}\n\n{QUOTED}"), reply)


@pytest.mark.parametrize("style", [name for name, _lines in ATTRIBUTIONS])
def test_answers_between_quotes_keep_everything(style):
    line = dict(ATTRIBUTIONS)[style]
    for reply in REPLIES:
        mail = f"{line}\n> Does it run?\n{reply}\n> And the other\n> one?\nYes.\n"
        assert same(extract_reply(mail), mail)
        assert same(extract_reply(mail + "> The rest"), mail)


@pytest.mark.parametrize("style", [name for name, _lines in SEPARATORS])
def test_separators_and_header_blocks(style):
    lines = dict(SEPARATORS)[style]
    for reply in REPLIES:
        assert same(extract_reply(f"{reply}\n\n{lines}\n\n{QUOTED}"), reply)
        assert same(extract_reply(f"{reply}\n{lines}\n\n{quoted(QUOTED)}"), reply)


@pytest.mark.parametrize(
    "line", [ATTRIBUTIONS[0][1], "Dana Fox <dana@example.com> hat am 06.05.2024 15:59 geschrieben:"]
)
def test_an_announcement_inside_the_quote(line):
    inside = quoted(f"{line}\n\n{QUOTED}")
    assert same(extract_reply(f"{inside}\n\nYes, please."), "Yes, please.")
    assert same(extract_reply(f"Yes, please.\n\n{inside}"), "Yes, please.")
    assert same(extract_reply(f"Hello\n\n{inside}\n\nYes, please."), "Hello Yes, please.")


@pytest.mark.parametrize("line", MOBILE_LINES)
def test_lines_that_phones_add(line):
    assert same(extract_reply(f"Thanks!\n\n{line}\n\n{ATTRIBUTIONS[0][1]}\n{quoted(QUOTED)}"), "Thanks!")
    assert same(extract_reply(f"Thanks!\n\n{line}"), "Thanks!")


@pytest.mark.parametrize("reply", REPLIES)
def test_a_mail_without_a_quote_stays_as_it_is(reply):
    assert extract_reply(reply) == reply


KEPT = {
    "a line that begins like an announcement": "On Monday I wrote the manual for you, with these parts:\n- pump\n- valve",
    "a colon after an address": "I spoke to bob@example.com on 3 May 2024 and he wrote:\nplease call.\nCan you?",
    "a rule between two parts": "The first part.\n\n________________________________\n\nThis is the second part of it.\n\nRegards\nDana",
    "who wrote when, in a sentence": "My wife wrote on 5/6/2024 at 15:59:\nplease call\nBye",
    "a colleague": "Your colleague Bob Miller wrote on 06/05/2024 15:59:\nplease call\nBye",
    "a parcel": "Please look for it\n\nFrom: Berlin\nSent: 05/05/2024\nTo: Paris\n\nWhere is it?",
    "quoting a book": "Quoting the manual of 2024:\nopen the valve\nBye",
    "chapters with several dividers": "Analysis:\n\n## Points\n----\n\n1. Faster\n\n----\n\nThese are chapters.\n\n====\n\nThis, too.",
    "times in a list": "Formats:\n\n2024-01-15 14:30:25\n15.01.2024 14:30\nJan 15, 2024 at 14:30\n\nThese are examples.",
    "a journey": "Please book:\n\nFrom: Berlin\nTo: Paris\nDate: 6 May 2024\n\nThanks",
    "a form": "New submission:\n\nFrom: Dana\nDate: 6 May 2024\nSubject: Pump\nMessage: it does not run",
    "words about a phone": "Here it is.\n\nSent from my desk, which is much easier than from my phone.",
    "a few quoted lines on purpose": "I agree with\n> this one\nbut no further.",
    "nothing but a quote": "> a\n> b",
    "chapters": "Steps:\n\n---\n\nFirst switch the pump off and wait until the lamp is dark, then open the valve on the left side slowly.\n\n---\n\nThen call.",
    "a forwarded mail": "See below.\n\n---------- Forwarded message ---------\nFrom: X <x@example.com>\nDate: Mon, 6 May 2024\nSubject: s\nTo: <a@example.com>\n\nIt leaks.",
    "a mail forwarded by Apple Mail": "See below.\n\nBegin forwarded message:\n\nFrom: X <x@example.com>\nSubject: s\nDate: 6 May 2024\nTo: a@example.com\n\nIt leaks.",
    "a name after a dash": "Oh thanks.\n\n-Abel Kone",
    "Chinese about a place": "货物是从我的仓库发出的，请查收。",
    "a lone original word": "Please send me the original message again.",
    "code": "Run this:\n\n    echo > /tmp/x\n    cat < /tmp/x",
}  # fmt: skip


@pytest.mark.parametrize("name", KEPT)
def test_kept_whole(name):
    assert same(extract_reply(KEPT[name]), KEPT[name])


CUT = {
    "a quote whose lines were broken": (
        "Yes.\n\nOn 5/6/2024 3:59 PM, Bob wrote:\n> This is a rather long line of words that somebody wrote before it\nwas broken\n> by the client.",
        "Yes.",
    ),
    "dashes around": ("YOLO.\n\n------On 12/29/1987 17:32 PM, Julia wrote-----\n\nBrunch", "YOLO."),
    "a name between dashes": ("Test\n\n---- John Smith wrote ----\n\n> quoted\n> text", "Test"),
    "Zoho": ("Hi\n\n---- On Mon, 06 May 2024 15:59:10 +0200 Dana <d@example.com> wrote ----\n\nfoo\nbar", "Hi"),
    "date and to": ("Blah\n\nDate: Wed, 16 May 2012 00:15:02 -0600\nTo: k@example.com\n\nfoo", "Blah"),
    "one line for both": ("reply On Wed, Apr 4, 2012 at 3:59 PM, bob@example.com wrote:\n\n> Hi", "reply"),
    "QQ with entities": ("好的\n\n------------------&nbsp;原始邮件&nbsp;------------------\n发件人: x", "好的"),
    "a wrapped address": (
        "Test\n\nOn Nov 30, 2011, at 12:47 PM, Somebody <\n416ffd3258d4d2fa4c85cfa4c44e1721d66e3e8f4\n@example.com>\nwrote:\n\nquoted\n",
        "Test",
    ),
    "indented bold headers": (
        "Hi\n\n  *From:* bob@example.com [mailto:\n  bob@example.com]\n  *Sent:* Wednesday, June 27, 2012 3:05 PM\n  *To:* t@example.com\n  *Subject:* Hello",
        "Hi",
    ),
    "a signature": ("Hello.\n\n-- \nDana Fox\nFox & Sons", "Hello."),
    "a signature without its blank": ("Hello.\n\n--\nDana Fox\nFox & Sons\n\nOn 5/6/2024 3:59 PM, Bob wrote:\n> x", "Hello."),
    "the foot of a list": ("Hi folks\n\n_____________________________\nusers mailing list\nusers@example.com", "Hi folks"),
    "text around one quote": ("Yes.\n\nOn 5/6/2024 3:59 PM, Bob wrote:\n> x\n> y\n\nRegards\nDana", "Yes. Regards Dana"),
    "a quote nobody announced": ("Yes, do.\n\n> Shall I?\n> Bob", "Yes, do."),
}  # fmt: skip


@pytest.mark.parametrize("name", CUT)
def test_cut(name):
    mail, wanted = CUT[name]
    assert same(extract_reply(mail), wanted)


HTML = {
    "announced inside a blockquote": (
        "Reply<blockquote><div>On 11-Apr-2011, at 6:54 PM, Bob &lt;bob@example.com&gt; wrote:</div><div>Test</div></blockquote>",
        "Reply",
    ),
    "announced before a blockquote": ("Reply<div>On 11-Apr-2011, at 6:54 PM, Bob wrote:</div><blockquote><div>Test</div></blockquote>", "Reply"),
    "one's own block, then a quote": (
        "Reply<blockquote>Mine</blockquote><div>On 11-Apr-2011, at 6:54 PM, Bob wrote:</div><blockquote><div><blockquote>Nested</blockquote></div></blockquote>",
        "Reply > Mine",
    ),
    "announced, no blockquote": ("Reply<div>On 11-Apr-2011, at 6:54 PM, Bob wrote:</div><div>Test</div>", "Reply"),
    "gmail, one's own block": ('Message<blockquote class="gmail_quote"><div>My name is William.<br></div></blockquote>', "Message > My name is William."),
    "gmail, nested": ('Reply<div class="gmail_quote"><div class="gmail_quote">On 11-Apr-2011, at 6:54 PM, Bob wrote:<div>Test</div></div></div>', "Reply"),
    "date first": (
        ('<div>message<br></div><div><hr>Date: Fri, 23 Mar 2012 12:35:31 -0600<br>To: <a href="mailto:bob@example.com">bob@example.com</a><br>From: rob@example.com<br>'
        "Subject: You Have New Mail<br><br>text</div>"),
        "message",
    ),
    "yandex": ('<div>Да</div><div>20.12.2011, 12:00, "Bob" &lt;bob@example.com&gt;:</div><blockquote><p>Old</p></blockquote>', "Да"),
    "mail.ru": ("Да<br><br>Пятница, 20 декабря 2013, 11:28 +04:00 от Bob &lt;bob@example.com&gt;:<br><blockquote>Old</blockquote>", "Да"),
    "windows mail": (
        '<p>Ok</p><p>Sent from Windows Mail</p><div style="border-top:1px solid #e5e5e5"><b>From:</b> Bob<br><b>Sent:</b> Monday, May 6, 2024 3:59 PM<br><b>To:</b> Dana<br></div>old',
        "Ok",
    ),
    "exchange, nested tables": (
        '<table><tr><td>New</td></tr></table><br><font size="2"><b>From:</b> bob@example.com<br><b>To:</b> dana@example.com<br><b>Date:</b> 05/06/2024 03:59 PM<br><b>Subject:</b> x</font><hr>old',
        "New",
    ),
    "gmail": (
        ('<div dir="ltr">Hello <b>you</b><div>second</div></div><br><div class="gmail_quote"><div dir="ltr" class="gmail_attr">On Mon, May 6, 2024'
        ' Dana &lt;<a href="mailto:d@example.com">d@example.com</a>&gt; wrote:<br></div><blockquote class="gmail_quote" style="margin:0 0 0 .8ex">'
        "<div>Old text</div></blockquote></div>"),
        "Hello you second",
    ),
    "gmail, answers between": (
        ('<div class="gmail_quote"><div class="gmail_attr">On Monday Bob wrote:<br></div><blockquote class="gmail_quote"><div>q1</div></blockquote>'
        '<div>a1</div><blockquote class="gmail_quote"><div>q2</div></blockquote><div>a2</div></div>'),
        "On Monday Bob wrote: > q1 a1 > q2 a2",
    ),
    "gmail, forwarded": (
        '<div>see below</div><div class="gmail_quote"><div class="gmail_attr">---------- Forwarded message ---------<br>From: x<br></div>it leaks</div>',
        "see below ---------- Forwarded message --------- From: x it leaks",
    ),
    "apple": (
        'Yes please.<br><div><br><blockquote type="cite"><div>On 6 May 2024, at 15:59, Dana &lt;d@example.com&gt; wrote:</div><div>old</div></blockquote></div>',
        "Yes please.",
    ),
    "outlook web": (
        '<div>Fine with me.</div><div id="appendonsend"></div><hr><div id="divRplyFwdMsg"><b>Von:</b> Dana<br><b>Gesendet:</b> Montag</div><div>old</div>',
        "Fine with me.",
    ),
    "outlook": (
        ('<div class="WordSection1"><p class="MsoNormal">New text<o:p></o:p></p><div><div style="border:none;border-top:solid #E1E1E1 1.0pt;padding:3.0pt">'
        '<p class="MsoNormal"><b>From:</b> Dana &lt;d@example.com&gt; <br><b>Sent:</b> Monday, May 6, 2024 3:59 PM<br><b>To:</b> Support<br>'
        "<b>Subject:</b> RE: x</p></div></div><p>Old</p></div>"),
        "New text",
    ),
    "yahoo": ('<div>Answer</div><div id="yahoo_quoted_1" class="yahoo_quoted"><div>On Monday Dana wrote:</div><div>old</div></div>', "Answer"),
    "thunderbird": (
        '<p>On top</p><div class="moz-cite-prefix">On 06.05.24 15:59, Dana wrote:<br></div><blockquote type="cite" cite="mid:x"><p>old</p></blockquote>',
        "On top",
    ),
    "thunderbird below": (
        '<div class="moz-cite-prefix">On 06.05.24 15:59, Dana wrote:<br></div><blockquote type="cite" cite="mid:x"><p>old</p></blockquote><p>Here below</p>',
        "Here below",
    ),
    "163": (
        ('<div>好的，谢谢</div><br><p>在 2024-05-06 15:59:10，"张三" &lt;z@example.com&gt; 写道：</p>'
        '<blockquote id="isReplyContent" style="BORDER-LEFT: #ccc 1px solid"><div>旧</div></blockquote>'),
        "好的，谢谢",
    ),
    "qq": (
        ('<div>收到</div><div><br></div><div>------------------&nbsp;原始邮件&nbsp;------------------</div><div><div><b>发件人:</b>&nbsp;"x"&lt;a@example.com&gt;;</div>'
        "<div><b>发送时间:</b>&nbsp;2024年5月6日</div></div><div>旧</div>"),
        "收到",
    ),
    "foxmail": (
        ('<div>收到</div><hr size="1"><blockquote style="margin-left:0.5em"><div style="border-top:solid #B5C4DF 1.0pt"><div><b>发件人：</b>&nbsp;张三</div>'
        "<div><b>发送时间：</b>&nbsp;2024-05-06&nbsp;15:59</div><div><b>收件人：</b>&nbsp;客服</div><div><b>主题：</b>&nbsp;Re: 订单</div></div><div>旧</div></blockquote>"),
        "收到",
    ),
    "proton": (
        ('<div>Yes</div><div class="protonmail_quote">On Monday, May 6th, 2024 at 15:59, Dana &lt;d@example.com&gt; wrote:<br>'
        '<blockquote class="protonmail_quote" type="cite">old</blockquote></div>'),
        "Yes",
    ),
    "an indented block of one's own": ("<p>He said</p><blockquote>do it</blockquote>", "He said > do it"),
    "hotmail": ('<div>Ok</div><hr id="stopSpelling">Date: Mon, 6 May 2024 15:59:10 +0000<br>From: a@example.com<br>To: d@example.com<br>Subject: x<br><br>old', "Ok"),
}  # fmt: skip


@pytest.mark.parametrize("name", HTML)
def test_html(name):
    source, wanted = HTML[name]
    html = sanitise(source)
    assert same(extract_reply(to_text(html), html=html, html_only=True), wanted)


def test_html_helps_where_the_text_shows_no_quote():
    html = sanitise(HTML["yahoo"][0])
    assert extract_reply("Answer\n\nOn Monday Dana said this\n\nold", html=html) == "Answer"


LONG = {
    "openings": "On \n" * 250_000,
    "shared lines": ("a On mon " * 30 + "wrote:\n> q\n") * 3_600,
    "dashed": ("-- wrote " * 20 + "\n") * 5_500,
    "separators": ("-----original message" + " " * 150 + "x\n") * 5_800,
    "names": ("a " * 200 + ":\n> q\n") * 2_400,
    "wrote on": ("Dana wrote on " * 20 + "06/05/2024 15:59:\n") * 3_300,
    "quoting": ("quoting a@b " * 25 + ":\n") * 3_300,
    "via": ("a via " * 50 + "wrote:\n") * 3_200,
    "one line": "a" * 1_000_000,
    "quote signs": ">" * 1_000_000,
    "quoted lines": "> x\n" * 250_000,
    "blanks": " " * 1_000_000,
    "dashes": ("-" * 80 + "\n") * 12_000,
    "almost announcements": "On 3 May 2024 15:59 x@example.com wrot:\n" * 24_000,
    "verbs": ("wrote " * 60 + ":\n") * 2_700,
    "addresses": ("a@" * 200 + ":\n") * 2_400,
    "brackets": ("<" * 400 + ":\n") * 2_400,
    "phones": ("sent from my " * 25 + "\n") * 3_000,
    "headers": "From: a@example.com 2024\nTo: x\n" * 30_000,
    "dates": ("On " + "1:11 " * 80 + ":\n") * 2_400,
    "turns": "x\n> q\n" * 160_000,
}


@pytest.mark.parametrize("name", LONG)
def test_a_megabyte_takes_no_time(name):
    before = time.thread_time()
    extract_reply(LONG[name])
    assert time.thread_time() - before < 0.5


@pytest.mark.parametrize("style", [lines for _name, lines in ATTRIBUTIONS + SEPARATORS] + MOBILE_LINES)
def test_no_cheap_question_hides_a_line_from_the_words(style):
    for line in style.split("\n"):
        for spelled in (line, line.upper(), f"{line} ...", f"* {line}"):
            bare = spelled.rstrip(' *_"”')
            if not bare:
                continue
            assert sieve.may_close(bare) or not words.VERB_LAST.search(bare[-60:])
            assert sieve.may_be_phone(spelled) or not words.MOBILE.match(spelled)
            assert sieve.may_forward(spelled.strip()) or not words.FORWARD.match(spelled)
            assert sieve.may_ask_above(spelled) or not words.REPLY_ABOVE.search(spelled)


def test_a_long_mail_keeps_its_new_text_whole():
    long = "\n".join(f"line {number} of the log" for number in range(9000))
    assert extract_reply(long) == long
    assert extract_reply(f"See the log.\n\n{ATTRIBUTIONS[0][1]}\n{quoted(long)}") == "See the log."


SENTENCES = [
    "The pump is still broken.", "Please send somebody on Monday at 9:30!", "Water runs down into the cellar:", "- first the valve", "1. then the pump", "On Monday I was not there.",
    "From the cellar came a noise.", "Date of the visit: 6 May 2024", "Our colleague wrote nothing.", "On 2 May your colleague said he would call.", "See https://example.com/a?b=c (the manual).",
    "Write to bob@example.com, please.", "您好，水泵还是坏的。", "请在2024年5月6日之前回复：", "Danke und Grüße", "Le 6 mai, personne n'est venu.", "Am Montag war niemand da:", "Sent the parcel back yesterday.",
    "To: be honest", "Subject to change.", "> is the prompt", "*bold words*", "_________", "Thanks\nDana", "ok", "I wrote:", "As Bob said:",
]  # fmt: skip


@settings(max_examples=600, deadline=None)
@given(
    st.lists(st.sampled_from(SENTENCES[:20] + SENTENCES[23:]), min_size=1, max_size=8),
    st.sampled_from(ATTRIBUTIONS + SEPARATORS),
    st.integers(0, 4),
)
def test_no_new_word_is_ever_lost(sentences, style, layout):
    new = [f"{sentence} w{number}w" for number, sentence in enumerate(sentences)]
    top, quote = "\n\n".join(new), quoted(QUOTED)
    mail = {
        0: top,
        1: f"{top}\n\n{style[1]}\n\n{quote}",
        2: f"{ATTRIBUTIONS[0][1]}\n{quote}\n\n{top}",
        3: "".join(f"> asked\n> again\n{one}\n" for one in new),
        4: f"{top}\n\nSent from my iPhone",
    }[layout]
    reply = extract_reply(mail)
    assert [one for one in new if one not in reply] == []
