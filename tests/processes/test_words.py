"""Readers see what the shipped processes are called in their own language only, wherever a step is named."""

from __future__ import annotations

import re

import pytest
from lxml import etree, html

from app import db as database
from app.web import create_app
from tests.processes.driving import ROOT
from tests.processes.test_on_the_desk import OnDesk, dispatched, make_on_desk
from tests.support.browser import Browser

BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
CJK = re.compile(r"[\u4e00-\u9fff]+")
TABS = ("timeline", "process", "work-orders", "audit")


def names() -> set[str]:
    """What the steps of the shipped processes are called on their diagrams, where it is more than one word."""
    steps = {"userTask", "serviceTask", "businessRuleTask", "receiveTask", "boundaryEvent", "subProcess"}
    found = {
        node.get("name", "")
        for path in ROOT.glob("*/process.bpmn")
        for node in etree.parse(path).iter()
        if isinstance(node.tag, str) and node.tag.removeprefix(BPMN) in steps
    }
    return {name for name in found if " " in name}


def test_diagrams_are_named_in_one_language() -> None:
    for path in ROOT.glob("*/process.bpmn"):
        for node in etree.parse(path).iter(f"{BPMN}*"):
            assert not CJK.search(node.get("name", "")), f"{path.parent.name}: {node.get('id')}"


@pytest.fixture
def worked(db: None) -> OnDesk:
    """A case that was dispatched, accepted, almost cancelled, and waits for its customer; each step was committed."""
    with database.unit_of_work() as session:
        desk = make_on_desk(session)
    for step in (
        lambda: dispatched(desk).do(desk.cast.charlie, "accept", outcome="accept"),
        lambda: desk.act(desk.cast.alice, "cancel", text="7"),
        lambda: desk.do(desk.cast.charlie, "consent", outcome="refuse", reason="8"),
        lambda: desk.do(desk.cast.alice, "handle", outcome="ask", question="9"),
    ):
        with database.unit_of_work() as desk.session:
            step()
    return desk


@pytest.mark.parametrize("tab", TABS)
def test_each_reader_sees_their_own_words(worked: OnDesk, tab: str) -> None:
    alice = Browser(create_app(), worked.cast.alice)
    path = f"/cases/{worked.case.number}?tab={tab}"
    english, chinese = (text_of(alice.get(f"{path}&lang={lang}").text) for lang in ("en", "zh"))
    assert worked.case.number in english
    assert not CJK.findall(english.replace("简体中文", ""))
    assert [name for name in names() if name in english] or tab in {"work-orders", "audit"}
    assert not [name for name in names() if name in chinese]


def text_of(page: str) -> str:
    """What a page says inside its main part: no scripts, no attributes."""
    tree = html.fromstring(page)
    for node in tree.xpath("//script|//style|//iframe|//article[not(@data-case)]|//template|//nav|//select"):
        node.drop_tree()
    return " ".join(tree.find("body").text_content().split())
