"""The desk's languages: which one a viewer gets, gettext from the committed .po files, and how spans and dates are written."""

from __future__ import annotations

import io
import re
from collections.abc import Mapping
from datetime import datetime
from functools import lru_cache
from pathlib import Path

from babel import Locale
from babel.dates import format_date, format_datetime
from babel.messages.mofile import write_mo
from babel.messages.pofile import read_po
from babel.support import Translations
from flask import Flask, Response, g, has_request_context, request
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup

from app.settings import settings
from app.web import assets, cookies, frame, words

LANGUAGES: Mapping[str, Locale] = {"en": Locale("en"), "zh": Locale("zh", "CN", script="Hans")}
FOLDER = Path(__file__).parent / "translations"
COOKIE = "lang"
YEAR_SECONDS = 31_536_000
_DATE = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d")
_GAP = re.compile(r"\{\d\}")
_STEPS = ((86_400, "span_days"), (3_600, "span_hours"), (60, "span_minutes"))


def install(app: Flask) -> None:
    """Give the templates `_`, `ngettext`, `locale`, `span`, `moment`, `day`, `plainly`, `js_texts`, `known_words`; remember `?lang=` in a cookie."""
    app.jinja_env.globals.update(
        _=gettext,
        gettext=gettext,
        ngettext=ngettext,
        locale=locale,
        span=span,
        moment=moment,
        day=day,
        js_texts=js_texts,
        plainly=plainly,
        known_words=words.KEYS,
    )
    app.after_request(_remember)


# ---------------------------------------------------------------- which language
def locale() -> str:
    """Return "en" or "zh" for this request: `?lang=`, the viewer's own choice, the cookie, what the browser asks for, the default."""
    if not has_request_context():
        return _known(settings().default_locale) or "en"
    # Asked for with every text of a page: one look into this request's own things, not three.
    here = vars(g._get_current_object())  # noqa: SLF001 -- how a proxy of werkzeug is seen through
    found: str | None = here.get("locale")
    if found is None:
        found = here["locale"] = _choose()
    return found


def _choose() -> str:
    viewer = frame.optional_viewer()
    wishes = (request.args.get("lang", ""), viewer.locale if viewer else "", request.cookies.get(COOKIE, ""))
    return next((known for known in map(_known, wishes) if known), "") or _accepted()


def _accepted() -> str:
    wanted = (_known(tag) for tag, _quality in request.accept_languages)
    return next((known for known in wanted if known), "") or _known(settings().default_locale) or "en"


def _known(tag: str) -> str:
    language = tag.replace("_", "-").split("-")[0].lower()
    return language if language in LANGUAGES else ""


def _remember(response: Response) -> Response:
    asked = _known(request.args.get("lang", "")) if request.args.get("lang") else ""
    if asked:
        response.set_cookie(
            COOKIE, asked, max_age=YEAR_SECONDS, httponly=True, samesite="Lax", secure=cookies.is_secure(), path="/"
        )
    return response


# ---------------------------------------------------------------- texts
@lru_cache(maxsize=len(LANGUAGES))
def catalogue(language: str) -> Translations | None:
    """Return the compiled texts of a language, None for English. Compiled once a process from the .po file, in memory."""
    path = FOLDER / language / "LC_MESSAGES" / "desk.po"
    if not path.exists():
        return None
    with path.open("rb") as file:
        parsed = read_po(file, locale=str(LANGUAGES[language]), domain="desk")
    compiled = io.BytesIO()
    write_mo(compiled, parsed)
    compiled.seek(0)
    return Translations(compiled, domain="desk")


def translate(language: str, text: str) -> str:
    """Return a text in a language; a text that nobody translated stays as it is. Keys of `words.KEYS` become their text first."""
    source = words.KEYS.get(text, text)
    found = catalogue(language)
    if found is None or not source:
        return source
    string = str(found.ugettext(source))
    return string if string != source else _filled(language, source)


@lru_cache(maxsize=2_000)
def _filled(language: str, text: str) -> str:
    """Translate a sentence whose gaps are filled already: errors arrive as finished English sentences."""
    for pattern, string in _patterns(language):
        match = pattern.fullmatch(text)
        if match:
            return string.format(*match.groups())
    return text


@lru_cache(maxsize=len(LANGUAGES))
def _patterns(language: str) -> list[tuple[re.Pattern[str], str]]:
    """Return the texts with numbered gaps, those with most words of their own first."""
    found = catalogue(language)
    known = {str(key): str(text) for key, text in found._catalog.items() if _GAP.search(str(key))} if found else {}  # noqa: SLF001
    longest = sorted(known, key=lambda key: len(_GAP.sub("", key)), reverse=True)
    return [(re.compile("(.*?)".join(map(re.escape, _GAP.split(key))), re.DOTALL), known[key]) for key in longest]


def gettext(text: object, /, **values: object) -> str:
    """Return a text in the viewer's language, with `%(name)s` filled in when values are given."""
    found = translate(locale(), str(text))
    return found % values if values else found


def ngettext(one: str, many: str, count: int, /, **values: object) -> str:
    """Return the form for a number, with `%(num)s` filled in."""
    found = catalogue(locale())
    text = str(found.ungettext(one, many, count)) if found else (one if count == 1 else many)
    return text % {"num": count, **values}


@lru_cache(maxsize=len(LANGUAGES))
def _script_texts(language: str) -> dict[str, str]:
    return {key.removeprefix("js_"): translate(language, key) for key in words.KEYS if key.startswith("js_")}


def js_texts() -> Markup:
    """Return what the scripts need, as JSON: their words in the viewer's language, and where the islands are."""
    return _js_texts(locale(), tuple((name, assets.asset(name)) for name in assets.manifest()))


@lru_cache(maxsize=2 * len(LANGUAGES))
def _js_texts(language: str, built: tuple[tuple[str, str], ...]) -> Markup:
    return htmlsafe_json_dumps({**_script_texts(language), "assets": dict(built)})


# ---------------------------------------------------------------- numbers and dates
def span(seconds: float) -> str:
    """Return a length of time in its largest unit, rounded down: 41 min, 3 h, 2 d."""
    whole = int(seconds)
    for size, key in _STEPS:
        if whole >= size:
            return gettext(key, num=whole // size)
    return gettext("span_seconds", num=max(whole, 0))


def moment(at: datetime) -> str:
    """Return a date with its time, in UTC; the scripts show the reader's own time in its place."""
    return _moment(at.replace(microsecond=0), LANGUAGES[locale()])


@lru_cache(maxsize=4096)
def _moment(at: datetime, language: str) -> str:
    return str(format_datetime(at, "medium", locale=language)) + " UTC"


def plainly(value: object) -> str:
    """Return a stored value as a person reads it: dates written out, states and the like in their language."""
    if isinstance(value, str) and _DATE.match(value):
        return moment(datetime.fromisoformat(value))
    if isinstance(value, bool):
        return "✓" if value else "✗"
    if isinstance(value, (list, dict)):  # of the values of a form, what was filled in
        return ", ".join(plainly(each) for each in (value.values() if isinstance(value, dict) else value)) or "–"
    return "–" if value is None or value == "" else gettext(value)


def day(at: datetime) -> str:
    """Return a date without its time."""
    return str(format_date(at, "medium", locale=LANGUAGES[locale()]))
