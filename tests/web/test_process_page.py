"""The page of a process version: its report with each finding's element, its files, and which process a rule may name."""

from __future__ import annotations

import json

import pytest

from app import db
from app.workflow import definitions
from tests.journeys.test_migrating import version

FORM = json.dumps({"fields": [{"key": "text", "type": "text", "label": {"en": "Answer", "zh": "答复"}}]}).encode()
KEY = "looked_at"


@pytest.fixture
def stored(cast):
    with db.unit_of_work():
        good = version("work").encode()
        definitions.publish(definitions.deploy(KEY, good, files={"ask me.json": FORM}).id)
        definitions.deploy("draft", good.replace(b'targetRef="e"', b'targetRef="nowhere"'))


def test_a_file_comes_back_as_it_was_uploaded(browser, cast, stored):
    desi = browser(cast.desi)
    where = f"/processes/{KEY}/versions/1/files/ask%20me.json"
    assert where in desi.get(f"/processes/{KEY}").text
    answer = desi.get(where)
    assert (answer.status_code, answer.data) == (200, FORM)
    assert answer.headers["Content-Disposition"] == "attachment; filename*=UTF-8''ask%20me.json"
    assert desi.get(f"/processes/{KEY}/versions/1/files/other.json").status_code == 404


def test_a_finding_names_its_element_for_the_drawing(browser, cast, stored):
    page = browser(cast.desi).get("/processes/draft").text
    assert 'data-severity="error"' in page
    assert "data-element=" in page


def test_a_rule_can_only_name_what_can_start(browser, cast, stored):
    page = browser(cast.desi).get("/processes").text
    choices = page.partition('id="r-key"')[2].partition("</select>")[0]
    assert KEY in choices
    assert "draft" not in choices
