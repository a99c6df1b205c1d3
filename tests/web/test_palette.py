"""What the palette finds, in what order, and for whom."""

from __future__ import annotations

import re
from html import unescape

import pytest

from app.cases import service as cases
from app.db import unit_of_work
from app.web import finding


@pytest.mark.parametrize(
    "text,typed",
    [
        ("Work orders", "work"), ("Work orders", "orders wo"), ("Work orders", "wkor"), ("李伟", "lw"), ("王芳", "wf"),
        ("赵雪 Repairs", "zx"), ("昨天开始没有热水", "热水"), ("昨天开始没有热水", "ztks"), ("曾国华", "zgh"), ("", ""),
    ],
)  # fmt: skip
def test_words_letters_and_initials_find(text, typed):
    assert finding.rank(text, typed) is not None


@pytest.mark.parametrize(
    "text,typed", [("Work orders", "xyz"), ("李伟", "wl"), ("A long name of a case", "zq"), ("", "a")]
)
def test_what_does_not_fit_is_not_found(text, typed):
    assert finding.rank(text, typed) is None


def test_a_better_fit_stands_before_a_worse_one():
    texts = ["Work", "Work orders", "My work", "Network", "Word key"]
    ranks = [rank for text in texts if (rank := finding.rank(text, "work")) is not None]
    assert ranks == sorted(ranks)
    assert len(ranks) == len(texts)
    assert len(set(ranks[:4])) == 4


def test_the_readings_of_common_names_have_the_right_first_letter():
    names = "张王李赵陈刘杨黄周吴徐孙胡朱高林何郭马罗梁宋郑谢韩唐冯于董萧程曹袁邓许傅沈彭吕苏卢蒋蔡贾丁魏薛叶阎余潘杜戴夏钟汪田任姜范方石姚谭廖邹熊金陆郝孔白崔康毛邱秦江史顾侯邵孟龙万段雷钱汤尹黎易常武乔贺赖龚文"
    letters = "zwlzclyhzwxshzglhgmllszxhtfydxccydxfsplsljcjdwxyyypddxzwtrjffsytlzxjlhkbckmqqjsghsmlwdlqtylycwqhlgw"
    wrong = [
        (n, letter, finding.initial(n))
        for n, letter in zip(names, letters, strict=False)
        if finding.initial(n) != letter
    ]
    assert wrong == []


def found(browser, typed="", case=""):
    page = browser.get("/palette", query_string={"q": typed, "case": case})
    assert page.status_code == 200
    return [unescape(what) for what in re.findall(r'data-what="([^"]*)"', page.text)]


@pytest.fixture
def number(cast):
    with unit_of_work():
        return cases.open_case(
            subject="No hot water 没有热水", channel="email", contact_id=None, contact_name="李伟", account_id=None,
            team_id=cast.service_team.id,
        ).number  # fmt: skip


def test_cases_are_found_by_number_and_words_within_rights(browser, cast, number):
    for typed in (number, number.lower()):
        assert f"/cases/{number}" in found(browser(cast.alice), typed)
        assert f"/cases/{number}" not in found(browser(cast.charlie), typed)


def test_an_open_tab_is_found_by_the_initials_of_its_customer(browser, cast, number):
    alice = browser(cast.alice)
    alice.get(f"/cases/{number}")
    assert found(alice, "lw")[0] == f"/cases/{number}"
    assert f"/cases/{number}" in found(alice)


def test_pages_and_people_are_those_the_reader_may_open(browser, cast):
    assert "/people" not in found(browser(cast.alice), "people")
    assert "/people" in found(browser(cast.ada), "people")
    assert f"/people/{cast.bob.id}" in found(browser(cast.ada), "bob")
    assert f"/people/{cast.bob.id}" not in found(browser(cast.alice), "bob")
    assert found(browser(cast.alice), "density")[0] == "/account#look"


def test_what_was_chosen_last_comes_first(browser, cast):
    alice = browser(cast.alice)
    for entry in ("link:/inbox/chased", "link:/work-orders"):
        assert alice.post("/palette/used", {"entry": entry}).status_code == 204
    assert found(alice)[:2] == ["/work-orders", "/inbox/chased"]
    assert alice.post("/palette/used", {"entry": "x" * 200}).status_code == 422


def test_actions_of_a_case_are_offered_where_one_is_open(browser, cast, number):
    assert "reply" in found(browser(cast.alice), "write a reply", number)
    assert "reply" not in found(browser(cast.alice), "write a reply")
    assert "reply" not in found(browser(cast.charlie), "write a reply", number)
