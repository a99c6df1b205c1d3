"""`mail explain` on whatever somebody points it at: a line for each, never an exception."""

from __future__ import annotations

import io
import os
import random
import sys

import orjson
import pytest

from channels.email.explain import iter_explain, main

FIELDS = [
    "path", "from", "from_name", "to", "cc", "subject", "message_id", "date", "text", "html", "reply_text", "attachments",
    "auto", "bounce", "problems",
]  # fmt: skip
MAIL = b"From: Dana <dana@example.com>\r\nSubject: pump\r\n\r\nIt leaks.\r\n"


@pytest.fixture
def folder(tmp_path):
    (tmp_path / "inner").mkdir()
    (tmp_path / "inner" / "a.eml").write_bytes(MAIL)
    (tmp_path / "empty.eml").write_bytes(b"")
    (tmp_path / "junk.eml").write_bytes(random.Random(1).randbytes(100_000))
    (tmp_path / "gone.eml").symlink_to(tmp_path / "nowhere")
    (tmp_path / "round").symlink_to(tmp_path)
    os.mkfifo(tmp_path / "pipe")
    return tmp_path


def test_a_folder_is_read_file_by_file(folder):
    told = list(iter_explain([folder]))
    assert [each["path"].removeprefix(f"{folder}/") for each in told] == [
        "empty.eml", "gone.eml", "inner/a.eml", "junk.eml",
    ]  # fmt: skip
    assert all(list(each) == FIELDS for each in told)
    assert told[2]["reply_text"] == "It leaks."
    assert told[1]["problems"] == ["unparsed: the file cannot be read: No such file or directory"]


@pytest.mark.parametrize("path", ["", "/no/such/file", "a" * 5000, "nul\0byte"])
def test_what_cannot_be_opened_is_told(path):
    [told] = iter_explain([path])
    assert told["path"] == path
    assert told["problems"][0].startswith("unparsed: ")


def test_standard_input_that_is_closed_is_told(monkeypatch):
    monkeypatch.setattr(sys, "stdin", None)
    [told] = iter_explain(["-"])
    assert told["problems"][0].startswith("unparsed: ")


def test_a_mail_of_30_megabytes_is_told(tmp_path):
    (tmp_path / "big.eml").write_bytes(MAIL + b"It leaks.\r\n" * 2_800_000)
    [told] = iter_explain([tmp_path])
    assert (told["from"], told["text"][:9]) == ("dana@example.com", "It leaks.")
    assert told["problems"] == ["unparsed: text of more than 1 MiB, cut"]


def test_by_itself_it_prints_a_line_of_json_for_each(folder, capsys, monkeypatch):
    monkeypatch.setattr(sys, "stdin", io.TextIOWrapper(io.BytesIO(MAIL)))
    assert main(["-", str(folder / "inner")]) == 0
    assert [orjson.loads(line)["subject"] for line in capsys.readouterr().out.splitlines()] == ["pump", "pump"]
    assert main([]) == 2
