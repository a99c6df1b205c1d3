"""Uploads made to hurt, sent as a designer would: a clear answer within three seconds, and a server that is well."""

from __future__ import annotations

from io import BytesIO
from pathlib import Path

import pytest

from app.db import unit_of_work
from app.workflow import queries
from tests.support.hostile import Hostile, blocks, uploads
from tests.support.spans import within

UPLOADS = uploads()
SECONDS = 3.0
MARK = Path("/tmp/ringback-escaped")


@pytest.fixture
def send(browser, cast):
    """Upload as the designer; returns the answer and the findings of what was stored."""
    designer = browser(cast.desi)

    def send(upload: Hostile):
        files = [(BytesIO(content), name) for name, content in upload.files.items()]
        data = {"key": "hostile", "xml": (BytesIO(upload.xml), "hostile.bpmn"), "files": files}
        answer = designer.post("/processes", data=data, headers={"Accept": "application/json"})
        with unit_of_work():
            stored = queries.versions("hostile")
            return answer, stored[0].findings if stored else []

    return send


@pytest.mark.parametrize("upload", UPLOADS, ids=[upload.name for upload in UPLOADS])
def test_each_gets_a_clear_answer_in_time(send, browser, upload):
    answer, findings = within(SECONDS, lambda: send(upload))
    errors = [finding for finding in findings if finding["severity"] == "error"]
    if upload.refused or ("too-costly" in upload.codes and answer.status_code == 422):
        assert answer.status_code in (413, 422), answer.text
        assert answer.json["detail"].endswith(("again.", "."))
        assert findings == []
    else:
        assert answer.status_code == 200, answer.text
        assert not upload.codes or any(error["code"].startswith(upload.codes) for error in errors), findings
        assert all(len(error["message"]) > 20 for error in errors)
    assert browser().get("/healthz").status_code == 200
    assert not MARK.exists()


@pytest.mark.parametrize("number,width", [(12, 2), (12, 5), (40, 3)])
def test_blocks_in_a_row_that_are_joined_are_no_danger(send, number, width):
    answer, findings = send(Hostile("blocks", blocks(number, width)))
    assert answer.status_code == 200
    assert findings == []
