"""Each reader has the desk in one language: names of shipped processes, notices and their reasons."""

from __future__ import annotations

import re
from xml.etree import ElementTree as ET

import pytest

from app.cli import seed
from app.db import unit_of_work
from app.identity import service as identity
from app.web import i18n, notice_words
from app.workflow import definitions

HAN = re.compile(r"[\u3400-\u9fff]")
BPMN = "{http://www.omg.org/spec/BPMN/20100524/MODEL}"
LABEL = f"{BPMN}extensionElements/{{urn:ringback:bpmn:1}}label"
SHIPPED = sorted((seed.ROOT / "bpmn").glob("*/process.bpmn"))


def named(path):
    """What a reader sees of a diagram: its named elements with their labels; messages are named for machines."""
    for element in ET.parse(path).iter():
        if element.get("name") and element.tag.startswith(BPMN) and element.tag != f"{BPMN}message":
            yield (
                element.get("id"),
                element.get("name"),
                {x.get("lang"): x.get("text") for x in element.iterfind(LABEL)},
            )


@pytest.mark.parametrize("path", SHIPPED, ids=lambda path: path.parent.name)
def test_a_shipped_diagram_has_each_name_in_one_language(path):
    found = list(named(path))
    assert found
    assert [each for each in found if HAN.search(each[1]) or not HAN.search(each[2].get("zh", ""))] == []


@pytest.fixture
def deployed(db):
    """The shipped processes and texts, as a new desk has them."""
    with unit_of_work():
        for path in SHIPPED:
            seed.deploy_folder(path.parent)
    with unit_of_work():
        seed._save_templates()


def test_names_of_shipped_processes_are_known_in_chinese(deployed):
    with unit_of_work():
        known = definitions.names_in("zh")
    assert known["Work order"] == "派工单闭环流程"
    assert known["Accept or decline"]
    assert [name for name, chinese in known.items() if not HAN.search(chinese)] == []


def test_pages_of_processes_are_called_by_their_name_in_the_readers_language(deployed, browser, cast):
    admin = browser(cast.ada)
    assert "派工单闭环流程" in admin.get("/processes?lang=zh").text
    assert "<title>派工单闭环流程" in admin.get("/processes/work_order?lang=zh").text
    for path in ("/processes", "/processes/work_order"):
        assert not HAN.search(admin.get(f"{path}?lang=en").text.replace("简体中文", ""))


@pytest.mark.parametrize(
    "kind,english,chinese",
    [
        ("assigned", "RB-2026-000007: assigned to you by Bob · No hot water", "RB-2026-000007: 由 Bob 分配给您 · No hot water"),
        ("escalated", "WO-2026-00007: not accepted in time (level 2)", "WO-2026-00007: 逾期未接单（第 2 级）"),
        ("escalated", "WO-2026-00007: the crew is ill (level 1)", "WO-2026-00007: the crew is ill（第 1 级）"),
        ("work_order_cancelled", "WO-2026-00007: cancelled", "WO-2026-00007: 已撤单"),
        ("sla_breached", "RB-2026-000007: resolution, the time limit has passed (Gold, fast)", "时限已过 (Gold, fast)"),
        ("work_order_chased", "WO-2026-00007 was chased (×2): Boiler (flat 3)", "WO-2026-00007 被追单（×2）：Boiler (flat 3)"),
        ("work_order_ended", "RB-2026-000007: a work order has ended", "RB-2026-000007：派工单已结束"),
        ("other", "Words of somebody: as they stand", "Words of somebody: as they stand"),
    ],
)  # fmt: skip
@pytest.mark.usefixtures("deployed")
def test_a_notice_is_told_in_the_readers_language(browser, cast, kind, english, chinese):
    with unit_of_work():
        identity.notify([cast.alice.id], kind=kind, text=english, link="/inbox/mine", cause="Accept or decline")
    alice = browser(cast.alice)
    page = alice.get("/notices?lang=zh").text
    assert chinese in page
    assert "Accept or decline" not in page
    assert english in alice.get("/notices?lang=en").text


def test_the_words_of_notices_have_their_chinese():
    assert [text for text in notice_words.TEXTS if not HAN.search(i18n.translate("zh", text))] == []


def test_what_went_wrong_is_told_in_the_readers_language(browser, cast):
    page = browser(cast.alice).get("/no-such-page?lang=zh")
    assert page.status_code == 404
    assert "此处没有内容，或您无权查看。" in page.text
    assert "There is nothing here" not in page.text
