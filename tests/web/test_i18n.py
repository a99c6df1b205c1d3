"""The desk's languages: complete, chosen in the right order, and no text of a template is left out."""

from __future__ import annotations

import re
import stat
from html.parser import HTMLParser
from types import SimpleNamespace

import pytest

from app.cases.models import CaseStatus
from app.identity.models import Role
from app.messaging.models import DeliveryState, EnvelopeState
from app.settings import settings
from app.web import case_timeline, create_app, frame, i18n, shell, templating, words
from app.web.errors import STATUS
from app.workflow.models import InstanceState
from app.workorders.models import WorkOrderState
from tools import translations

TEMPLATES = sorted((translations.ROOT / "app" / "web" / "templates").rglob("*.html"))
SCRIPTS = sorted((translations.ROOT / "app" / "web" / "js").glob("*.js"))
TAG = re.compile(r"{%.*?%}|{{.*?}}|{#.*?#}", re.DOTALL)
# Names, signs and numbers that are the same in every language.
SAME = {
    "Ringback",
    "English",
    "简体中文",
    "中文",
    "العربية",
    "UTC",
    "RB-2026-…",
    "v",
    "Ctrl",
    "K",
    "Ctrl ↵",
    "kB",
    "MB",
}
SAID = frozenset({"title", "placeholder", "aria-label", "alt"})


@pytest.mark.parametrize("language", [language for language in i18n.LANGUAGES if language != "en"])
def test_every_text_is_translated(language):
    assert translations.problems(language) == []


class Plain(HTMLParser):
    """Collects what a reader would see of a template's own text."""

    def __init__(self):
        super().__init__()
        self.found, self.inside = [], []

    def handle_starttag(self, tag, attrs):
        self.inside.append(tag)
        self.found += [value for name, value in attrs if name in SAID and value]

    def handle_endtag(self, tag):
        while self.inside and self.inside.pop() != tag:
            pass

    def handle_data(self, data):
        if not {"style", "script", "code", "kbd"} & set(self.inside[-1:]):
            self.found.append(data)


@pytest.mark.parametrize("path", TEMPLATES, ids=lambda path: path.name)
def test_no_text_of_a_template_bypasses_the_translator(path):
    reader = Plain()
    reader.feed(TAG.sub(" \x00 ", path.read_text()))
    pieces = {piece.strip(" \n\t·→") for text in reader.found for piece in text.split("\x00")}
    assert {piece for piece in pieces if re.search(r"[^\W\d_]{2}", piece) and piece not in SAME} <= SAMPLES.get(
        path.name, set()
    )


# Samples of the style guide, names that the machine gives, and a class.
SAMPLES = {
    "error.html": {"wide"},
    "processes.html": {"service_case"},
    # Attributes that a macro writes.
    "calendar.html": {'-error"', 'aria-invalid="true" aria-describedby="'},
    "service_level.html": {'aria-invalid="true" aria-describedby="policy-error"'},
    "styleguide.html": {
        "WO-2026-00981", "repair-loop v7", "Dana Weiß", "dana@example.com", "boiler.jpg", "In-Reply-To", "WO-2026-00981 · Bob", "Bob",
        "Alice", "repairs", "RB-2026-004102", "RB-2026-003871", "triage", "handle", "<dana@example.com>",
    },
}  # fmt: skip


def test_states_views_and_events_have_words():
    wanted = {
        *(f"delivery_{state}" for state in DeliveryState), *(f"instance_{state}" for state in InstanceState),
        *(f"order_{state}" for state in WorkOrderState), *(f"envelope_{state}" for state in EnvelopeState),
        *(f"view_{view}" for view in shell.VIEWS), *(f"event_{kind}" for kind in case_timeline.SHOWN_EVENTS),
    }  # fmt: skip
    assert wanted - words.KEYS.keys() == set()
    assert {*map(str, CaseStatus), *map(str, Role)} <= set(words.PLAIN)
    assert STATUS


def test_scripts_have_their_words():
    used = {key for path in SCRIPTS for key in re.findall(r'\btext\("(\w+)"', path.read_text())}
    assert {f"js_{key}" for key in used - {"assets"}} - words.KEYS.keys() == set()


@pytest.mark.parametrize(
    "query,cookie,accepted,expected",
    [
        ("", "", "zh-CN,zh;q=0.9,en;q=0.5", "zh"),
        ("", "", "fr,en;q=0.8", "en"),
        ("", "", "fr", "en"),
        ("", "zh", "en", "zh"),
        ("lang=en", "zh", "zh", "en"),
        ("lang=xx", "", "zh-Hans", "zh"),
    ],
)
def test_language_of_a_stranger(application, query, cookie, accepted, expected):
    headers = {"Accept-Language": accepted, **({"Cookie": f"lang={cookie}"} if cookie else {})}
    with application.test_request_context(f"/login?{query}", headers=headers):
        assert i18n.locale() == expected


def test_the_viewers_own_choice_beats_cookie_and_browser(application, monkeypatch):
    monkeypatch.setattr(frame, "optional_viewer", lambda: SimpleNamespace(locale="zh"))
    with application.test_request_context("/", headers={"Accept-Language": "en", "Cookie": "lang=en"}):
        assert i18n.locale() == "zh"


def test_lang_in_the_address_is_remembered(application):
    answer = application.test_client().get("/login?lang=zh")
    assert "lang=zh" in answer.headers.get("Set-Cookie", "") or any(
        "lang=zh" in c for c in answer.headers.getlist("Set-Cookie")
    )
    assert "登录" in answer.text


def test_refusals_that_arrive_as_finished_sentences_are_translated():
    assert i18n.translate("zh", "There is no template ack.") == "没有模板 ack。"
    assert i18n.translate("zh", "9 must lie between 1 and 5, not 9.") == "9 必须介于 1 与 5 之间，不能是 9。"
    assert i18n.translate("zh", "Nobody ever wrote this.") == "Nobody ever wrote this."


def test_numbers_choose_their_form(application):
    with application.test_request_context("/login?lang=en"):
        assert i18n.ngettext("%(num)s file", "%(num)s files", 1) == "1 file"
        assert i18n.ngettext("%(num)s file", "%(num)s files", 3) == "3 files"


def test_spans_are_said_in_their_largest_unit(application):
    with application.test_request_context("/login?lang=en"):
        assert [i18n.span(s) for s in (0, 59, 60, 2460, 7300, 90_000)] == [
            "0 s",
            "59 s",
            "1 min",
            "41 min",
            "2 h",
            "1 d",
        ]
    with application.test_request_context("/login?lang=zh"):
        assert i18n.span(2460) == "41 分钟"


def test_stored_values_are_read_plainly(application):
    with application.test_request_context("/login?lang=en"):
        assert i18n.plainly("2026-11-22T17:35:01.306954+00:00").endswith("UTC")
        assert [i18n.plainly(v) for v in (None, "", True, 3, "urgent")] == ["–", "–", "✓", "3", "urgent"]
        assert [i18n.plainly(v) for v in ({}, {"text": "Soldered.", "outcome": "not_possible"})] == [
            "–",
            "Soldered., not possible",
        ]


def test_a_text_of_a_template_is_translated_when_it_is_compiled_and_values_when_it_is_drawn(application):
    source = '{{ _("Search") }}|{{ _("open" | lower) }}|{{ _("js_sent") if false else _("Skip to content") }}'
    drawn = {}
    for language in i18n.LANGUAGES:
        with application.test_request_context(f"/?lang={language}"):
            made = application.jinja_env.get_template("login.html").environment
            drawn[language] = made.from_string(source).render()
            assert made.language == language
            assert made.globals is application.jinja_env.globals
            expected = [i18n.gettext("Search"), i18n.gettext("open"), i18n.gettext("Skip to content")]
            assert drawn[language] == "|".join(expected)
    assert drawn["en"] != drawn["zh"]


def test_compiled_templates_are_kept_by_edition_and_loaded_by_the_next_process(tmp_path, monkeypatch):
    monkeypatch.setenv("TEMPLATE_CACHE", str(tmp_path / "kept"))
    settings.cache_clear()
    try:
        first = create_app()
        with first.test_request_context("/?lang=zh"):
            first.jinja_env.get_template("login.html")
        folder = tmp_path / "kept" / templating.edition("zh")
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        [*kept] = folder.iterdir()
        assert kept
        outdated = tmp_path / "kept" / "zh-0123456789abcdef"
        outdated.mkdir()
        later = create_app()
        templating.load_kept(later)
        assert not outdated.exists()
        assert len(list(folder.iterdir())) > len(kept), "all templates of a language that is in use are there"
    finally:
        settings.cache_clear()


def test_a_folder_that_cannot_be_written_keeps_nothing_and_stops_nobody(tmp_path, monkeypatch):
    (tmp_path / "kept").write_text("a file, no folder")
    monkeypatch.setenv("TEMPLATE_CACHE", str(tmp_path / "kept"))
    settings.cache_clear()
    try:
        app = create_app()
        templating.load_kept(app)
        with app.test_request_context("/?lang=en"):
            assert app.jinja_env.get_template("login.html").name == "login.html"
    finally:
        settings.cache_clear()
